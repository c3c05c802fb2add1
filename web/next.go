package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/essex-dsr/dsr/store"
)

// mostAhead bounds how far the next case is looked for.
const mostAhead = 200

// nextCase leads on to the case that follows in the list that the reader came
// from. A case that has left its list meanwhile, because somebody worked on it,
// is followed by what stands first now.
func (a *App) nextCase(w http.ResponseWriter, r *http.Request) error {
	by, _ := actorOf(r)
	place := a.sessions.GetString(r.Context(), keyPlace)
	u, err := url.Parse(place)
	if err != nil || u.Path != "/" {
		u = &url.URL{Path: "/"}
	}
	q := readQueue(u.Query())
	x := q.query(by.ID)
	x.Limit = mostAhead
	rows, _, err := a.store.Queue(r.Context(), x)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(rows, func(row store.QueueRow) bool { return row.Ref == r.PathValue("ref") })
	if at+1 < len(rows) {
		return seeOther(w, r, "/cases/"+rows[at+1].Ref)
	}
	a.say(r, "That was the last case of this list.")
	return seeOther(w, r, q.address(q.page))
}
