package web

import (
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	nethtml "golang.org/x/net/html"
)

// mailPolicy stands on a mail's own HTML. The sandbox comes first: without it
// a mail's "refresh" still leaves for elsewhere.
const mailPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'"

// Picture is an image that a mail carries and names by its Content-ID.
type Picture struct {
	Type string
	Body []byte
}

const (
	mostHTML    = 2 << 20
	mostPicture = 8 << 20 // all pictures of one mail together
)

// mailHTML shows the HTML of a mail as a page of its own: cleaned, boxed in,
// with the pictures it carries and none from elsewhere. Links are text. The
// text view is what people work with; this one is for layout.
func mailHTML(w http.ResponseWriter, title, body string, carried map[string]Picture) error {
	cut := len(body) > mostHTML
	if cut {
		body = strings.ToValidUTF8(body[:mostHTML], "")
	}
	clean := withPictures(mailCleaner().Sanitize(body), carried)
	h := w.Header()
	h.Set("Content-Security-Policy", mailPolicy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	notice := "Shown without links, scripts and pictures from elsewhere."
	if cut {
		notice += " It is very long: this is only its beginning."
	}
	_, err := io.WriteString(w, `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>`+html.EscapeString(title)+
		`</title><meta name="viewport" content="width=device-width, initial-scale=1"></head><body><p><strong>`+
		notice+`</strong></p><hr>`+clean+`</body></html>`)
	if err != nil {
		return fmt.Errorf("send mail view: %w", errGone)
	}
	return nil
}

// mailCleaner keeps the shape of a text and of tables, and images by
// Content-ID. No styles, no links, no forms, no media.
func mailCleaner() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "div", "span", "h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "i", "em", "u", "s",
		"small", "sub", "sup", "blockquote", "pre", "code", "center", "ul", "ol", "li", "dl", "dt", "dd", "address")
	p.AllowTables()
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("src").OnElements("img")
	p.AllowURLSchemes("cid")
	p.AllowDataURIImages()
	p.AllowRelativeURLs(false)
	p.SkipElementsContent("title", "template", "svg", "math")
	return p
}

// withPictures puts the carried pictures where the cleaned HTML names them. An
// image that is not carried leaves its alternative text.
func withPictures(clean string, carried map[string]Picture) string {
	room := mostPicture
	z := nethtml.NewTokenizer(strings.NewReader(clean))
	var b strings.Builder
	for z.Next() != nethtml.ErrorToken {
		raw := string(z.Raw())
		t := z.Token()
		if t.Data != "img" {
			b.WriteString(raw)
			continue
		}
		b.WriteString(picture(t, carried, &room))
	}
	return b.String()
}

func picture(t nethtml.Token, carried map[string]Picture, room *int) string {
	var src, alt string
	for _, a := range t.Attr {
		switch a.Key {
		case "src":
			src = a.Val
		case "alt":
			alt = a.Val
		}
	}
	if id, ok := strings.CutPrefix(src, "cid:"); ok {
		src = ""
		if plain, err := url.PathUnescape(id); err == nil {
			id = plain
		}
		if p, ok := carried[id]; ok && isPicture(p.Type) && len(p.Body) <= *room {
			*room -= len(p.Body)
			src = "data:" + p.Type + ";base64," + base64.StdEncoding.EncodeToString(p.Body)
		}
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(src, "data:"), ";")
	if !strings.HasPrefix(src, "data:") || !isPicture(kind) {
		return "<em>[picture: " + html.EscapeString(alt) + "]</em>"
	}
	return `<img src="` + html.EscapeString(src) + `" alt="` + html.EscapeString(alt) + `">`
}

func isPicture(t string) bool {
	return t == "image/png" || t == "image/jpeg" || t == "image/gif" || t == "image/webp"
}
