package letters

import (
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// Secure says whether an address stands in one of the domains that the team
// listed as secure, or below one.
func Secure(address string, domains []string) bool {
	_, domain, ok := strings.Cut(strings.ToLower(address), "@")
	return ok && slices.ContainsFunc(domains, func(d string) bool {
		d = strings.ToLower(strings.TrimSpace(d))
		return d != "" && (domain == d || strings.HasSuffix(domain, "."+d))
	})
}

// ContentAt is how much a letter may say at an address. Elsewhere than at a
// secure one, a decision or what staff wrote freely needs the recipient's
// recorded agreement; without it only a notice goes that there is a letter.
// The sharing notice never goes to an ordinary address.
func ContentAt(kind workflow.LetterKind, want workflow.Content, address string, domains []string, agreed bool) workflow.Content {
	switch {
	case want == workflow.Notice, want == workflow.Thanks, Secure(address, domains):
		return want
	case kind == workflow.L11:
		return workflow.Notice
	case agreed:
		return want
	case kind.NeedsAgreement(), kind == workflow.L16:
		return workflow.Notice
	}
	return want
}

// limited empties what this reader may not be told, so that no template can
// say it: it would have a hole.
func (f Facts) limited() Facts {
	if f.Reader.Content == workflow.Full {
		return f
	}
	out := Facts{
		Date: f.Date, Reference: f.Reference, Team: f.Team, Reader: f.Reader, Corrects: f.Corrects,
		ReceivedAt: f.ReceivedAt, ReadBy: f.ReadBy,
	}
	if f.Reader.Content != workflow.OutcomeOnly {
		return out
	}
	out.Person = f.Person
	out.Panel = Panel{At: f.Panel.At, Decides: f.Panel.Decides}
	out.Decision = Decision{On: f.Decision.On}
	out.Register = Register{Since: f.Register.Since}
	out.Removal = Removal{On: f.Removal.On}
	return out
}

// VariantFor picks the form of a letter by its reader's accessible-information
// needs. What no form of ours serves is named, and the letter waits while a
// person finds the way: sign language, braille, another language, a recording.
func VariantFor(needs []string, who Who) (v Variant, unserved []string) {
	v = Plain
	if who == IsProfessional {
		v = Professional
	}
	for _, n := range needs {
		switch n := strings.ToLower(strings.TrimSpace(strings.ReplaceAll(n, "_", " "))); {
		case n == "", n == "none", n == "email", n == "plain english", n == "letter", n == "phone call first":
		case strings.Contains(n, "easy read"), strings.Contains(n, "easyread"):
			v = EasyRead
		case strings.Contains(n, "large print"), strings.Contains(n, "large text"):
			if v != EasyRead {
				v = LargePrint
			}
		default:
			unserved = append(unserved, n)
		}
	}
	return v, unserved
}
