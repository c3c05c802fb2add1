package message

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// mailTruth is what the tests of the mail's own project say of it.
type mailTruth struct {
	Subject          *string
	From             []struct{ Name, Address string }
	Date             string
	TextExcerpt      *string `json:"text_excerpt"`
	AttachmentsCount *int    `json:"attachments_count"`
	Attachments      []struct {
		Name            string
		SHA256          string
		Size            int
		SizeDecodedUTF8 int `json:"size_decoded_utf8"`
	}
}

// mails are all whole mails of the corpus.
func mails(t testing.TB, dir string) []map[string]string {
	var found []map[string]string
	for _, row := range table(t, filepath.Join(dir, "index.tsv")) {
		if row["form"] == "eml" {
			found = append(found, row)
		}
	}
	return found
}

// TestCorpusIsRead holds that nothing stops the reader, and that every string is fit for a database.
func TestCorpusIsRead(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	var empty []string
	for _, row := range mails(t, dir) {
		start := time.Now()
		m := readFile(t, dir, row["file"])
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s took %s", row["file"], took)
		}
		for _, w := range m.Warnings {
			if strings.Contains(w, "fault:") {
				t.Errorf("%s: %s", row["file"], w)
			}
		}
		checkStrings(t, row["file"], m)
		m.Made(nil)
		if !hasContent(m) {
			empty = append(empty, row["file"])
		}
	}
	t.Logf("%d mails had nothing in them: %s", len(empty), strings.Join(empty, " "))
}

func hasContent(m *Message) bool {
	for _, p := range m.Parts {
		if len(strings.TrimSpace(p.Text)) > 0 || p.Text == "" && len(p.Data) > 0 || p.Mail != nil && hasContent(p.Mail) {
			return true
		}
	}
	return false
}

func checkStrings(t testing.TB, name string, m *Message) {
	t.Helper()
	check := func(what, s string) {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			t.Errorf("%s: %s is not clean: %q", name, what, s)
		}
	}
	for _, f := range m.Header {
		check("field name", f.Name)
		check(f.Name, f.Value)
	}
	for _, list := range [][]Address{m.From, m.Sender, m.ReplyTo, m.To, m.Cc} {
		for _, a := range list {
			check("name", a.Name)
			check("address", a.Addr)
		}
	}
	for _, list := range [][]string{m.InReplyTo, m.References, m.Warnings, {m.Subject, m.MessageID, HeaderText(m)}} {
		for _, s := range list {
			check("value", s)
		}
	}
	for _, p := range m.Parts {
		for _, s := range []string{p.Number, p.Type, p.Charset, p.Name, p.ContentID, p.Text} {
			check("part "+p.Number, s)
		}
		if p.Role == "" {
			t.Errorf("%s: part %s has no role", name, p.Number)
		}
		if p.Mail != nil {
			checkStrings(t, name, p.Mail)
		}
	}
}

// TestCorpusTruths compares with what the sources' own tests say.
func TestCorpusTruths(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	subject, from, date := &score{name: "subject"}, &score{name: "from"}, &score{name: "date"}
	text, count, names, content := &score{name: "text"}, &score{name: "attachments counted"}, &score{name: "attachment names"}, &score{name: "attachment contents"}
	for _, row := range mails(t, dir) {
		raw, err := os.ReadFile(filepath.Join(dir, row["file"]+".json"))
		if err != nil {
			continue
		}
		var v mailTruth
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Logf("%s: %v", row["file"], err)
			continue
		}
		m := readFile(t, dir, row["file"])
		if v.Subject != nil {
			subject.add(squeeze(m.Subject) == squeeze(*v.Subject), fmt.Sprintf("%s got %q want %q", row["file"], m.Subject, *v.Subject))
		}
		if len(v.From) > 0 && v.From[0].Address != "" {
			got := Address{}
			if len(m.From) > 0 {
				got = m.From[0]
			}
			from.add(got.Addr == strings.ToLower(v.From[0].Address), fmt.Sprintf("%s got %q want %q", row["file"], got, v.From[0]))
		}
		if want, err := time.Parse(time.RFC3339, v.Date); err == nil {
			date.add(m.Date.Equal(want), fmt.Sprintf("%s got %s want %s raw %q", row["file"], m.Date, want, m.Get("Date")))
		}
		scoreContent(row["file"], m, v, text, count, names, content)
	}
	subject.report(t, 0.95)
	from.report(t, 0.95)
	date.report(t, 0.95)
	text.report(t, 0.95)
	count.report(t, 0.85)
	names.report(t, 0.9)
	content.report(t, 0.95)
}

func scoreContent(file string, m *Message, v mailTruth, text, count, names, content *score) {
	files := allFiles(m)
	if v.TextExcerpt != nil && *v.TextExcerpt != "" {
		words := squeeze(allText(m))
		excerpt := squeeze(newlines(clean(*v.TextExcerpt)))
		excerpt = string([]rune(excerpt)[:min(60, len([]rune(excerpt)))])
		text.add(strings.Contains(words, excerpt), fmt.Sprintf("%s want %q got %.200q", file, excerpt, words))
	}
	if v.AttachmentsCount != nil {
		n := 0
		for _, p := range files {
			if p.Role != Inline {
				n++
			}
		}
		count.add(n == *v.AttachmentsCount || len(files) == *v.AttachmentsCount, fmt.Sprintf("%s got %d (%d) want %d", file, n, len(files), *v.AttachmentsCount))
	}
	for _, want := range v.Attachments {
		var have []string
		nameOK, sumOK := want.Name == "", false
		for _, p := range files {
			have = append(have, fmt.Sprintf("%s(%d)", p.Name, len(p.Data)))
			sum := sha256.Sum256(p.Data)
			nameOK = nameOK || p.Name == want.Name || fileName(want.Name) == p.Name
			sumOK = sumOK || hex.EncodeToString(sum[:]) == want.SHA256 || len(p.Data) == want.Size && want.Size > 0 || len(p.Text) == want.SizeDecodedUTF8 && want.SizeDecodedUTF8 > 0
		}
		if want.Name != "" {
			names.add(nameOK, fmt.Sprintf("%s want %q have %q", file, want.Name, have))
		}
		if want.SHA256 != "" || want.Size > 0 {
			content.add(sumOK, fmt.Sprintf("%s want %d %q have %q", file, want.Size, want.Name, have))
		}
	}
}

func allFiles(m *Message) []Part {
	var files []Part
	for _, p := range m.Parts {
		if p.Role == Attached || p.Role == Inline || p.Role == AttachedMail {
			files = append(files, p)
		}
		if p.Mail != nil {
			files = append(files, allFiles(p.Mail)...)
		}
	}
	return files
}

func allText(m *Message) string {
	var out strings.Builder
	for _, p := range m.Parts {
		out.WriteString(p.Text)
		if p.Type == "text/html" {
			source, _ := decodeHTML(p.Data, p.Charset)
			out.WriteString(source)
		}
		if p.Mail != nil {
			out.WriteString(allText(p.Mail))
		}
	}
	return out.String()
}

// TestCorpusMemory bounds what reading the largest mails takes.
func TestCorpusMemory(t *testing.T) {
	dir := corpus(t)
	var before, after runtime.MemStats
	for _, row := range mails(t, dir) {
		raw, err := os.ReadFile(filepath.Join(dir, row["file"]))
		if err != nil || len(raw) < 1<<20 {
			continue
		}
		runtime.ReadMemStats(&before)
		Read(raw, Limits{})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 20*uint64(len(raw))+(64<<20) {
			t.Errorf("%s: %d MB allocated for %d MB", row["file"], got>>20, len(raw)>>20)
		}
	}
}
