package reading

import (
	"strings"
)

type phoneHit struct {
	span
	value string // E.164
}

var (
	phoneShape = lazy(`(?:\+44[ .\-]?(?:\(0\)[ .\-]?)?|0044[ .\-]?|\(?0)\d(?:[ .\-)]{0,2}\d){8,9}`)
	bareMobile = lazy(`7\d{3}[ ]?\d{3}[ ]?\d{3}`)
	phoneWord  = lazy(`(?i)\b(?:call|ring|phone|tel|telephone|mobile|mob|text|cell|number)\b[^\d\n]{0,20}$`)
	faxWord    = lazy(`(?i)\b(?:fax|bleep|pager|ext)\b[^\d\n]{0,10}$`)
)

// phones finds telephone numbers of the United Kingdom. Ten digits that begin
// with 7 are a mobile that lost its 0, if the words before it speak of calling.
func phones(norm string) []phoneHit {
	var hits []phoneHit
	for _, m := range phoneShape.FindAllStringIndex(norm, -1) {
		if !edgeBefore(norm, m[0]) || !edgeAfter(norm, m[1]) || faxWord.MatchString(norm[max(0, m[0]-20):m[0]]) {
			continue
		}
		if v := e164(norm[m[0]:m[1]]); v != "" {
			hits = append(hits, phoneHit{span{m[0], m[1]}, v})
		}
	}
	for _, m := range bareMobile.FindAllStringIndex(norm, -1) {
		if edgeBefore(norm, m[0]) && edgeAfter(norm, m[1]) && phoneWord.MatchString(norm[max(0, m[0]-30):m[0]]) {
			hits = append(hits, phoneHit{span{m[0], m[1]}, "+44" + onlyDigits(norm[m[0]:m[1]])})
		}
	}
	return hits
}

// e164 writes a number of the United Kingdom with +44; "" when the digits
// cannot be one.
func e164(raw string) string {
	d := onlyDigits(strings.Replace(raw, "(0)", "", 1))
	switch {
	case strings.HasPrefix(strings.TrimSpace(raw), "+44"), strings.HasPrefix(d, "0044"):
		d = strings.TrimPrefix(strings.TrimPrefix(d, "00"), "44")
	case strings.HasPrefix(d, "0"):
		d = d[1:]
	default:
		return ""
	}
	if len(d) < 9 || len(d) > 10 || strings.IndexByte("12378", d[0]) < 0 {
		return ""
	}
	return "+44" + d
}

var emailShape = lazy(`[A-Za-z0-9._%+'\-]+@[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9\-]+)+`)

type emailHit struct {
	span
	value string // lower case
}

func emails(norm string) []emailHit {
	if strings.IndexByte(norm, '@') < 0 {
		return nil
	}
	var hits []emailHit
	for _, m := range emailShape.FindAllStringIndex(norm, -1) {
		v := strings.ToLower(strings.Trim(norm[m[0]:m[1]], ".-'"))
		hits = append(hits, emailHit{span{m[0], m[0] + len(v)}, v})
	}
	return hits
}
