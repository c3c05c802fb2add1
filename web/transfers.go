package web

import "github.com/essex-dsr/dsr/workflow"

// transferDeeds end a time on the register otherwise than by agreement: a move
// to another area, or an assessment that found no ground for it.
func transferDeeds() []deed {
	movers := []workflow.Role{workflow.Practitioner, workflow.Manager}
	return []deed{
		{path: "/register/transfer", title: "Begin a transfer", button: "Begin the transfer", may: movers, action: workflow.BeginTransfer,
			back: "/register", said: "The transfer has begun. The person stays on our register until the other area accepts in writing.",
			words: []string{"The person moves to another area. They stay on our register until that area's register has accepted in writing."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("to", "Which area, whom you write to, and that the person agrees to pass this on", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.BeginTransfer(by, a.now(), f.Text("to"))
			}},
		{path: "/register/stays", title: "The move does not happen", button: "Stays with us", may: movers, action: workflow.StopTransfer,
			back: "/register", said: "The person stays on our register.",
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("why", "Why", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.StopTransfer(by, a.now(), f.Text("why"))
			}},
		{path: "/register/transferred", title: "The other area has accepted", button: "Close as transferred", grave: true, may: movers, action: workflow.CompleteTransfer,
			back: "/register", said: "The case is closed as transferred. A letter about it is due.",
			words: []string{"Only when the other area's register has accepted in writing. The case closes here."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("why", "Who accepted in writing, and when", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.CompleteTransfer(by, a.now(), f.Text("why"))
			}},
		{path: "/register/not-eligible", title: "No learning disability or autism after assessment", button: "Record it", grave: true, may: []workflow.Role{workflow.Chair}, action: workflow.CloseNotEligible,
			back: "/register", said: "Recorded. The letters about it are due; the case closes when a second person has approved them.",
			words: []string{"An assessment found neither a learning disability nor autism. The person was asked first, and can ask to look at it again. Letters become due; the case closes when a second person has approved them."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("why", "Which assessment, and what the person said when asked", "", 2000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.CloseNotEligible(by, a.now(), f.Text("why"))
			}},
	}
}
