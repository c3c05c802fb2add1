package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

const (
	idleTime     = time.Hour
	longestSitIn = 12 * time.Hour

	keyUser    = "user"
	keyVersion = "version" // of the account: whatever changes it ends its sessions
	keySaid    = "said"    // what the last deed did, said once
)

// newSessions keeps sessions in the database, so that any number of processes
// may serve one reader.
func newSessions(db *store.Store, secure bool) *scs.SessionManager {
	m := scs.New()
	m.IdleTimeout, m.Lifetime = idleTime, longestSitIn
	m.Store = sessionStore{db, m.Codec}
	m.Cookie.Name, m.Cookie.Persist = "dsr", false
	if secure {
		m.Cookie.Name, m.Cookie.Secure = "__Host-dsr", true
	}
	return m
}

// sessionStore is the sessions table as the library sees it.
type sessionStore struct {
	db    *store.Store
	codec scs.Codec
}

func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	return s.db.Session(ctx, token)
}

func (s sessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	_, values, err := s.codec.Decode(b)
	if err != nil {
		return err
	}
	id, _ := values[keyUser].(int64)
	return s.db.SaveSession(ctx, token, b, workflow.ActorID(id), expiry)
}

func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.db.EndSession(ctx, token)
}

// The library asks for these too; it never calls them when the others are there.
var errNoContext = errors.New("sessions are kept with a context")

func (sessionStore) Find(string) ([]byte, bool, error)      { return nil, false, errNoContext }
func (sessionStore) Commit(string, []byte, time.Time) error { return errNoContext }
func (sessionStore) Delete(string) error                    { return errNoContext }

// withSessions loads the session of every request that may need one. A page
// that asks by itself whether its list changed does not count as somebody being
// there: its session is read and not made longer.
func withSessions(m *scs.SessionManager, log *slog.Logger, next http.Handler) http.Handler {
	m.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		log.Error("session", "err", err)
		http.Error(w, "The service cannot be reached just now. Try again in a minute.", http.StatusServiceUnavailable)
	}
	kept := m.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/static/"), isProbe(r.URL.Path):
			next.ServeHTTP(w, withSession(m, r, ""))
		case r.URL.Path == livePath:
			token := ""
			if c, err := r.Cookie(m.Cookie.Name); err == nil {
				token = c.Value
			}
			next.ServeHTTP(w, withSession(m, r, token))
		default:
			kept.ServeHTTP(w, r)
		}
	})
}

func isProbe(path string) bool { return path == "/healthz" || path == "/readyz" || path == "/metrics" }

// withSession reads a session and never writes it.
func withSession(m *scs.SessionManager, r *http.Request, token string) *http.Request {
	ctx, err := m.Load(r.Context(), token)
	if err != nil { // nobody, then: the guard turns them away
		ctx, _ = m.Load(r.Context(), "") // an empty session cannot fail
	}
	return r.WithContext(ctx)
}

// whoIs tells who has signed in: the account as it is now, as long as nothing
// of it changed since the sign-in.
func (a *App) whoIs(r *http.Request) (workflow.Actor, bool) {
	id := workflow.ActorID(a.sessions.GetInt64(r.Context(), keyUser))
	if id == 0 {
		return workflow.Actor{}, false
	}
	u, err := a.store.User(r.Context(), id)
	if err != nil {
		if !errors.Is(err, workflow.ErrNotFound) {
			a.log.Error("who has signed in", "user", int64(id), "err", err)
		}
		return workflow.Actor{}, false
	}
	if u.Disabled || int64(u.Version) != a.sessions.GetInt64(r.Context(), keyVersion) {
		return workflow.Actor{}, false
	}
	return u.Actor(), true
}

// sessionEnds is when the session ends if nothing happens.
func (a *App) sessionEnds(r *http.Request) time.Time {
	left := min(idleTime, time.Until(a.sessions.Deadline(r.Context())))
	return a.now().Add(left)
}

// say has the next page tell what was done.
func (a *App) say(r *http.Request, words string) { a.sessions.Put(r.Context(), keySaid, words) }
