// Package dsr_test guards the plan of the house: which room may import which,
// and which library belongs to which room. Whoever finds a better plan changes
// the tables here in the same commit.
package dsr_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/essex-dsr/dsr"

// room is a package and the packages of ours that it may import.
type room struct {
	mayImport []string
	testOnly  bool // only test files, and other such rooms, import it
}

// floors is the house. Imports go down only: cmd, web, then intake and jobs,
// then store and letters, then workflow, templates and migrations. Rooms on
// one floor do not meet. Leaves are imported by their parent alone, and by cmd
// where it wires them.
var floors = map[string]room{
	"cmd/dsr": {mayImport: []string{
		"cmd/dsr/demo", "web", "intake", "jobs", "letters", "store", "workflow", "templates", "migrations",
		"intake/mailbox", "intake/message", "intake/document", "intake/reading", "store/cluster", "store/schema",
	}},
	"cmd/dsr/demo": {},

	"web":    {mayImport: []string{"intake", "letters", "store", "workflow", "templates"}},
	"intake": {mayImport: []string{"intake/mailbox", "intake/message", "intake/document", "intake/reading", "letters", "store", "workflow"}},
	"jobs":   {mayImport: []string{"letters", "store", "workflow"}},

	"intake/mailbox":  {},
	"intake/message":  {},
	"intake/document": {},
	"intake/reading":  {mayImport: []string{"intake/message", "intake/document"}},

	"letters": {mayImport: []string{"workflow", "templates"}},
	"store":   {mayImport: []string{"store/cluster", "store/schema", "workflow", "migrations"}},

	"store/cluster": {},
	"store/schema":  {mayImport: []string{"migrations"}},

	"workflow":   {},
	"templates":  {},
	"migrations": {},

	"store/storetest":            {testOnly: true, mayImport: []string{"store", "store/cluster", "store/schema", "workflow", "migrations"}},
	"store/storetest/withdb":     {testOnly: true, mayImport: []string{"store/storetest"}},
	"intake/mailbox/mailboxtest": {testOnly: true, mayImport: []string{"intake/mailbox"}},
	"letters/letterstest":        {testOnly: true, mayImport: []string{"letters", "workflow"}},
}

// library is a package of others that has its own rooms.
type library struct {
	path  string // it and what is below it
	rooms []string
	why   string
}

var libraries = []library{
	{"github.com/jmoiron/sqlx", []string{"store", "store/storetest"}, "all SQL is in store, so that one place knows the tables"},
	{"github.com/lib/pq", []string{"store", "store/cluster", "store/storetest"}, "only store guards this driver's faults"},
	{"database/sql", []string{"store", "store/cluster", "store/schema", "store/storetest"}, "all SQL is in store, so that one place knows the tables"},
	{"github.com/pressly/goose/v3", []string{"store/schema"}, "one place migrates"},
	{"github.com/emersion/go-imap/v2/imapclient", []string{"intake/mailbox", "intake/mailbox/mailboxtest"}, "only intake/mailbox guards this client's faults: a cut mail without an error, commands without an end"},
	{"github.com/emersion/go-imap/v2/imapserver", []string{"cmd/dsr/demo", "intake/mailbox/mailboxtest"}, "the service is a client; only the demo and tests are servers"},
	{"github.com/emersion/go-imap/v2", []string{"intake/mailbox", "intake/mailbox/mailboxtest", "cmd/dsr/demo"}, "IMAP is intake/mailbox's business"},
	{"github.com/emersion/go-smtp", []string{"cmd/dsr/demo", "letters/letterstest"}, "the service is a client; only the demo and tests are servers"},
	{"github.com/emersion/go-message", []string{"intake/message"}, "only intake/message makes it never refuse a mail"},
	{"github.com/wneessen/go-mail", []string{"letters"}, "only letters classifies its errors: some of them were deliveries"},
	{"net/smtp", nil, "letters sends with go-mail"},
	{"net/http", []string{"web", "cmd/dsr", "cmd/dsr/demo", "jobs", "intake/mailbox/mailboxtest", "letters/letterstest"}, "only web and cmd serve HTTP; jobs pings the heartbeat"},
	{"net/http/httptest", []string{"intake/mailbox/mailboxtest", "letters/letterstest"}, "it is for test files and their helpers"},
	{"testing", []string{"store/storetest", "intake/mailbox/mailboxtest", "letters/letterstest"}, "it is for test files and their helpers"},
	{"C", nil, "the program is built without cgo"},
}

// pure lists what workflow's rules must not reach: they only think.
var pure = []string{"os", "net", "io", "log", "syscall", "database", "context", "embed", "math/rand", "crypto/rand", "golang.org/x/sys"}

// faults judges the imports of one package's non-test files.
func faults(pkg string, imports []string) []string {
	var out []string
	fault := func(imp, why string) { out = append(out, fmt.Sprintf("%s imports %s: %s", pkg, imp, why)) }
	r, known := floors[pkg]
	if !known {
		return []string{pkg + " is no room of the house: put it into one, or into the table of this test with what it may import"}
	}
	for _, imp := range imports {
		if own, ours := strings.CutPrefix(imp, module+"/"); ours {
			if !slices.Contains(r.mayImport, own) {
				fault(imp, whyNot(pkg, own))
			}
			continue
		}
		if l, found := libraryOf(imp); found && !slices.Contains(l.rooms, pkg) {
			fault(imp, l.why)
		}
		if pkg == "workflow" && slices.ContainsFunc(pure, func(p string) bool { return within(imp, p) }) {
			fault(imp, "workflow is pure: no files, no network, no clock, no chance")
		}
	}
	return out
}

// whyNot says which rule of the house an import breaks.
func whyNot(pkg, own string) string {
	target, known := floors[own]
	switch {
	case !known:
		return "there is no such room in the table"
	case target.testOnly:
		return "this helper is for test files only"
	case floors[pkg].testOnly:
		return "a test helper stays with its own room"
	case strings.Contains(own, "/"):
		return "a leaf is imported by its parent alone, and by cmd where it wires it"
	}
	return "imports go down only (cmd, web, intake and jobs, store and letters, then workflow, templates and migrations), and rooms on one floor do not meet"
}

// libraryOf finds the closest entry for an import.
func libraryOf(imp string) (best library, found bool) {
	for _, l := range libraries {
		if within(imp, l.path) && len(l.path) >= len(best.path) {
			best, found = l, true
		}
	}
	return best, found
}

func within(imp, root string) bool { return imp == root || strings.HasPrefix(imp, root+"/") }

// readImports lists the imports of all non-test files, by package folder. The
// browser tests are a module of their own.
func readImports(root string) (map[string][]string, error) {
	found := map[string][]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || name == "e2e") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(name)
		if _, seen := found[pkg]; !seen {
			found[pkg] = nil // a package without imports is a room too
		}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if !slices.Contains(found[pkg], imp) {
				found[pkg] = append(found[pkg], imp)
			}
		}
		return nil
	})
	return found, err
}

func TestFloors(t *testing.T) {
	t.Parallel()
	found, err := readImports(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(found["workflow"]) == 0 || len(found["store"]) == 0 {
		t.Fatalf("the rooms were not found: %v", slices.Sorted(maps.Keys(found)))
	}
	for _, pkg := range slices.Sorted(maps.Keys(found)) {
		for _, f := range faults(pkg, found[pkg]) {
			t.Error(f)
		}
	}
}

// TestFloorsCatches: the guard itself must not sleep.
func TestFloorsCatches(t *testing.T) {
	t.Parallel()
	ours := func(room string) string { return module + "/" + room }
	for name, c := range map[string]struct {
		pkg, imp, says string
	}{
		"upwards":                   {"workflow", ours("store"), "imports go down only"},
		"upwards from a leaf":       {"intake/message", ours("intake"), "imports go down only"},
		"sideways":                  {"letters", ours("store"), "rooms on one floor do not meet"},
		"sideways above":            {"jobs", ours("intake"), "rooms on one floor do not meet"},
		"another's leaf":            {"web", ours("intake/document"), "a leaf is imported by its parent alone"},
		"leaf to leaf":              {"intake/message", ours("intake/document"), "a leaf is imported by its parent alone"},
		"test helper in the house":  {"store", ours("store/storetest"), "test files only"},
		"test helper abroad":        {"letters/letterstest", ours("store"), "stays with its own room"},
		"a room nobody drew":        {"internal/util", "fmt", "no room of the house"},
		"import of such a room":     {"web", ours("util"), "no such room"},
		"SQL in the pages":          {"web", "github.com/jmoiron/sqlx", "all SQL is in store"},
		"driver's sub-package":      {"web", "github.com/lib/pq/pqerror", "guards this driver"},
		"IMAP client in the demo":   {"cmd/dsr/demo", "github.com/emersion/go-imap/v2/imapclient", "only intake/mailbox"},
		"IMAP server in the poller": {"intake/mailbox", "github.com/emersion/go-imap/v2/imapserver/imapmemserver", "only the demo"},
		"SMTP server in letters":    {"letters", "github.com/emersion/go-smtp", "only the demo"},
		"MIME outside its room":     {"intake/reading", "github.com/emersion/go-message/mail", "intake/message"},
		"sending elsewhere":         {"jobs", "github.com/wneessen/go-mail/smtp", "letters"},
		"HTTP in the store":         {"store", "net/http", "only web and cmd"},
		"file access in a rule":     {"workflow", "os", "workflow is pure"},
		"cgo":                       {"store", "C", "without cgo"},
	} {
		got := faults(c.pkg, []string{c.imp})
		if len(got) != 1 || !strings.Contains(got[0], c.says) {
			t.Errorf("%s: %q, want one fault that says %q", name, got, c.says)
		}
	}
	for pkg, imp := range map[string]string{
		"web": ours("store"), "intake": ours("intake/mailbox"), "cmd/dsr": ours("store/cluster"), "store": "github.com/lib/pq",
		"cmd/dsr/demo": "github.com/emersion/go-smtp", "intake/mailbox": "github.com/emersion/go-imap/v2/imapclient", "workflow": "strings",
	} {
		if got := faults(pkg, []string{imp}); len(got) != 0 {
			t.Errorf("%s may import %s, but: %v", pkg, imp, got)
		}
	}
}

// TestFloorsTable: a name in the table that no room has would allow nothing
// and say so to nobody.
func TestFloorsTable(t *testing.T) {
	t.Parallel()
	for pkg, r := range floors {
		for _, target := range r.mayImport {
			if _, known := floors[target]; !known {
				t.Errorf("%s may import %s, which is no room", pkg, target)
			}
		}
	}
	for _, l := range libraries {
		for _, pkg := range l.rooms {
			if _, known := floors[pkg]; !known {
				t.Errorf("%s belongs to %s, which is no room", l.path, pkg)
			}
		}
	}
}
