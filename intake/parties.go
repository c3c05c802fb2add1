package intake

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/message"
	"github.com/essex-dsr/dsr/intake/reading"
	"github.com/essex-dsr/dsr/workflow"
)

// parties proposes who is who around one referred person. Nobody is confirmed:
// people do that. The sender is not always the referrer, and the referrer not
// the person; whom the writer asks not to tell is blocked from the first.
func parties(r reading.Referral, m *message.Message) []workflow.Party {
	var out []workflow.Party
	get := func(name string) string { return r.Fields[name].Value }
	from := message.Address{}
	if len(m.From) > 0 {
		from = m.From[0]
	}
	relation := get("referrer.relationship")
	referrer := workflow.Party{
		Role: partyRole(relation), Name: get("referrer.name"), Organisation: get("referrer.organisation"),
		Email: get("referrer.email"), Phone: get("referrer.phone"), Referrer: true,
	}
	if relation == "professional" {
		referrer.Role, referrer.Sector = professional(get("referrer.role") + " " + get("referrer.organisation"))
	}
	if referrer.Email == "" {
		referrer.Email = from.Addr
	}
	if relation == "self" {
		referrer.Role = workflow.PartySelf
		referrer.Name = first(get("person.name"), referrer.Name)
		referrer.Phone = first(get("person.phone"), referrer.Phone)
	} else if get("person.name") != "" || get("person.email") != "" {
		out = append(out, workflow.Party{Role: workflow.PartySelf, Name: get("person.name"), KnownAs: get("person.known_as"),
			Email: get("person.email"), Phone: get("person.phone")})
	}
	out = append([]workflow.Party{referrer}, out...)
	if from.Addr != "" && !strings.EqualFold(from.Addr, referrer.Email) {
		out = append(out, workflow.Party{Role: workflow.PartyForwarder, Name: from.Name, Email: from.Addr})
	}
	if g := get("guardian.name"); g != "" && !strings.EqualFold(g, referrer.Name) {
		out = append(out, workflow.Party{Role: guardianRole(get("guardian.relationship")), Name: g,
			Email: get("guardian.email"), Phone: get("guardian.phone")})
	}
	if who := get("do_not_tell"); who != "" {
		out = append(out, workflow.Party{Role: toldRole(who), Name: who, Blocked: true, BlockedWhy: "the writer asks that they are not told"})
	}
	return out
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func partyRole(relation string) workflow.PartyRole {
	switch relation {
	case "self":
		return workflow.PartySelf
	case "mother":
		return workflow.PartyMother
	case "father":
		return workflow.PartyFather
	case "parent":
		return workflow.PartyParent
	case "carer":
		return workflow.PartyCarer
	case "sibling", "grandparent":
		return workflow.PartyRelative
	case "partner":
		return workflow.PartyPartner
	case "friend":
		return workflow.PartyFriend
	}
	return workflow.PartyOther
}

func guardianRole(relation string) workflow.PartyRole {
	if r := partyRole(strings.ToLower(relation)); r != workflow.PartyOther {
		return r
	}
	return workflow.PartyGuardian
}

// professional proposes role and sector by words of the job or the organisation.
func professional(words string) (workflow.PartyRole, workflow.Sector) {
	words = strings.ToLower(words)
	for _, x := range []struct {
		role   workflow.PartyRole
		sector workflow.Sector
		has    []string
	}{
		{workflow.PartySchool, workflow.Education, []string{"school", "college", "academy", "senco", "teacher", "education"}},
		{workflow.PartySocial, workflow.SocialCare, []string{"social work", "social care", "children's services", "council", "early help"}},
		{workflow.PartyPolice, workflow.NoSector, []string{"police", "probation", "youth justice", "youth offending"}},
		{workflow.PartyProvider, workflow.NoSector, []string{"supported living", "care home", "residential home", "provider", "home manager"}},
		{workflow.PartyHealth, workflow.Health, []string{"nhs", "nurse", "doctor", "psychiatr", "psycholog", "camhs", "hospital", "gp", "surgery", "therap", "ward", "health", "clinic"}},
	} {
		for _, h := range x.has {
			if strings.Contains(words, h) {
				return x.role, x.sector
			}
		}
	}
	return workflow.PartyOther, workflow.NoSector
}

func toldRole(who string) workflow.PartyRole {
	who = strings.ToLower(who)
	for _, x := range []struct {
		role workflow.PartyRole
		has  []string
	}{
		{workflow.PartyFather, []string{"dad", "father"}},
		{workflow.PartyMother, []string{"mum", "mother"}},
		{workflow.PartyParent, []string{"parent"}},
		{workflow.PartyPartner, []string{"husband", "wife", "partner", "boyfriend", "girlfriend"}},
		{workflow.PartySchool, []string{"school", "college"}},
	} {
		for _, h := range x.has {
			if strings.Contains(who, h) {
				return x.role
			}
		}
	}
	return workflow.PartyOther
}
