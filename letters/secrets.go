package letters

import (
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// Secret is something that must not stand in a letter to this reader.
type Secret struct{ What, Text string }

// secrets are the private data of others around the person, the names of those
// who sit on the panel, and the person's own number.
func (r record) secrets() []Secret {
	var out []Secret
	add := func(what, text string) {
		if strings.TrimSpace(text) != "" {
			out = append(out, Secret{what, text})
		}
	}
	for _, p := range r.file.Parties {
		if p.ID == r.party.ID || p.Role == workflow.PartySelf || p.ID == r.leadID() {
			continue
		}
		add("the address of the "+string(p.Role), p.Address)
		if p.Role.IsProfessional() && !p.Blocked {
			continue
		}
		add("the name of the "+string(p.Role), p.Name)
		add("the email address of the "+string(p.Role), p.Email)
		add("the phone number of the "+string(p.Role), p.Phone)
	}
	if r.file.Panel != nil && r.file.Settings.HideMembers {
		for _, m := range r.file.Panel.Members {
			add("who sits on the panel", m.Name)
		}
	}
	if r.party.Role != workflow.PartySelf && r.file.Value(workflow.FieldConfidential) != "" {
		add("where the person lives", r.file.Value(workflow.FieldAddress))
		add("where the person lives", r.file.Value(workflow.FieldPostcode))
	}
	add("the NHS number", r.file.Person.NHSNumber)
	return out
}

// secrets looks for what this reader must not learn.
func (c *checker) secrets() {
	text := c.words.Subject + "\n" + c.words.Text()
	for _, s := range c.facts.Secrets {
		if len([]rune(s.Text)) > 2 && hasWords(text, s.Text) {
			c.stop("“"+s.Text+"”", "This letter must not say %s.", s.What)
		}
	}
}
