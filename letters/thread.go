package letters

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// MessageID is the id under which a letter leaves: `<dsr.TOKEN.N@domain>`.
// The token is the unguessable one of the case or message; n tells its letters
// apart. A reply or a bounce that carries it can be filed by it.
func MessageID(token string, n int, domain string) string {
	return fmt.Sprintf("<dsr.%s.%d@%s>", token, n, domain)
}

// ReturnPath is the envelope sender of a letter where the mail host takes plus
// addresses: a bounce to it names its letter without anything being guessed.
func ReturnPath(mailbox, token string, n int) (string, error) {
	local, domain, ok := strings.Cut(mailbox, "@")
	if !ok || !plainAddress(mailbox) {
		return "", fmt.Errorf("return path: %q is not one plain address", mailbox)
	}
	return fmt.Sprintf("%s+dsr.%s.%d@%s", local, token, n, domain), nil
}

// The token is base32 or hexadecimal; mail hosts may change the case of what
// stands before the @, so it is compared in lower case.
var letterID = regexp.MustCompile(`(?i)^<?(?:[^@+<>\s]+\+)?dsr\.([a-z0-9]{8,64})\.([0-9]{1,9})@([a-z0-9.-]+)>?$`)

// ParseID reads what MessageID or ReturnPath made. It says nothing about
// whether such a letter exists.
func ParseID(s string) (token string, n int, ok bool) {
	m := letterID.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return "", 0, false
	}
	n, err := strconv.Atoi(m[2])
	if err != nil {
		return "", 0, false
	}
	return strings.ToLower(m[1]), n, true
}
