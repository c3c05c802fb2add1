package workflow

import (
	"math"
	"slices"
	"strings"
)

// Identity is what tells one person from another, as it was read or confirmed.
type Identity struct {
	Name     string
	KnownAs  string
	Born     Date
	NHS      string
	Postcode string
	Phone    string
}

// Likeness is how far two records speak of one person. It is a suggestion for
// people: nothing is ever merged by it.
type Likeness struct {
	Bits  float64 // log2 of how much likelier one person is than two
	Why   []string
	Twins bool // everything but the given name agrees: brothers or sisters are likelier
}

// Likely reports whether a person should be asked. The same name alone stays
// below it, and so do a birthday alone and everything that one household shares.
func (l Likeness) Likely() bool { return l.Bits >= 17 }

// The weights are those of Fellegi and Sunter (A Theory for Record Linkage, JASA
// 1969): log2(m/u) where something agrees and log2((1-m)/(1-u)) where it does
// not; m is how often it agrees for one person, u for two people by chance.
type weights struct{ m, u float64 }

func (w weights) agree() float64  { return math.Log2(w.m / w.u) }
func (w weights) differ() float64 { return math.Log2((1 - w.m) / (1 - w.u)) }

// In a county of 1.8 million: a birthday within forty years of ages, some
// hundred common given names and thousands of surnames, 60,000 postcodes. m is
// below 1 for what people mistype, and for what changes when they move.
var (
	sameNHS      = weights{0.995, 1e-6}
	sameBorn     = weights{0.95, 1.0 / 14_600}
	sameGiven    = weights{0.95, 1.0 / 150}
	sameFamily   = weights{0.92, 1.0 / 700}
	samePostcode = weights{0.75, 1.0 / 20_000}
	samePhone    = weights{0.60, 1.0 / 100_000}
)

// Compare weighs two records against each other. What one of them lacks says
// nothing.
func (a Identity) Compare(b Identity) Likeness {
	var l Likeness
	add := func(bits float64, why string) {
		l.Bits += bits
		if why != "" && bits > 0 {
			l.Why = append(l.Why, why)
		}
	}
	if a.NHS != "" && b.NHS != "" {
		add(pick(a.NHS == b.NHS, sameNHS, "the same NHS number"))
	}
	given := a.compareNames(b, add)
	born := true
	if !a.Born.IsZero() && !b.Born.IsZero() {
		bits, why := compareBirth(a.Born, b.Born)
		born = bits > 0
		add(bits, why)
	}
	a.compareHomes(b, given && born, add)
	l.Twins = !given && a.Born == b.Born && !a.Born.IsZero() && (a.NHS == "" || a.NHS != b.NHS)
	if l.Twins {
		l.Why = append(l.Why, "but another first name: brothers or sisters are possible")
	}
	return l
}

// compareHomes weighs what a household shares. Once, since one address explains
// postcode and phone alike; and not at all where another first name or birthday
// says that these are two of one family.
func (a Identity) compareHomes(b Identity, maySame bool, add func(float64, string)) {
	home, why := 0.0, ""
	if x, y := bare(a.Postcode), bare(b.Postcode); x != "" && y != "" {
		home, why = pick(x == y, samePostcode, "the same postcode")
	}
	if x, y := phoneEnd(a.Phone), phoneEnd(b.Phone); x != "" && x == y && samePhone.agree() > home {
		home, why = samePhone.agree(), "the same phone number"
	}
	if maySame || home < 0 {
		add(home, why)
	}
}

func pick(same bool, w weights, why string) (float64, string) {
	if same {
		return w.agree(), why
	}
	return w.differ(), ""
}

// compareNames weighs given and family names apart, takes nicknames and swapped
// names for what they are, and reports whether the given names may be one.
func (a Identity) compareNames(b Identity, add func(float64, string)) (given bool) {
	x, y := nameWords(a.Name), nameWords(b.Name)
	if len(x) == 0 || len(y) == 0 {
		return true
	}
	if len(x) > 1 && len(y) > 1 && sameGivenName(x[0], y[len(y)-1]) && nearName(x[len(x)-1], y[0]) && !nearName(x[0], y[0]) {
		add(sameGiven.agree()+sameFamily.agree()-1, "the same name, the parts swapped")
		return true
	}
	given = sameGivenName(x[0], y[0]) || a.KnownAs != "" && sameGivenName(firstWord(a.KnownAs), y[0]) || b.KnownAs != "" && sameGivenName(x[0], firstWord(b.KnownAs))
	switch {
	case x[0] == y[0]:
		add(sameGiven.agree(), "the same first name")
	case given:
		add(sameGiven.agree()-2, "a first name that may be the same")
	default:
		add(sameGiven.differ(), "")
	}
	if len(x) < 2 || len(y) < 2 {
		return given
	}
	switch xf, yf := x[len(x)-1], y[len(y)-1]; {
	case xf == yf:
		add(sameFamily.agree(), "the same surname")
	case nearName(xf, yf) || slices.Contains(strings.Split(xf, "-"), yf) || slices.Contains(strings.Split(yf, "-"), xf):
		add(sameFamily.agree()-3, "nearly the same surname")
	default:
		add(sameFamily.differ(), "")
	}
	return given
}

// compareBirth takes a swapped day and month, or one wrong part, for a slip.
func compareBirth(a, b Date) (float64, string) {
	switch {
	case a == b:
		return sameBorn.agree(), "the same date of birth"
	case a.Year == b.Year && int(a.Month) == b.Day && a.Day == int(b.Month):
		return sameBorn.agree() - 4, "the same date of birth, day and month swapped"
	}
	parts := 0
	for _, same := range []bool{a.Year == b.Year, a.Month == b.Month, a.Day == b.Day} {
		if same {
			parts++
		}
	}
	if parts == 2 {
		return 2, "nearly the same date of birth"
	}
	return sameBorn.differ(), ""
}

func nameWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune(" .,'’\t", r) })
}

func firstWord(s string) string {
	if w := nameWords(s); len(w) > 0 {
		return w[0]
	}
	return ""
}

func bare(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }

// phoneEnd is a number without the way to write its beginning.
func phoneEnd(s string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	if len(digits) < 9 {
		return ""
	}
	return digits[len(digits)-9:]
}

// sameGivenName takes nicknames, short forms and slips of one letter.
func sameGivenName(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	if nearName(a, b) || min(len(a), len(b)) >= 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
		return true
	}
	for _, set := range nicknames() {
		if slices.Contains(set, a) && slices.Contains(set, b) {
			return true
		}
	}
	return false
}

// nearName is at most one letter away, in names long enough for a slip.
func nearName(a, b string) bool {
	if a == b {
		return true
	}
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) < 4 || len(y)-len(x) > 1 {
		return false
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x) == len(y) {
		return slices.Equal(x[i+1:], y[i+1:]) || i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && slices.Equal(x[i+2:], y[i+2:])
	}
	return slices.Equal(x[i:], y[i+1:])
}

// nicknames are given names that one person goes by and whose beginnings differ.
func nicknames() [][]string {
	return [][]string{
		{"william", "will", "bill", "billy", "liam"}, {"robert", "rob", "bob", "bobby"}, {"richard", "rich", "rick", "dick"}, {"edward", "ed", "ted", "teddy", "ned"},
		{"elizabeth", "liz", "beth", "betty", "lizzie", "eliza", "libby"}, {"margaret", "maggie", "meg", "peggy", "mags"}, {"katherine", "catherine", "kate", "kathy", "cathy", "katie", "kitty"},
		{"alexander", "alexandra", "alex", "sandy", "sasha", "lexi"}, {"anthony", "tony", "ant"}, {"james", "jim", "jimmy", "jamie"}, {"john", "jack", "johnny", "jonny"},
		{"henry", "harry", "hal"}, {"charles", "charlotte", "charlie", "chas", "lottie"}, {"michael", "mike", "mick", "mikey"}, {"sarah", "sally", "sadie"}, {"mary", "molly", "polly"},
		{"frances", "francis", "fran", "frank", "frankie"}, {"theodore", "theo", "teddy"}, {"abigail", "abi", "gail"}, {"isabella", "isobel", "bella", "izzy", "issy"},
		{"joshua", "josh"}, {"oliver", "olivia", "ollie", "liv"}, {"samuel", "samantha", "sam", "sammy"}, {"thomas", "tom", "tommy"}, {"patrick", "patricia", "pat", "paddy", "trish"},
		{"mohammed", "muhammad", "mohamed", "mo"}, {"rebecca", "becky", "becca"}, {"stephen", "steven", "steve"}, {"natalie", "natalia", "nat"}, {"daniel", "danielle", "dan", "danny", "dani"},
	}
}
