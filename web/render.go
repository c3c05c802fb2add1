package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"text/template/parse"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// Page is the struct of one page: it embeds a Layout and adds what its own
// template shows.
type Page interface{ layout() *Layout }

// Layout is what every page has round its own content. The page fills the
// first group; Server.page fills the rest.
type Layout struct {
	Title   string // what the page is, first in the browser's title and by default its heading
	Caption string // stands small above the heading
	Ref     string // the case's reference, when the page is about a case
	Back    *Link
	Alerts  []Alert
	Errors  FieldErrors

	Who    workflow.Actor
	Frame  Frame
	Now    time.Time
	Public bool // nobody has signed in
}

func (l *Layout) layout() *Layout { return l }

// Service and Team are the words of the header.
func (l *Layout) Service() string { return serviceName }

// Team is who runs the service.
func (l *Layout) Team() string { return teamName }

// SignOut is where the sign-out form posts to.
func (l *Layout) SignOut() string { return signOutPath }

// Keep is where a script asks for a longer session.
func (l *Layout) Keep() string { return keepPath }

// SignIn is where the page goes when the session has ended.
func (l *Layout) SignIn() string { return signInPath }

// SecondsLeft is how long the session lives if nothing happens, 0 when nobody
// tells.
func (l *Layout) SecondsLeft() int {
	return secondsLeft(l.Frame, l.Now)
}

func secondsLeft(f Frame, now time.Time) int {
	if f.SessionEnds.IsZero() {
		return 0
	}
	return max(0, int(f.SessionEnds.Sub(now).Seconds()))
}

// Frame stands round every page of somebody who has signed in.
type Frame struct {
	Menu        []MenuItem
	Alerts      []Alert // said once: what the last deed did
	Crisis      *Band
	SessionEnds time.Time
}

// MenuItem is a link of the menu at the top.
type MenuItem struct {
	Text, Href string
	Count      int // shown when above 0
	Current    bool
}

// Link is a link by itself.
type Link struct{ Text, Href string }

// pages holds one ready template for each page.
type pages struct{ byName map[string]*template.Template }

// parsePages parses the layout and the parts once, then each page over a copy
// of them. Folders after the first may bring more pages.
func parsePages(funcs template.FuncMap, folders ...fs.FS) (*pages, error) {
	frame := template.New("layout").Funcs(funcs)
	frame, err := frame.ParseFS(folders[0], "pages/layout.html", "pages/parts/*.html")
	if err != nil {
		return nil, err
	}
	p := &pages{byName: make(map[string]*template.Template)}
	for _, folder := range folders {
		names, err := fs.Glob(folder, "pages/*.html")
		if err != nil {
			return nil, err
		}
		for _, file := range names {
			name := strings.TrimSuffix(path.Base(file), ".html")
			if name == "layout" {
				continue
			}
			if p.byName[name], err = parsePage(frame, folder, file); err != nil {
				return nil, fmt.Errorf("page %s: %w", name, err)
			}
		}
	}
	return p, nil
}

func parsePage(frame *template.Template, folder fs.FS, file string) (*template.Template, error) {
	page, err := frame.Clone()
	if err != nil {
		return nil, err
	}
	if page, err = page.ParseFS(folder, file); err != nil {
		return nil, err
	}
	for _, t := range page.Templates() {
		if t.Tree == nil {
			continue
		}
		if missing := unknownTemplate(page, t.Tree.Root); missing != "" {
			return nil, fmt.Errorf("%s calls %q, which nobody defines", t.Name(), missing)
		}
	}
	// Escaping happens at the first execution; do it now, so that a page whose
	// contexts do not agree stops the start and not its first reader.
	var unsafe *template.Error
	if err := page.ExecuteTemplate(io.Discard, "layout.html", nil); errors.As(err, &unsafe) {
		return nil, err
	}
	return page, nil
}

// unknownTemplate is the first name that a {{template}} below node calls and
// that is not defined; html/template would find out only when it gets there.
func unknownTemplate(set *template.Template, node parse.Node) string {
	lists := func(in ...*parse.ListNode) string {
		for _, l := range in {
			if l == nil {
				continue
			}
			for _, n := range l.Nodes {
				if missing := unknownTemplate(set, n); missing != "" {
					return missing
				}
			}
		}
		return ""
	}
	switch n := node.(type) {
	case *parse.ListNode:
		return lists(n)
	case *parse.IfNode:
		return lists(n.List, n.ElseList)
	case *parse.RangeNode:
		return lists(n.List, n.ElseList)
	case *parse.WithNode:
		return lists(n.List, n.ElseList)
	case *parse.TemplateNode:
		if t := set.Lookup(n.Name); t == nil || t.Tree == nil {
			return n.Name
		}
	}
	return ""
}

// page answers with a whole page or, when its template breaks, with the page
// that says so and its number; never with half of one.
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, name string, p Page) error {
	body, err := s.render(r, name, p)
	if err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	s.log.Debug("page shown", "page", name, "status", status, "request", requestID(r))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err = w.Write(body)
	if err != nil {
		return fmt.Errorf("send %s: %w", name, errGone)
	}
	return nil
}

func (s *Server) render(r *http.Request, name string, p Page) ([]byte, error) {
	t, ok := s.pages.byName[name]
	if !ok {
		return nil, fmt.Errorf("no page of this name")
	}
	l := p.layout()
	l.Now = s.now()
	actor, signedIn := actorOf(r)
	l.Public = !signedIn
	if signedIn {
		l.Who, l.Frame = actor, s.frame(r, actor)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout.html", p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// seeOther ends a POST that did its work.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
