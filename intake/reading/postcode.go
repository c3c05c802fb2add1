package reading

import (
	"strings"
)

// The shapes of outward and inward codes with the letters that each place
// allows; an inward code never has C I K M O V.
var postcodeShape = lazy(`(?i)\b(?:([A-PR-UWYZ](?:[0-9][0-9A-HJKSTUW]?|[A-HK-Y][0-9][0-9ABEHMNPRVWXY]?))[ \t]{0,2}\n?([0-9][ABD-HJLNP-UW-Z]{2})|(GIR)[ ]?(0AA))\b`)

type postcodeHit struct {
	span
	value string // "CM1 1LX"
}

func postcodes(norm string) []postcodeHit {
	var hits []postcodeHit
	for _, m := range postcodeShape.FindAllStringSubmatchIndex(norm, -1) {
		if m[2] < 0 {
			continue
		}
		hits = append(hits, postcodeHit{span{m[0], m[1]}, strings.ToUpper(norm[m[2]:m[3]] + " " + norm[m[4]:m[5]])})
	}
	return hits
}
