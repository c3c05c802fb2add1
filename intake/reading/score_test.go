package reading

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/intake/message"
)

// truth is what careful people say of a mail. A value {"any": [a, b, null]}
// allows each of these, null meaning that it may be left out.
type truth struct {
	Class, Urgency any
	Count          any
	Referrals      []map[string]any
	Ignore         []string
	Note           string
}

// allowed lists the values that truth allows, and whether none is right too.
func allowed(v any) (values []any, optional bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return []any{v}, false
	}
	for _, x := range m["any"].([]any) {
		if x == nil {
			optional = true
		} else {
			values = append(values, x)
		}
	}
	return values, optional
}

// allowedWords is allowed for classes and urgencies.
func allowedWords(v any) []string {
	var out []string
	values, _ := allowed(v)
	for _, x := range values {
		out = append(out, x.(string))
	}
	return out
}

// tally counts how a field was judged: right, a value that truth does not
// allow, or none where truth has one.
type tally struct{ right, wrong, missed, wrongOfTruth int }

func (t *tally) add(o tally) {
	t.right, t.wrong, t.missed, t.wrongOfTruth = t.right+o.right, t.wrong+o.wrong, t.missed+o.missed, t.wrongOfTruth+o.wrongOfTruth
}

func (t tally) precision() float64 { return share(t.right, t.right+t.wrong) }
func (t tally) recall() float64    { return share(t.right, t.right+t.missed+t.wrongOfTruth) }

// sightings counts of how many things that must not be overlooked were seen.
type sightings struct {
	found, of int
	missed    []string
}

func (f *sightings) note(name string, ok bool) {
	f.of++
	if ok {
		f.found++
	} else {
		f.missed = append(f.missed, name)
	}
}

func (f sightings) share() float64 { return share(f.found, f.of) }

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

// score is how readings of a set of mails compare with truth.
type score struct {
	files                 int
	class, urgency, count sightings
	crisis, noAlarm       sightings
	urgent, withdrawal    sightings
	safe                  map[string]*sightings
	fields                map[string]*tally
	provenance            sightings
	extraCues             int
	misses                []string
}

func newScore() *score {
	return &score{fields: map[string]*tally{}, safe: map[string]*sightings{
		"safeguarding.cue": {}, "do_not_tell": {}, "person.address_confidential": {}, "consent no": {}}}
}

func (s *score) total() tally {
	var t tally
	for _, f := range s.fields {
		t.add(*f)
	}
	return t
}

func (s *score) miss(name, field string, want, got any, kind string) {
	s.misses = append(s.misses, fmt.Sprintf("%s: %s %s: want %s, got %s", name, kind, field, brief(want), brief(got)))
}

func brief(v any) string {
	b, _ := json.Marshal(v)
	return string(b[:min(len(b), 160)])
}

// judge compares one reading with its truth.
func (s *score) judge(name string, t truth, got Result) {
	s.files++
	classes, urgencies := allowedWords(t.Class), allowedWords(t.Urgency)
	s.word(&s.class, name, "class", classes, string(got.Class))
	s.word(&s.urgency, name, "urgency", urgencies, string(got.Urgency))
	switch {
	case slices.Equal(urgencies, []string{"crisis"}):
		s.crisis.note(name, got.Urgency == Crisis)
	case !slices.Contains(urgencies, "crisis"):
		s.noAlarm.note(name, got.Urgency != Crisis)
	}
	if !slices.ContainsFunc(urgencies, func(u string) bool { return u != "urgent" && u != "crisis" }) {
		s.urgent.note(name, got.Urgency != Routine)
	}
	if slices.Equal(classes, []string{"withdrawal"}) {
		s.withdrawal.note(name, got.Class == Withdrawal)
	}
	s.counted(name, t, classes, got)
	may := s.mayLack(t, classes, got)
	for _, p := range paired(t.Referrals, got.Referrals) {
		switch {
		case p.got == nil && may:
			s.seenByPeople(name, t, p.want, classes, got)
		default:
			s.referral(name, t, p)
		}
	}
	s.places(name, got)
}

func (s *score) word(f *sightings, name, what string, want []string, got string) {
	ok := slices.Contains(want, got)
	f.note(name, ok)
	if !ok {
		s.miss(name, what, want, got, "wrong")
	}
}

// counted judges the number of referrals. A reply, an update and a withdrawal
// make no new case, so theirs does not count.
func (s *score) counted(name string, t truth, classes []string, got Result) {
	for _, c := range []string{"reply", "update", "withdrawal"} {
		if slices.Contains(classes, c) {
			return
		}
	}
	numbers := []int{len(t.Referrals)}
	if t.Count != nil {
		numbers = nil
		values, _ := allowed(t.Count)
		for _, v := range values {
			numbers = append(numbers, int(v.(float64)))
		}
	}
	if slices.ContainsFunc(classes, func(c string) bool { return !Class(c).IsReferral() }) {
		numbers = append(numbers, 0)
	}
	ok := slices.Contains(numbers, len(got.Referrals))
	s.count.note(name, ok)
	if !ok {
		s.miss(name, "referrals", numbers, len(got.Referrals), "wrong number")
	}
}

// mayLack reports whether an allowed answer has fewer people than truth names.
func (s *score) mayLack(t truth, classes []string, got Result) bool {
	if t.Count != nil && len(got.Referrals) < len(t.Referrals) {
		values, _ := allowed(t.Count)
		return slices.ContainsFunc(values, func(v any) bool { return int(v.(float64)) == len(got.Referrals) })
	}
	return len(got.Referrals) == 0 && slices.Contains(classes, string(got.Class)) && !got.Class.IsReferral() &&
		slices.ContainsFunc(classes, func(c string) bool { return Class(c).IsReferral() })
}

// seenByPeople notes what must not be overlooked in a mail that an allowed
// answer gives to a person without making a referral.
func (s *score) seenByPeople(name string, t truth, want map[string]any, classes []string, got Result) {
	for _, f := range []string{"safeguarding.cue", "do_not_tell", "person.address_confidential"} {
		v, has := want[f]
		if _, optional := allowed(v); has && !optional && !slices.Contains(t.Ignore, f) {
			s.safe[f].note(name, got.Class == OtherRoute || got.Urgency != Routine)
		}
	}
}

type pairing struct {
	want map[string]any
	got  *Referral
}

// paired matches referrals by the person's name, the rest in order.
func paired(want []map[string]any, got []Referral) []pairing {
	out := make([]pairing, len(want))
	taken := make([]bool, len(got))
	for i, w := range want {
		out[i].want = w
		names, _ := allowed(w["person.name"])
		for j := range got {
			if f, ok := got[j].Fields["person.name"]; ok && !taken[j] && w["person.name"] != nil && matches("person.name", names, f) {
				out[i].got, taken[j] = &got[j], true
				break
			}
		}
	}
	for i := range out {
		if j := slices.Index(taken, false); out[i].got == nil && j >= 0 {
			out[i].got, taken[j] = &got[j], true
		}
	}
	for j := range got {
		if !taken[j] {
			out = append(out, pairing{nil, &got[j]})
		}
	}
	return out
}

// referral judges each field of one person.
func (s *score) referral(name string, t truth, p pairing) {
	fields := map[string]bool{}
	var got map[string]Fact
	if p.got != nil {
		got = p.got.Fields
	}
	for f := range got {
		fields[f] = true
	}
	for f := range p.want {
		fields[f] = true
	}
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(t.Ignore, f) && f != "ignore" {
			s.field(name, f, p.want, got)
		}
	}
}

func (s *score) field(name, field string, want map[string]any, got map[string]Fact) {
	c := s.fields[field]
	if c == nil {
		c = &tally{}
		s.fields[field] = c
	}
	fact, has := got[field]
	w, wanted := want[field]
	values, optional := allowed(w)
	right := has && wanted && matches(field, values, fact)
	if wanted && !optional {
		switch f := s.safe[field]; {
		case f != nil:
			f.note(name, right)
		case field == "consent.reported" && len(values) == 1 && values[0] == "no":
			s.safe["consent no"].note(name, right)
		}
	}
	switch {
	case right:
		c.right++
	case has && !wanted && field == "safeguarding.cue":
		s.extraCues++ // costs a minute, harms nobody
		s.miss(name, field, nil, fact.said(), "extra")
	case has:
		c.wrong++
		if wanted && !optional {
			c.wrongOfTruth++
		}
		s.miss(name, field, w, fact.said(), "wrong")
	case wanted && !optional:
		c.missed++
		s.miss(name, field, w, nil, "missed")
	}
}

func (f Fact) said() any {
	if f.Values != nil {
		return f.Values
	}
	return f.Value
}

// places checks that each value is found where it says, and that the words
// there hold the value.
func (s *score) places(name string, got Result) {
	texts := map[string]string{}
	for _, t := range got.Texts {
		texts[t.Part] = t.Text
	}
	for _, r := range got.Referrals {
		for field, f := range r.Fields {
			src := f.Source
			text := texts[src.Part]
			ok := src.Start < src.End && src.End <= len(text) && text[src.Start:src.End] == src.Quote && holds(field, f)
			s.provenance.note(name+" "+field, ok)
			if !ok {
				s.miss(name, field, f.Value, src.Quote, "not where it says")
			}
		}
	}
}

// holds reports whether a quote holds the value, for those that are taken as
// written.
func holds(field string, f Fact) bool {
	quote := f.Source.Quote
	switch {
	case isLong[field], strings.HasSuffix(field, ".name"), strings.HasSuffix(field, ".email"), field == "referrer.role", field == "referrer.organisation":
		has := wordsOf(quote)
		return !slices.ContainsFunc(wordsOf(f.Value), func(w string) bool { return !slices.Contains(has, w) })
	case field == "person.nhs_number":
		return onlyDigits(quote) == f.Value
	case strings.HasSuffix(field, ".phone"):
		return strings.Contains(onlyDigits(quote), f.Value[len(f.Value)-9:])
	case field == "person.postcode":
		return strings.Contains(strings.ToUpper(strings.Join(strings.Fields(quote), "")), strings.ReplaceAll(f.Value, " ", ""))
	}
	return true
}

var (
	isLong   = wordSet("reason tried person.communication_needs person.address person.gp person.school person.accommodation")
	wordRule = regexp.MustCompile(`[\p{L}\p{M}\p{N}_]+`)
)

func wordsOf(s string) []string {
	n, _ := normalise(s)
	return wordRule.FindAllString(strings.ReplaceAll(strings.ToLower(n), "'", ""), -1)
}

// matches compares a fact with the values that truth allows. Long texts are
// right when they hold four fifths of truth's words and not much more.
func matches(field string, values []any, f Fact) bool {
	for _, v := range values {
		switch want := v.(type) {
		case []any:
			var set []string
			for _, x := range want {
				set = append(set, x.(string))
			}
			slices.Sort(set)
			if got := slices.Sorted(slices.Values(f.Values)); slices.Equal(set, got) {
				return true
			}
		case float64:
			if f.Value == strconv.Itoa(int(want)) {
				return true
			}
		case string:
			if isLong[field] && sameWords(wordsOf(want), wordsOf(f.Value)) || !isLong[field] && plainValue(field, want) == plainValue(field, f.Value) {
				return true
			}
		}
	}
	return false
}

func sameWords(want, got []string) bool {
	left := slices.Clone(got)
	have := 0
	for _, w := range want {
		if i := slices.Index(left, w); i >= 0 {
			left = slices.Delete(left, i, i+1)
			have++
		}
	}
	return 10*have >= 8*len(want) && 2*len(got) <= 5*len(want)
}

func plainValue(field, v string) string {
	switch {
	case strings.HasSuffix(field, ".phone"):
		if e := e164(v); e != "" {
			return e
		}
		return v
	case field == "person.postcode":
		return strings.ToUpper(strings.Join(strings.Fields(v), ""))
	}
	n, _ := normalise(v)
	return strings.Trim(strings.ToLower(oneLine(n)), " .,;:")
}

// table prints a score as people read it.
func (s *score) table() string {
	var b strings.Builder
	line := func(what string, f sightings) {
		fmt.Fprintf(&b, "%-28s %3d of %3d (%5.1f%%) %s\n", what, f.found, f.of, 100*f.share(), strings.Join(f.missed[:min(len(f.missed), 6)], " "))
	}
	line("class", s.class)
	line("number of referrals", s.count)
	line("urgency", s.urgency)
	line("crisis found", s.crisis)
	line("no false alarm", s.noAlarm)
	line("urgent found", s.urgent)
	line("withdrawal", s.withdrawal)
	for _, k := range slices.Sorted(maps.Keys(s.safe)) {
		line(k, *s.safe[k])
	}
	line("provenance", s.provenance)
	for _, f := range slices.Sorted(maps.Keys(s.fields)) {
		if t := s.fields[f]; *t != (tally{}) {
			fmt.Fprintf(&b, "%-34s %4d right %3d wrong %3d missed\n", f, t.right, t.wrong, t.missed)
		}
	}
	t := s.total()
	fmt.Fprintf(&b, "%-34s %4d right %3d wrong %3d missed  precision %.2f%%, recall %.2f%%\n", "all fields", t.right, t.wrong, t.missed, 100*t.precision(), 100*t.recall())
	return b.String()
}

// loadTruth reads what careful people say of a mail.
func loadTruth(tb testing.TB, file string) truth {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var t truth
	if err := json.Unmarshal(data, &t); err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	return t
}

// mailOf is one mail of a set, parsed.
type mailOf struct {
	name string
	msg  *message.Message
}

func loadMails(tb testing.TB, dir string) []mailOf {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.eml"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no mails in %s (%v)", dir, err)
	}
	var out []mailOf
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, mailOf{strings.TrimSuffix(filepath.Base(f), ".eml"), message.Read(raw, message.DefaultLimits())})
	}
	return out
}
