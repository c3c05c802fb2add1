package message

import (
	"regexp"
	"strings"

	"github.com/emersion/go-message/mail"
)

var addrSpec = regexp.MustCompile("[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\\-\u0080-\U0010FFFF]+@[A-Za-z0-9.\\-\u0080-\U0010FFFF]*[A-Za-z0-9\u0080-\U0010FFFF]")

var aroundAt = regexp.MustCompile(`\s*@\s*`)

// addresses are the mailboxes of a field, of all its occurrences.
func (h header) addresses(name string) []Address {
	var all []Address
	for fields := h.FieldsByKey(name); fields.Next(); {
		all = append(all, parseAddresses(fields.Value())...)
	}
	return all
}

func parseAddresses(v string) []Address {
	if strings.TrimSpace(v) == "" {
		return nil
	}
	list, err := mail.ParseAddressList(v)
	if err != nil && strings.Contains(v, "(") && !strings.Contains(v, `"`) {
		v = aroundAt.ReplaceAllString(stripComments(v), "@") // RFC 5322 allows comments where net/mail does not
		list, err = mail.ParseAddressList(v)
	}
	if err != nil || len(list) == 0 {
		return tolerantAddresses(v)
	}
	addresses := make([]Address, 0, len(list))
	for _, a := range list {
		addresses = append(addresses, newAddress(a.Name, a.Address))
	}
	return addresses
}

func newAddress(name, addr string) Address {
	name = strings.Join(strings.Fields(oneLine(decodeWords(name))), " ")
	if len(name) > 1 && name[0] == '\'' && name[len(name)-1] == '\'' { // Outlook puts names in apostrophes
		name = name[1 : len(name)-1]
	}
	return Address{Name: name, Addr: strings.ToLower(decodeWords(strings.TrimSpace(addr)))}
}

// tolerantAddresses reads lists that no grammar takes: names with bare commas,
// semicolons between addresses, brackets that are missing.
func tolerantAddresses(v string) []Address {
	var found []Address
	var name []string // pieces without an address belong to the name of the next: "Smith, Jane <j@…>"
	for _, item := range splitAddresses(unfold(v)) {
		decoded := decodeWords(item)
		at := addrSpec.FindStringIndex(afterBracket(decoded))
		if at == nil {
			if t := strings.TrimSpace(decoded); t != "" {
				name = append(name, t)
			}
			continue
		}
		shift := len(decoded) - len(afterBracket(decoded))
		if !strings.Contains(decoded, "<") {
			name = nil
		}
		before := decoded[:at[0]+shift]
		if _, rest, isGroup := strings.Cut(before, ":"); isGroup {
			before, name = rest, nil
		}
		name = append(name, strings.Trim(before, ` "<'`))
		found = append(found, newAddress(strings.Trim(strings.Join(name, ", "), ` "',`), decoded[at[0]+shift:at[1]+shift]))
		name = nil
	}
	return found
}

// afterBracket prefers what stands in angle brackets: a name may look like an address.
func afterBracket(s string) string {
	if i := strings.LastIndexByte(s, '<'); i >= 0 && addrSpec.MatchString(s[i:]) {
		return s[i:]
	}
	return s
}

// splitAddresses cuts at commas and semicolons outside quotes and brackets.
func splitAddresses(v string) []string {
	var items []string
	start, quoted, bracket := 0, false, false
	if strings.Count(v, `"`)%2 == 1 {
		v = strings.ReplaceAll(v, `"`, "")
	}
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '<':
			bracket = !quoted
		case '>':
			bracket = false
		case ',', ';':
			if !quoted && !bracket {
				items = append(items, v[start:i])
				start = i + 1
			}
		}
	}
	return append(items, v[start:])
}

// returnPath is nil without the field and empty for the null path, which says
// that nobody wants an answer (RFC 5321 4.5.5).
func (h header) returnPath() *Address {
	if !h.Has("Return-Path") {
		return nil
	}
	v := strings.TrimSpace(h.Get("Return-Path"))
	if found := addrSpec.FindString(v); found != "" {
		return &Address{Addr: strings.ToLower(clean(found))}
	}
	return &Address{}
}

// HeaderText is the text of the part "header": what of the header a person
// reads, one field a line.
func HeaderText(m *Message) string {
	return "From: " + oneLine(m.Get("From")) + "\nSubject: " + oneLine(m.Get("Subject")) + "\nDate: " + oneLine(m.Get("Date")) + "\n"
}
