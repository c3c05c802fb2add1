package letters

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/essex-dsr/dsr/workflow"
)

// Finding is one rule that a letter breaks: where, and why it matters. With
// Stop the letter cannot be approved; without, a person weighs it.
type Finding struct {
	Where string
	Why   string
	Stop  bool
}

// fewestSignposts is how many services a letter of no should name; fewer is a
// warning, none is refused before.
const fewestSignposts = 3

// Check looks for what must not leave. It reads the finished words, so it sees
// what people typed as well as what the template says.
func Check(w Words, f Facts) []Finding {
	c := checker{words: w, facts: f}
	if w.Draft {
		c.stop("the template", "Nobody has approved this wording yet: it is a draft.")
	}
	c.subject()
	for _, b := range w.Blocks {
		for _, item := range b.Items {
			for _, line := range item {
				c.line(b, line)
			}
		}
	}
	c.acronyms()
	c.greeting()
	c.signposts()
	c.secrets()
	return c.found
}

// Stops says whether a finding forbids the letter.
func Stops(found []Finding) bool {
	return slices.ContainsFunc(found, func(f Finding) bool { return f.Stop })
}

type checker struct {
	words Words
	facts Facts
	found []Finding
}

func (c *checker) stop(where, why string, a ...any) {
	c.found = append(c.found, Finding{where, fmt.Sprintf(why, a...), true})
}

func (c *checker) warn(where, why string, a ...any) {
	c.found = append(c.found, Finding{where, fmt.Sprintf(why, a...), false})
}

// A subject is read on locked telephones, by whoever stands beside.
var subjectTells = regexp.MustCompile(`(?i)mental health|autis|learning disab|diagnos|hospital|crisis|\brisk|\d{3}[ -]?\d{3}[ -]?\d{4}`)

func (c *checker) subject() {
	s := c.words.Subject
	if m := subjectTells.FindString(s); m != "" {
		c.stop("the subject", "It must not say %q: others see it.", m)
	}
	for _, name := range c.names() {
		if hasWords(s, name) {
			c.stop("the subject", "It must not carry a name: others see it.")
		}
	}
}

// names are those that a letter may use.
func (c *checker) names() []string {
	names := []string{c.facts.Reader.Greeting, c.facts.Person.KnownAs}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == "" })
}

// longest is the longest sentence that a variant's readers are asked to read.
func longest(v Variant) int {
	switch v {
	case EasyRead:
		return 15
	case YoungPerson:
		return 20
	}
	return 25
}

func (c *checker) line(b Block, line string) {
	for _, s := range sentences(line) {
		if n := len(strings.Fields(s)); n > longest(c.words.Variant) && b.Kind != Table {
			c.stop(quoted(s), "This sentence has %d words; the most is %d.", n, longest(c.words.Variant))
		}
		c.banned(s)
		c.dates(s)
	}
	if m := nhsLike.FindStringSubmatch(line); m != nil && validNHS(m[1]) {
		c.stop(quoted(line), "An NHS number must not stand in a letter.")
	}
}

// banned lists words that wound, blame or hide, with what to write instead.
var banned = []struct{ word, instead string }{
	{"rejected", "“we decided not to, at the moment”"}, {"failed", "what happened"}, {"threshold", "what the panel looked for"},
	{"criteria", "what the panel looked for"}, {"non-compliant", "what the person chose"}, {"suffers from", "“has” or “is”"},
	{"suffering from", "“has” or “is”"}, {"challenging behaviour", "“distress”, or the family’s own words"},
	{"high-functioning", "what the person can do"}, {"low-functioning", "what the person needs"}, {"monitor you", "what we will do"},
	{"please note", "the thing itself"}, {"regret", "“we are sorry”"}, {"whilst", "“while”"}, {"in respect of", "“about”"},
	{"service user", "the person’s name"}, {"dna", "“did not come”"}, {"person with autism", "“autistic person”"},
	{"vulnerable", "what the person needs"}, {"pursuant", "“under”"}, {"as per", "“as”"}, {"hereby", "nothing"},
}

// bannedEasy may stand in other letters.
var bannedEasy = []struct{ word, instead string }{
	{"placement breakdown", "“your home may have to change”"}, {"admission", "“going into hospital”"}, {"criminal justice", "“the police”"},
	{"professional", "“people who support you”"}, {"community", "“at home”"},
}

func (c *checker) banned(s string) {
	lists := banned
	if c.words.Variant == EasyRead {
		lists = slices.Concat(banned, bannedEasy)
	}
	folded := fold(s)
	for _, b := range lists {
		if hasFolded(folded, b.word) {
			c.stop(quoted(s), "Do not write “%s”. Write %s.", b.word, b.instead)
		}
	}
	if m := passive.FindString(s); m != "" && c.words.Variant == EasyRead {
		c.warn(quoted(s), "Say who does it, instead of “%s”.", m)
	}
	if strings.Contains(s, "!") {
		c.warn(quoted(s), "A letter does not shout: no exclamation mark.")
	}
}

// passive is a hint: it also finds words that only look like it.
var passive = regexp.MustCompile(`\b(?:is|are|was|were|been|being) (?:[a-z]+ly )?[a-z]{2,}(?:ed|en)\b`)

var (
	numericDate = regexp.MustCompile(`\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b`)
	ordinalDate = regexp.MustCompile(`\b\d{1,2}(?:st|nd|rd|th)\b`)
	shortMonth  = regexp.MustCompile(`\b\d{1,2} (?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b`)
	bareDate    = regexp.MustCompile(`(?:\b(\w+day) )?\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December)\b`)
	clock24     = regexp.MustCompile(`\b(?:[01]?\d|2[0-3])[:.][0-5]\d\b(?:\s?([ap]m))?`)
)

func (c *checker) dates(s string) {
	const style = "Write dates like Monday 23 November 2026."
	for _, re := range []*regexp.Regexp{numericDate, ordinalDate, shortMonth} {
		if m := re.FindString(s); m != "" {
			c.stop(quoted(s), "“%s” is not how we write a date. "+style, m)
		}
	}
	if m := bareDate.FindStringSubmatch(s); m != nil && m[1] == "" {
		c.warn(quoted(s), "A day of the week helps: "+style)
	}
	if m := clock24.FindStringSubmatch(s); m != nil && m[1] == "" && !numericDate.MatchString(s) {
		c.warn(quoted(s), "Write times like 9am or 2:30pm.")
	}
}

// known are capitals that everybody knows, or that are no acronym.
var known = []string{"GP", "NHS", "PDF", "SHOUT", "UK", "TV", "A", "E", "I", "OK", "SET", "BSL"}

var (
	notProse = regexp.MustCompile(`DSR-\d{4}-\d+-\w|https?://\S+|\S+@\S+`)
	capitals = regexp.MustCompile(`\b[A-Z]{2,}\b`)
)

// acronyms finds capitals that were not explained: an acronym stands in
// brackets behind its words before it stands alone.
func (c *checker) acronyms() {
	text := notProse.ReplaceAllString(c.words.Text(), " ")
	for _, name := range c.called() {
		text = strings.ReplaceAll(text, name, " ")
	}
	seen := slices.Clone(known)
	for _, n := range c.names() {
		seen = append(seen, strings.ToUpper(n)) // said of names already
	}
	for _, m := range capitals.FindAllStringIndex(text, -1) {
		word := text[m[0]:m[1]]
		if slices.Contains(seen, word) {
			continue
		}
		seen = append(seen, word)
		if before := text[:m[0]]; strings.LastIndex(before, "(") > strings.LastIndex(before, ")") {
			continue
		}
		c.stop("“"+word+"”", "Write it out the first time: not everybody knows it.")
	}
}

// called are the team's and the services' own names and addresses: whoever needs
// them must find them as they are.
func (c *checker) called() []string {
	names := []string{c.facts.Team.Name, c.facts.Team.Postal}
	for _, s := range c.facts.Decision.Signposts {
		names = append(names, s.Name)
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) }) // one may stand within another
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}

func (c *checker) greeting() {
	name := c.facts.Reader.Greeting
	for _, b := range c.words.Blocks {
		if b.Kind != Paragraph {
			continue
		}
		line := b.Items[0][0]
		dear, ok := strings.CutPrefix(line, "Dear ")
		if !ok {
			dear, ok = strings.CutPrefix(line, "Hi ")
		}
		if ok && dear != oneLine(name) {
			c.stop(quoted(line), "The greeting uses the name this person is known as: %s.", name)
		}
	}
	p := c.facts.Person
	if p.First != p.KnownAs && p.KnownAs != "" && !strings.Contains(name, p.First) && standsAlone(c.words.Text(), p.First) {
		c.stop("“"+p.First+"”", "The letter uses the name the person is known as: %s.", p.KnownAs)
	}
	for _, known := range c.names() {
		if m := misspelt(c.words.Text(), known); m != "" {
			c.stop("“"+m+"”", "The name is written %s in the record.", known)
		}
	}
}

// standsAlone finds a first name that no family name follows: with one it may be
// another person's.
func standsAlone(text, first string) bool {
	if len([]rune(first)) < 2 {
		return false
	}
	for _, m := range regexp.MustCompile(`(?:^|[^\p{L}])`+regexp.QuoteMeta(first)+`(?:[’']s)?([^\p{L}]|$) ?(\p{Lu}?)`).FindAllStringSubmatch(text, -1) {
		if m[1] != " " || m[2] == "" {
			return true
		}
	}
	return false
}

// misspelt finds a name in other capitals than the record's.
func misspelt(text, name string) string {
	if len(name) < 3 || !unicode.IsUpper([]rune(name)[0]) {
		return ""
	}
	for _, m := range regexp.MustCompile(`(?i)\b`+regexp.QuoteMeta(name)+`\b`).FindAllString(text, -1) {
		if m != name && m == strings.ToUpper(m) {
			return m
		}
	}
	return ""
}

// signposts are looked at again on the day of the letter: a number that was
// right when the panel met may not be.
func (c *checker) signposts() {
	list := c.facts.limited().Decision.Signposts
	if c.words.Kind != workflow.L7 && c.words.Kind != workflow.L15 || c.facts.Reader.Content != workflow.Full {
		return
	}
	for _, s := range list {
		switch {
		case s.CheckedOn.IsZero():
			c.stop(s.Name, "Nobody has verified this service.")
		case s.ReviewBy.IsZero() || !c.facts.Date.Before(s.ReviewBy):
			c.stop(s.Name, "This service is past its review date: verify it again.")
		}
		if age := c.facts.Person.Age; age > 0 && (age < s.AgeFrom || s.AgeTo > 0 && age > s.AgeTo) {
			c.stop(s.Name, "This service is for another age.")
		}
		if at := c.facts.Person.Council; at != "" && len(s.Areas) > 0 && !slices.Contains(s.Areas, at) {
			c.stop(s.Name, "This service does not serve %s.", at)
		}
		if c.words.Variant == EasyRead && s.EasyRead == "" {
			c.stop(s.Name, "There is no Easy Read text for this service.")
		}
	}
	if c.words.Kind == workflow.L7 && len(list) < fewestSignposts {
		c.warn("Who can help", "Only %d of the services fit. Three or more are better.", len(list))
	}
}

// hasWords finds whole words, whatever their capitals and spaces.
func hasWords(text, words string) bool { return hasFolded(fold(text), fold(words)) }

func hasFolded(text, words string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], words)
		if i < 0 {
			return false
		}
		i += from
		if !letterAt(text[:i], true) && !letterAt(text[i+len(words):], false) {
			return true
		}
		from = i + 1
	}
}

func fold(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

func letterAt(s string, last bool) bool {
	r, _ := utf8.DecodeRuneInString(s)
	if last {
		r, _ = utf8.DecodeLastRuneInString(s)
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func quoted(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:59]) + "…"
	}
	return "“" + s + "”"
}

var nhsLike = regexp.MustCompile(`(?:^|[^\d])(\d{3}[ -]?\d{3}[ -]?\d{4})(?:[^\d]|$)`)

// validNHS checks the modulus 11 digit of the NHS data dictionary.
func validNHS(s string) bool {
	var d []int
	for _, r := range s {
		if unicode.IsDigit(r) {
			d = append(d, int(r-'0'))
		}
	}
	if len(d) != 10 {
		return false
	}
	sum := 0
	for i, n := range d[:9] {
		sum += n * (10 - i)
	}
	return (11-sum%11)%11 == d[9]
}
