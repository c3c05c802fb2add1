package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/essex-dsr/dsr/store"
)

func lookup(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// with adds the settings that every one needs.
func with(values map[string]string) func(string) string {
	if values["HOME"] == "" {
		values["HOME"] = "/home/dsr"
	}
	return lookup(values)
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		env         map[string]string
		root        bool
		data, cache string
	}{
		{"root", map[string]string{}, true, "/var/lib/dsr", "/var/cache/dsr"},
		{"a user", map[string]string{}, false, "/home/dsr/.local/share/dsr", "/home/dsr/.cache/dsr"},
		{"XDG", map[string]string{"XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/c"}, false, "/d/dsr", "/c/dsr"},
		{"a relative XDG is ignored", map[string]string{"XDG_DATA_HOME": "d"}, false, "/home/dsr/.local/share/dsr", "/home/dsr/.cache/dsr"},
		{"set", map[string]string{"DSR_DATA_DIR": "/srv/dsr"}, true, "/srv/dsr", "/var/cache/dsr"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := loadConfig(with(test.env), test.root)
			if err != nil {
				t.Fatal(err)
			}
			if c.DataDir != test.data || c.CacheDir != test.cache {
				t.Errorf("data %q, cache %q; want %q, %q", c.DataDir, c.CacheDir, test.data, test.cache)
			}
			if c.BaseURL != "http://127.0.0.1:8080" || len(c.Mailboxes) != 0 || c.SMTP != nil {
				t.Errorf("base %q, mailboxes %v, relay %v", c.BaseURL, c.Mailboxes, c.SMTP)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		env   map[string]string
		blame []string // every one of these must be named
	}{
		{"all faults at once", map[string]string{"DSR_HTTP_ADDR": "8080", "DSR_IMAP_AFTER": "delete", "DSR_MIGRATE": "perhaps"},
			[]string{"DSR_HTTP_ADDR:", "DSR_IMAP_AFTER:", "DSR_MIGRATE:"}},
		{"keys for a database of one's own", map[string]string{"DSR_DATABASE_URL": "postgres://h/d"}, []string{"DSR_ENCRYPTION_KEYS:"}},
		{"keys that are none", map[string]string{"DSR_ENCRYPTION_KEYS": "geheim"}, []string{"DSR_ENCRYPTION_KEYS:"}},
		{"relative folder", map[string]string{"DSR_DATA_DIR": "data"}, []string{"DSR_DATA_DIR:"}},
		{"base with a path", map[string]string{"DSR_BASE_URL": "https://h/dsr"}, []string{"DSR_BASE_URL:"}},
		{"clock outside tests", map[string]string{"DSR_CLOCK": "+26h"}, []string{"DSR_CLOCK:"}},
		{"dying on purpose outside tests", map[string]string{"DSR_FAIL_AT": "before keep mail"}, []string{"DSR_FAIL_AT: is for tests"}},
		{"no point to die at", map[string]string{"DSR_FAIL_AT": "after keep mail>claim letter", "DSR_ALLOW_TEST_CLOCK": "1"}, []string{`DSR_FAIL_AT: "claim letter"`}},
		{"clock of no known form", map[string]string{"DSR_CLOCK": "26h", "DSR_ALLOW_TEST_CLOCK": "1"}, []string{"DSR_CLOCK:"}},
		{"mailbox without password", map[string]string{"DSR_IMAP_URL": "imaps://u@h/INBOX"}, []string{"DSR_IMAP_PASSWORD:"}},
		{"password in the address", map[string]string{"DSR_IMAP_URL": "imaps://u:geheim@h/INBOX", "DSR_IMAP_PASSWORD": "p"}, []string{"DSR_IMAP_URL:"}},
		{"no user", map[string]string{"DSR_IMAP_URL": "imaps://h", "DSR_IMAP_PASSWORD": "p"}, []string{"DSR_IMAP_URL:"}},
		{"in clear over the network", map[string]string{"DSR_IMAP_URL": "imap://u@h?tls=none", "DSR_IMAP_PASSWORD": "p"}, []string{"DSR_IMAP_URL:"}},
		{"imaps in clear", map[string]string{"DSR_IMAP_URL": "imaps://u@127.0.0.1?tls=none", "DSR_IMAP_PASSWORD": "p"}, []string{"DSR_IMAP_URL:"}},
		{"unknown option", map[string]string{"DSR_IMAP_URL": "imaps://u@h?folder=A", "DSR_IMAP_PASSWORD": "p"}, []string{"DSR_IMAP_URL:"}},
		{"two without names", map[string]string{"DSR_IMAP_URL": "imaps://u@h imaps://v@h", "DSR_IMAP_PASSWORD": "p"}, []string{"DSR_IMAP_URL:"}},
		{"two of one name", map[string]string{"DSR_IMAP_URL": "a=imaps://u@h a=imaps://v@h", "DSR_IMAP_PASSWORD": "p"}, []string{"DSR_IMAP_URL:"}},
		{"start", map[string]string{"DSR_IMAP_START": "yesterday"}, []string{"DSR_IMAP_START:"}},
		{"relay without sender", map[string]string{"DSR_SMTP_URL": "smtp://h"}, []string{"DSR_MAIL_FROM:"}},
		{"relay user without password", map[string]string{"DSR_SMTP_URL": "smtp://u@h", "DSR_MAIL_FROM": "a@b.example"}, []string{"DSR_SMTP_PASSWORD:"}},
		{"relay in clear", map[string]string{"DSR_SMTP_URL": "smtp://h?tls=none", "DSR_MAIL_FROM": "a@b.example"}, []string{"DSR_SMTP_URL:"}},
		{"half of OAuth", map[string]string{"DSR_OAUTH_CLIENT_ID": "id"}, []string{"DSR_OAUTH_TOKEN_URL:", "DSR_OAUTH_CLIENT_SECRET:", "DSR_OAUTH_SCOPE:"}},
		{"what this version lacks", map[string]string{"DSR_OIDC_ISSUER": "https://i", "DSR_CLAMD_ADDR": "h:3310", "DSR_PLUS_ADDRESS": "on"},
			[]string{"DSR_OIDC_ISSUER:", "DSR_CLAMD_ADDR:", "DSR_PLUS_ADDRESS:"}},
		{"secret twice", map[string]string{"DSR_SMTP_PASSWORD": "p", "DSR_SMTP_PASSWORD_FILE": "/f"}, []string{"DSR_SMTP_PASSWORD:"}},
		{"secret file missing", map[string]string{"DSR_SMTP_PASSWORD_FILE": "/no/such/file"}, []string{"DSR_SMTP_PASSWORD_FILE:"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := loadConfig(with(test.env), true)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, name := range test.blame {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("%q does not name %s", err, name)
				}
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("%q repeats a password", err)
			}
		})
	}
}

func TestMailboxes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	oauth := map[string]string{
		"DSR_OAUTH_TOKEN_URL": "https://t/t", "DSR_OAUTH_CLIENT_ID": "i", "DSR_OAUTH_CLIENT_SECRET": "s", "DSR_OAUTH_SCOPE": "x",
	}
	tests := []struct {
		name string
		env  map[string]string
		want []string // name and password of each
	}{
		{"one", map[string]string{"DSR_IMAP_URL": "imaps://u@h/INBOX", "DSR_IMAP_PASSWORD": "p"}, []string{"main p"}},
		{"from a file", map[string]string{"DSR_IMAP_URL": "imaps://u@h", "DSR_IMAP_PASSWORD_FILE": file}, []string{"main from file"}},
		{"each its own", map[string]string{"DSR_IMAP_URL": "dsr=imaps://u@h old-one=imaps://v@h", "DSR_IMAP_PASSWORD": "p", "DSR_IMAP_PASSWORD_OLD_ONE_FILE": file},
			[]string{"dsr p", "old-one from file"}},
		{"a token", with2(oauth, "DSR_IMAP_URL", "imaps://u@h"), []string{"main "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := loadConfig(with(test.env), true)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range c.Mailboxes {
				got = append(got, m.Name+" "+m.Password)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func with2(values map[string]string, name, value string) map[string]string {
	values = maps.Clone(values)
	values[name] = value
	return values
}

func TestPrintedSettingsHoldNoSecret(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("hush-file"), 0o600); err != nil {
		t.Fatal(err)
	}
	getenv := with(map[string]string{
		"DSR_DATABASE_URL":        "postgres://dsr:hush/1@2@db1:5432,db2:5432/dsr?sslpassword=hush-x",
		"DSR_ENCRYPTION_KEYS":     store.NewKey(),
		"DSR_IMAP_URL":            "a=imaps://u@h",
		"DSR_IMAP_PASSWORD_A":     "hush-a",
		"DSR_SMTP_URL":            "smtp://u@h",
		"DSR_SMTP_PASSWORD_FILE":  file,
		"DSR_MAIL_FROM":           "Essex DSR team <dsr@example.org>",
		"DSR_HEARTBEAT_URL":       "https://beat.example/hush-b",
		"DSR_OAUTH_TOKEN_URL":     "https://t/t",
		"DSR_OAUTH_CLIENT_ID":     "id",
		"DSR_OAUTH_CLIENT_SECRET": "hush-s",
		"DSR_OAUTH_SCOPE":         "scope",
	})
	c, err := loadConfig(getenv, true)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	c.Print(&b, getenv)
	got := b.String()
	if strings.Contains(got, "hush") || strings.Contains(got, c.EncryptionKeys) {
		t.Errorf("a secret is printed:\n%s", got)
	}
	for _, want := range []string{
		"DSR_DATABASE_URL=postgres://dsr:********@db1:5432,db2:5432/dsr?sslpassword=********\n",
		"DSR_IMAP_PASSWORD_A=********\n", "DSR_SMTP_PASSWORD=********\n", "DSR_OAUTH_CLIENT_ID=id\n",
		"# DSR_AUTHSERV_ID is not set: no sender is shown as checked\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for form, want := range map[string]time.Time{
		"":                     base,
		"2027-01-02T03:04:05Z": time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
		"+26h":                 base.Add(26 * time.Hour),
		"-90m":                 base.Add(-90 * time.Minute),
	} {
		c, err := loadConfig(with(map[string]string{"DSR_CLOCK": form, "DSR_ALLOW_TEST_CLOCK": "1"}), true)
		if err != nil {
			t.Errorf("%q: %v", form, err)
			continue
		}
		if got := c.clock(base); !got.Equal(want) {
			t.Errorf("%q: %v, want %v", form, got, want)
		}
	}
}

func TestTokensAreRenewedAheadAndOutlastAnOutage(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	fetched, down := 0, false
	source := &tokens{
		now: func() time.Time { return now },
		fetch: func(context.Context) (*oauth2.Token, error) {
			if down {
				return nil, errors.New("no answer")
			}
			fetched++
			return &oauth2.Token{AccessToken: string(rune('a' + fetched - 1)), Expiry: now.Add(time.Hour)}, nil
		},
	}
	steps := []struct {
		after time.Duration
		down  bool
		want  string // "" an error
	}{
		{0, false, "a"}, {54 * time.Minute, false, "a"}, {2 * time.Minute, true, "a"}, {time.Minute, false, "b"},
		{56 * time.Minute, true, "b"}, {4 * time.Minute, true, ""}, {0, false, "c"},
	}
	for i, step := range steps {
		now, down = now.Add(step.after), step.down
		got, err := source.Token(t.Context())
		if got != step.want || (err == nil) != (step.want != "") {
			t.Errorf("step %d: %q, %v; want %q", i, got, err, step.want)
		}
	}
	if newTokens(Config{}) != nil {
		t.Error("a token source without OAuth settings")
	}
}
