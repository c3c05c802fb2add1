package web

import (
	"net/http"

	"github.com/essex-dsr/dsr/workflow"
)

const livePath = "/queue/version"

func (a *App) queueRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/{$}", Title: "The queue", May: workflow.Roles(), Handler: a.showQueue},
	}
}

func (a *App) showQueue(w http.ResponseWriter, r *http.Request) error {
	return a.page(w, r, http.StatusOK, "queue", &queuePage{Layout: Layout{Title: "Queue"}})
}

type queuePage struct{ Layout }
