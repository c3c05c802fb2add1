package letters

import (
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// ContentAt is how much a letter may say to a party by the way that it goes.
// Elsewhere than at a secure address, a decision or what staff wrote freely needs
// the recipient's recorded agreement; without it only a notice goes that there is
// a letter. The sharing notice never goes to an ordinary address.
func ContentAt(set workflow.Settings, l workflow.Letter, p workflow.Party) workflow.Content {
	switch {
	case l.Way == workflow.ByPost, l.Content == workflow.Notice, l.Content == workflow.Thanks, set.IsSecure(p.Email):
		return l.Content
	case l.Kind == workflow.L11:
		return workflow.Notice
	case p.OrdinaryOK:
		return l.Content
	case l.Kind.NeedsAgreement(), l.Kind == workflow.L16:
		return workflow.Notice
	}
	return l.Content
}

// limited empties what this reader may not be told, so that no template can
// say it: it would have a hole.
func (f Facts) limited() Facts {
	if f.Reader.Content == workflow.Full {
		return f
	}
	out := Facts{
		Date: f.Date, Reference: f.Reference, Team: f.Team, Reader: f.Reader, Corrects: f.Corrects, ByPost: f.ByPost,
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
		switch n = strings.ToLower(strings.ReplaceAll(n, "_", " ")); {
		case strings.Contains(n, "easy read"), strings.Contains(n, "easyread"):
			v = EasyRead
		case v != EasyRead && (strings.Contains(n, "large print") || strings.Contains(n, "large text")):
			v = LargePrint
		}
	}
	return v, workflow.Unserved(needs)
}
