package web

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// longestSilence is how long the mailbox may go unread, and a mail unsettled,
// before it is an alarm.
const longestSilence = 5 * time.Minute

// Problem is one thing that is wrong, for whoever runs the service.
type Problem struct {
	Level  string    `json:"level"` // stop: nobody should be served; warn
	What   string    `json:"what"`
	Since  time.Time `json:"since,omitzero"`
	Detail string    `json:"detail,omitempty"`
	Do     string    `json:"do,omitempty"`
}

func (a *App) healthRoutes() []Route {
	metrics := promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{})
	return []Route{
		{Method: "GET", Pattern: "/healthz", Title: "The process lives", Open: true, API: true, Handler: func(w http.ResponseWriter, _ *http.Request) error {
			return sendJSON(w, struct {
				Alive   bool   `json:"alive"`
				Version string `json:"version"`
			}{true, a.version})
		}},
		{Method: "GET", Pattern: "/readyz", Title: "What is wrong", Open: true, API: true, Handler: a.ready},
		{Method: "GET", Pattern: "/metrics", Title: "Measures", Open: true, API: true, Handler: func(w http.ResponseWriter, r *http.Request) error {
			metrics.ServeHTTP(w, r)
			return nil
		}},
	}
}

// ready lists what is wrong: 503 only when nobody should be served.
func (a *App) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	all := append(a.databaseProblems(ctx), a.problems(ctx)...)
	answer := struct {
		Ready    bool      `json:"ready"`
		Problems []Problem `json:"problems"`
	}{true, []Problem{}}
	for _, p := range all {
		answer.Problems = append(answer.Problems, p)
		answer.Ready = answer.Ready && p.Level != "stop"
	}
	if !answer.Ready {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	return sendJSON(w, answer)
}

func (a *App) databaseProblems(ctx context.Context) []Problem {
	have, want, err := a.store.Schema(ctx)
	if err != nil {
		a.log.Error("readiness", "err", err)
		return []Problem{{Level: "stop", What: "database", Detail: "it does not answer", Do: "look at the database server and DSR_DATABASE_URL"}}
	}
	if have != want {
		return []Problem{{Level: "stop", What: "schema", Detail: "the tables are not those of this program", Do: "run dsr migrate"}}
	}
	var out []Problem
	for _, look := range []func(context.Context) ([]Problem, error){a.mailboxProblems, a.waitingProblems, a.settingProblems} {
		found, err := look(ctx)
		if err != nil {
			a.log.Error("readiness", "err", err)
			return append(out, Problem{Level: "stop", What: "database", Detail: "it does not answer", Do: "look at the database server"})
		}
		out = append(out, found...)
	}
	return out
}

func (a *App) mailboxProblems(ctx context.Context) ([]Problem, error) {
	folders, err := a.store.Folders(ctx)
	if err != nil {
		return nil, err
	}
	var out []Problem
	if len(folders) == 0 {
		return []Problem{{Level: "warn", What: "mailbox", Detail: "no mailbox has been read yet", Do: "set DSR_IMAP_URL"}}, nil
	}
	level := "warn"
	if a.intake {
		level = "stop" // this process reads mail, or should
	}
	for _, f := range folders {
		what := "mailbox " + f.Account + "/" + f.Name
		switch {
		case a.now().Sub(f.SilentSince()) > longestSilence:
			out = append(out, Problem{Level: level, What: what, Since: f.SilentSince(), Detail: f.Trouble, Do: "run dsr mailbox check"})
		case f.Trouble != "":
			out = append(out, Problem{Level: "warn", What: what, Since: f.Since, Detail: f.Trouble, Do: "run dsr mailbox check"})
		case f.Remark != "":
			out = append(out, Problem{Level: "warn", What: what, Detail: f.Remark, Do: "run dsr mailbox check"})
		}
	}
	return out, nil
}

func (a *App) waitingProblems(ctx context.Context) ([]Problem, error) {
	h, err := a.store.Health(ctx, a.now())
	if err != nil {
		return nil, err
	}
	var out []Problem
	late := func(what string, since time.Time, do string) {
		if !since.IsZero() && a.now().Sub(since) > longestSilence {
			out = append(out, Problem{Level: "warn", What: what, Since: since, Do: do})
		}
	}
	late("oldest mail without an end", h.OldestUnread, "look at the log of the intake")
	late("oldest letter that should have left", h.OldestUnsent, "look at the log of the sender")
	late("oldest event without a seal", h.UnsealedEvents, "look at the log of the jobs")
	if h.Unknown > 0 {
		out = append(out, Problem{Level: "warn", What: "letters", Detail: countWords(h.Unknown, "letter", "letters") + " may or may not have left", Do: "find out by hand"})
	}
	if why := a.sending(); why != "" {
		out = append(out, Problem{Level: "warn", What: "sending", Detail: why, Do: "look at DSR_SMTP_URL, its password and the mail host"})
	} else if h.HostTrouble != "" { // another program sends, and told the database
		out = append(out, Problem{Level: "warn", What: "sending", Detail: "the mail host stops us at " + h.HostTrouble, Do: "look at DSR_SMTP_URL, its password and the mail host"})
	}
	return out, nil
}

func (a *App) settingProblems(ctx context.Context) ([]Problem, error) {
	set, _, err := a.store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if set.OutOfHours == "" {
		return []Problem{{Level: "warn", What: "settings", Detail: "nobody has recorded who answers a crisis out of hours, or that nobody does",
			Do: "record it on the settings page"}}, nil
	}
	return nil, nil
}
