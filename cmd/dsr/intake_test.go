package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
)

// Mails that are put in by hand go through the poller's door, and everything
// that the checks count afterwards is whole.
func TestIntakeByHand(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DSR_DATABASE_URL": storetest.DB(t), "DSR_ENCRYPTION_KEYS": store.NewKey(), "DSR_CACHE_DIR": t.TempDir()}
	mother := filepath.Join("demo", "mails", "mother-from-her-phone.eml")
	spam := filepath.Join("demo", "mails", "advertising.eml")
	code, out, problems := runWith(t, env, "intake", "--json", mother, spam, mother)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitDone || len(lines) != 3 {
		t.Fatalf("exit %d, %q, %q", code, out, problems)
	}
	var got [3]takenIn
	for i := range got {
		if err := json.Unmarshal([]byte(lines[i]), &got[i]); err != nil {
			t.Fatal(err)
		}
	}
	if first := got[0]; first.End != "case" || len(first.Cases) != 1 || !strings.HasPrefix(first.Cases[0], "DSR-") || first.DuplicateOf != nil || len(first.SHA256) != 64 {
		t.Errorf("a referral: %s", lines[0])
	}
	if len(got[1].Cases) != 0 || got[1].End == "case" || !strings.Contains(lines[1], `"cases":[],"duplicate_of":null`) {
		t.Errorf("advertising: %s", lines[1])
	}
	if again := got[2]; again.DuplicateOf == nil || *again.DuplicateOf != got[0].SHA256 || len(again.Cases) != 1 || again.Cases[0] != got[0].Cases[0] {
		t.Errorf("the same mail again: %s", lines[2])
	}
	code, out, problems = runWith(t, env, "verify", "--json")
	if code != exitDone || !strings.Contains(out, `"messages":2`) || !strings.Contains(out, `"broken":[],"ok":true`) {
		t.Errorf("verify: exit %d, %q, %q", code, out, problems)
	}
	code, out, problems = runWith(t, env, "mailbox", "reconcile", "--json")
	if code != exitDone || out != "{\"folders\":[],\"ok\":true}\n" {
		t.Errorf("reconcile: exit %d, %q, %q", code, out, problems)
	}
}

func TestIntakeSaysWhichFileIsWrong(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DSR_DATABASE_URL": storetest.DB(t), "DSR_ENCRYPTION_KEYS": store.NewKey(), "DSR_CACHE_DIR": t.TempDir()}
	empty := filepath.Join(t.TempDir(), "empty.eml")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, says := range map[string]string{empty: "it is empty", empty + "x": "no such file"} {
		code, out, problems := runWith(t, env, "intake", file, filepath.Join("demo", "mails", "grandmother.eml"))
		if code != exitFailed || !strings.Contains(problems, says) || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: exit %d, %q, %q", says, code, out, problems)
		}
	}
	if code, _, problems := runWith(t, env, "intake"); code != exitUsage || !strings.Contains(problems, "needs a file") {
		t.Errorf("without a file: exit %d, %q", code, problems)
	}
}

// A database whose bytes were changed is told from a whole one.
func TestVerifyFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	url := storetest.DB(t)
	env := map[string]string{"DSR_DATABASE_URL": url, "DSR_ENCRYPTION_KEYS": store.NewKey(), "DSR_CACHE_DIR": t.TempDir()}
	if code, _, problems := runWith(t, env, "intake", filepath.Join("demo", "mails", "grandmother.eml")); code != exitDone {
		t.Fatal(problems)
	}
	env["DSR_ENCRYPTION_KEYS"] = store.NewKey() // the right key is lost
	code, out, problems := runWith(t, env, "verify")
	if code != exitFailed || !strings.Contains(out, "broken: raw mail 1: its bytes cannot be had") || !strings.Contains(problems, "compare with a backup") {
		t.Errorf("exit %d, %q, %q", code, out, problems)
	}
}
