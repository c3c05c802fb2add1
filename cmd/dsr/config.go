package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/caarlos0/env/v11"

	"github.com/essex-dsr/dsr/intake"
	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
)

// Config is every setting of the program, read once from the environment. The
// tagged fields are what the operator wrote, checked; the others are what they
// mean. A field tagged secret is masked when printed and may also come from the
// file that NAME_FILE names.
type Config struct {
	DatabaseURL    string `env:"DSR_DATABASE_URL" secret:"url" unset:"a private PostgreSQL runs in DSR_DATA_DIR"`
	Migrate        string `env:"DSR_MIGRATE" envDefault:"on"`
	DataDir        string `env:"DSR_DATA_DIR"`
	CacheDir       string `env:"DSR_CACHE_DIR"`
	EncryptionKeys string `env:"DSR_ENCRYPTION_KEYS" secret:"all" unset:"made in DSR_DATA_DIR for the private PostgreSQL"`

	HTTPAddr string `env:"DSR_HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	BaseURL  string `env:"DSR_BASE_URL"`

	IMAPURL      string `env:"DSR_IMAP_URL" unset:"no mailbox is read"`
	IMAPPassword string `env:"DSR_IMAP_PASSWORD" secret:"all"`
	IMAPAfter    string `env:"DSR_IMAP_AFTER" envDefault:"keep"`
	IMAPStart    string `env:"DSR_IMAP_START" envDefault:"now"`
	AuthServID   string `env:"DSR_AUTHSERV_ID" unset:"no sender is shown as checked"`
	PlusAddress  string `env:"DSR_PLUS_ADDRESS" envDefault:"off"`
	HeartbeatURL string `env:"DSR_HEARTBEAT_URL" secret:"all"`

	SMTPURL      string `env:"DSR_SMTP_URL" unset:"letters wait"`
	SMTPPassword string `env:"DSR_SMTP_PASSWORD" secret:"all"`
	MailFrom     string `env:"DSR_MAIL_FROM"`

	OAuthTokenURL     string `env:"DSR_OAUTH_TOKEN_URL"`
	OAuthClientID     string `env:"DSR_OAUTH_CLIENT_ID"`
	OAuthClientSecret string `env:"DSR_OAUTH_CLIENT_SECRET" secret:"all"`
	OAuthScope        string `env:"DSR_OAUTH_SCOPE"`

	OIDCIssuer       string `env:"DSR_OIDC_ISSUER" unset:"local accounts"`
	OIDCClientID     string `env:"DSR_OIDC_CLIENT_ID"`
	OIDCClientSecret string `env:"DSR_OIDC_CLIENT_SECRET" secret:"all"`

	ClamdAddr string `env:"DSR_CLAMD_ADDR" unset:"attachments are not scanned for viruses"`

	Clock          string `env:"DSR_CLOCK"`
	AllowTestClock string `env:"DSR_ALLOW_TEST_CLOCK"`
	FailAt         string `env:"DSR_FAIL_AT"`

	Mailboxes []mailbox.Account // without tokens
	SMTP      *letters.Server   // nil: letters wait
	From      mail.Address
	After     intake.After
	Start     intake.Start
	Keys      []string // of what is sealed; empty with the private database
	clock     func(time.Time) time.Time
	drill     []string // points to pass before the program dies at the last
}

// faults gathers everything that is wrong, so that the operator sees all of it
// at once.
type faults []error

func (f *faults) add(name, format string, args ...any) {
	*f = append(*f, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...)))
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return errors.Join(f...)
}

// loadConfig reads the settings through getenv; root says whether the program
// runs as root, which decides where the data live by default. The error names
// every variable that is wrong.
func loadConfig(getenv func(string) string, root bool) (Config, error) {
	var wrong faults
	values := readValues(getenv, &wrong)
	var c Config
	if err := env.ParseWithOptions(&c, env.Options{Environment: values}); err != nil {
		return Config{}, fmt.Errorf("read the settings: %w", err)
	}
	c.places(getenv, root, &wrong)
	c.checkWeb(&wrong)
	c.checkMail(getenv, &wrong)
	c.checkClock(&wrong)
	c.checkDrill(&wrong)
	c.checkRest(&wrong)
	return c, wrong.err()
}

// readValues collects what is set, secrets also from their files.
func readValues(getenv func(string) string, wrong *faults) map[string]string {
	values := map[string]string{}
	for _, s := range settings() {
		v := getenv(s.name)
		if s.secret != "" {
			v = secretOf(getenv, s.name, wrong)
		}
		if v != "" {
			values[s.name] = v
		}
	}
	return values
}

// secretOf reads NAME or the file that NAME_FILE names. One line end at the
// file's end is the editor's, not the secret's.
func secretOf(getenv func(string) string, name string, wrong *faults) string {
	plain, file := getenv(name), getenv(name+"_FILE")
	if file == "" {
		return plain
	}
	if plain != "" {
		wrong.add(name, "is set, and %s_FILE too; unset one of them", name)
		return plain
	}
	b, err := os.ReadFile(file)
	if err != nil {
		wrong.add(name+"_FILE", "%v", err)
		return ""
	}
	v := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if v == "" {
		wrong.add(name+"_FILE", "the file %s is empty", file)
	}
	return v
}

// places fills in where data and cache live.
func (c *Config) places(getenv func(string) string, root bool, wrong *faults) {
	place := func(name, rooted, xdg, below string, to *string) {
		switch {
		case *to != "" && !filepath.IsAbs(*to):
			wrong.add(name, "%q must be an absolute path", *to)
		case *to != "":
		case root:
			*to = rooted
		case filepath.IsAbs(getenv(xdg)): // the XDG specification: a relative path is ignored
			*to = filepath.Join(getenv(xdg), "dsr")
		case getenv("HOME") != "":
			*to = filepath.Join(getenv("HOME"), below, "dsr")
		default:
			wrong.add(name, "cannot be guessed without HOME; set it")
		}
	}
	place("DSR_DATA_DIR", "/var/lib/dsr", "XDG_DATA_HOME", ".local/share", &c.DataDir)
	place("DSR_CACHE_DIR", "/var/cache/dsr", "XDG_CACHE_HOME", ".cache", &c.CacheDir)
}

func (c *Config) checkWeb(wrong *faults) {
	if _, port, err := net.SplitHostPort(c.HTTPAddr); err != nil || port == "" {
		wrong.add("DSR_HTTP_ADDR", "%q is not host:port", c.HTTPAddr)
	}
	if c.BaseURL == "" {
		c.BaseURL = "http://" + c.HTTPAddr
		return
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		wrong.add("DSR_BASE_URL", "%q is not an address like https://dsr.example.org", c.BaseURL)
		return
	}
	c.BaseURL = u.Scheme + "://" + u.Host
}

// checkRest refuses what does not fit together, and settings of things that
// this version cannot do: an operator must not believe that they work.
func (c *Config) checkRest(wrong *faults) {
	if c.DatabaseURL != "" && c.EncryptionKeys == "" {
		wrong.add("DSR_ENCRYPTION_KEYS", "is required with DSR_DATABASE_URL")
	}
	c.Keys = strings.FieldsFunc(c.EncryptionKeys, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(c.Keys) > 0 {
		if _, err := store.ParseKeys(c.Keys); err != nil {
			wrong.add("DSR_ENCRYPTION_KEYS", "%v", err)
		}
	}
	if c.Migrate != "on" && c.Migrate != "off" {
		wrong.add("DSR_MIGRATE", "%q is neither on nor off", c.Migrate)
	}
	if c.HeartbeatURL != "" && !isWebAddress(c.HeartbeatURL) {
		wrong.add("DSR_HEARTBEAT_URL", "is not a web address")
	}
	if c.OIDCIssuer+c.OIDCClientID+c.OIDCClientSecret != "" {
		wrong.add("DSR_OIDC_ISSUER", "this version has local accounts only; unset the DSR_OIDC_ settings")
	}
	if c.ClamdAddr != "" {
		wrong.add("DSR_CLAMD_ADDR", "this version cannot scan attachments; unset it")
	}
	if c.PlusAddress != "off" {
		wrong.add("DSR_PLUS_ADDRESS", "this version knows only off")
	}
}

// checkClock allows a driven clock to tests and drills alone: a service with a
// wrong clock misses duties of law.
func (c *Config) checkClock(wrong *faults) {
	c.clock = func(t time.Time) time.Time { return t }
	if c.Clock == "" {
		return
	}
	if c.AllowTestClock != "1" {
		wrong.add("DSR_CLOCK", "is for tests and drills only; unset it, or set DSR_ALLOW_TEST_CLOCK=1")
		return
	}
	if fixed, err := time.Parse(time.RFC3339, c.Clock); err == nil {
		c.clock = func(time.Time) time.Time { return fixed }
		return
	}
	offset, err := time.ParseDuration(c.Clock)
	if err != nil || !strings.ContainsAny(c.Clock[:1], "+-") {
		wrong.add("DSR_CLOCK", "%q is neither a time like 2026-11-23T09:00:00Z nor an offset like +26h", c.Clock)
		return
	}
	c.clock = func(t time.Time) time.Time { return t.Add(offset) }
}

// checkDrill allows dying on purpose where a driven clock is allowed.
func (c *Config) checkDrill(wrong *faults) {
	if c.FailAt == "" {
		return
	}
	if c.AllowTestClock != "1" {
		wrong.add("DSR_FAIL_AT", "is for tests and drills only: the program dies there; unset it, or set DSR_ALLOW_TEST_CLOCK=1")
		return
	}
	points, err := readDrill(c.FailAt)
	if err != nil {
		wrong.add("DSR_FAIL_AT", "%v", err)
	}
	c.drill = points
}

// Now is the clock that the rooms below are given.
func (c Config) Now() time.Time { return c.clock(time.Now()) }

// Print writes the settings as lines NAME=value, secrets masked, and says of
// what is not set what follows from it.
func (c Config) Print(w io.Writer, getenv func(string) string) {
	v := reflect.ValueOf(c)
	for _, s := range settings() {
		value := v.Field(s.index).String()
		switch {
		case value == "" && s.unset != "":
			fmt.Fprintf(w, "# %s is not set: %s\n", s.name, s.unset)
		case value == "":
			fmt.Fprintf(w, "# %s is not set\n", s.name)
		default:
			fmt.Fprintf(w, "%s=%s\n", s.name, masked(s.secret, value))
		}
	}
	for _, m := range c.Mailboxes {
		if name := passwordName(m.Name); getenv(name)+getenv(name+"_FILE") != "" {
			fmt.Fprintf(w, "%s=%s\n", name, mask)
		}
	}
}

const mask = "********"

var (
	urlPassword = regexp.MustCompile(`(://[^/@:]*:).*@`)
	dsnPassword = regexp.MustCompile(`(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)`)
)

// masked hides a secret: the whole of it, or only the password of an address.
func masked(secret, value string) string {
	switch secret {
	case "":
		return value
	case "url":
		value = urlPassword.ReplaceAllString(value, "${1}"+mask+"@")
		return dsnPassword.ReplaceAllString(value, "${1}"+mask)
	}
	return mask
}

// setting is one tagged field of Config.
type setting struct {
	name, secret, unset string
	index               int
}

func settings() []setting {
	var all []setting
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		f := t.Field(i)
		if name := f.Tag.Get("env"); name != "" {
			all = append(all, setting{name: name, secret: f.Tag.Get("secret"), unset: f.Tag.Get("unset"), index: i})
		}
	}
	return all
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
