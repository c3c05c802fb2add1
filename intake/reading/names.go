package reading

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameToken is one word of a name: O'Brien-Ng, Ivy-Rose, McArthur, K.
var nameToken = lazy(`^\p{L}[\p{L}\p{M}]*(?:['\-]\p{L}[\p{L}\p{M}]*)*\.?`)

var nameParticles = wordSet("van der den de la le di da dos du von zu bin binti ibn al el ap st ter o")

var nameTitles = wordSet("mr mrs miss ms mx dr prof professor sister sir dame rev reverend pc dc ps sgt cllr master")

// nameAt reads a name at offset i of norm: words with a capital, or in capitals
// or small letters throughout where the writer uses only these. It ends before
// the first word that no name has.
func nameAt(norm string, i int) (span, bool) {
	i += len(norm[i:]) - len(strings.TrimLeft(norm[i:], " \t\n"))
	start, end, count := i, i, 0
words:
	for count < 5 {
		if n := len(nickname.FindString(norm[i:])); n > 0 && count > 0 {
			if after := nameToken.FindString(norm[i+n:]); after != "" && isNameWord(strings.TrimSuffix(after, "."), false) {
				i += n
			}
		}
		m := nameToken.FindString(norm[i:])
		if m == "" {
			break
		}
		word := strings.TrimSuffix(m, ".")
		w := strings.ToLower(word)
		switch {
		case nameTitles[w] && count == 0:
			i += len(m)
			i += blanks(norm[i:])
			if end == start && w != "dr" && w != "prof" && w != "professor" {
				start = i // Mr and Mrs are no part of a name; a doctor's title stays
			}
			end = start
			continue
		case nameParticles[w] && count > 0 && unicode.IsLower(firstRune(word)):
			// a particle counts only with the word after it
			next := i + len(m) + blanks(norm[i+len(m):])
			after := nameToken.FindString(norm[next:])
			if after == "" || !isNameWord(strings.TrimSuffix(after, "."), false) {
				break words
			}
			i = next
			continue
		case count == 0 && len(m) == 2 && m[1] == '.' && unicode.IsUpper(firstRune(m)) && initialled.MatchString(norm[i:]):
			// an initial: "A. Lindo"
		case !isNameWord(word, false) && !rareName(norm, word, i+len(m), count):
			break words
		}
		if count > 0 && len(word) > 2 && word == strings.ToUpper(word) && norm[start:end] != strings.ToUpper(norm[start:end]) && !isUncased(firstRune(word)) {
			if next := strings.TrimLeft(norm[i+len(m):], " "); next == "" || strings.IndexByte("\n,.;:)(\t/", next[0]) >= 0 && count > 0 && !shouts(word) {
				count++
				end = i + len(word)
			}
			break // "Leanne Sibley MISSING": the rest is no name
		}
		count++
		end = i + len(word)
		if word != m && utf8.RuneCountInString(word) > 1 {
			break // a full stop ends the name, except after an initial
		}
		i += len(m)
		if strings.HasSuffix(word, "'s") {
			break // what follows is somebody's
		}
		n := blanks(norm[i:])
		if n == 0 {
			break
		}
		i += n
	}
	if count > 0 {
		if p := strings.TrimSuffix(norm[start:end], "'s"); len(p) < end-start {
			end = start + len(p)
		}
	}
	return span{start, end}, count > 0
}

// nickname is what people put into the middle of a name: Ronald (Ronnie)
// Tapsell, Bartholomew 'Barty' Quince.
var (
	nickname   = lazy(`^(?:\((\p{Lu}\p{L}+)\)|'(\p{Lu}\p{L}+)'|"(\p{Lu}\p{L}+)") `)
	initialled = lazy(`^(?:\p{Lu}\. ?){1,3}\p{Lu}\p{Ll}`)
)

// shouts knows words in capitals that follow names in subjects.
func shouts(w string) bool {
	switch w {
	case "MISSING", "URGENT", "CRISIS", "DSR", "HELP", "UPDATE", "REFERRAL", "SENCO", "LAC", "CIN":
		return true
	}
	return false
}

// rareName lets words pass that are names of people only in their place: April
// before a family name, Green or Young after a first name.
func rareName(norm, word string, after, count int) bool {
	if !unicode.IsUpper(firstRune(word)) {
		return false
	}
	w := strings.ToLower(word)
	if count > 0 {
		return familyNames[w]
	}
	next := nameToken.FindString(norm[after+blanks(norm[after:]):])
	return firstNames[w] && next != "" && after < len(norm) && norm[after] == ' ' && isNameWord(strings.TrimSuffix(next, "."), false)
}

// lowerNameAt reads a name that its writer did not begin with capitals.
func lowerNameAt(norm string, i int) (span, bool) {
	start, end, count := i, i, 0
	for count < 3 {
		m := nameToken.FindString(norm[i:])
		word := strings.TrimSuffix(m, ".")
		if m == "" || !isNameWord(word, true) || strings.HasSuffix(word, "'s") {
			break
		}
		count++
		end = i + len(word)
		if word != m {
			break
		}
		i += len(m)
		n := blanks(norm[i:])
		if n == 0 {
			break
		}
		i += n
	}
	return span{start, end}, count > 0
}

// blanks counts the white space at the start of s that may stand inside a name:
// spaces and at most one line break.
func blanks(s string) int {
	n, breaks := 0, 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\n') {
		if s[n] == '\n' {
			if breaks++; breaks > 1 {
				return 0
			}
		}
		n++
	}
	return n
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// isNameWord reports whether a word may be part of a name. Without small it
// must begin with a capital.
func isNameWord(w string, small bool) bool {
	if w == "" || !small && !unicode.IsUpper(firstRune(w)) && !isUncased(firstRune(w)) {
		return false
	}
	l := strings.ToLower(w)
	if small && len(l) < 2 {
		return false
	}
	return !notNames[strings.TrimSuffix(l, "'s")] && !notNames[l]
}

func isUncased(r rune) bool { return unicode.IsLetter(r) && unicode.ToLower(r) == unicode.ToUpper(r) }

// properName writes a name as names are written, when it came in capitals or
// small letters only, and without line breaks.
func properName(raw string) string {
	s := oneLine(raw)
	if s != strings.ToUpper(s) && s != strings.ToLower(s) {
		return s
	}
	prev := ' '
	return strings.Map(func(r rune) rune {
		up := prev == ' ' || prev == '-' || prev == '\''
		prev = r
		if up {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, s)
}

var (
	bracketed = lazy(`\s*[(\[][^)\]]*[)\]]`)
	viaSuffix = lazy(`(?i)\s+via\s+.*$`)
)

// displayName makes a person's name of the display name of an address, "" when
// it names a device, a team or a machine. "TAIT, Owen (COASTLINE CAMHS)" is
// Owen Tait.
func displayName(d string) string {
	d = oneLine(viaSuffix.ReplaceAllString(bracketed.ReplaceAllString(d, ""), ""))
	d = strings.Trim(d, `"' `)
	if last, first, ok := strings.Cut(d, ","); ok {
		d = strings.TrimSpace(first) + " " + properName(strings.TrimSpace(last))
	}
	if d == "" || strings.ContainsAny(d, "@0123456789/") || len(strings.Fields(d)) > 5 {
		return ""
	}
	small := d == strings.ToLower(d)
	for _, w := range strings.Fields(d) {
		w = strings.Trim(w, ".,")
		l := strings.ToLower(w)
		if !nameTitles[l] && !nameParticles[l] && !isNameWord(w, small && len(w) > 1) && !familyNames[l] && !firstNames[l] {
			return ""
		}
	}
	if small {
		return properName(d)
	}
	return d
}

// bareName is a name without its title.
func bareName(n string) string {
	f := strings.Fields(n)
	for len(f) > 1 && nameTitles[strings.ToLower(strings.TrimSuffix(f[0], "."))] {
		f = f[1:]
	}
	return strings.Join(f, " ")
}

// sameFirstName reports whether a is a short form of b by its first word: Tanya
// of Tanya Latimer.
func sameFirstName(a, b string) bool {
	fa, fb := strings.Fields(strings.ToLower(bareName(a))), strings.Fields(strings.ToLower(bareName(b)))
	return len(fa) > 0 && len(fb) > 0 && fa[0] == fb[0]
}

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}
