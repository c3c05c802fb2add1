package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// page is a page as it was served, read the way people read it: by what stands
// on links, labels, legends and buttons.
type page struct {
	root *html.Node
	path string
}

func readPage(t testing.TB, path, source string) page {
	t.Helper()
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatalf("%s is no HTML: %v", path, err)
	}
	return page{root, path}
}

// all are the elements of some kinds that fit, in the order of the page.
func (p page) all(fits func(*html.Node) bool) []*html.Node {
	return below(p.root, fits)
}

func below(root *html.Node, fits func(*html.Node) bool) []*html.Node {
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && fits(n) {
			out = append(out, n)
		}
	}
	return out
}

func element(kinds ...atom.Atom) func(*html.Node) bool {
	return func(n *html.Node) bool { return slices.Contains(kinds, n.DataAtom) }
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func (p page) byID(id string) *html.Node {
	for _, n := range p.all(func(n *html.Node) bool { return attribute(n, "id") == id }) {
		return n
	}
	return nil
}

// words are the words of an element, blanks made single.
func words(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		if n.Type == html.ElementNode && element(atom.Script, atom.Style, atom.Template, atom.Dialog)(n) {
			return
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
		if n.Type == html.ElementNode && !element(atom.A, atom.Span, atom.Strong, atom.Em, atom.Mark, atom.B, atom.I)(n) {
			b.WriteString(" ")
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

// text is what stands on the page itself, without its head and foot.
func (p page) text() string {
	if mains := p.all(element(atom.Main)); len(mains) > 0 {
		return words(mains[0])
	}
	return words(p.root)
}

// best is the first that is called so; else whose name begins so; else in whose
// name it stands.
func best(nodes []*html.Node, name func(*html.Node) string, want string) *html.Node {
	for _, fits := range []func(string, string) bool{func(a, b string) bool { return a == b }, strings.HasPrefix, strings.Contains} {
		for _, n := range nodes {
			if fits(name(n), want) {
				return n
			}
		}
	}
	return nil
}

func (p page) link(text string) (*html.Node, error) {
	links := p.all(func(n *html.Node) bool { return n.DataAtom == atom.A && has(n, "href") })
	if n := best(links, words, text); n != nil {
		return n, nil
	}
	return nil, p.lacks("link", text, links)
}

func (p page) button(text string) (*html.Node, error) {
	buttons := p.all(func(n *html.Node) bool { return n.DataAtom == atom.Button && attribute(n, "type") != "button" })
	// Those of the page itself before those of its head: "Search" may stand in both.
	inside := slices.DeleteFunc(slices.Clone(buttons), func(n *html.Node) bool { return parent(n, atom.Main) == nil })
	for _, some := range [][]*html.Node{inside, buttons} {
		if n := best(some, words, text); n != nil {
			return n, nil
		}
	}
	return nil, p.lacks("button", text, buttons)
}

// control is the control that a label names. With more than one name, those
// before the last are legends of the groups that it stands in.
func (p page) control(names ...string) (*html.Node, error) {
	within := p.root
	for _, legend := range names[:len(names)-1] {
		groups := below(within, element(atom.Fieldset))
		within = best(groups, legendOf, legend)
		if within == nil {
			return nil, p.lacksNamed("group", legend, groups, legendOf)
		}
	}
	labels := below(within, element(atom.Label))
	label := best(labels, words, names[len(names)-1])
	if label == nil {
		return nil, p.lacks("label", names[len(names)-1], labels)
	}
	if id := attribute(label, "for"); id != "" {
		if n := p.byID(id); n != nil {
			return n, nil
		}
		return nil, fmt.Errorf("the label %q names no control", words(label))
	}
	for _, n := range below(label, element(atom.Input, atom.Select, atom.Textarea)) {
		return n, nil
	}
	return nil, fmt.Errorf("the label %q holds no control", words(label))
}

func legendOf(fieldset *html.Node) string {
	for n := range fieldset.ChildNodes() {
		if n.DataAtom == atom.Legend {
			return words(n)
		}
	}
	return ""
}

// lacks says what a page does not have, and what it has instead.
func (p page) lacks(kind, want string, instead []*html.Node) error {
	return p.lacksNamed(kind, want, instead, words)
}

func (p page) lacksNamed(kind, want string, instead []*html.Node, name func(*html.Node) string) error {
	var have []string
	for _, n := range instead {
		have = append(have, name(n))
	}
	return fmt.Errorf("%s has no %s %q; it has %q and says:\n%s", p.path, kind, want, have, p.text())
}

func parent(n *html.Node, kind atom.Atom) *html.Node {
	for up := range n.Ancestors() {
		if up.DataAtom == kind {
			return up
		}
	}
	return nil
}

// formOf is the form that a control belongs to.
func (p page) formOf(n *html.Node) *html.Node {
	if id := attribute(n, "form"); id != "" {
		return p.byID(id)
	}
	return parent(n, atom.Form)
}

// links are the addresses of the page's own links that begin so, each once.
func (p page) links(prefix string) []string {
	var out []string
	for _, n := range p.all(element(atom.A)) {
		if href := attribute(n, "href"); strings.HasPrefix(href, prefix) && !slices.Contains(out, href) {
			out = append(out, href)
		}
	}
	return out
}
