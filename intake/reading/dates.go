package reading

import (
	"strconv"
	"strings"
	"time"
)

// dateHit is a date as written. Day-month-year only: this is England.
type dateHit struct {
	span
	year, month, day int    // year 0 when none is written, day 0 for month and year alone
	why              string // why it is no date, "" when it is one
}

func (d dateHit) iso() string {
	return time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

func (d dateHit) time() time.Time {
	return time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
}

const monthWord = `(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`

var (
	dateISO   = lazy(`(\d{4})-(\d{2})-(\d{2})`)
	dateNum   = lazy(`(\d{1,2})[ \t]?[/.\-][ \t]?(\d{1,2})[ \t]?[/.\-][ \t]?(\d{4}|\d{2})`)
	dateCells = lazy(`(\d{1,2})[ \t\n|]+(\d{1,2})[ \t\n|]+(\d{4})`)
	dateWords = lazy(`(\d{1,2})(?:st|nd|rd|th)?[ \t\n\-]*(?:of[ \t\n]+)?(?:the[ \t]+)?` + monthWord + `\b\.?,?(?:[ \t\n\-]+(\d{4}|'?\d{2})\b)?`)
	dateUS    = lazy(monthWord + `\.?[ \t\n]+(\d{1,2})(?:st|nd|rd|th)?(?:,[ \t\n]*|[ \t\n]+)(\d{4})`)
)

var monthNumber = map[string]int{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}

// dates finds all dates in low, which is in lower case. now decides which
// century two digits mean: the last hundred years.
func dates(low string, now time.Time) []dateHit {
	if !strings.ContainsAny(low, "0123456789") {
		return nil
	}
	var hits []dateHit
	add := func(m []int, y, mo, d string) {
		if !edgeBefore(low, m[0]) || !edgeAfter(low, m[1]) || beforeIs(low, m[0], "£$+:") || overlaps(hits, m[0], m[1]) {
			return
		}
		h := dateHit{span: span{m[0], m[1]}}
		h.year, h.month, h.day = yearOf(y, now), monthOf(mo), atoi(d)
		h.check()
		hits = append(hits, h)
	}
	for _, m := range dateISO.FindAllStringSubmatchIndex(low, -1) {
		add(m, low[m[2]:m[3]], low[m[4]:m[5]], low[m[6]:m[7]])
	}
	for _, m := range dateNum.FindAllStringSubmatchIndex(low, -1) {
		add(m, low[m[6]:m[7]], low[m[4]:m[5]], low[m[2]:m[3]])
	}
	for _, m := range dateWords.FindAllStringSubmatchIndex(low, -1) {
		year := ""
		if m[6] >= 0 {
			year = strings.TrimPrefix(low[m[6]:m[7]], "'")
		}
		add(m, year, low[m[4]:m[5]], low[m[2]:m[3]])
	}
	for _, m := range dateUS.FindAllStringSubmatchIndex(low, -1) {
		add(m, low[m[6]:m[7]], low[m[2]:m[3]], low[m[4]:m[5]])
	}
	return hits
}

// cellDate reads a date whose day, month and year stand in three cells, or as
// eight digits in a comb: only for a field that is known to be a date.
func cellDate(low string, now time.Time) (dateHit, bool) {
	if hits := dates(low, now); len(hits) > 0 {
		return hits[0], true
	}
	if m := dateCells.FindStringSubmatchIndex(low); m != nil {
		h := dateHit{span: span{m[0], m[1]}, year: atoi(low[m[6]:m[7]]), month: atoi(low[m[4]:m[5]]), day: atoi(low[m[2]:m[3]])}
		h.check()
		return h, true
	}
	start, end := trim(low, 0, len(low))
	d := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '|' {
			return -1
		}
		return r
	}, low[start:end])
	if len(d) == 8 && onlyDigits(d) == d {
		h := dateHit{span: span{start, end}, year: atoi(d[4:]), month: atoi(d[2:4]), day: atoi(d[:2])}
		h.check()
		return h, true
	}
	return dateHit{}, false
}

func (h *dateHit) check() {
	if h.month < 1 || h.month > 12 || h.day < 1 || h.day > 31 {
		h.why = "no such date"
		return
	}
	year := h.year
	if year == 0 {
		year = 2024 // a leap year: 29 February is possible without its year
	}
	if t := time.Date(year, time.Month(h.month), h.day, 0, 0, 0, 0, time.UTC); t.Day() != h.day || year < 1890 {
		h.why = "no such date"
	}
}

func overlaps(hits []dateHit, start, end int) bool {
	for _, h := range hits {
		if start < h.end && h.start < end {
			return true
		}
	}
	return false
}

func yearOf(y string, now time.Time) int {
	n := atoi(y)
	if len(y) == 2 {
		n += 2000
		if n > now.Year()+1 {
			n -= 100
		}
	}
	return n
}

func monthOf(m string) int {
	if len(m) >= 3 && m[0] >= 'a' {
		return monthNumber[m[:3]]
	}
	return atoi(m)
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// age is the number of whole years between two days.
func age(born, now time.Time) int {
	years := now.Year() - born.Year()
	if now.Month() < born.Month() || now.Month() == born.Month() && now.Day() < born.Day() {
		years--
	}
	return years
}
