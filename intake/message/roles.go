package message

import "strings"

// assignRoles says of every leaf what it is for, from where it stands.
func assignRoles(root *entity) {
	if root.part != nil && root.children == nil {
		rootRole(root.part, root.attachment)
		return
	}
	inherit(root, Body)
	markReferred(root)
}

// rootRole is for a mail of one part: its text is the body even if it has a name.
func rootRole(p *Part, attachment bool) {
	switch {
	case p.Mail != nil:
		p.Role = AttachedMail
	case isBodyType(p.Type) && (!attachment || p.Name == ""):
		p.Role = Body
	default:
		p.Role = Attached
	}
}

// inherit hands the role of a multipart down to its children.
func inherit(e *entity, role Role) {
	if e.part != nil {
		e.part.Role = leafRole(e, role)
		for _, c := range e.children {
			inherit(c, role)
		}
		return
	}
	switch e.mediaType {
	case "multipart/alternative":
		best := bestAlternative(e.children)
		for i, c := range e.children {
			if i == best {
				inherit(c, role)
			} else {
				inherit(c, Alternative)
			}
		}
	case "multipart/related":
		inheritRelated(e, role)
	case "multipart/signed", "multipart/appledouble":
		for i, c := range e.children {
			if i == 0 {
				inherit(c, role)
			} else {
				inherit(c, Attached)
			}
		}
	default:
		inheritMixed(e, role)
	}
}

func leafRole(e *entity, role Role) Role {
	p := e.part
	switch {
	case p.Mail != nil:
		return AttachedMail
	case e.attachment, role == Attached:
		return Attached
	case isBodyType(p.Type) && p.Name == "":
		return role
	case role == Alternative && (p.Type == "text/calendar" || p.Type == "text/x-amp-html"):
		return Alternative
	}
	return Attached
}

// inheritMixed lets the first text be the body although it has a name: some
// clients name it, and a mail's only words must not pass for a file.
func inheritMixed(e *entity, role Role) {
	for i, c := range e.children {
		inherit(c, role)
		if i == 0 && c.part != nil && c.part.Role == Attached && role != Attached &&
			isBodyType(c.part.Type) && !c.attachment && c.part.Mail == nil {
			c.part.Role = role
		}
	}
}

func inheritRelated(e *entity, role Role) {
	root := 0
	if start := trimID(e.params["start"]); start != "" {
		for i, c := range e.children {
			if c.part != nil && c.part.ContentID == start {
				root = i
			}
		}
	}
	for i, c := range e.children {
		inherit(c, role)
		if i != root && c.part != nil && strings.HasPrefix(c.part.Type, "image/") && c.part.ContentID != "" {
			c.part.Role = Inline
		}
	}
}

// markReferred finds pictures that an HTML body shows though they stand in a
// multipart/mixed. A picture that no body shows stays a file: it may be the
// photographed form.
func markReferred(root *entity) {
	var html []*Part
	var pictures []*Part
	var walk func(*entity)
	walk = func(e *entity) {
		for _, c := range e.children {
			walk(c)
		}
		if p := e.part; p != nil && p.Type == "text/html" && p.Role != Attached {
			html = append(html, p)
		} else if p != nil && p.Role == Attached && p.ContentID != "" && strings.HasPrefix(p.Type, "image/") {
			pictures = append(pictures, p)
		}
	}
	walk(root)
	for _, picture := range pictures {
		for _, h := range html {
			if strings.Contains(string(h.Data), "cid:"+picture.ContentID) {
				picture.Role = Inline
			}
		}
	}
}

// bestAlternative prefers the plain text, whose words the sender's client
// vouches for, unless it says much less than the HTML: then it is only a hint
// to get a better program.
func bestAlternative(children []*entity) int {
	plain, html := -1, -1
	var words, htmlWords int
	for i, c := range children {
		p := c.firstText()
		switch {
		case p == nil:
		case p.Type == "text/html":
			html, htmlWords = i, countWords(p.Text)
		case plain < 0:
			plain, words = i, countWords(p.Text)
		}
	}
	if plain < 0 && html < 0 {
		return 0
	}
	if plain < 0 || html >= 0 && (words == 0 && htmlWords > 0 || htmlWords > 3*words+20) {
		return html
	}
	return plain
}

func (e *entity) firstText() *Part {
	if e.part != nil {
		if isBodyType(e.part.Type) && !e.attachment {
			return e.part
		}
		return nil
	}
	for _, c := range e.children {
		if p := c.firstText(); p != nil {
			return p
		}
	}
	return nil
}

func isBodyType(mediaType string) bool {
	switch mediaType {
	case "text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-plain":
		return true
	}
	return false
}

func countWords(s string) int {
	n := 0
	inWord := false
	for i := range len(s) {
		space := isSpace(s[i])
		if !space && !inWord {
			n++
		}
		inWord = !space
	}
	return n
}
