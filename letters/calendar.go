package letters

import (
	"io/fs"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/workflow"
)

// meeting is the panel's date for the reader's calendar. It names nobody and
// asks for no answer: nobody has to come. A moved date has the same UID and a
// later stamp, so the calendar moves the old one (RFC 5545 3.8.4.7).
func meeting(f Facts, stamp time.Time) Attachment {
	cal := ics.NewCalendarFor("Dynamic Support Register")
	cal.SetMethod(ics.MethodPublish)
	e := cal.AddEvent("panel-" + f.Reference + "@" + domainOf(f.Team.Email))
	e.SetDtStampTime(stamp.UTC())
	e.SetSequence(int(stamp.Unix() / 60 % (1 << 30)))
	e.SetStartAt(f.Panel.At.UTC())
	e.SetEndAt(f.Panel.At.Add(time.Hour).UTC())
	e.SetSummary("Panel meeting - reference " + f.Reference)
	e.SetDescription("A panel talks about the referral. You do not have to be there.")
	e.SetTimeTransparency(ics.TransparencyTransparent)
	return Attachment{Name: "panel-date.ics", Type: "text/calendar; charset=utf-8; method=PUBLISH", Data: []byte(cal.Serialize(ics.WithNewLineWindows))}
}

func domainOf(address string) string {
	for i := range address {
		if address[i] == '@' {
			return address[i+1:]
		}
	}
	return "invalid"
}

// attachments are what goes with the words: the same letter as a PDF where it
// is one to keep or to read in another form, and the panel's date.
func attachments(w Words, f Facts, stamp time.Time) ([]Attachment, error) {
	var out []Attachment
	if w.Content == workflow.Full && !w.Kind.IsAutomatic() && (toKeep(w.Kind) || w.Variant == EasyRead || w.Variant == LargePrint) {
		raw, err := w.PDF(f.Date)
		if err != nil {
			return nil, err
		}
		out = append(out, Attachment{Name: "letter-" + f.Reference + ".pdf", Type: "application/pdf", Data: raw})
	}
	if w.Content == workflow.Full && (w.Kind == workflow.L5 || w.Kind == workflow.L5b) {
		out = append(out, meeting(f, stamp))
	}
	forms, err := blankForms(w, f)
	return append(out, forms...), err
}

// blankForms are the team's forms that fit the reader, with the letters that
// speak of them.
func blankForms(w Words, f Facts) ([]Attachment, error) {
	professional := f.Reader.Who == IsProfessional
	if !f.Forms || w.Content != workflow.Full || w.Kind != workflow.L0 && !(w.Kind == workflow.L3 && professional) {
		return nil, nil
	}
	name := "tell-us-about-you-plain"
	switch {
	case professional:
		name = "referral-form-professionals"
	case w.Variant == EasyRead:
		name = "tell-us-about-you-easy-read"
	}
	var out []Attachment
	for _, as := range []struct{ ending, kind string }{
		{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}, {".pdf", "application/pdf"},
	} {
		raw, err := fs.ReadFile(templates.Forms, "forms/"+name+as.ending)
		if err != nil {
			return nil, err
		}
		out = append(out, Attachment{Name: name + as.ending, Type: as.kind, Data: raw})
	}
	return out, nil
}

// toKeep lists the letters that somebody may want to print or show.
func toKeep(k workflow.LetterKind) bool {
	switch k {
	case workflow.L6, workflow.L7, workflow.L8, workflow.L12:
		return true
	}
	return false
}
