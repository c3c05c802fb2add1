package workflow

import (
	"slices"
	"strings"
	"time"
)

// Signpost is one entry of the directory: a service that may help.
type Signpost struct {
	ID         SignpostID
	Name       string
	For        string // what for, in a sentence a family understands
	AgeFrom    int
	AgeTo      int      // 0: no upper age
	Areas      []string // councils; empty: everywhere
	Needs      []string // tags: education, mental health, carers, crisis …
	How        string   // how to get in touch
	Phone      string
	Email      string
	Web        string
	Hours      string
	EasyRead   string // the same in Easy Read, held apart
	Source     string
	VerifiedOn Date
	VerifiedBy string
	ReviewBy   Date
	Retired    bool
	Version    Version
}

// Councils are the areas of the directory and of ordinary residence.
func Councils() []string { return []string{"Essex", "Southend", "Thurrock"} }

// Usable refuses an entry that nobody verified or whose review is due: stale
// numbers do harm.
func (s Signpost) Usable(today Date) error {
	switch {
	case s.Retired:
		return invalid("signposts", "%q is no longer in the directory.", s.Name)
	case s.VerifiedOn.IsZero() || s.VerifiedBy == "":
		return invalid("signposts", "%q has not been verified. Somebody must ring or write to it first.", s.Name)
	case s.ReviewBy.IsZero() || !today.Before(s.ReviewBy):
		return invalid("signposts", "%q is past its review date. Verify it again first.", s.Name)
	}
	return nil
}

// Fits refuses an entry for another age or area than the person's, where known.
func (s Signpost) Fits(f File, today Date) error {
	if age, known := f.Person.Age(today); known && (age < s.AgeFrom || s.AgeTo > 0 && age > s.AgeTo) {
		return invalid("signposts", "%q is for ages %d to %d.", s.Name, s.AgeFrom, s.AgeTo)
	}
	if council := f.Council(); council != "" && len(s.Areas) > 0 && !slices.Contains(s.Areas, council) {
		return invalid("signposts", "%q does not serve %s.", s.Name, council)
	}
	return nil
}

// LikelyNeeds are the directory's tags that the record speaks of: a hint for
// whoever chooses services, never a choice.
func (f File) LikelyNeeds(today Date) []string {
	var out []string
	add := func(when bool, tags ...string) {
		for _, t := range tags {
			if when && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	grounds := f.Facts[FieldGrounds].Values
	age, known := f.Person.Age(today)
	add(f.Value(FieldAutism) == string(Yes), "autism")
	add(f.Value(FieldLD) == string(Yes), "learning disability")
	add(slices.Contains(grounds, string(HospitalAdmission)), "mental health", "crisis")
	add(slices.Contains(grounds, string(PlacementBreakdown)), "social care", "behaviour", "short breaks", "housing")
	add(slices.Contains(grounds, string(ResidentialSetting)), "social care", "short breaks")
	add(slices.Contains(grounds, string(CriminalJustice)), "legal", "advocacy")
	add(known && age <= 25, "education")
	add(slices.ContainsFunc(f.Parties, isFamily), "carers")
	return out
}

// Answers are the needs, of some, that the entry helps with.
func (s Signpost) Answers(needs []string) []string {
	var out []string
	for _, n := range needs {
		if slices.Contains(s.Needs, n) {
			out = append(out, n)
		}
	}
	return out
}

// Council is the council of ordinary residence, once a person confirmed it.
func (f File) Council() string { return f.confirmed(FieldCouncil) }

// Changed is the entry after somebody edited it: when anything that a family
// reads or acts on differs from before, it is unverified again.
func (s Signpost) Changed(old Signpost) Signpost {
	if s.SameWords(old) {
		s.VerifiedOn, s.VerifiedBy, s.ReviewBy = old.VerifiedOn, old.VerifiedBy, old.ReviewBy
		return s
	}
	s.VerifiedOn, s.VerifiedBy, s.ReviewBy = Date{}, "", Date{}
	return s
}

// SameWords reports whether two entries say the same to whoever is sent there.
func (s Signpost) SameWords(t Signpost) bool {
	return s.Name == t.Name && s.For == t.For && s.AgeFrom == t.AgeFrom && s.AgeTo == t.AgeTo && slices.Equal(s.Areas, t.Areas) &&
		s.How == t.How && s.Phone == t.Phone && s.Email == t.Email && s.Web == t.Web && s.Hours == t.Hours && s.EasyRead == t.EasyRead
}

// Check refuses an entry that could not be used.
func (s Signpost) Check() error {
	switch {
	case strings.TrimSpace(s.Name) == "":
		return invalid("name", "Enter the name of the service.")
	case strings.TrimSpace(s.For) == "":
		return invalid("for", "Enter what the service is for, in a sentence that a family understands.")
	case s.AgeFrom < 0 || s.AgeTo < 0 || s.AgeFrom > 120 || s.AgeTo > 120:
		return invalid("age-from", "Enter ages from 0 to 120.")
	case s.AgeTo > 0 && s.AgeTo < s.AgeFrom:
		return invalid("age-to", "The upper age is below the lower one.")
	case s.Phone == "" && s.Email == "" && s.Web == "" && s.How == "":
		return invalid("phone", "Enter at least one way to get in touch.")
	case s.Email != "" && strings.Count(s.Email, "@") != 1:
		return invalid("email", "Enter one email address, like name@example.org.")
	case s.Web != "" && !strings.HasPrefix(s.Web, "https://") && !strings.HasPrefix(s.Web, "http://"):
		return invalid("web", "Enter a web address that begins with https://.")
	}
	return nil
}

func (f File) signpost(id SignpostID) (Signpost, error) {
	for _, s := range f.Signposts {
		if s.ID == id {
			return s, nil
		}
	}
	return Signpost{}, invalid("signposts", "That service is not in the directory.")
}

// VerifySignpost marks an entry as checked by a named person, to be reviewed
// again after the setting's months.
func VerifySignpost(by Actor, at time.Time, s Signpost, set Settings) (Signpost, error) {
	if !by.Has(Coordinator, Practitioner, Manager) {
		return Signpost{}, notAllowed("Only the team verifies the directory.")
	}
	if s.Name == "" || s.For == "" || (s.Phone == "" && s.Email == "" && s.Web == "") {
		return Signpost{}, invalid("name", "An entry needs a name, what it is for, and a phone number, email or web address.")
	}
	s.VerifiedOn, s.VerifiedBy = DateOf(at), by.Name
	s.ReviewBy = DateOf(at.AddDate(0, set.SignpostMonths, 0))
	return s, nil
}
