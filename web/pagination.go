package web

import "fmt"

// Pagination leads through a long list.
type Pagination struct {
	From, To, Total int
	Previous, Next  string // addresses, "" at the ends
	Pages           []PageLink
}

// PageLink is one page's number; without an address it is a gap.
type PageLink struct {
	Number  int
	Href    string
	Current bool
}

// Words is "Showing 26 to 50 of 63".
func (p Pagination) Words() string {
	if p.Total == 0 {
		return "Showing 0"
	}
	return fmt.Sprintf("Showing %s to %s of %s", thousands(p.From), thousands(p.To), thousands(p.Total))
}

// paginate shows the first, the last and the neighbours of page number at, and
// gaps between them. Numbers outside the list become its nearest page.
func paginate(at, size, total int, address func(page int) string) Pagination {
	last := max(1, (total+size-1)/size)
	at = min(max(at, 1), last)
	p := Pagination{From: (at-1)*size + 1, To: min(at*size, total), Total: total}
	if at > 1 {
		p.Previous = address(at - 1)
	}
	if at < last {
		p.Next = address(at + 1)
	}
	if last == 1 {
		return p
	}
	for n := 1; n <= last; n++ {
		near := n >= at-1 && n <= at+1
		switch {
		case n == 1 || n == last || near:
			p.Pages = append(p.Pages, PageLink{Number: n, Href: address(n), Current: n == at})
		case n == at-2 || n == at+2:
			p.Pages = append(p.Pages, PageLink{})
		}
	}
	return p
}
