package reading

import (
	"strings"
	"time"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
)

// letter is a mail with its texts: the one that came, or one attached to it.
type letter struct {
	msg    *message.Message
	header *sheet
	bodies []*sheet
	depth  int
}

// reader holds what Read works on.
type reader struct {
	in      Input
	labels  *labelIndex
	now     time.Time
	letters []*letter // outermost first
	docs    []*sheet  // documents with text, in order
	all     []document.Document
	forms   map[*sheet]*form
	hits    []cueHit
	result  *Result
}

// form is what the labels of a sheet gave.
type form struct {
	pairs   []pair
	facts   []found
	unknown []pair
	about   int // facts about the person
}

// Read judges a mail with its documents. The signs of danger are read first and
// do not depend on the rest.
func Read(in Input) Result {
	r := &reader{in: in, labels: in.Labels.compiled(), forms: map[*sheet]*form{}, result: &Result{}}
	if in.Message == nil {
		in.Message = &message.Message{}
		r.in.Message = in.Message
	}
	r.now = in.Message.Date
	if r.now.IsZero() {
		r.now = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	r.collect(in.Message, "", 0)
	r.collectDocuments(in.Documents)
	for _, s := range r.sheets() {
		r.hits = append(r.hits, scanSheet(s, r.now)...)
	}
	for _, s := range r.sheets() {
		r.forms[s] = r.readForm(s)
	}
	r.result.Made = in.Message.Made(in.Own)
	r.classify()
	r.refer()
	r.urgency()
	r.attachments()
	r.keepTexts()
	return *r.result
}

const deepestMail = 8

// collect takes the texts of a mail and of the mails attached to it; part is
// where an attached one stands.
func (r *reader) collect(m *message.Message, part string, depth int) {
	l := &letter{msg: m, depth: depth}
	if depth == 0 {
		l.header = newSheet("header", message.HeaderText(m))
	} else if part != "" {
		l.header = newSheet(part+"/header", message.HeaderText(m))
	}
	r.letters = append(r.letters, l)
	for _, p := range bodyParts(m) {
		s := newSheet(p.Number, p.Text)
		s.segment(r.in.Own)
		l.bodies = append(l.bodies, s)
	}
	for i := range m.Parts {
		if p := &m.Parts[i]; p.Mail != nil && depth < deepestMail {
			r.collect(p.Mail, p.Number, depth+1)
		}
	}
}

// bodyParts are the parts that hold the mail's words: its body, or the other
// form of it where the body is empty.
func bodyParts(m *message.Message) []*message.Part {
	var out []*message.Part
	words := 0
	for i := range m.Parts {
		if p := &m.Parts[i]; p.Role == message.Body && strings.TrimSpace(p.Text) != "" {
			out = append(out, p)
			words += len(strings.Fields(p.Text))
		}
	}
	for i := range m.Parts {
		p := &m.Parts[i]
		if p.Role == message.Alternative && p.Text != "" && words*3 < len(strings.Fields(p.Text)) && words < 30 {
			return append(out, p)
		}
	}
	return out
}

func (r *reader) collectDocuments(docs []document.Document) {
	for i := range docs {
		d := &docs[i]
		r.all = append(r.all, *d)
		if strings.TrimSpace(d.Text) != "" && d.State != document.Quarantined {
			s := newSheet(d.Part, d.Text)
			s.doc = d
			r.docs = append(r.docs, s)
		}
		for _, m := range d.Mails {
			r.collect(message.Read(m.Raw, message.DefaultLimits()), m.Part, 1)
		}
		r.collectDocuments(d.Members)
	}
}

// sheets are all texts, the subject among them.
func (r *reader) sheets() []*sheet {
	var out []*sheet
	for _, l := range r.letters {
		if l.header != nil {
			out = append(out, l.header)
		}
		out = append(out, l.bodies...)
	}
	return append(out, r.docs...)
}

// readForm takes the pairs of a sheet and their facts.
func (r *reader) readForm(s *sheet) *form {
	if s.isHeader() {
		return &form{}
	}
	f := newFormReader(s, r.labels)
	if s.doc != nil && len(s.doc.Blocks) > 0 {
		f.blocks(s.doc.Blocks)
	} else {
		for _, seg := range s.segments() {
			if seg.Kind == message.New || seg.Kind == message.Forwarded || seg.Kind == message.Signature {
				f.lines(seg.Start, seg.End)
			}
		}
	}
	out := &form{pairs: f.pairs, unknown: f.unknown, facts: readPairs(f.pairs, r.now)}
	seen := map[string]bool{}
	for _, x := range out.facts {
		if strings.HasPrefix(x.field, "person.") && !seen[x.field] {
			seen[x.field] = true
			out.about++
		}
	}
	return out
}

// headerSource finds words in the header lines.
func (l *letter) headerSource(words string) Source {
	if l.header == nil || words == "" {
		return Source{}
	}
	i := strings.Index(l.header.text, words)
	if i < 0 {
		i = strings.Index(strings.ToLower(l.header.text), strings.ToLower(words))
	}
	if i < 0 || i+len(words) > len(l.header.text) {
		return Source{}
	}
	return Source{Part: l.header.part, Start: i, End: i + len(words), Quote: l.header.text[i : i+len(words)]}
}

// subject is the subject line as a sheet of its own words.
func (r *reader) subject() string { return r.in.Message.Subject }

// keepTexts lists the texts that sources name.
func (r *reader) keepTexts() {
	for _, s := range r.sheets() {
		r.result.Texts = append(r.result.Texts, PartText{s.part, s.text})
	}
	r.result.Warnings = append(r.result.Warnings, r.in.Message.Warnings...)
}

func (r *reader) attachments() {
	states := map[string]document.Document{}
	for _, d := range r.all {
		states[d.Part] = d
	}
	listed := map[string]bool{}
	for _, l := range r.letters {
		for _, p := range l.msg.Parts {
			if p.Role == message.Body || p.Role == message.Alternative || p.Role == message.Inline && p.Name == "" {
				continue
			}
			a := Attachment{Part: p.Number, Name: p.Name, Type: p.Type, Size: len(p.Data), State: document.Unreadable}
			if p.Role == message.AttachedMail {
				a.State = document.Read
			}
			if d, ok := states[p.Number]; ok {
				a.State, a.Why, a.Type = d.State, d.Why, d.Type
			}
			listed[p.Number] = true
			r.result.Attachments = append(r.result.Attachments, a)
		}
	}
	for _, d := range r.all {
		if !listed[d.Part] {
			r.result.Attachments = append(r.result.Attachments, Attachment{Part: d.Part, Name: d.Name, Type: d.Type, Size: d.Size, State: d.State, Why: d.Why})
		}
	}
}
