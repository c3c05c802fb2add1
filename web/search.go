package web

import (
	"crypto/rand"
	"net/http"

	"github.com/essex-dsr/dsr/workflow"
)

// keySearches holds the last searches of a session: id, words, id, words. What
// people search for is personal and never stands in an address.
const keySearches = "searches"

const mostSearches = 5

func (a *App) searchRoutes() []Route {
	return []Route{
		{Method: "POST", Pattern: "/search", Title: "Search for a case", May: staff(), PerMinute: 60, Handler: a.search},
		{Method: "GET", Pattern: "/search/{id}", Title: "What a search found", May: staff(), Handler: a.showSearch},
	}
}

// searchPage shows what a search found.
type searchPage struct {
	Layout
	Search Input
	Table  Table
}

func searchInput(f *Form, stored string) Input {
	i := f.Input("words", "Search for a case", stored)
	i.Hint = "Name, NHS number, reference, or words of a mail"
	return i
}

// search leads a reference straight to its case, everything else to the list of
// what was found, under an id that says nothing.
func (a *App) search(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	words := f.Text("words")
	if refs := workflow.FindRefs(words); len(refs) == 1 && len(refs[0]) == len(words) {
		if _, err := a.store.CaseByRef(r.Context(), refs[0]); err == nil {
			return seeOther(w, r, "/cases/"+refs[0])
		}
	}
	if words == "" || len(words) > 200 {
		f.Wrong("words", "Enter what to search for, at most 200 characters.")
		p := &searchPage{Layout: Layout{Title: "Search", Errors: f.Errors, Back: &Link{"Back to the queue", "/"}}, Search: searchInput(f, "")}
		p.Table.Empty = "Nothing has been searched for."
		return a.page(w, r, http.StatusUnprocessableEntity, "search", p)
	}
	id := rand.Text()
	kept, _ := a.sessions.Get(r.Context(), keySearches).([]string)
	kept = append(kept, id, words)
	a.sessions.Put(r.Context(), keySearches, kept[max(0, len(kept)-2*mostSearches):])
	return seeOther(w, r, "/search/"+id)
}

func (a *App) showSearch(w http.ResponseWriter, r *http.Request) error {
	words := ""
	kept, _ := a.sessions.Get(r.Context(), keySearches).([]string)
	for i := 0; i+1 < len(kept); i += 2 {
		if kept[i] == r.PathValue("id") {
			words = kept[i+1]
		}
	}
	if words == "" {
		return &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "This search is no longer kept. Search again from the queue."}
	}
	a.keepPlace(r, "/search/"+r.PathValue("id"))
	by, _ := actorOf(r)
	rows, err := a.store.Search(r.Context(), by, a.now(), words)
	if err != nil {
		return err
	}
	set, _, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	p := &searchPage{Layout: Layout{Title: "Search", Back: &Link{"Back to the queue", "/"}}, Search: searchInput(&Form{}, words),
		Table: queueTable(rows, stream{text: "Cases found", empty: "No case fits this search. Try fewer words, or part of a name."}, set.Calendar(), a.now())}
	return a.page(w, r, http.StatusOK, "search", p)
}
