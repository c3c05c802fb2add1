package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
)

// TestMain is also the confined reader of documents that a service in a test
// starts: it runs its own program.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == document.ChildCommand {
		os.Exit(document.ChildMain(os.Stdin, os.Stdout))
	}
	os.Exit(storetest.Main(m))
}

func TestMigrateAndVerifyOnAServerOfOnesOwn(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DSR_DATABASE_URL": storetest.Empty(t), "DSR_ENCRYPTION_KEYS": store.NewKey()}
	steps := []struct {
		args []string
		code int
		out  string // how it begins
		says string // on standard error
	}{
		{[]string{"migrate", "status"}, exitDone, "schema 0 of ", ""},
		{[]string{"audit", "verify"}, exitFailed, "", "run `dsr migrate up`"},
		{[]string{"migrate"}, exitDone, "schema ", ""},
		{[]string{"audit", "verify"}, exitDone, "0 events, the chain is whole", ""},
		{[]string{"migrate", "down"}, exitUsage, "", "knows up and status"},
	}
	for _, step := range steps {
		code, out, problems := runWith(t, env, step.args...)
		if code != step.code || !strings.HasPrefix(out, step.out) || !strings.Contains(problems, step.says) {
			t.Errorf("%v: exit %d, %q, %q", step.args, code, out, problems)
		}
	}
	if _, out, _ := runWith(t, env, "migrate", "status"); strings.HasPrefix(out, "schema 0") {
		t.Errorf("after migrate: %q", out)
	}
}

func TestThePrivateDatabaseIsKeptBetweenCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server of its own, twice")
	}
	t.Parallel()
	dir, err := os.MkdirTemp("", "dsr-cmd-") // t.TempDir cannot be searched by the server's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"DSR_DATA_DIR": filepath.Join(dir, "data")}
	if code, _, problems := runWith(t, env, "migrate", "up"); code != exitDone {
		t.Fatalf("exit %d: %s", code, problems)
	}
	code, out, problems := runWith(t, env, "audit", "verify")
	if code != exitDone || !strings.HasPrefix(out, "0 events") {
		t.Errorf("exit %d: %s%s", code, out, problems)
	}
}

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dsr")
	var all [4][]string
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			keys, err := keysIn(dir)
			if err != nil {
				t.Error(err)
			}
			all[i] = keys
		})
	}
	wg.Wait()
	for _, keys := range all {
		if _, err := store.ParseKeys(keys); err != nil || !slices.Equal(keys, all[0]) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "keys"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v left, %v", entries, err)
	}
}

func TestADatabaseWithoutItsKeysIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "postgres"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := keysIn(dir)
	if err == nil || !strings.Contains(err.Error(), "put the file back") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys")); err == nil {
		t.Error("a new key was made")
	}
}
