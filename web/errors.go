package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/essex-dsr/dsr/workflow"
)

var (
	errNotSignedIn = errors.New("nobody has signed in")
	errTooMany     = errors.New("too many requests")
	errMethod      = errors.New("no such method here")
	errElsewhere   = errors.New("sent by a page from elsewhere")
	errGone        = errors.New("the reader has left")
	errBroken      = errors.New("the handler broke")
)

// kind is what becomes of an error: its status and the words of its page.
type kind struct {
	is     error
	status int
	title  string
	words  string
}

// kinds is the one table from errors to answers. What is not in it is ours.
func kinds() []kind {
	return []kind{
		{workflow.ErrInvalid, http.StatusUnprocessableEntity, "That did not work",
			"Something in what was sent is not right. Go back, check it and try again."},
		{workflow.ErrNotFound, http.StatusNotFound, "Page not found",
			"If you typed the address, check it is correct. If you followed a link, what it led to may have moved."},
		{workflow.ErrConflict, http.StatusConflict, "Somebody was quicker",
			"This was changed while you had it open. Nothing of yours was saved. Go back, reload the page and look at what changed."},
		{workflow.ErrNotAllowed, http.StatusForbidden, "You cannot do this",
			"Your account does not have the role that this page needs. Ask your team manager if you think it should."},
		{errNotSignedIn, http.StatusUnauthorized, "Sign in first", "Sign in and try again."},
		{errElsewhere, http.StatusForbidden, "This was not sent from our pages",
			"To keep records safe we only accept forms that were sent from this service. Go back to the page and try again."},
		{errMethod, http.StatusMethodNotAllowed, "That is not possible here", "This address cannot be used in that way."},
		{errTooMany, http.StatusTooManyRequests, "Too many tries", "Wait a minute and try again."},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "This took too long",
			"The service is busy. Wait a moment and try again."},
	}
}

// kindOf finds the kind of an error; ours is a 500.
func kindOf(err error) kind {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return kind{err, http.StatusRequestEntityTooLarge, "That was too large",
			"What was sent is larger than this page takes. Make it shorter or smaller and try again."}
	}
	for _, k := range kinds() {
		if errors.Is(err, k.is) {
			return k
		}
	}
	return kind{err, http.StatusInternalServerError, "Sorry, something went wrong",
		"It is our fault, not yours. What you sent before this page may not be saved: check before you send it again."}
}

// problemPage says in words what went wrong.
type problemPage struct {
	Layout
	Words  string
	Number string // of the log line, when the fault is ours
}

// fail answers an error. Only an error of ours is logged as one, with the
// number that the reader sees.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, api bool, err error) {
	if errors.Is(err, errGone) || errors.Is(err, context.Canceled) {
		s.log.Debug("reader left", "request", requestID(r))
		return
	}
	k := kindOf(err)
	p := &problemPage{Layout: Layout{Title: k.title}, Words: k.words}
	var refusal *workflow.Refusal
	if errors.As(err, &refusal) {
		p.Words = refusal.Words
	}
	if k.status >= 500 {
		p.Number = requestID(r)
		s.log.Error("request failed", "request", p.Number, "route", r.Pattern, "status", k.status, "err", err)
	}
	if api {
		s.failJSON(w, k.status, p)
		return
	}
	if err := s.page(w, r, k.status, "problem", p); err != nil && !errors.Is(err, errGone) {
		s.log.Error("no page for the problem", "request", requestID(r), "err", err)
		http.Error(w, k.title+". Number "+requestID(r), k.status)
	}
}

// failJSON is RFC 9457's form of an error.
func (s *Server) failJSON(w http.ResponseWriter, status int, p *problemPage) {
	body, err := json.Marshal(struct {
		Title    string `json:"title"`
		Status   int    `json:"status"`
		Detail   string `json:"detail"`
		Instance string `json:"instance,omitempty"`
	}{p.Title, status, p.Words, p.Number})
	if err != nil {
		body = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader may have left
}
