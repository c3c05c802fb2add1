package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
)

func TestUserCommands(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DSR_DATABASE_URL": storetest.DB(t), "DSR_ENCRYPTION_KEYS": store.NewKey(), "DSR_BASE_URL": "https://dsr.example"}
	pat := []string{"--email", "Pat@example.org", "--name", "Pat Hill", "--role", "coordinator", "--role", "manager"}
	tests := []struct {
		name     string
		args     []string
		password string
		code     int
		says     string
	}{
		{"needs a role", []string{"user", "add", "--email", "a@example.org", "--name", "A"}, "", exitUsage, "--role"},
		{"unknown role", []string{"user", "add", "--email", "a@example.org", "--name", "A", "--role", "king"}, "", exitFailed, "roles"},
		{"short password", append([]string{"user", "add"}, pat...), "short\n", exitFailed, "12 characters"},
		{"with a password", append([]string{"user", "add"}, pat...), "correct horse battery\n", exitDone, "added Pat@example.org"},
		{"twice", append([]string{"user", "add"}, pat...), "", exitFailed, "already"},
		{"with a link", []string{"user", "add", "--email", "b@example.org", "--name", "B", "--role", "expert"}, "", exitDone, "https://dsr.example/set-password/"},
		{"listed", []string{"user", "list"}, "", exitDone, "coordinator, manager"},
		{"reset by link", []string{"user", "reset", "--email", "pat@example.org"}, "", exitDone, "/set-password/"},
		{"reset", []string{"user", "reset", "--email", "pat@example.org"}, "another horse battery", exitDone, "new password"},
		{"disable", []string{"user", "disable", "--email", "pat@example.org"}, "", exitDone, "no longer"},
		{"disable nobody", []string{"user", "disable", "--email", "x@example.org"}, "", exitFailed, "no such account"},
		{"disable without a name", []string{"user", "disable"}, "", exitUsage, "--email"},
		{"listed as disabled", []string{"user", "list"}, "", exitDone, "disabled"},
	}
	for _, test := range tests { // each builds on those before it
		var stdout, stderr strings.Builder
		code := run(t.Context(), test.args, with(env), strings.NewReader(test.password), &stdout, &stderr)
		said := stdout.String() + stderr.String()
		if code != test.code || !strings.Contains(said, test.says) {
			t.Errorf("%s: exit %d, want %d: %s", test.name, code, test.code, said)
		}
		if test.password != "" && strings.Contains(said, strings.TrimSpace(test.password)) {
			t.Errorf("%s: the password is shown: %s", test.name, said)
		}
		if link := regexp.MustCompile(`/set-password/(\S*)`).FindStringSubmatch(said); link != nil && len(link[1]) < 20 {
			t.Errorf("%s: the link has no token: %s", test.name, said)
		}
	}
}
