package mailbox

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// onlyName is what a mailbox is called when there is one and it has no name.
const onlyName = "main"

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// ParseURLs reads the mailboxes to be watched, separated by spaces:
//
//	imaps://user@host:993/INBOX
//	imap://user@host:143/INBOX?tls=starttls     (the default of imap)
//	imap://user@127.0.0.1:1143/INBOX?tls=none   (this machine only)
//	essex=imaps://user@host/?folders=INBOX,Junk%20Email
//
// The folder is INBOX unless the path names one or ?folders= names several.
// A single mailbox may go without a name and is then "main"; several must be
// told apart. password is asked for each by name and may give "" when a token
// will be used. A password inside the URL is refused: addresses are shown and
// logged, secrets are not.
func ParseURLs(s string, password func(name string) (string, error)) ([]Account, error) {
	words := strings.Fields(s)
	seen := map[string]bool{}
	accounts := make([]Account, 0, len(words))
	for i, word := range words {
		name, address, err := cutName(word, len(words))
		if err != nil {
			return nil, fmt.Errorf("mailbox %d: %w", i+1, err)
		}
		if seen[name] {
			return nil, fmt.Errorf("mailbox %s is named twice", name)
		}
		seen[name] = true
		a, err := parseURL(address)
		if err != nil {
			return nil, fmt.Errorf("mailbox %s: %w", name, err)
		}
		a.Name = name
		if a.Password, err = password(name); err != nil {
			return nil, fmt.Errorf("mailbox %s: password: %w", name, err)
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}

// cutName splits name=URL. An equals sign after "://" belongs to the URL.
func cutName(word string, count int) (name, address string, err error) {
	before, _, _ := strings.Cut(word, "://")
	name, _, named := strings.Cut(before, "=")
	if !named {
		if count > 1 {
			return "", "", fmt.Errorf("it needs a name (name=imaps://…), as there are %d", count)
		}
		return onlyName, word, nil
	}
	if !namePattern.MatchString(name) {
		return "", "", fmt.Errorf("name %q may hold small letters, digits, - and _ only", name)
	}
	return name, word[len(name)+1:], nil
}

func parseURL(s string) (Account, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Account{}, fmt.Errorf("not an address of the form imaps://user@host:993/INBOX") // the cause repeats the address, and what may stand in it
	}
	if _, secret := u.User.Password(); secret {
		return Account{}, fmt.Errorf("the password does not belong into the address; use DSR_IMAP_PASSWORD or DSR_IMAP_PASSWORD_FILE")
	}
	a := Account{User: u.User.Username(), Host: u.Hostname()}
	if a.User == "" || a.Host == "" {
		return Account{}, fmt.Errorf("user and host are needed, as in imaps://user@host:993/INBOX")
	}
	if u.Fragment != "" {
		return Account{}, fmt.Errorf("an address ends before #")
	}
	if err := a.protection(u); err != nil {
		return Account{}, err
	}
	if err := a.folders(u); err != nil {
		return Account{}, err
	}
	if port := u.Port(); port != "" {
		if a.Port, err = strconv.Atoi(port); err != nil || a.Port < 1 || a.Port > 65535 {
			return Account{}, fmt.Errorf("port %s is none", port)
		}
	}
	return a, nil
}

func (a *Account) protection(u *url.URL) error {
	mode := u.Query().Get("tls")
	switch {
	case u.Scheme == "imaps" && (mode == "" || mode == "implicit"):
		a.TLS, a.Port = Implicit, 993
	case u.Scheme == "imap" && (mode == "" || mode == "starttls"):
		a.TLS, a.Port = StartTLS, 143
	case u.Scheme == "imap" && mode == "none":
		if !loopback(a.Host) {
			return fmt.Errorf("tls=none is allowed to this machine only, not to %s", a.Host)
		}
		a.TLS, a.Port = None, 143
	case u.Scheme != "imap" && u.Scheme != "imaps":
		return fmt.Errorf("%s:// is not imaps:// or imap://", u.Scheme)
	default:
		return fmt.Errorf("tls=%s does not go with %s://", mode, u.Scheme)
	}
	return nil
}

// folders reads path and query, undoing percent-encoding after the commas are
// cut, so that a folder's name may hold one.
func (a *Account) folders(u *url.URL) error {
	for _, pair := range strings.Split(u.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		switch key {
		case "", "tls":
		case "folders":
			for name := range strings.SplitSeq(value, ",") {
				name, err := url.PathUnescape(name)
				if err != nil || name == "" {
					return fmt.Errorf("folders=%s is not a list of names", value)
				}
				a.Folders = append(a.Folders, name)
			}
		default:
			return fmt.Errorf("%s= is not known here", key)
		}
	}
	if name := strings.Trim(u.Path, "/"); len(a.Folders) == 0 {
		a.Folders = []string{cmp.Or(name, "INBOX")}
	}
	for i, name := range a.Folders {
		if strings.EqualFold(name, "INBOX") { // RFC 3501 5.1: the one name without case
			a.Folders[i] = "INBOX"
		}
		if slices.Contains(a.Folders[:i], a.Folders[i]) {
			return fmt.Errorf("folder %s is named twice", name)
		}
	}
	return nil
}
