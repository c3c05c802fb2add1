package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// timelinePage is what happened to a case, the newest first.
type timelinePage struct {
	Layout
	Head       caseHead
	Here       string
	Version    workflow.Version
	Note       *Textarea // nil when the reader may not add one
	Looks      Link      // shows or leaves out who read the case
	Happenings []Happening
}

func (a *App) showTimeline(w http.ResponseWriter, r *http.Request) error {
	x, err := a.openCaseAt(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	looks := r.URL.Query().Get("show") == "all"
	all, err := a.store.Timeline(r.Context(), x.Case.ID, looks)
	if err != nil {
		return err
	}
	here := "/cases/" + x.Case.Ref
	p := &timelinePage{Layout: Layout{Title: "What happened", Ref: x.Case.Ref, Back: a.backToList(r)}, Here: here, Version: x.Case.Version,
		Head: headOf(x, by, workflow.DateOf(a.now()), "/timeline"), Looks: Link{"Show also who read it", here + "/timeline?show=all"}}
	if looks {
		p.Looks = Link{"Leave out who read it", here + "/timeline"}
	}
	if x.May(by, workflow.Note) == nil {
		t := (&Form{}).Textarea("note", "Add a note", "", 4000)
		t.Rows = 3
		p.Note = &t
	}
	for _, e := range all {
		p.Happenings = append(p.Happenings, happening(e, x))
	}
	return a.page(w, r, http.StatusOK, "timeline", p)
}

func happening(e store.Happened, x workflow.File) Happening {
	h := Happening{Title: deedWords(e), By: or(e.Name, "the service"), At: e.At, Text: e.Note}
	if e.From != e.To && e.To != "" {
		tag := stateTag(e.To)
		h.Tag = &tag
	}
	if e.Letter != 0 {
		h.Links = append(h.Links, Link{"Letter: " + e.Kind.Words(), "/letters/" + idText(e.Letter)})
	}
	for _, c := range e.Changes {
		h.Changes = append(h.Changes, Changed{Field: fieldLabel(c.Field), Old: plainValue(c.Old), New: plainValue(c.New)})
		if c.Why != "" {
			h.Text = strings.TrimSpace(h.Text + "\nReason: " + c.Why)
		}
	}
	if e.Action == workflow.ConfirmFields {
		h.Text = strings.TrimSpace(confirmedWords(e) + "\n" + h.Text)
	}
	return h
}

func plainValue(s string) string { return isoDay(strings.ReplaceAll(s, "_", " ")) }

func confirmedWords(e store.Happened) string {
	var labels []string
	for _, f := range e.Fields {
		if l := fieldLabel(workflow.Field(f)); !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	return strings.Join(labels, ", ")
}

// deedWords are what somebody did, in the past tense of a record.
func deedWords(e store.Happened) string {
	words := map[workflow.Action]string{
		workflow.Open: "Case made", workflow.Take: "Taken into triage", workflow.ConfirmFields: "Fields confirmed", workflow.AskForInformation: "Asked for information",
		workflow.InformationCame: "Information came", workflow.AskForConsent: "Asked for consent", workflow.SettleConsent: "Consent settled",
		workflow.MakeReady: "Made ready for the panel", workflow.RecordConsent: "Answer recorded", workflow.RecordCapacity: "Capacity assessment recorded",
		workflow.RecordBestInterest: "Best-interests decision recorded", workflow.SetParty: "People changed", workflow.SetUrgency: "Urgency changed",
		workflow.Assign: "Given to somebody", workflow.Note: "Note", workflow.RecordContact: "Contact recorded", workflow.FileMessage: "Mail filed",
		workflow.Hold: "Put on hold", workflow.LiftHold: "Hold lifted", workflow.TimerFired: "A reminder fell due", workflow.PutOnPanel: "Put on a panel",
		workflow.TakeOffPanel: "Taken off the panel", workflow.OpenPanel: "Opened in the panel", workflow.Accept: "Accepted", workflow.NotAccept: "Not accepted",
		workflow.Defer: "Deferred", workflow.ItemsIn: "What the panel asked for is in", workflow.Rate: "Rating changed", workflow.Review: "Reviewed",
		workflow.ProposeRemoval: "Removal proposed", workflow.RecordAgreement: "Answer to the removal recorded", workflow.Remove: "Found that all agree",
		workflow.SubmitLetter: "Letter submitted", workflow.ApproveLetter: "Letter approved", workflow.SendBackLetter: "Letter sent back", workflow.StopALetter: "Letter stopped",
		workflow.DraftLetter: "Letter made due", workflow.DeclareInterest: "Interest declared", workflow.GiveView: "View given", workflow.RecordDeath: "Death recorded",
		workflow.Reopen: "Reopened", workflow.LookAgain: "Looked at again", workflow.ConsentLapsed: "Consent ran out",
		"read": "Read", "download a mail": "Mail downloaded", "download a file": "File downloaded",
	}
	if w, ok := words[e.Action]; ok {
		return w
	}
	if state, ok := strings.CutPrefix(string(e.Action), "letter "); ok {
		return letterEventWords(workflow.LetterState(state))
	}
	return sentence(string(e.Action))
}

// letterEventWords are what became of a letter. Accepted by a mail host is not
// said so: here the word is for decisions.
func letterEventWords(s workflow.LetterState) string {
	words := map[workflow.LetterState]string{workflow.LetterAccepted: "Letter left", workflow.LetterRetry: "Letter did not leave yet", workflow.LetterFailed: "Letter could not be sent",
		workflow.LetterUnknown: "It is not certain that a letter left", workflow.LetterReturned: "Letter came back", workflow.LetterWithdrawn: "Letter stopped",
		workflow.LetterPosted: "Letter posted"}
	return or(words[s], "Letter "+string(s))
}
