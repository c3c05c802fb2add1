package web

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// letterView is one letter as it would leave now, or as it was frozen.
type letterView struct {
	letter  store.Letter
	file    workflow.File   // of its case, empty for a reply without one
	rule    workflow.Letter // the letter as the rules know it
	parts   letterParts
	frozen  bool // parts are the very bytes that leave, or left
	again   [32]byte
	found   []letters.Finding
	blocked []Line // why there are no words yet, and where to mend it
	content workflow.Content
	variant letters.Variant
	grade   float64
}

// viewLetter loads a letter with its case. Before it is frozen it is made for
// the page alone; while it waits for approval it is made again beside its frozen
// bytes, to see whether anything has changed.
func (a *App) viewLetter(ctx context.Context, l store.Letter) (letterView, error) {
	v := letterView{letter: l, rule: l.Letter}
	if l.Case != 0 {
		var err error
		if v.file, err = a.store.File(ctx, l.Case); err != nil {
			return v, err
		}
		if v.rule, err = v.file.Letter(l.ID); err != nil {
			return v, err
		}
	}
	if l.Hash != [32]byte{} {
		raw, err := a.store.LetterBytes(ctx, l.ID)
		if err != nil {
			return v, err
		}
		text, err := a.store.LetterText(ctx, l.ID)
		if err != nil {
			return v, err
		}
		if v.parts, err = partsBy(l.Way, raw, text, l.Subject, l.Address); err != nil {
			return v, fmt.Errorf("letter %d: %w", l.ID, err)
		}
		v.frozen = true
	}
	if l.Party == 0 || l.State != workflow.LetterDueNow && l.State != workflow.LetterSubmitted {
		return v, nil
	}
	return v, a.redraw(ctx, &v)
}

// redraw makes the letter now, under the id and the day of its frozen bytes if
// there are any.
func (a *App) redraw(ctx context.Context, v *letterView) error {
	desk, err := a.desk(ctx)
	if err != nil {
		return err
	}
	v.content, v.variant = desk.Form(v.file, v.rule, a.now())
	id, at := a.office.NewMessageID(), a.now()
	if v.frozen {
		id, at = "<"+v.letter.SMTPID+">", v.rule.SubmittedAt
	}
	fr, found, err := a.draw(ctx, v.file, v.rule, id, at)
	if v.blocked = blockedBy(err, v.file.Case.Ref); len(v.blocked) > 0 {
		return nil
	}
	if err != nil {
		return err
	}
	v.found = found
	if workflow.DateOf(at) == workflow.DateOf(a.now()) {
		v.again = fr.Hash
	}
	v.grade = fr.Grade
	if !v.frozen {
		v.parts, err = partsBy(v.rule.Way, fr.Raw, fr.Text, fr.Subject, fr.To)
	}
	return err
}

func partsBy(way workflow.Way, raw []byte, text, subject, to string) (letterParts, error) {
	if way == workflow.ByPost {
		return paperParts(raw, text, subject, to), nil
	}
	return partsOf(raw)
}

// draw makes the bytes of a letter of the record.
func (a *App) draw(ctx context.Context, x workflow.File, l workflow.Letter, id string, at time.Time) (workflow.Frozen, []letters.Finding, error) {
	thread, err := a.store.ThreadOf(ctx, x.Case.ID)
	if err != nil {
		return workflow.Frozen{}, nil, err
	}
	desk, err := a.desk(ctx)
	if err != nil {
		return workflow.Frozen{}, nil, err
	}
	return desk.Freeze(x, l, letters.Draft{MessageID: id, Date: at, Answers: thread.MessageID})
}

// blockedBy says in words why a letter cannot be made and where that is mended;
// nothing for a fault that nobody who reads the page can mend.
func blockedBy(err error, ref string) []Line {
	var holes letters.Holes
	var refusal *workflow.Refusal
	switch {
	case errors.As(err, &holes):
		var out []Line
		for _, h := range holes { // several holes of one thing are mended at one place
			if l := holeLine(h, ref); !slices.ContainsFunc(out, func(o Line) bool { return o.Value == l.Value }) {
				out = append(out, l)
			}
		}
		return out
	case errors.As(err, &refusal):
		return []Line{{Key: "They may not be written to", Value: refusal.Words, Action: &Link{"Look at the people", "/cases/" + ref}}}
	case errors.Is(err, letters.ErrUnserved):
		return []Line{{Key: "No letter in this form", Value: "The reader needs a form that no letter of ours has: " + after(err.Error(), letters.ErrUnserved.Error()+": ") +
			". Reach them in a way they can use, record it, and stop this letter."}}
	case errors.Is(err, letters.ErrNoTemplate):
		return []Line{{Key: "No letter in this form", Value: "There is no letter of this kind in the form that the reader needs. Reach them in a way they can use, record it, and stop this letter."}}
	}
	return nil
}

func after(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	return rest
}

// holeLine is a fact that a letter needs and the record lacks.
func holeLine(path, ref string) Line {
	here := "/cases/" + ref
	for _, h := range []struct{ prefix, words, at, link string }{
		{"Team.", "something about the team: its phone, hours or email", "/settings", "Settings"},
		{"Message", "the words of the message", here + "/letters", "Start it again"},
		{"Asks", "what is missing from the referral", here, "The case"},
		{"Panel.", "the meeting: its date or its members", here + "/panel", "The panel"},
		{"Decision.", "a part of the panel’s decision", here + "/panel", "The decision"},
		{"Register.", "the plan: support, review or lead professional", here + "/register", "The register"},
		{"Removal.", "who agreed to the removal", here + "/register", "The removal"},
		{"Review.", "a review", here + "/register", "The register"},
		{"Sharing.", "consent to tell this service", here, "Consent"},
		{"Transfer.", "the other area’s team and how to reach it", here, "The case"},
		{"Birthday", "a birthday that is near", here, "The case"},
		{"Tried", "how we tried to reach them", here, "The case"},
		{"Shares", "whom we may tell", here, "Consent"},
		{"Person.", "what the person is called", here, "The case"},
		{"Reader.", "what the reader is called", here, "The people"},
	} {
		if strings.HasPrefix(path, h.prefix) {
			return Line{Key: "Not in the record", Value: sentence(h.words) + ".", Action: &Link{h.link, h.at}}
		}
	}
	return Line{Key: "Not in the record", Value: path}
}

// letterPage shows one letter and what may be done with it.
type letterPage struct {
	Layout
	Name      string
	Tag       Tag
	State     string
	Blocked   []Line
	Stops     []Line
	Warnings  []Line
	Changed   bool
	Envelope  []Line
	Text      string
	Frozen    bool
	Paper     bool
	Address   string // of this page
	Version   workflow.Version
	Hash      string
	Submit    *Button
	Approve   *Button
	Refused   string // why this reader cannot approve it
	SendBack  *Textarea
	Stop      *Textarea
	StopWords string
	Resolve   *Choices
	Why       *Textarea
	Contact   *Choices
	Call      *Textarea
	Attempts  Table
	PDF       bool
	Write     *letterForm
	Posted    *DateInput
	Again     *Choices
	AgainWhy  *Textarea
}

func (a *App) showLetter(w http.ResponseWriter, r *http.Request) error {
	l, err := a.letterAt(r)
	if err != nil {
		return err
	}
	if err := a.noteReading(r, l, "read a letter"); err != nil {
		return err
	}
	return a.letterPage(w, r, http.StatusOK, l, &Form{})
}

func (a *App) letterPage(w http.ResponseWriter, r *http.Request, status int, l store.Letter, f *Form) error {
	v, err := a.viewLetter(r.Context(), l)
	if err != nil {
		return err
	}
	steps, err := a.store.LetterSteps(r.Context(), l.ID)
	if err != nil {
		return err
	}
	attempts, err := a.store.LetterAttempts(r.Context(), l.ID)
	if err != nil {
		return err
	}
	p := &letterPage{Layout: Layout{Title: sentence(l.Kind.Words()), Ref: l.Ref, Back: &Link{"Back to letters", "/letters"}, Errors: f.Errors},
		Blocked: v.blocked, Text: v.parts.Text, Frozen: v.frozen, PDF: len(v.parts.PDF) > 0, Paper: l.Way == workflow.ByPost, Address: fmt.Sprintf("/letters/%d", l.ID),
		Version: v.file.Case.Version, Hash: hex.EncodeToString(l.Hash[:]), Envelope: envelopeLines(v, steps), Attempts: attemptTable(attempts)}
	p.Tag, p.State = letterState(l, a.now())
	if l.Case != 0 {
		p.Name = nameOf(v.file)
		p.Back = &Link{"Back to the letters of this case", "/cases/" + l.Ref + "/letters"}
	}
	for _, one := range v.found {
		if one.Stop {
			p.Stops = append(p.Stops, Line{Key: one.Where, Value: one.Why})
		} else {
			p.Warnings = append(p.Warnings, Line{Key: one.Where, Value: one.Why})
		}
	}
	by, _ := actorOf(r)
	p.offer(v, by, a.now(), f)
	p.offerWriting(v, by, f)
	p.offerPosting(v, by, workflow.DateOf(a.now()), f)
	return a.page(w, r, status, "letter", p)
}

// offer adds what this reader may do with the letter now.
func (p *letterPage) offer(v letterView, by workflow.Actor, now time.Time, f *Form) {
	l, ready := v.letter, len(v.blocked) == 0 && !letters.Stops(v.found)
	waits := l.State == workflow.LetterDueNow && !l.Kind.IsAutomatic() || l.State == workflow.LetterSubmitted
	p.Changed = l.State == workflow.LetterSubmitted && v.again != l.Hash
	if waits && ready && by.Has(caseworkers()...) && v.file.Can(by, workflow.SubmitLetter, now) == nil && (l.State == workflow.LetterDueNow || p.Changed) {
		p.Submit = &Button{Text: "Submit for approval", Confirm: true}
		if p.Changed {
			p.Submit.Text = "Make it again and submit it"
		}
	}
	if l.State == workflow.LetterSubmitted {
		if _, err := v.file.ApproveLetter(by, now, l.ID, l.Hash, v.again); err != nil {
			p.Refused = err.Error()
		} else {
			p.Approve = &Button{Text: "Approve these words", Confirm: true}
		}
		back := f.Textarea("why", "What must be changed", "", 1000)
		back.Rows = 3
		p.SendBack = &back
		p.offerCall(v, by, f)
	}
	if v.file.Case.ID != 0 && (waits || l.State == workflow.LetterQueued || l.State == workflow.LetterRetry) && v.file.May(by, workflow.StopALetter) == nil {
		stop := f.Textarea("stop_why", "Why it must not go", "", 1000)
		stop.Rows = 3
		p.Stop, p.StopWords = &stop, "It will not leave."
		if l.Kind.NeedsSecond() {
			p.StopWords = "It will not leave. What was decided stays; the letter becomes due again when the decision is corrected."
		}
	}
	if l.State == workflow.LetterUnknown || l.State == workflow.LetterFailed || l.State == workflow.LetterReturned {
		became := f.Choices("became", "What became of it", []Option{
			{Value: "accepted", Text: "It left and arrived", Hint: "You found it in the mail host’s records, or the reader says so"},
			{Value: "retry", Text: "Send the same letter again", Hint: "The very same bytes leave once more"},
			{Value: "given up", Text: "Give it up", Hint: "Somebody reaches them in another way"}})
		why := f.Textarea("became_why", "How you know, or what is done instead", "", 400)
		why.Rows = 3
		p.Resolve, p.Why = &became, &why
	}
}

// offerCall asks for the call that comes before hard news.
func (p *letterPage) offerCall(v letterView, by workflow.Actor, f *Form) {
	party, err := v.file.Party(v.letter.Party)
	if err != nil || !v.file.TellFirst(v.rule) || !by.Has(caseworkers()...) {
		return
	}
	reached := f.Choices("reached", "You rang "+partyWords(party), []Option{{Value: "reached", Text: "I spoke to them"}, {Value: "voicemail", Text: "I left a message to call back"}, {Value: "no answer", Text: "Nobody answered"}})
	said := f.Textarea("said", "What was said", "", 1000)
	said.Rows = 3
	p.Contact, p.Call = &reached, &said
}

func envelopeLines(v letterView, steps store.LetterSteps) []Line {
	l := v.letter
	out := []Line{{Key: "To", Value: v.parts.To, Note: recipientOf(l)}, {Key: "From", Value: v.parts.From}, {Key: "Subject", Value: v.parts.Subject}}
	if l.Way == workflow.ByPost {
		out = []Line{{Key: "By post to", Value: v.parts.To, Note: recipientOf(l)}}
	}
	if v.parts.Text == "" {
		out = []Line{{Key: "To", Value: recipientOf(l)}}
	}
	if len(v.parts.Files) > 0 {
		out = append(out, Line{Key: "Files", Value: strings.Join(v.parts.Files, ", ")})
	}
	if left := leftOut(v); left != "" {
		out = append(out, Line{Key: "Left out", Value: left})
	}
	if len(l.Asks) > 0 && l.Kind == workflow.L3 {
		out = append(out, Line{Key: "Asks for", Value: countWords(len(l.Asks), "thing", "things")})
	}
	if !steps.SubmittedAt.IsZero() && l.Hash != [32]byte{} {
		by := steps.SubmittedBy
		if by == "" {
			by = "the service"
		}
		out = append(out, Line{Key: "Made", Value: dateTime(steps.SubmittedAt), Note: "by " + by})
	}
	if steps.ApprovedBy != "" {
		out = append(out, Line{Key: "Approved", Value: dateTime(steps.ApprovedAt), Note: "by " + steps.ApprovedBy})
	}
	if l.State == workflow.LetterPosted {
		out = append(out, Line{Key: "Posted", Value: dayWords(workflow.DateOf(l.SentAt)), Note: "by " + l.PostedBy})
	}
	if l.Replaces != 0 {
		out = append(out, Line{Key: "Corrects", Value: fmt.Sprintf("Letter %d", l.Replaces), Action: &Link{"See it", fmt.Sprintf("/letters/%d", l.Replaces)}})
	}
	if v.grade != 0 {
		out = append(out, Line{Key: "Reading grade", Value: fmt.Sprintf("%.1f", v.grade),
			Note: fmt.Sprintf("About the years of school that it asks for (Flesch-Kincaid). The goal is %.0f or less.", letters.Goal(v.variant))})
	}
	if l.Template != "" {
		out = append(out, Line{Key: "Words", Value: "Letter " + l.Template})
	}
	if l.Hash != [32]byte{} {
		out = append(out, Line{Key: "Fingerprint", Value: hex.EncodeToString(l.Hash[:8]), Note: "What is approved and sent are the bytes with this fingerprint (SHA-256), and no others."})
	}
	return out
}

// leftOut says what this reader is not told, and why.
func leftOut(v letterView) string {
	switch v.content {
	case workflow.OutcomeOnly:
		return "Everything but the outcome and its date: consent covers no more for this reader."
	case workflow.Notice:
		return "Everything: it only says that there is a letter. The address is not a secure one, and no agreement to ordinary email is recorded."
	case workflow.Thanks:
		return "Everything: it only says thank you. This reader may not be told more."
	case workflow.Full:
		return "Nothing that this reader may know. Other people’s details, names of panel members and the NHS number never stand in a letter."
	}
	return ""
}

func attemptTable(list []store.LetterAttempt) Table {
	t := Table{Caption: "Attempts to send it", ShowTitle: true, Dense: true, Columns: []Column{{Text: "Attempt"}, {Text: "Begun"}, {Text: "Outcome"}, {Text: "The mail host said"}}}
	for _, x := range list {
		outcome := x.Outcome
		if outcome == "" {
			outcome = "under way"
		}
		words := x.Words
		if x.Code != 0 {
			words = fmt.Sprintf("%d %s", x.Code, words)
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: fmt.Sprint(x.Number)}, {Text: dateTime(x.BeganAt)}, {Text: sentence(outcome)}, {Text: words}}})
	}
	return t
}
