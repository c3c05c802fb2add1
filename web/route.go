package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/essex-dsr/dsr/workflow"
)

// Route is one line of the route table: an address, who may use it, what
// answers. The table is the outer door; workflow asks again.
type Route struct {
	Method, Pattern string
	Title           string          // what it is for, in the words of the page of rights
	May             []workflow.Role // any one of them is enough
	Open            bool            // nobody needs to sign in; then May is empty
	Handler         Handler

	MaxBody   int64 // bytes of what is posted, 0 is 1 MiB
	Slow      bool  // an upload or a download: minutes, not half a minute
	PerMinute int   // so many a minute by one person, or one machine while nobody has signed in; 0 is any number
	API       bool  // errors are JSON, and nobody is led to the sign-in page
}

// Handler answers a request or returns why it did not; what it returns becomes
// a page by the table of kinds.
type Handler func(w http.ResponseWriter, r *http.Request) error

const (
	usualBody = 1 << 20
	usualTime = 30 * time.Second
	slowTime  = 15 * time.Minute
)

// Handler builds the mux of a route table with everything that stands before
// it. A table that leaves out who may use an address, or names one twice, is
// refused.
func (s *Server) Handler(table []Route) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /static/{hash}/{file...}", s.assets)
	seen := make(map[string]bool)
	for _, route := range table {
		if err := route.check(); err != nil {
			return nil, err
		}
		address := route.Method + " " + route.Pattern
		if seen[address] {
			return nil, fmt.Errorf("route %s stands twice in the table", address)
		}
		seen[address] = true
		mux.Handle(address, s.guard(route))
	}
	return s.secure(mux), nil
}

func (r Route) check() error {
	address := r.Method + " " + r.Pattern
	switch {
	case r.Method == "" || !strings.HasPrefix(r.Pattern, "/"):
		return fmt.Errorf("route %q has no method or no path", address)
	case r.Handler == nil:
		return fmt.Errorf("route %s has no handler", address)
	case r.Title == "":
		return fmt.Errorf("route %s has no title", address)
	case r.Open == (len(r.May) > 0):
		return fmt.Errorf("route %s must be open or say who may use it", address)
	}
	return nil
}

type actorKey struct{}

// actorOf is who has signed in, as the guard found.
func actorOf(r *http.Request) (workflow.Actor, bool) {
	a, ok := r.Context().Value(actorKey{}).(workflow.Actor)
	return a, ok
}

// guard enforces one route: who, how often, how much, how long.
func (s *Server) guard(route Route) http.Handler {
	limits := newLimiter(route.PerMinute)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, signedIn := s.who(r)
		if signedIn {
			r = r.WithContext(context.WithValue(r.Context(), actorKey{}, actor))
		}
		if err := s.admit(route, actor, signedIn); err != nil {
			s.refuse(w, r, route, err)
			return
		}
		if !limits.allow(limitKey(r, actor), s.now()) {
			w.Header().Set("Retry-After", "60")
			s.fail(w, r, route.API, errTooMany)
			return
		}
		timeout := usualTime
		if route.Slow {
			timeout = slowTime
			s.setDeadlines(w, slowTime)
		}
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(route))
		if err := route.Handler(w, r); err != nil {
			s.fail(w, r, route.API, err)
		}
	})
}

func bodyLimit(r Route) int64 {
	if r.MaxBody == 0 {
		return usualBody
	}
	return r.MaxBody
}

// setDeadlines bounds the connection too; a recorder of a test has none.
func (s *Server) setDeadlines(w http.ResponseWriter, d time.Duration) {
	c := http.NewResponseController(w)
	until := time.Now().Add(d + 5*time.Second) // the connection's clock is the machine's
	for _, err := range []error{c.SetReadDeadline(until), c.SetWriteDeadline(until)} {
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			s.log.Warn("connection without a deadline", "err", err)
		}
	}
}

func (s *Server) admit(route Route, actor workflow.Actor, signedIn bool) error {
	switch {
	case route.Open:
		return nil
	case !signedIn:
		return errNotSignedIn
	case !actor.Has(route.May...):
		return fmt.Errorf("%s %s: %w", route.Method, route.Pattern, workflow.ErrNotAllowed)
	}
	return nil
}

// refuse turns somebody away: to the sign-in page when nobody has signed in,
// else with a page that says so. Each refusal of somebody known is logged.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, route Route, err error) {
	if errors.Is(err, errNotSignedIn) && !route.API {
		http.Redirect(w, r, signInPath+"?"+url.Values{"next": {localPath(r)}}.Encode(), http.StatusSeeOther)
		return
	}
	if actor, ok := actorOf(r); ok {
		s.log.Warn("refused", "route", route.Method+" "+route.Pattern, "actor", int64(actor.ID), "request", requestID(r))
	}
	s.fail(w, r, route.API, err)
}

// localPath is where to go on after signing in: the page asked for, or the
// start after a POST, which must not be repeated as a GET.
func localPath(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "/"
	}
	return safeNext(r.URL.RequestURI())
}

// safeNext is a path of this service; anything else becomes the start.
func safeNext(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

// limiter counts by person, or by address while nobody has signed in.
type limiter struct {
	perMinute int
	mu        sync.Mutex
	by        map[string]*rate.Limiter
}

const mostLimits = 10000

func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, by: make(map[string]*rate.Limiter)}
}

func (l *limiter) allow(key string, at time.Time) bool {
	if l.perMinute == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one, ok := l.by[key]
	if !ok {
		if len(l.by) >= mostLimits {
			l.forget(at)
		}
		one = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
		l.by[key] = one
	}
	return one.AllowN(at, 1)
}

// forget drops whoever has been quiet long enough to have a full allowance. If
// all are busy, all are dropped: memory is bounded, the limit is a brake.
func (l *limiter) forget(at time.Time) {
	for key, one := range l.by {
		if one.TokensAt(at) >= float64(l.perMinute) {
			delete(l.by, key)
		}
	}
	if len(l.by) >= mostLimits {
		clear(l.by)
	}
}

func limitKey(r *http.Request, actor workflow.Actor) string {
	if actor.IsPerson() {
		return fmt.Sprintf("actor %d", actor.ID)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
