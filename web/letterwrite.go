package web

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// letterForm is what staff write in one letter alone, and the way it goes.
type letterForm struct {
	Open     bool
	Controls []Control
}

// offerWriting adds the form of a letter that has not been approved.
func (p *letterPage) offerWriting(v letterView, by workflow.Actor, f *Form) {
	l := v.letter
	if l.Party == 0 || l.State != workflow.LetterDueNow && l.State != workflow.LetterSubmitted || !by.Has(caseworkers()...) {
		return
	}
	way := f.Choices("way", "How it goes", []Option{{Value: string(workflow.ByEmail), Text: "By email"},
		{Value: string(workflow.ByPost), Text: "On paper", Hint: "You print and post it. All that this reader may know stands in it."}}, string(wayOf(l.Letter)))
	form := letterForm{Open: len(v.blocked) > 0 || len(f.Errors) > 0, Controls: []Control{radios(way, "")}}
	for _, b := range letters.Blanks(l.Kind, v.variant) {
		form.Controls = append(form.Controls, blankControl(f, b, v.rule.Typed[b.Fact]))
	}
	p.Write = &form
}

func wayOf(l workflow.Letter) workflow.Way {
	if l.Way == workflow.ByPost {
		return workflow.ByPost
	}
	return workflow.ByEmail
}

func blankControl(f *Form, b letters.Blank, stored string) Control {
	name := "typed-" + b.Fact
	if b.Date {
		day, err := workflow.ParseDate(stored)
		if err != nil {
			day = workflow.Date{}
		}
		return dateField(f.DateInput(name, b.Label, day), "For example, 14 12 2026")
	}
	t := f.Textarea(name, b.Label, stored, 2000)
	t.Rows = 3
	return textarea(t, b.Hint)
}

// writeLetter keeps what staff wrote in a letter.
func (a *App) writeLetter(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	return a.actOnLetter(w, r, f, "What you wrote is kept with the letter.", func(l store.Letter, x workflow.File) (workflow.Change, error) {
		rule, err := x.Letter(l.ID)
		if err != nil {
			return workflow.Change{}, err
		}
		words, err := f.blanks(rule)
		if err != nil {
			return workflow.Change{}, err
		}
		return x.WriteLetter(by, a.now(), l.ID, workflow.Way(f.Text("way")), words)
	})
}

// blanks reads what was written over what the letter holds: blanks that the page
// did not show stay as they are.
func (f *Form) blanks(l workflow.Letter) (map[string]string, error) {
	words := map[string]string{}
	for fact, w := range l.Typed {
		words[fact] = w
	}
	for _, v := range letters.Variants() {
		for _, b := range letters.Blanks(l.Kind, v) {
			name := "typed-" + b.Fact
			if b.Date {
				if _, shown := f.typed[name+"-day"]; !shown {
					continue
				}
				words[b.Fact] = ""
				if day := f.Date(name, b.Label); !day.IsZero() {
					words[b.Fact] = day.String()
				}
			} else if _, shown := f.typed[name]; shown {
				words[b.Fact] = f.Text(name)
			}
		}
	}
	if !f.OK() {
		e := f.Errors[0]
		f.Errors = nil
		return nil, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: e.Field, Words: e.Text}
	}
	for fact, w := range words {
		if w == "" {
			delete(words, fact)
		}
	}
	return words, nil
}

// offerPosting adds the form by which somebody says that a letter was posted,
// and the one that makes a letter again.
func (p *letterPage) offerPosting(v letterView, by workflow.Actor, now workflow.Date, f *Form) {
	l := v.letter
	if v.file.Case.ID == 0 || !by.Has(caseworkers()...) {
		return
	}
	if l.State == workflow.LetterQueued && l.Way == workflow.ByPost && v.file.May(by, workflow.PostLetter) == nil {
		d := f.DateInput("posted", "The day it was posted", now)
		p.Posted = &d
	}
	gone := slices.Contains([]workflow.LetterState{workflow.LetterAccepted, workflow.LetterReturned, workflow.LetterPosted, workflow.LetterWithdrawn}, l.State)
	if !gone || l.Party == 0 || l.Kind.IsAutomatic() {
		return
	}
	options := []Option{{Value: "again", Text: "It did not reach its reader", Hint: "It is made anew from the record, and takes the whole way again"}}
	if l.State.HasLeft() {
		options = append(options, Option{Value: "corrected", Text: "It said something wrong", Hint: "Mend the record first. The new letter says that it replaces this one"})
	}
	c := f.Choices("again", "Why is it made again?", options)
	why := f.Textarea("again_why", "What happened", "", 1000)
	why.Rows = 3
	p.Again, p.AgainWhy = &c, &why
}

func (a *App) postLetter(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	on := f.Date("posted", "The day it was posted")
	return a.actOnLetter(w, r, f, "The letter is posted.", func(l store.Letter, x workflow.File) (workflow.Change, error) {
		if !f.OK() {
			e := f.Errors[0]
			f.Errors = nil
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: e.Field, Words: e.Text}
		}
		return x.PostLetter(by, a.now(), l.ID, on)
	})
}

func (a *App) makeLetterAgain(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	return a.actOnLetter(w, r, f, "The letter is due again. You find it among the letters of this case.", func(l store.Letter, x workflow.File) (workflow.Change, error) {
		how := f.Text("again")
		if how != "again" && how != "corrected" {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "again", Words: "Say why it is made again."}
		}
		return x.MakeAgain(by, a.now(), l.ID, how == "corrected", f.Text("again_why"))
	})
}

// showLetterPDF gives the letter as its reader prints it: the frozen bytes of a
// letter on paper, or the file that goes with the mail.
func (a *App) showLetterPDF(w http.ResponseWriter, r *http.Request) error {
	l, err := a.letterAt(r)
	if err != nil {
		return err
	}
	v, err := a.viewLetter(r.Context(), l)
	if err != nil {
		return err
	}
	if err := a.noteReading(r, l, "read a letter"); err != nil {
		return err
	}
	if len(v.parts.PDF) == 0 {
		return &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "This letter has no PDF."}
	}
	return download(w, Download{Name: fmt.Sprintf("letter-%d.pdf", l.ID), Type: "application/pdf", Size: int64(len(v.parts.PDF)), Body: bytes.NewReader(v.parts.PDF)})
}

// paperParts are those of a letter on paper.
func paperParts(raw []byte, text, subject, to string) letterParts {
	return letterParts{To: strings.ReplaceAll(to, "\n", ", "), Subject: subject, Text: text, PDF: raw}
}
