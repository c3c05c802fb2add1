package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// mailDeed is one thing that a person does with a mail: what its form asks, and
// what is done with the answers.
type mailDeed struct {
	move   workflow.MailMove
	path   string // below /messages/{id}
	title  string
	button string
	may    []workflow.Role
	plain  bool // it stands open on the page, not in a fold
	words  string
	fields func(a *App, r *http.Request, m store.MessagePage, set workflow.Settings, f *Form) ([]Control, error)
	do     func(a *App, r *http.Request, f *Form, x mailAt) (done, error)
}

// mailAt is the mail as the page showed it to somebody.
type mailAt struct {
	id   workflow.MessageID
	seen workflow.MailEnd
	by   workflow.Actor
}

// done is where a deed leads, and the words on the next page.
type done struct{ to, said string }

// mailForm is a deed as the page shows it.
type mailForm struct {
	Action, Title, Words string
	Controls             []Control
	Button               Button
	Fold, Open           bool
}

// mailDeeds are the deeds in the order of the page, the usual first.
func mailDeeds() []mailDeed {
	return []mailDeed{
		{move: workflow.RestoreMail, path: "restore", title: "Take it back", button: "Take it back", may: staff(), plain: true,
			words: "It goes back to the mails to sort, with a clock.", do: restoreMail},
		{move: workflow.ReleaseMail, path: "release", title: "Release it from quarantine", button: "Release it", may: staff(), plain: true,
			words: "Only when you know that it is safe: ask the sender by phone, or whoever looks after the service. It then goes to the mails to sort.", fields: releaseFields, do: releaseMail},
		{move: workflow.FinishMail, path: "finish", title: "Say what was done", button: "It is dealt with", may: staff(), plain: true, fields: finishFields, do: finishMail},
		{move: workflow.JoinMail, path: "join", title: "Join it to a case", button: "Join it to this case", may: caseworkers(), plain: true, fields: joinFields, do: joinMail},
		{move: workflow.OpenFromMail, path: "case", title: "Make a case of it", button: "Make a case", may: caseworkers(),
			words: "For a referral that was not seen as one, and for a question: a case closed as an enquiry sends our guidance. What was read of it stands on the case as proposals, confirmed by nobody.", fields: openFields, do: openFromMail},
		{move: workflow.RouteMail, path: "route", title: "Take it elsewhere", button: "Take it there", may: staff(),
			words: "For what is no referral. It keeps an owner and a clock, which runs from the day it came, until somebody says what was done.", fields: routeFields, do: routeMail},
		{move: workflow.IgnoreMail, path: "ignore", title: "Put it aside", button: "Put it aside", may: staff(),
			words: "For what needs nobody. It is kept and can be taken back; the sender is told nothing.", fields: ignoreFields, do: ignoreMail},
		{move: workflow.RereadMail, path: "reread", title: "Read it again", button: "Read it again", may: staff(),
			words: "The reader takes it as if it had just come in. A case may come of it, and an acknowledgement may go.", do: rereadMail},
		{move: workflow.OwnMail, path: "own", title: "Give it to somebody", button: "Change the owner", may: staff(), plain: true, fields: ownFields, do: ownMail},
	}
}

// mailForms are the deeds that the reader may do with a mail now. The one that
// was tried and refused comes back with what was typed.
func (a *App) mailForms(r *http.Request, m store.MessagePage, set workflow.Settings, by workflow.Actor, tried mailDeed, typed *Form) ([]mailForm, error) {
	var out []mailForm
	for _, d := range mailDeeds() {
		if m.Mail().Can(by, d.move) != nil {
			continue
		}
		f := &Form{}
		if d.move == tried.move {
			f = typed
		}
		x := mailForm{Action: fmt.Sprintf("/messages/%d/%s", m.ID, d.path), Title: d.title, Words: d.words, Fold: !d.plain, Open: d.move == tried.move,
			Button: Button{Text: d.button, Kind: "secondary"}}
		// To a case that a mail belongs to already, another is the exception.
		if d.move == workflow.JoinMail && !m.End.IsOpen() {
			x.Title, x.Fold = "Join it to another case too", true
		}
		if d.fields != nil {
			var err error
			if x.Controls, err = d.fields(a, r, m, set, f); err != nil {
				return nil, err
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// onMessage answers the form of a deed. What somebody else did meanwhile is a
// conflict: the page comes back as the mail is now, and says so.
func (a *App) onMessage(d mailDeed) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := readForm(r)
		if err != nil {
			return err
		}
		x := mailAt{id: a.messageAt(r), seen: workflow.MailEnd(f.Text("seen"))}
		x.by, _ = actorOf(r)
		if x.seen == "" {
			return fmt.Errorf("field seen: %w", workflow.ErrInvalid)
		}
		next, err := d.do(a, r, f, x)
		if status, mine := f.takes(err); mine {
			return a.messagePage(w, r, status, d, f)
		}
		if err != nil {
			return err
		}
		a.say(r, next.said)
		return seeOther(w, r, or(next.to, fmt.Sprintf("/messages/%d", x.id)))
	}
}

// move does a deed whose rule changes nothing but the message.
func (a *App) move(r *http.Request, x mailAt, do func(workflow.Mail, workflow.Settings) (workflow.MailChange, error)) error {
	return a.store.MoveMessage(r.Context(), x.id, x.seen, do)
}

func ownFields(a *App, r *http.Request, m store.MessagePage, _ workflow.Settings, f *Form) ([]Control, error) {
	users, err := a.store.Users(r.Context())
	c := teamChoices(f, "owner", "Owner", users, m.Owner)
	return []Control{{Select: &c}}, err
}

func ownMail(a *App, r *http.Request, f *Form, x mailAt) (done, error) {
	to, err := a.teamMember(r, f, "owner")
	if err != nil {
		return done{}, err
	}
	return done{said: "The mail has a new owner."}, a.move(r, x, func(m workflow.Mail, _ workflow.Settings) (workflow.MailChange, error) {
		return m.Own(x.by, a.now(), to)
	})
}

// joinFields offer the cases that the mail points to, likeliest first; none is
// chosen beforehand.
func joinFields(a *App, r *http.Request, m store.MessagePage, _ workflow.Settings, f *Form) ([]Control, error) {
	guesses, err := a.store.Guesses(r.Context(), m.ID)
	if err != nil {
		return nil, err
	}
	if len(guesses) == 0 {
		i := f.Input("case", "Reference of the case", "")
		i.Width = "20"
		return []Control{input(i, "Nothing in the mail points to a case. Like DSR-2026-00012-K")}, nil
	}
	var options []Option
	for _, g := range guesses {
		options = append(options, Option{Value: g.Ref, Text: or(g.Name, "Name not known") + ", " + g.Ref,
			Hint: fmt.Sprintf("%s, score %d: %s. State of the case: %s.", likelyWords(g.Score), g.Score, strings.Join(g.Why, "; "), g.State)})
	}
	ref := f.Input("ref", "Its reference", "")
	ref.Width, ref.Hint = "20", "Like DSR-2026-00012-K"
	options = append(options, Option{Value: "other", Text: "Another case", Or: true, Input: &ref})
	return []Control{radios(f.Choices("case", "Which case?", options), "Read the reasons: nothing joins a case by a guess.")}, nil
}

func likelyWords(score int) string {
	switch {
	case score >= 60:
		return "Very likely"
	case score >= 40:
		return "Likely"
	}
	return "Possible"
}

func joinMail(a *App, r *http.Request, f *Form, x mailAt) (done, error) {
	ref, field := f.Text("case"), "case"
	if ref == "other" {
		ref, field = f.Text("ref"), "ref"
	}
	if ref == "" {
		return done{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: field, Words: "Choose a case, or enter its reference."}
	}
	id, err := a.store.CaseByRef(r.Context(), ref)
	if errors.Is(err, workflow.ErrNotFound) {
		return done{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: field, Words: "There is no case with this reference."}
	}
	if err != nil {
		return done{}, err
	}
	err = a.store.FileByHand(r.Context(), x.by, a.now(), x.id, x.seen, id)
	var refusal *workflow.Refusal
	if errors.As(err, &refusal) && errors.Is(err, workflow.ErrInvalid) {
		err = &workflow.Refusal{Kind: workflow.ErrInvalid, Field: field, Words: refusal.Words}
	}
	return done{to: "/cases/" + strings.ToUpper(ref), said: "The mail belongs to this case now. Look at what it says."}, err
}

func openFields(_ *App, _ *http.Request, m store.MessagePage, _ workflow.Settings, f *Form) ([]Control, error) {
	read := map[string]workflow.ReferralType{"referral_self": workflow.BySelf, "referral_family": workflow.ByFamily, "referral_professional": workflow.ByProfessional}[m.Class]
	controls := []Control{radios(f.Choices("type", "Who refers?", referrerOptions(), string(read)), "")}
	if m.MayAcknowledge() && len(m.Letters) == 0 {
		c := f.Choices("acknowledge", "Acknowledgement", []Option{{Value: "yes", Text: "Send the acknowledgement to " + m.FromAddr,
			Hint: "The fixed reply, at most one a day to one address. It leaves without a second look."}}, "yes")
		controls = append(controls, Control{Checkboxes: &c})
	}
	return controls, nil
}

func openFromMail(a *App, r *http.Request, f *Form, x mailAt) (done, error) {
	how := store.ByHand{Type: workflow.ReferralType(f.Text("type")), Acknowledge: slices.Contains(f.Chosen("acknowledge"), "yes")}
	if !mentioned(referrerOptions(), string(how.Type)) {
		return done{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "type", Words: "Choose who refers."}
	}
	made, err := a.store.CaseByHand(r.Context(), x.by, a.now(), x.id, x.seen, how)
	return done{to: "/cases/" + made.Ref, said: "The mail is a case now."}, err
}

func routeFields(a *App, r *http.Request, m store.MessagePage, set workflow.Settings, f *Form) ([]Control, error) {
	users, err := a.store.Users(r.Context())
	if err != nil {
		return nil, err
	}
	var kinds []Option
	for _, k := range workflow.RouteKinds() {
		kinds = append(kinds, Option{Value: string(k), Text: sentence(k.Words()), Hint: "Due " + dateTime(set.RouteDue(k, m.ReceivedAt))})
	}
	kind := f.Choices("route", "What is it?", kinds, m.Kind)
	kind.Small = true
	owner := teamChoices(f, "route-owner", "Who sees to it", users, m.Owner)
	owner.Options[0].Text = "Choose somebody"
	words := f.Textarea("route-words", "Where it goes, or what to mind", "", 1000)
	words.Rows = 3
	return []Control{radios(kind, ""), {Select: &owner}, textarea(words, "Needed for something else. It stands in the record of this mail.")}, nil
}

func routeMail(a *App, r *http.Request, f *Form, x mailAt) (done, error) {
	owner, err := a.teamMember(r, f, "route-owner")
	if err != nil {
		return done{}, err
	}
	return done{to: mailTabOf(x.seen), said: "The mail is taken elsewhere, and its owner has a task."}, a.move(r, x, func(m workflow.Mail, set workflow.Settings) (workflow.MailChange, error) {
		return m.Route(x.by, a.now(), workflow.RouteKind(f.Text("route")), owner, f.Text("route-words"), set)
	})
}

func finishFields(_ *App, _ *http.Request, _ store.MessagePage, _ workflow.Settings, f *Form) ([]Control, error) {
	t := f.Textarea("finish-words", "What was done", "", 1000)
	t.Rows = 3
	return []Control{textarea(t, "Who, when, and any reference. This ends its task.")}, nil
}

func finishMail(a *App, r *http.Request, f *Form, x mailAt) (done, error) {
	return done{said: "The mail is dealt with."}, a.move(r, x, func(m workflow.Mail, _ workflow.Settings) (workflow.MailChange, error) {
		return m.Finish(x.by, a.now(), f.Text("finish-words"))
	})
}

func ignoreFields(_ *App, _ *http.Request, _ store.MessagePage, _ workflow.Settings, f *Form) ([]Control, error) {
	t := f.Textarea("ignore-why", "Why nobody needs to act on it", "", 500)
	t.Rows = 2
	return []Control{textarea(t, "")}, nil
}

func ignoreMail(a *App, r *http.Request, f *Form, x mailAt) (done, error) {
	return done{to: mailTabOf(x.seen), said: "The mail is put aside. It can be taken back."}, a.move(r, x, func(m workflow.Mail, _ workflow.Settings) (workflow.MailChange, error) {
		return m.Ignore(x.by, a.now(), f.Text("ignore-why"))
	})
}

func releaseFields(_ *App, _ *http.Request, _ store.MessagePage, _ workflow.Settings, f *Form) ([]Control, error) {
	t := f.Textarea("release-why", "How you know that it is safe", "", 500)
	t.Rows = 2
	return []Control{textarea(t, "")}, nil
}

func releaseMail(a *App, r *http.Request, f *Form, x mailAt) (done, error) {
	return done{said: "The mail is out of quarantine. Say now where it belongs."}, a.move(r, x, func(m workflow.Mail, set workflow.Settings) (workflow.MailChange, error) {
		return m.Release(x.by, a.now(), f.Text("release-why"), set)
	})
}

func restoreMail(a *App, r *http.Request, _ *Form, x mailAt) (done, error) {
	return done{said: "The mail is taken back. Say now where it belongs."}, a.move(r, x, func(m workflow.Mail, set workflow.Settings) (workflow.MailChange, error) {
		return m.Restore(x.by, a.now(), set)
	})
}

func rereadMail(a *App, r *http.Request, _ *Form, x mailAt) (done, error) {
	return done{to: mailTabOf(""), said: "The mail is being read again."}, a.move(r, x, func(m workflow.Mail, _ workflow.Settings) (workflow.MailChange, error) {
		return m.Reread(x.by, a.now())
	})
}
