package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// removalView is a proposed removal: its reasons, everybody's answer, and what
// is still open.
type removalView struct {
	Lines   []Line
	Answers Table
	Steps   []Step
	Stands  string // what stands in the way, or that nothing does
	Open    bool   // something stands in the way
}

func (a *App) removalView(x workflow.File, by workflow.Actor, names map[workflow.ActorID]string) *removalView {
	m, today := x.Removal, workflow.DateOf(a.now())
	v := &removalView{Lines: []Line{
		{Key: "Proposed", Value: dateTime(m.At), Note: "by " + names[m.By]},
		{Key: "Why it is safe", Value: m.Why}, {Key: "How support goes on", Value: m.Plan}}}
	here := "/cases/" + x.Case.Ref + "/register"
	mayAsk := by.Has(caseworkers()...) && x.May(by, workflow.RecordAgreement) == nil
	v.Answers = Table{Caption: "Everybody who is asked", ShowTitle: true, Stacked: true, Empty: "Nobody is named as involved in the care.",
		Columns: []Column{{Text: "Who"}, {Text: "Answer"}, {Text: "In their words"}, {Text: "Tries"}}}
	if mayAsk {
		v.Answers.Columns = append(v.Answers.Columns, Column{Text: "Record"})
	}
	for _, p := range x.Asked(today) {
		v.Answers.Rows = append(v.Answers.Rows, answerRow(x, p, names, mayAsk, here))
	}
	v.Steps = removalSteps(x, today)
	switch err := x.Can(workflow.Actor{ID: -1, Roles: []workflow.Role{workflow.Manager}}, workflow.Remove, a.now()); {
	case !m.AgreedAt.IsZero():
		v.Stands = "All agree, found on " + dateTime(m.AgreedAt) + ". The case closes when a second person has approved the letters."
	case err != nil:
		v.Stands, v.Open = err.Error(), true
	default:
		v.Stands = "Nothing stands in the way: a manager or the chair can find that all agree."
	}
	return v
}

// answerOf is the latest answer of a party, which is the one that counts.
func answerOf(m *workflow.Removal, id workflow.PartyID) (workflow.Agreement, bool) {
	for _, one := range slices.Backward(m.Answers) {
		if one.Party == id {
			return one, true
		}
	}
	return workflow.Agreement{}, false
}

func answerRow(x workflow.File, p workflow.Party, names map[workflow.ActorID]string, mayAsk bool, here string) Row {
	who := Cell{Head: true, Text: partyWords(p)}
	if p.ID == x.Case.Lead {
		who.Sub = "Lead professional"
	}
	answer, words := Cell{Tags: []Tag{{Text: "Not asked yet", Colour: "yellow"}}}, Cell{}
	if one, ok := answerOf(x.Removal, p.ID); ok {
		answer = Cell{Tags: []Tag{answerTag(one.Answer)}, Sub: dateTime(one.At) + ", recorded by " + names[one.By]}
		words.Text = one.Words
	}
	tries := 0
	for _, c := range x.Contacts {
		if c.Party == p.ID && c.Reached != "reached" {
			tries++
		}
	}
	row := Row{Cells: []Cell{who, answer, words, {Text: fmt.Sprint(tries)}}}
	if mayAsk {
		row.Cells = append(row.Cells, Cell{Text: "Answer or try", Href: fmt.Sprintf("%s/agreement?party=%d", here, p.ID)})
	}
	return row
}

func answerTag(x workflow.AgreementAnswer) Tag {
	colour := map[workflow.AgreementAnswer]string{workflow.Agrees: "green", workflow.Disagrees: "red", workflow.Unreached: "orange"}[x]
	return Tag{Text: sentence(string(x)), Colour: colour}
}

// removalSteps is the guard of a removal as a checklist.
func removalSteps(x workflow.File, today workflow.Date) []Step {
	done := func(ok bool, text, hint string) Step {
		s := Step{Text: text, Hint: hint, Done: "Yes"}
		if !ok {
			s.Tag = &Tag{Text: "Not yet", Colour: "yellow"}
		}
		return s
	}
	age, known := x.Person.Age(today)
	var entitled, lead bool
	open, against := 0, 0
	for _, p := range x.Asked(today) {
		one, ok := answerOf(x.Removal, p.ID)
		if !ok {
			open++
		}
		if one.Answer == workflow.Disagrees {
			against++
		}
		entitled = entitled || ok && (p.Role == workflow.PartySelf || known && age < 16 && p.HasPR == workflow.Yes)
		lead = lead || ok && p.ID == x.Case.Lead && one.Answer == workflow.Agrees
	}
	since := greenSince(x)
	green := "The rating is " + string(x.Rating()) + "."
	if !since.IsZero() {
		green = "Green since " + dayWords(since) + "."
	}
	return []Step{
		done(entitled, "The person, or who decides for them, has been asked", ""),
		done(open == 0, "Everybody involved in the care has been asked", countWords(open, "answer is missing", "answers are missing")),
		done(against == 0, "Nobody disagrees", ""),
		done(lead, "The lead professional agrees", partyByID(x, x.Case.Lead)),
		done(x.Removal.Plan != "", "A plan by which support goes on is named", ""),
		done(!since.IsZero() && !today.Before(since.Add(x.Settings.RemovalGreenDays)),
			fmt.Sprintf("The rating has been green for %d days", x.Settings.RemovalGreenDays), green),
	}
}

// greenSince is the first day of the present run of green, zero when the rating
// is another.
func greenSince(x workflow.File) workflow.Date {
	var since workflow.Date
	for _, one := range slices.Backward(x.Ratings) {
		if one.Rating != workflow.Green {
			break
		}
		since = workflow.DateOf(one.At)
	}
	return since
}

// askedOptions are those who are asked about a removal.
func askedOptions(x workflow.File, today workflow.Date) []Option {
	var out []Option
	for _, p := range x.Asked(today) {
		out = append(out, Option{Value: fmt.Sprint(p.ID), Text: partyWords(p)})
	}
	return out
}

func partyOf(f *Form) workflow.PartyID {
	n, err := f.Number("party")
	if err != nil {
		return 0 // no party has this id: the rule says so
	}
	return workflow.PartyID(n)
}

func removalDeeds() []deed {
	return []deed{
		{path: "/register/removal", title: "Propose removal", button: "Propose removal", may: []workflow.Role{workflow.Practitioner}, action: workflow.ProposeRemoval,
			back: "/register", said: "The removal is proposed. Now ask everybody involved.",
			words: []string{"Somebody comes off the register only when everybody involved in their care agrees that they can be supported safely in the community. Nothing changes for the person until then."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("why", "Why the person can now be supported safely", "", 2000), ""),
					textarea(f.Textarea("plan", "The plan by which support goes on", "", 2000), "One support a line, with whom to call. The letter names them.")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.ProposeRemoval(by, a.now(), f.Text("why"), f.Text("plan"))
			}},
		{path: "/register/agreement", title: "Record an answer to the removal", button: "Record it", may: caseworkers(), action: workflow.RecordAgreement,
			back: "/register", said: "The answer is recorded.",
			words: []string{"Each answer is kept with its day; the latest of each person counts. Record a try first when somebody cannot be reached: two are needed before “could not be reached”."},
			fields: func(f *Form, x workflow.File) []Control {
				answers := []Option{{Value: string(workflow.Agrees), Text: "Agrees"}, {Value: string(workflow.Disagrees), Text: "Disagrees"}, {Value: string(workflow.NoView), Text: "Has no view"},
					{Value: string(workflow.Unreached), Text: "Could not be reached", Hint: "After two tries, and never for the person. Only a manager can then go on."},
					{Value: "try phone", Text: "No answer yet: I rang and did not reach them", Or: true},
					{Value: "try visit", Text: "No answer yet: I visited and did not meet them"},
					{Value: "try post", Text: "No answer yet: I wrote and heard nothing"}}
				return []Control{radios(f.Choices("party", "Who", askedOptions(x, workflow.DateOf(x.Removal.At))), ""),
					radios(f.Choices("answer", "What they say", answers), ""),
					textarea(f.Textarea("words", "How they were asked and what they said", "", 2000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				if how, tried := strings.CutPrefix(f.Text("answer"), "try "); tried {
					return x.RecordContact(by, a.now(), workflow.Contact{Party: partyOf(f), How: how, Reached: "no answer", At: a.now()}, f.Text("words"))
				}
				if partyOf(f) == 0 {
					return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "party", Words: "Choose who answered."}
				}
				return x.RecordAgreement(by, a.now(), workflow.Agreement{Party: partyOf(f), Answer: workflow.AgreementAnswer(f.Text("answer")), Words: f.Text("words")})
			}},
		{path: "/register/remove", title: "Find that all agree", button: "Find that all agree", grave: true, may: []workflow.Role{workflow.Chair, workflow.Manager}, action: workflow.Remove,
			back: "/register", said: "Found that all agree. The letters about it are due; the case closes when a second person has approved them.",
			words: []string{"You find that everybody involved in the care agrees, and that support is safe in the community. Letters about it become due. The person comes off the register when a second person has approved them."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("note", "Note", "", 1000), "If something should be remembered with it.")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.Remove(by, a.now(), f.Text("note"))
			}},
		{path: "/register/keep", title: "Keep on the register", button: "Keep on the register", may: []workflow.Role{workflow.Practitioner}, action: workflow.KeepOnRegister,
			back: "/register", said: "The proposal has ended: the person stays on the register.",
			words: []string{"The proposal ends, letters about a removal are stopped, and the next review is set."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("why", "Who disagrees, and why", "", 2000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.KeepOnRegister(by, a.now(), f.Text("why"))
			}},
	}
}
