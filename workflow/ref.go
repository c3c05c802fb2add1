package workflow

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// refLetters are the check characters: none that is read for a digit or another letter.
const refLetters = "ABCDEFGHJKLMNPQRTUVWXYZ"

// Ref is the reference of the nth case of a year, with its check character. It
// holds no personal data, so it may stand in subjects and alerts.
func Ref(year, n int) string {
	digits := fmt.Sprintf("%04d%05d", year, n)
	return fmt.Sprintf("DSR-%04d-%05d-%c", year, n, refLetters[refSum(digits)])
}

// refSum weighs each digit by its place, so that one wrong digit or two swapped
// neighbours change the check character.
func refSum(digits string) int {
	sum := 0
	for i, r := range digits {
		sum += (i + 2) * int(r-'0')
	}
	return sum % len(refLetters)
}

var refForm = regexp.MustCompile(`(?i)\bDSR-(\d{4})-(\d{5,7})-([A-Z])\b`)

// FindRefs lists the references in a text whose check character holds.
func FindRefs(text string) []string {
	var out []string
	for _, m := range refForm.FindAllStringSubmatch(text, -1) {
		year, _ := strconv.Atoi(m[1])
		n, _ := strconv.Atoi(m[2])
		if r := Ref(year, n); strings.EqualFold(r, m[0]) {
			out = append(out, r)
		}
	}
	return out
}
