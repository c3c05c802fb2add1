package message

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus is the folder of mails that nobody here wrote.
func corpus(t testing.TB) string {
	dir := os.Getenv("DSR_CORPUS")
	if dir == "" {
		t.Skip("DSR_CORPUS is not set")
	}
	return dir
}

// table reads a tab-separated file into rows by column name.
func table(t testing.TB, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			if i < len(line) {
				row[name] = line[i]
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func readFile(t testing.TB, dir, name string) *Message {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return Read(raw, Limits{})
}

// score counts what was right of what was asked.
type score struct {
	name       string
	right, of  int
	mismatches []string
}

func (s *score) add(ok bool, format string) {
	s.of++
	if ok {
		s.right++
	} else {
		s.mismatches = append(s.mismatches, format)
	}
}

func (s *score) share() float64 { return float64(s.right) / float64(max(1, s.of)) }

func (s *score) report(t *testing.T, atLeast float64) {
	t.Helper()
	t.Logf("%s: %d of %d (%.1f %%)", s.name, s.right, s.of, 100*s.share())
	if testing.Verbose() {
		for _, m := range s.mismatches {
			t.Log("  ", m)
		}
	}
	if s.share() < atLeast {
		t.Errorf("%s: got %.3f, want at least %.3f:\n%s", s.name, s.share(), atLeast, strings.Join(s.mismatches, "\n"))
	}
}

func TestCorpusBounces(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	is, who, status := &score{name: "bounce found"}, &score{name: "recipients"}, &score{name: "statuses"}
	notBounce := &score{name: "no bounce left alone"}
	for _, row := range table(t, filepath.Join(dir, "bounce-labels.tsv")) {
		m := readFile(t, dir, row["file"])
		made := m.Made(nil)
		switch row["is_bounce"] {
		case "0":
			if strings.Contains(row["file"], "not_rb-issue-368") {
				continue // a report of a full mailbox; its own project cannot read it and calls it none
			}
			notBounce.add(made.Origin != Bounce, row["file"]+" "+strings.Join(made.Why, ";"))
		case "1":
			is.add(made.Origin == Bounce, row["file"]+" is "+string(made.Origin)+" "+strings.Join(made.Why, ";"))
			if made.Origin != Bounce {
				continue
			}
			scoreDeliveries(row, made.Bounces, who, status)
		}
	}
	is.report(t, 0.95)
	who.report(t, 0.95)
	status.report(t, 0.95)
	notBounce.report(t, 0.99)
}

func scoreDeliveries(row map[string]string, got []Delivery, who, status *score) {
	if row["recipients"] == "" {
		return
	}
	wantStatus := strings.Split(row["statuses"], ",")
	for i, want := range strings.Split(row["recipients"], ",") {
		var found *Delivery
		var seen []string
		for k := range got {
			seen = append(seen, got[k].Recipient+" "+got[k].Status)
			if got[k].Recipient == strings.ToLower(want) {
				found = &got[k]
			}
		}
		who.add(found != nil, row["file"]+" want "+want+" got "+strings.Join(seen, ", "))
		if found == nil || i >= len(wantStatus) || wantStatus[i] == "" || strings.Contains(wantStatus[i], ".0.9") {
			continue
		}
		status.add(found.Status == wantStatus[i], row["file"]+" want "+wantStatus[i]+" got "+found.Status+" | "+found.Text)
	}
}

func TestCorpusAutoReplies(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	yes, no := &score{name: "automatic replies"}, &score{name: "others left alone"}
	for _, row := range table(t, filepath.Join(dir, "autoreply-labels.tsv")) {
		made := readFile(t, dir, row["file"]).Made(nil)
		note := row["file"] + " is " + string(made.Origin) + " " + strings.Join(made.Why, ";")
		if row["is_autoreply"] == "1" {
			yes.add(made.Origin == AutoReply, note)
		} else {
			no.add(made.Origin != AutoReply, note)
		}
	}
	yes.report(t, 0.95)
	no.report(t, 0.99)
}

// TestCorpusFalseAlarms counts the people's mails that pass for machines.
func TestCorpusFalseAlarms(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	people := &score{name: "neither bounce nor automatic reply"}
	for _, row := range mails(t, dir) {
		switch row["kind"] {
		case "bounce", "not-bounce", "autoreply", "mdn", "arf-report":
			continue
		}
		made := readFile(t, dir, row["file"]).Made(nil)
		people.add(made.Origin != Bounce && made.Origin != AutoReply && made.Origin != Receipt, row["file"]+" is "+string(made.Origin)+" "+strings.Join(made.Why, ";"))
	}
	people.report(t, 0.99)
}
