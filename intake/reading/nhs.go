package reading

import (
	"strings"
)

// nhsHit is a ten-digit number that may be an NHS number.
type nhsHit struct {
	span
	digits   string
	labelled bool   // the words before it say NHS
	why      string // why it is refused; "" when it is taken
}

var (
	tenDigits = lazy(`\d{3}[ .\-]{0,3}\d{3}[ .\-]{0,3}\d{4}|\d{10}|\d{3}[ \t|]+\d{3}[ \t|]+\d{4}|\d(?:[ \t|]{1,3}\d){9}`)
	nhsLabel  = lazy(`(?i)\bnhs\b[^\n\d]{0,40}$|\bnhs[^\d]{0,25}\n?[^\d\n]{0,25}$`)
	notNHS    = lazy(`(?i)\b(?:ref|reference|case|customer|account|invoice|hospital|rio|systmone|pnc|upn|unique pupil|mosaic|liquidlogic|order|tel|telephone|phone|mobile|mob|call|ring|text|fax|number on|cell)\b[^\n]{0,25}$`)
)

// nhsNumbers finds NHS numbers in s. The check digit alone is a bad test: every
// repeated digit passes it, and so does one mobile number in eleven written
// without its leading 0. So a number without the label NHS is taken only when
// it is grouped 3-3-4 and nothing before it says that it is something else.
func nhsNumbers(s string) []nhsHit {
	var hits []nhsHit
	for at := 0; at < len(s); {
		m := tenDigits.FindStringIndex(s[at:])
		if m == nil {
			break
		}
		start, end := at+m[0], at+m[1]
		at = end
		if !edgeBefore(s, start) || !edgeAfter(s, end) || beforeIs(s, start, "+/") {
			continue
		}
		h := nhsHit{span: span{start, end}, digits: onlyDigits(s[start:end])}
		before := s[max(0, start-60):start]
		h.labelled = nhsLabel.MatchString(before)
		h.why = refuseNHS(h.digits)
		if h.why == "" && !h.labelled {
			switch {
			case notNHS.MatchString(before):
				h.why = "another number by its label"
			case !strings.ContainsAny(s[start:end], " -."):
				h.why = "ten digits without the label NHS"
			}
		}
		hits = append(hits, h)
	}
	return hits
}

func beforeIs(s string, i int, set string) bool {
	return i > 0 && strings.IndexByte(set, s[i-1]) >= 0
}

// refuseNHS says why ten digits are no NHS number, or "".
func refuseNHS(d string) string {
	switch {
	case len(d) != 10:
		return "not ten digits"
	case strings.Count(d, d[:1]) == 10:
		return "one digit repeated"
	case d[0] == '0':
		return "begins with 0"
	case !nhsCheck(d):
		return "check digit fails"
	}
	return ""
}

// nhsCheck computes the modulus 11 check digit: weights 10 to 2; 11 counts as
// 0 and 10 is never issued.
func nhsCheck(d string) bool {
	sum := 0
	for i := range 9 {
		sum += int(d[i]-'0') * (10 - i)
	}
	check := 11 - sum%11
	if check == 11 {
		check = 0
	}
	return check != 10 && check == int(d[9]-'0')
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
