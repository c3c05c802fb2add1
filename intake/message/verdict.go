package message

import (
	"strings"

	"github.com/emersion/go-msgauth/authres"
)

// AuthVerdict is what our own mail host found out about the sender.
type AuthVerdict string

const (
	AuthPass AuthVerdict = "pass"
	AuthFail AuthVerdict = "fail"
	AuthNone AuthVerdict = "none" // not checked, not signed, or not our host's word
)

// Verdict reads the Authentication-Results (RFC 8601) of the host authserv and
// of nobody else: such a field is only text that any sender can write. It is
// believed only in the topmost block that stands where our own host puts it,
// above what the mail came with. detail is what was read, for people.
//
// Exchange Online writes no host into the field; for an authserv in
// outlook.com the topmost field without one counts as its own.
func Verdict(m *Message, authserv string) (verdict AuthVerdict, detail string) {
	if authserv == "" {
		return AuthNone, "no host is set whose checks are believed"
	}
	results := map[string]authres.Result{}
	for _, value := range ownBlock(m.Header, authserv) {
		for _, r := range parseResults(value) {
			if method := methodOf(r); results[method] == nil { // the topmost word counts
				results[method] = r
			}
		}
	}
	if len(results) == 0 {
		return AuthNone, "no checks by " + authserv
	}
	return weigh(results, fromDomain(m)), describe(results)
}

// ownBlock is the topmost run of fields that our host wrote. It ends at the
// next host's Received, and a run below a Received of another host is not ours
// to begin with, unless only Exchange's own hops stand above it.
func ownBlock(header []Field, authserv string) []string {
	var block []string
	for _, f := range header {
		switch {
		case equalFold(f.Name, "Authentication-Results"):
			if isFrom(f.Value, authserv) { // others' may stand between: a filter of ours, or a forger
				block = append(block, f.Value)
			}
		case equalFold(f.Name, "Received"):
			if len(block) > 0 {
				return block
			}
			if !receivedByUs(f.Value, authserv) {
				return nil
			}
		}
	}
	return block
}

// receivedByUs says that a Received field was written inside our own house:
// by the host itself, by one of its domain, or on the way into the mailbox.
func receivedByUs(value, authserv string) bool {
	by := ""
	words := strings.Fields(stripComments(value))
	for i, w := range words {
		if strings.EqualFold(w, "by") && i+1 < len(words) {
			by = strings.ToLower(strings.Trim(words[i+1], ";[]"))
			break
		}
	}
	authserv = strings.ToLower(authserv)
	switch {
	case by == "" || by == "localhost" || by == authserv:
		return true
	case exchange(authserv):
		return strings.HasSuffix(by, ".outlook.com")
	}
	_, parent, ok := strings.Cut(authserv, ".")
	return ok && strings.Contains(parent, ".") && strings.HasSuffix(by, "."+parent)
}

func exchange(authserv string) bool {
	authserv = strings.ToLower(authserv)
	return authserv == "outlook.com" || strings.HasSuffix(authserv, ".outlook.com")
}

// isFrom compares the host that the field names.
func isFrom(value, authserv string) bool {
	id, _, _ := strings.Cut(stripComments(value), ";")
	words := strings.Fields(id)
	if len(words) == 0 {
		return false
	}
	if strings.Contains(words[0], "=") {
		return exchange(authserv)
	}
	return strings.EqualFold(words[0], authserv)
}

// parseResults reads result by result, so that one that authres refuses does
// not take the others with it.
func parseResults(value string) []authres.Result {
	var all []authres.Result
	for _, item := range strings.Split(stripComments(value), ";") {
		if !strings.Contains(item, "=") {
			continue
		}
		if _, results, err := authres.Parse("x; " + item); err == nil {
			all = append(all, results...)
		}
	}
	return all
}

// stripComments removes what stands in parentheses, which may nest and hold semicolons.
func stripComments(s string) string {
	var out strings.Builder
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && depth > 0:
			i++
		case s[i] == '(':
			depth++
		case s[i] == ')' && depth > 0:
			depth--
			out.WriteByte(' ')
		case depth == 0:
			out.WriteByte(s[i])
		}
	}
	return out.String()
}

func methodOf(r authres.Result) string {
	switch r := r.(type) {
	case *authres.DMARCResult:
		return "dmarc"
	case *authres.DKIMResult:
		if r.Value != authres.ResultPass {
			return "dkim-other" // a failed signature beside a good one says nothing
		}
		return "dkim"
	case *authres.SPFResult:
		return "spf"
	case *authres.GenericResult:
		return strings.ToLower(r.Method)
	}
	return "other"
}

// weigh goes by DMARC, which speaks of the From that people see; without it
// by an SPF or DKIM pass for that same domain.
func weigh(results map[string]authres.Result, from string) AuthVerdict {
	composite, _ := results["compauth"].(*authres.GenericResult)
	if dmarc, ok := results["dmarc"].(*authres.DMARCResult); ok {
		switch {
		case dmarc.Value == authres.ResultPass:
			return AuthPass
		case dmarc.Value == authres.ResultFail && composite != nil && composite.Value == authres.ResultPass:
			return AuthNone // Exchange knows the forwarder
		case dmarc.Value == authres.ResultFail:
			return AuthFail
		}
	}
	dkim, _ := results["dkim"].(*authres.DKIMResult)
	spf, _ := results["spf"].(*authres.SPFResult)
	switch {
	case composite != nil && composite.Value == authres.ResultFail:
		return AuthFail
	case dkim != nil && aligned(dkim.Domain, from):
		return AuthPass
	case spf != nil && spf.Value == authres.ResultPass && aligned(spf.From, from):
		return AuthPass
	case spf != nil && (spf.Value == authres.ResultFail || spf.Value == authres.ResultHardFail) && dkim == nil:
		return AuthFail
	}
	return AuthNone
}

// aligned compares the domain that was checked with the one people see:
// the same, or one inside the other.
func aligned(checked, from string) bool {
	checked = strings.ToLower(strings.TrimPrefix(checked[strings.LastIndexByte(checked, '@')+1:], "."))
	if checked == "" || from == "" || !strings.Contains(checked, ".") {
		return false
	}
	return checked == from || strings.HasSuffix(from, "."+checked) || strings.HasSuffix(checked, "."+from)
}

func fromDomain(m *Message) string {
	if len(m.From) != 1 { // several authors: whose domain was checked cannot be said
		return ""
	}
	addr := m.From[0].Addr
	return addr[strings.LastIndexByte(addr, '@')+1:]
}

func describe(results map[string]authres.Result) string {
	var out []string
	for _, method := range []string{"dmarc", "dkim", "dkim-other", "spf", "compauth"} {
		switch r := results[method].(type) {
		case *authres.DMARCResult:
			out = append(out, "dmarc="+string(r.Value))
		case *authres.DKIMResult:
			if method == "dkim" || results["dkim"] == nil {
				out = append(out, strings.TrimSpace("dkim="+string(r.Value)+" "+r.Domain))
			}
		case *authres.SPFResult:
			out = append(out, strings.TrimSpace("spf="+string(r.Value)+" "+r.From))
		case *authres.GenericResult:
			out = append(out, "compauth="+string(r.Value))
		}
	}
	return strings.Join(out, ", ")
}
