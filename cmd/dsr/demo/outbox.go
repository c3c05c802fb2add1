package demo

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"
)

//go:embed outbox.html
var outboxHTML string

// Handler serves /demo/outbox and what lies below it. It needs no sign-in.
func (w *World) Handler() http.Handler { return w.pages }

// page is what outbox.html shows.
type page struct {
	Title       string
	Stylesheets []string
	Icon        string
	Notice      string
	Waiting     int
	Letters     []Letter
	Letter      *Letter // nil on the list
	Error       string
	Draft       draft
}

// draft is the mail that a visitor writes to the register.
type draft struct {
	From, Subject, Text string
}

func (w *World) routes() http.Handler {
	pages := template.Must(template.New("outbox").Funcs(template.FuncMap{
		"clock": func(t time.Time) string { return t.Format("2 January 2006, 15:04:05") },
	}).Parse(outboxHTML))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/outbox", w.list(pages))
	mux.HandleFunc("GET /demo/outbox/{number}", w.show(pages))
	mux.HandleFunc("GET /demo/outbox/{number}/html", w.showHTML)
	mux.HandleFunc("GET /demo/outbox/{number}/raw", w.showRaw)
	mux.HandleFunc("POST /demo/outbox/next", w.next)
	mux.HandleFunc("POST /demo/outbox/write", w.write(pages))
	return http.NewCrossOriginProtection().Handler(mux)
}

func (w *World) list(pages *template.Template) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		p := page{Title: "Letters that left", Letters: w.Outbox(), Waiting: w.Waiting()}
		switch r.URL.Query().Get("did") {
		case "next":
			p.Notice = "The next mail is in the mailbox. It stands in the queue in a moment."
		case "none":
			p.Notice = "No sample mail can be delivered now. Write one yourself below."
		case "written":
			p.Notice = "Your mail is in the mailbox. It stands in the queue in a moment."
		}
		w.render(rw, pages, http.StatusOK, p)
	}
}

func (w *World) show(pages *template.Template) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		l, ok := w.letter(r)
		if !ok {
			http.NotFound(rw, r)
			return
		}
		p := page{Title: "Letter: " + l.Subject, Letter: &l, Waiting: w.Waiting()}
		if len(l.EnvelopeTo) > 0 {
			p.Draft.From = l.EnvelopeTo[0]
		}
		w.render(rw, pages, http.StatusOK, p)
	}
}

func (w *World) letter(r *http.Request) (Letter, bool) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return Letter{}, false
	}
	return w.sink.numbered(n)
}

// showHTML shows the letter's HTML part as its reader sees it, in a sandbox of
// its own: no script, no form, nothing fetched.
func (w *World) showHTML(rw http.ResponseWriter, r *http.Request) {
	l, ok := w.letter(r)
	if !ok || l.HTML == "" {
		http.NotFound(rw, r)
		return
	}
	secure(rw, "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'")
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = rw.Write([]byte(l.HTML)) // the visitor has gone: nobody to tell
}

func (w *World) showRaw(rw http.ResponseWriter, r *http.Request) {
	l, ok := w.letter(r)
	if !ok {
		http.NotFound(rw, r)
		return
	}
	secure(rw, "sandbox; default-src 'none'; frame-ancestors 'none'")
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = rw.Write(l.Raw)
}

func (w *World) next(rw http.ResponseWriter, r *http.Request) {
	_, err := w.DeliverNext()
	switch {
	case errors.Is(err, ErrNothingWaits):
		http.Redirect(rw, r, "/demo/outbox?did=none", http.StatusSeeOther)
	case err != nil:
		w.log.Error("demo mail not delivered", "error", err)
		http.Error(rw, "The mail could not be delivered; the log says why.", http.StatusInternalServerError)
	default:
		http.Redirect(rw, r, "/demo/outbox?did=next", http.StatusSeeOther)
	}
}

// write delivers a mail that the visitor typed; as an answer to a letter it is
// threaded the way a mail program does it.
func (w *World) write(pages *template.Template) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(rw, r.Body, 1<<20)
		d := draft{From: r.PostFormValue("from"), Subject: r.PostFormValue("subject"), Text: r.PostFormValue("text")}
		p := page{Title: "Letters that left", Letters: w.Outbox(), Waiting: w.Waiting(), Draft: d}
		var letter *Letter
		if number := r.PostFormValue("letter"); number != "" {
			n, err := strconv.Atoi(number)
			l, ok := w.sink.numbered(n)
			if err != nil || !ok {
				http.NotFound(rw, r)
				return
			}
			letter, p.Letter, p.Title = &l, &l, "Letter: "+l.Subject
		}
		raw, complaint := compose(d, letter, w.now())
		if complaint != "" {
			p.Error = complaint
			w.render(rw, pages, http.StatusUnprocessableEntity, p)
			return
		}
		if err := w.Deliver(raw); err != nil {
			w.log.Error("demo mail not delivered", "error", err)
			http.Error(rw, "The mail could not be delivered; the log says why.", http.StatusInternalServerError)
			return
		}
		http.Redirect(rw, r, "/demo/outbox?did=written", http.StatusSeeOther)
	}
}

// compose makes a mail of what was typed, or complains of it to the visitor.
func compose(d draft, letter *Letter, now time.Time) (raw []byte, complaint string) {
	from, err := mail.ParseAddress(d.From)
	if err != nil {
		return nil, "Enter an email address for the writer, like Pat Smith <pat@example.org>"
	}
	if strings.TrimSpace(d.Text) == "" {
		return nil, "Enter what the mail says"
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <%s>\r\nDelivered-To: %s\r\n", from.Address, Address)
	fmt.Fprintf(&b, "Authentication-Results: %s; spf=pass smtp.mailfrom=%s; dkim=pass header.d=%s; dmarc=pass header.from=%s\r\n", AuthServID, from.Address, domain, domain)
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nDate: %s\r\n", from, Address, now.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "Message-ID: <demo.%d@%s>\r\n", now.UnixNano(), domain)
	text := strings.ReplaceAll(d.Text, "\r\n", "\n")
	if letter != nil {
		fmt.Fprintf(&b, "In-Reply-To: %s\r\nReferences: %s\r\nSubject: Re: %s\r\n", letter.MessageID, letter.MessageID, letter.rawSubject)
		text += "\n\n" + strings.ReplaceAll(quoted(*letter), "\r\n", "\n")
	} else {
		subject := strings.Join(strings.Fields(d.Subject), " ")
		fmt.Fprintf(&b, "Subject: %s\r\n", mime.QEncoding.Encode("utf-8", subject))
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	b.WriteString(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n")
	return b.Bytes(), ""
}

func (w *World) render(rw http.ResponseWriter, pages *template.Template, status int, p page) {
	p.Stylesheets, p.Icon = w.stylesheets, w.icon
	var b bytes.Buffer
	if err := pages.Execute(&b, p); err != nil {
		w.log.Error("demo page not rendered", "error", err)
		http.Error(rw, "The page could not be made; the log says why.", http.StatusInternalServerError)
		return
	}
	secure(rw, "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(b.Bytes())
}

func secure(rw http.ResponseWriter, policy string) {
	h := rw.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}
