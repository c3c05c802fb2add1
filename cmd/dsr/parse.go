package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/mail"
	"os"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/essex-dsr/dsr/intake"
	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
	"github.com/essex-dsr/dsr/intake/reading"
)

// ownAddress is whose letters are ours when DSR_MAIL_FROM does not say.
const ownAddress = "Essex.DSR@essex.gov.uk"

// parser is what `dsr parse` reads mails with.
type parser struct {
	open   func(context.Context, []document.File) ([]document.Document, error)
	own    []string
	labels reading.Dictionary
}

// parseCommand reads raw mails and prints what is understood of each, without a
// database and without a network. Attachments are read in confined children.
func parseCommand(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	fs := newFlags("parse", "[--json] [--dictionary FILE] [--explain] FILE...", "Reads raw mails (- is standard input) and prints what is understood of each.")
	asJSON := fs.Bool("json", false, "print one JSON object a line")
	explain := fs.Bool("explain", false, "also print why each value was taken, and what spoke against it")
	dictionary := fs.String("dictionary", "", "a JSON file of further labels: {\"field\": [\"label\", …]}")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if fs.NArg() == 0 {
		return usage(stderr, "parse", "needs a file, or - for standard input")
	}
	p, err := newParser(getenv, *dictionary)
	if err != nil {
		return fail(stderr, "parse", err)
	}
	code := exitDone
	for _, name := range fs.Args() {
		raw, err := readMail(name, stdin)
		if err != nil {
			code = fail(stderr, "parse", err)
			continue
		}
		out := p.parse(ctx, name, raw)
		if *asJSON {
			err = out.writeJSON(stdout, *explain)
		} else {
			err = out.writeText(stdout, *explain)
		}
		if err != nil {
			return fail(stderr, "parse", err)
		}
	}
	return code
}

func readMail(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name)
}

func newParser(getenv func(string) string, dictionary string) (*parser, error) {
	p := &parser{labels: reading.ShippedDictionary(), own: []string{ownAddress}}
	if from := getenv("DSR_MAIL_FROM"); from != "" {
		a, err := mail.ParseAddress(from)
		if err != nil {
			return nil, fmt.Errorf("DSR_MAIL_FROM %q is no address: %w", from, err)
		}
		p.own = []string{a.Address}
	}
	if dictionary != "" {
		data, err := os.ReadFile(dictionary)
		if err != nil {
			return nil, err
		}
		var more map[string][]string
		if err := json.Unmarshal(data, &more); err != nil {
			return nil, fmt.Errorf("read dictionary %s: %w", dictionary, err)
		}
		p.labels = p.labels.With(more)
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program for reading attachments: %w", err)
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return nil, err
	}
	p.open = document.NewSandbox(exe, c.CacheDir).Open
	return p, nil
}

// parsed is one mail as far as it was understood.
type parsed struct {
	file   string
	texts  map[string]string
	result reading.Result
}

func (p *parser) parse(ctx context.Context, name string, raw []byte) parsed {
	m := message.Read(raw, message.DefaultLimits())
	docs, err := p.documents(ctx, m)
	out := parsed{file: name, texts: map[string]string{}}
	out.result = reading.Read(reading.Input{Message: m, Documents: docs, Own: p.own, Labels: p.labels})
	if err != nil {
		out.result.Warnings = append(out.result.Warnings, "attachments: "+err.Error())
	}
	for _, t := range out.result.Texts {
		out.texts[t.Part] = t.Text
	}
	return out
}

func (p *parser) documents(ctx context.Context, m *message.Message) ([]document.Document, error) {
	files := intake.Files(m)
	if len(files) == 0 {
		return nil, nil
	}
	return p.open(ctx, files)
}

// place counts in code points, as readers of JSON in other languages do.
type place struct {
	Part  string `json:"part"`
	Page  int    `json:"page,omitempty"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Quote string `json:"quote"`
}

type factJSON struct {
	Value      any         `json:"value"`
	Confidence float64     `json:"confidence"`
	Source     place       `json:"source"`
	Method     string      `json:"method"`
	Note       string      `json:"note,omitempty"`
	Rivals     []rivalJSON `json:"rivals,omitempty"`
}

type rivalJSON struct {
	Value  string `json:"value"`
	Source place  `json:"source"`
	Why    string `json:"why,omitempty"`
}

type referralJSON struct {
	Fields  map[string]factJSON `json:"fields"`
	Missing []string            `json:"missing"`
	Unknown map[string]string   `json:"unknown,omitempty"`
}

type attachmentJSON struct {
	Part  string `json:"part"`
	Name  string `json:"name"`
	Type  string `json:"type"`
	Size  int    `json:"size"`
	State string `json:"state"`
	Why   string `json:"why,omitempty"`
}

type partJSON struct {
	Part string `json:"part"`
	Text string `json:"text"`
}

type cueJSON struct {
	Rule   string `json:"rule"`
	Source *place `json:"source,omitempty"`
}

type mailJSON struct {
	File        string           `json:"file"`
	Class       string           `json:"class"`
	Kind        string           `json:"kind,omitempty"`
	Urgency     string           `json:"urgency"`
	UrgencyWhy  []cueJSON        `json:"urgency_why,omitempty"`
	ClassWhy    []cueJSON        `json:"class_why,omitempty"`
	Safeguards  []cueJSON        `json:"safeguards,omitempty"`
	Referrals   []referralJSON   `json:"referrals"`
	Attachments []attachmentJSON `json:"attachments"`
	Parts       []partJSON       `json:"parts"`
	Warnings    []string         `json:"warnings"`
}

func (p parsed) place(s reading.Source) place {
	text := p.texts[s.Part]
	start, end := min(s.Start, len(text)), min(s.End, len(text))
	from := utf8.RuneCountInString(text[:start])
	return place{s.Part, s.Page, from, from + utf8.RuneCountInString(text[start:end]), text[start:end]}
}

func (p parsed) writeJSON(w io.Writer, explain bool) error {
	r := p.result
	out := mailJSON{File: p.file, Class: string(r.Class), Kind: r.Kind, Urgency: string(r.Urgency), Referrals: []referralJSON{}, Attachments: []attachmentJSON{}, Parts: []partJSON{}, Warnings: r.Warnings}
	used := map[string]bool{}
	for _, ref := range r.Referrals {
		out.Referrals = append(out.Referrals, p.referral(ref, used, explain))
	}
	for _, a := range r.Attachments {
		out.Attachments = append(out.Attachments, attachmentJSON{a.Part, a.Name, a.Type, a.Size, string(a.State), a.Why})
	}
	out.UrgencyWhy = p.cues(r.UrgencyWhy, used)
	if explain {
		out.ClassWhy, out.Safeguards = p.cues(r.ClassWhy, used), p.cues(r.Safeguards, used)
	}
	for _, t := range r.Texts {
		if used[t.Part] {
			out.Parts = append(out.Parts, partJSON(t))
			used[t.Part] = false
		}
	}
	if out.Warnings == nil {
		out.Warnings = []string{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func (p parsed) referral(ref reading.Referral, used map[string]bool, explain bool) referralJSON {
	out := referralJSON{Fields: map[string]factJSON{}, Missing: ref.Missing}
	if out.Missing == nil {
		out.Missing = []string{}
	}
	for name, f := range ref.Fields {
		used[f.Source.Part] = true
		j := factJSON{Value: f.Value, Confidence: f.Confidence, Source: p.place(f.Source), Method: f.Method, Note: f.Note}
		switch {
		case f.Values != nil:
			j.Value = f.Values
		case name == "person.age":
			if n, err := strconv.Atoi(f.Value); err == nil {
				j.Value = n
			}
		}
		if explain {
			for _, rival := range f.Rivals {
				used[rival.Source.Part] = true
				j.Rivals = append(j.Rivals, rivalJSON{rival.Value, p.place(rival.Source), rival.Why})
			}
		}
		out.Fields[name] = j
	}
	if explain {
		out.Unknown = map[string]string{}
		for _, u := range ref.Unknown {
			out.Unknown[u.Label] = u.Value
		}
	}
	return out
}

func (p parsed) cues(cues []reading.Cue, used map[string]bool) []cueJSON {
	var out []cueJSON
	for _, c := range cues {
		j := cueJSON{Rule: c.Rule}
		if c.Source.Part != "" {
			at := p.place(c.Source)
			j.Source = &at
			used[c.Source.Part] = true
		}
		out = append(out, j)
	}
	return out
}

// writeText prints a mail for people: class, urgency with its reasons, and the
// fields in order.
func (p parsed) writeText(w io.Writer, explain bool) error {
	var b strings.Builder
	r := p.result
	fmt.Fprintf(&b, "%s: %s, %s\n", p.file, r.Class, r.Urgency)
	for _, c := range r.UrgencyWhy {
		fmt.Fprintf(&b, "  because %s: %q\n", c.Rule, c.Source.Quote)
	}
	for i, ref := range r.Referrals {
		fmt.Fprintf(&b, "  person %d\n", i+1)
		names := make([]string, 0, len(ref.Fields))
		for name := range ref.Fields {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			f := ref.Fields[name]
			value := f.Value
			if f.Values != nil {
				value = strings.Join(f.Values, ", ")
			}
			fmt.Fprintf(&b, "    %-34s %s\n", name, value)
			if explain {
				p.why(&b, f)
			}
		}
		fmt.Fprintf(&b, "    missing: %s\n", strings.Join(ref.Missing, ", "))
	}
	for _, a := range r.Attachments {
		fmt.Fprintf(&b, "  attachment %s %s: %s %s\n", a.Part, a.Name, a.State, a.Why)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p parsed) why(b *strings.Builder, f reading.Fact) {
	fmt.Fprintf(b, "      %s, %.2f, part %s: %q\n", f.Method, f.Confidence, f.Source.Part, f.Source.Quote)
	for _, rival := range f.Rivals {
		fmt.Fprintf(b, "      not %q (%s)\n", rival.Value, rival.Why)
	}
}
