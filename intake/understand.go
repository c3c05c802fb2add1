package intake

import (
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
	"github.com/essex-dsr/dsr/intake/reading"
	"github.com/essex-dsr/dsr/store"
)

// understood is one mail as far as it could be read. It is kept sealed beside
// the message for the case page (see Kept).
type understood struct {
	mail    *message.Message
	docs    []document.Document
	result  reading.Result
	failed  string // what stopped the reader, for people; "" when nothing did
	verdict message.AuthVerdict
	detail  string
}

// understand reads a mail. It does not fail: a panic of any reader leaves what
// was read before it, and the alarm words of the plainest text.
func (s *Service) understand(ctx context.Context, raw []byte, received time.Time) (u understood) {
	u.mail = &message.Message{}
	u.guard("parse the mail", func() { u.mail = message.Read(raw, s.Limits) })
	u.guard("check the sender", func() { u.verdict, u.detail = message.Verdict(u.mail, s.Authserv) })
	u.guard("read attachments", func() { u.docs = s.documents(ctx, u.mail) })
	u.guard("understand", func() {
		u.result = reading.Read(reading.Input{Message: u.mail, Documents: u.docs, Own: s.Own, Labels: s.labels(ctx)})
	})
	if u.failed != "" {
		u.alarm(raw, s.Own, received)
	}
	return u
}

// guard runs one step; a panic stops that step alone.
func (u *understood) guard(step string, do func()) {
	defer func() {
		if x := recover(); x != nil {
			u.failed = fmt.Sprintf("the program failed to %s", step)
		}
	}()
	do()
}

// alarm looks for danger in whatever text there is when reading failed: the
// parts that were read, else the raw bytes as they are. What cannot be read at
// all is "look now", never routine.
func (u *understood) alarm(raw []byte, own []string, received time.Time) {
	u.result.Class = reading.Other
	if u.result.Urgency == "" {
		u.result.Urgency = reading.Unread
	}
	u.guard("scan", func() {
		for _, c := range reading.Scan(received, own, u.texts(raw)...) {
			if strings.HasPrefix(c.Rule, "crisis:") {
				u.result.Urgency = reading.Crisis
				u.result.UrgencyWhy = append(u.result.UrgencyWhy, c)
			}
		}
	})
	u.guard("tell who wrote", func() { u.result.Made = u.mail.Made(own) })
}

func (u *understood) texts(raw []byte) []reading.PartText {
	out := []reading.PartText{{Part: "header", Text: message.HeaderText(u.mail)}}
	for _, p := range u.mail.Parts {
		if p.Text != "" {
			out = append(out, reading.PartText{Part: p.Number, Text: p.Text})
		}
	}
	for _, d := range u.docs {
		if d.Text != "" {
			out = append(out, reading.PartText{Part: d.Part, Text: d.Text})
		}
	}
	if len(out) == 1 {
		out = append(out, reading.PartText{Part: "raw", Text: plainest(raw)})
	}
	return out
}

// plainest is raw bytes as text, with a base64 body tried as well.
func plainest(raw []byte) string {
	text := strings.ToValidUTF8(string(raw[:min(len(raw), 1<<20)]), " ")
	_, body, _ := strings.Cut(text, "\r\n\r\n")
	if decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), "")); err == nil {
		text += "\n" + strings.ToValidUTF8(string(decoded), " ")
	}
	return text
}

// documents reads the files of a mail, those of attached mails among them.
func (s *Service) documents(ctx context.Context, m *message.Message) []document.Document {
	files := Files(m)
	if len(files) == 0 || s.Documents == nil {
		return nil
	}
	docs, err := s.Documents(ctx, files)
	if err != nil {
		s.Log.Error("attachments not read", "error", err)
	}
	for i := len(docs); i < len(files); i++ {
		f := files[i]
		docs = append(docs, document.Document{Part: f.Part, Name: f.Name, Type: f.Type, Size: len(f.Data), State: document.Unreadable,
			Why: "the reader of attachments stopped"})
	}
	return docs
}

// Files are the files of a mail and of the mails attached to it.
func Files(m *message.Message) []document.File {
	var files []document.File
	for _, p := range m.Parts {
		switch p.Role {
		case message.Attached, message.Inline:
			files = append(files, document.File{Part: p.Number, Name: p.Name, Type: p.Type, Data: p.Data})
		case message.AttachedMail:
			if p.Mail != nil {
				files = append(files, Files(p.Mail)...)
			}
		}
	}
	return files
}

// Look is how the writer laid a mail out, and the pictures that it carries by
// Content-ID. It is the writer's HTML as it came: whoever shows it cleans it.
type Look struct {
	HTML     string
	Pictures map[string]Picture
}

// Picture is an image that a mail carries.
type Picture struct {
	Type string
	Data []byte
}

// LookOf takes the layout out of a mail's bytes. A mail without one looks like
// its text.
func LookOf(raw []byte) Look {
	out := Look{Pictures: map[string]Picture{}}
	var text string
	for _, p := range message.Read(raw, message.DefaultLimits()).Parts {
		switch {
		case p.Role == message.Body || p.Role == message.Alternative:
			out.HTML += p.HTML()
			if p.Role == message.Body && p.Type != "text/html" {
				text += p.Text + "\n"
			}
		case p.ContentID != "":
			out.Pictures[p.ContentID] = Picture{p.Type, p.Data}
		}
	}
	if out.HTML == "" {
		out.HTML = "<pre>" + html.EscapeString(text) + "</pre>"
	}
	return out
}

// Kept is what the case page needs of a reading; it is stored sealed.
type Kept struct {
	Class      string
	Why        []KeptCue `json:",omitempty"`
	Urgency    string
	UrgencyWhy []KeptCue `json:",omitempty"`
	Safeguards []KeptCue `json:",omitempty"`
	Sender     string
	Texts      []reading.PartText
	Unknown    []KeptLabel `json:",omitempty"`
	Warnings   []string    `json:",omitempty"`
	Auth       string
	To, Cc     []string `json:",omitempty"`
	Date       time.Time
	Facts      [][]store.FactRow `json:",omitempty"` // of each person it is about, for a join by hand
}

// KeptCue is a reason with its words and place.
type KeptCue struct {
	Rule, Part, Quote string
	Start, End        int
}

// KeptLabel is a label that no rule knows, with its value: shown, never dropped.
type KeptLabel struct{ Label, Value, Part string }

func (u understood) kept() Kept {
	r := u.result
	k := Kept{Class: string(r.Class), Why: cues(r.ClassWhy), Urgency: string(r.Urgency), UrgencyWhy: cues(r.UrgencyWhy),
		Safeguards: cues(r.Safeguards), Texts: r.Texts, Warnings: r.Warnings, Auth: string(u.verdict) + ": " + u.detail, Date: u.mail.Date}
	if len(k.Texts) == 0 {
		k.Texts = u.texts(nil)
	}
	for _, a := range u.mail.From {
		k.Sender = strings.TrimSpace(a.Name + " <" + a.Addr + ">")
		break
	}
	for _, a := range u.mail.To {
		k.To = append(k.To, a.Addr)
	}
	for _, a := range u.mail.Cc {
		k.Cc = append(k.Cc, a.Addr)
	}
	for _, ref := range r.Referrals {
		k.Facts = append(k.Facts, factRows(ref))
		for _, l := range ref.Unknown {
			k.Unknown = append(k.Unknown, KeptLabel{l.Label, l.Value, l.Source.Part})
		}
	}
	return k
}

func cues(in []reading.Cue) []KeptCue {
	var out []KeptCue
	for _, c := range in {
		out = append(out, KeptCue{c.Rule, c.Source.Part, c.Source.Quote, c.Source.Start, c.Source.End})
	}
	return out
}
