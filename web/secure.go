package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"runtime"
	"runtime/debug"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/essex-dsr/dsr/workflow"
)

const (
	// pagePolicy lets a page use our own style, scripts and icons and nothing
	// else. No script may turn text into markup.
	pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
	// filePolicy is for downloads: should a browser show one after all, it
	// stands in a box that can do nothing.
	filePolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"
)

// secure puts in front of the mux what every answer needs: a number, a policy,
// a net for panics, and a refusal of what pages from elsewhere send.
func (s *Server) secure(mux *http.ServeMux) http.Handler {
	crossing := http.NewCrossOriginProtection()
	if err := crossing.AddTrustedOrigin(s.base.Scheme + "://" + s.base.Host); err != nil {
		s.log.Warn("base address is no origin", "err", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, newRequestID()))
		s.setHeaders(w.Header(), requestID(r))
		a := &answer{ResponseWriter: w}
		defer s.recover(a, r)
		s.setDeadlines(w, usualTime) // each time: a kept connection still has the last request's
		start := s.now()
		if err := crossing.Check(r); err != nil {
			s.log.Warn("refused", "reason", "cross-origin", "request", requestID(r))
			s.fail(a, r, false, errElsewhere)
			return
		}
		h, pattern := mux.Handler(r)
		if pattern == "" {
			s.unrouted(a, r, h)
			return
		}
		mux.ServeHTTP(a, r)
		s.log.Debug("answered", "request", requestID(r), "route", pattern, "status", a.status,
			"ms", s.now().Sub(start).Milliseconds())
	})
}

func (s *Server) setHeaders(h http.Header, id string) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Request-Id", id)
	if s.base.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// unrouted gives the mux's own 404, 405 and redirects the look of a page.
func (s *Server) unrouted(w http.ResponseWriter, r *http.Request, h http.Handler) {
	probe := &deaf{header: make(http.Header), status: http.StatusOK}
	h.ServeHTTP(probe, r)
	if actor, ok := s.who(r); ok {
		r = r.WithContext(context.WithValue(r.Context(), actorKey{}, actor))
	}
	api := strings.HasPrefix(r.URL.Path, "/api/")
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		s.fail(w, r, api, errMethod)
		return
	}
	s.fail(w, r, api, workflow.ErrNotFound)
}

// deaf takes an answer of which only status and headers matter.
type deaf struct {
	header http.Header
	status int
}

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) Write(b []byte) (int, error) { return len(b), nil }
func (d *deaf) WriteHeader(status int)      { d.status = status }

// recover answers for a handler that broke. The log gets the stack and, for a
// fault of the runtime, its words; other panics may carry a record's text.
func (s *Server) recover(a *answer, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	what := fmt.Sprintf("%T", v)
	if fault, ok := v.(runtime.Error); ok {
		what = fault.Error()
	}
	s.log.Error("handler broke", "request", requestID(r), "route", r.Pattern, "panic", what, "stack", string(debug.Stack()))
	if a.status != 0 {
		panic(http.ErrAbortHandler) // half an answer has left: cut it, so that nobody takes it for whole
	}
	s.fail(a, r, strings.HasPrefix(r.URL.Path, "/api/"), errBroken)
}

// answer remembers whether anything has been said.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

type requestKey struct{}

// requestID is the number of a request: in the log, in X-Request-Id, and on
// the page when something broke.
func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestKey{}).(string)
	return id
}

func newRequestID() string {
	text := rand.Text()
	return text[:4] + "-" + text[4:8]
}

// Download is a file that leaves the service.
type Download struct {
	Name string // as the sender wrote it
	Type string // what we found it to be
	Size int64  // -1 when it is not known
	Body io.Reader
}

// download sends a file as an attachment that no browser will run. Once bytes
// have left, a fault cuts the connection.
func download(w http.ResponseWriter, d Download) error {
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+encodeName(safeName(d.Name)))
	h.Set("Content-Type", safeType(d.Type))
	if d.Size >= 0 {
		h.Set("Content-Length", fmt.Sprint(d.Size))
	}
	if _, err := io.Copy(w, d.Body); err != nil {
		return fmt.Errorf("send file: %w", errors.Join(errGone, err))
	}
	return nil
}

// safeType is the type of a file when it is one that cannot act.
func safeType(t string) string {
	kind, params, err := mime.ParseMediaType(t)
	if err != nil {
		return "application/octet-stream"
	}
	switch {
	case kind == "text/plain", kind == "text/csv":
		if params["charset"] == "" {
			return kind + "; charset=utf-8"
		}
		return mime.FormatMediaType(kind, map[string]string{"charset": params["charset"]})
	case kind == "image/svg+xml", kind == "application/xhtml+xml", strings.HasPrefix(kind, "text/"),
		strings.HasSuffix(kind, "xml"), strings.Contains(kind, "javascript"):
		return "application/octet-stream"
	}
	return kind
}

// encodeName is RFC 8187's ext-value.
func encodeName(name string) string {
	return strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

const longestName = 120 // bytes; some disks stop at 143

// safeName is a file name without folders, control characters or those that
// turn the writing direction (which can make "exe.pdf" of "fdp.exe"), not
// hidden, and short. Its ending is kept.
func safeName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, "_"), `\`, "/"))
	name = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c), strings.ContainsRune(`<>:"/|?*`, c):
			return '_'
		}
		return c
	}, name)
	name = strings.Trim(name, ". ")
	if strings.Trim(name, "_") == "" {
		name = "file"
	}
	ending := path.Ext(name)
	if len(ending) > 12 {
		ending = ""
	}
	stem := strings.TrimSuffix(name, ending)
	for len(stem)+len(ending) > longestName {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	if reserved(stem) {
		stem = "_" + stem
	}
	return stem + ending
}

// reserved are the names of devices that Windows opens instead of a file.
func reserved(stem string) bool {
	s := strings.ToUpper(stem)
	if before, _, found := strings.Cut(s, "."); found {
		s = before
	}
	switch s {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(s) == 4 && (strings.HasPrefix(s, "COM") || strings.HasPrefix(s, "LPT")) && s[3] >= '0' && s[3] <= '9'
}
