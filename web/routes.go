package web

import (
	"slices"

	"github.com/essex-dsr/dsr/workflow"
)

// routes is the one table of every address, who may use it and what answers.
// Each file of pages brings its own lines.
func (a *App) routes() []Route {
	return slices.Concat(
		a.accountRoutes(),
		a.healthRoutes(),
		a.queueRoutes(),
		a.searchRoutes(),
		a.byHandRoutes(),
		a.caseRoutes(),
		a.partyRoutes(),
		a.consentRoutes(),
		a.letterRoutes(),
		a.registerRoutes(),
		a.panelRoutes(),
		a.taskRoutes(),
		a.messageRoutes(),
		a.mailboxRoutes(),
		a.directoryRoutes(),
		a.settingRoutes(),
		a.wordingRoutes(),
		a.labelRoutes(),
		a.learningRoutes(),
		a.userRoutes(),
	)
}

// staff are the team: they read every case.
func staff() []workflow.Role {
	return []workflow.Role{workflow.Coordinator, workflow.Practitioner, workflow.Manager}
}

// caseworkers work on cases.
func caseworkers() []workflow.Role {
	return []workflow.Role{workflow.Coordinator, workflow.Practitioner}
}

// readers open cases: the team, and those who sit on panels, each within what
// the record allows them.
func readers() []workflow.Role {
	return append(staff(), workflow.Chair, workflow.PanelMember, workflow.Expert)
}
