package web

import (
	"context"
	"net/http"

	"github.com/essex-dsr/dsr/workflow"
)

// mergeDeeds are about two cases of one person. The other case is named by its
// reference, which holds its own check character.
func mergeDeeds() []deed {
	named := func(label string) func(*Form, workflow.File) []Control {
		return func(f *Form, x workflow.File) []Control {
			ref := ""
			if x.Merge != nil && !x.Merge.Done {
				ref = x.Merge.IntoRef
			}
			return []Control{input(f.Input("of", "Reference of the other case", ref), "Like DSR-2026-00012-K"), textarea(f.Textarea("why", label, "", 1000), "")}
		}
	}
	return []deed{
		{path: "/duplicate/propose", title: "Say that this is a duplicate", button: "Propose it", may: rolesOf(workflow.ProposeMerge), action: workflow.ProposeMerge,
			said: "Proposed. Somebody else must look too before the cases are joined.", fields: named("How you know that it is the same person"),
			words: []string{"The same person has another open case. Never for twins or brothers and sisters: they have the same surname, birthday and address."},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				other, err := a.otherCase(f)
				if err != nil {
					return workflow.Change{}, err
				}
				return x.ProposeMerge(by, a.now(), other, f.Text("why"))
			}},
		{path: "/duplicate/link", title: "Link to an earlier case of the same person", button: "Link it", may: rolesOf(workflow.FollowEpisode), action: workflow.FollowEpisode,
			said: "Linked. This is a new episode of the same person.", fields: named("How you know that it is the same person"),
			words: []string{"The person was with us before, and that case is closed. Who they are, how to tell them things and who must not be written to come along. Nothing that was decided does: consent is asked anew."},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				old, err := a.otherCase(f)
				if err != nil {
					return workflow.Change{}, err
				}
				return x.FollowEpisode(by, a.now(), old, f.Text("why"))
			}},
		{path: "/duplicate", title: "Confirm the duplicate and join the cases", button: "Join the cases", grave: true, may: rolesOf(workflow.CloseDuplicate), action: workflow.CloseDuplicate,
			said: "The cases are joined. Both referrals are kept on the other case.", fields: named("What you looked at"), both: workflow.File.ConfirmMerge,
			words: []string{"Somebody else proposed this. This case closes; its referral, people and mails join the other. Those who referred are told only that we have it already. A manager can undo it."}},
		{path: "/duplicate/undo", title: "Take joined cases apart", button: "Take them apart", grave: true, may: rolesOf(workflow.UndoMerge), action: workflow.UndoMerge,
			said: "The cases are apart again.", fields: named("How you know that they are two people"), both: workflow.File.UndoMerge,
			words: []string{"This case goes back into triage with its own referral and mails. People named on both stay on both: look at them."}},
	}
}

// otherCase is the file of the case that a form names.
func (a *App) otherCase(f *Form) (workflow.File, error) {
	id, err := a.otherID(context.Background(), f)
	if err != nil {
		return workflow.File{}, err
	}
	return a.store.File(context.Background(), id)
}

func (a *App) otherID(ctx context.Context, f *Form) (workflow.CaseID, error) {
	refs := workflow.FindRefs(f.Text("of"))
	if len(refs) != 1 {
		return 0, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "of", Words: "Enter the reference of the other case, like DSR-2026-00012-K."}
	}
	id, err := a.store.CaseByRef(ctx, refs[0])
	if err != nil {
		return 0, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "of", Words: "There is no case with this reference."}
	}
	return id, nil
}

// actBoth does a deed on this case and the one that the form names.
func (a *App) actBoth(r *http.Request, d deed, f *Form, id workflow.CaseID, seen workflow.Version, by workflow.Actor) error {
	other, err := a.otherID(r.Context(), f)
	if err != nil {
		return err
	}
	return a.store.ActBoth(r.Context(), id, other, seen, func(x, o workflow.File) (workflow.Change, workflow.Change, error) {
		return d.both(x, by, a.now(), o, f.Text("why"))
	})
}
