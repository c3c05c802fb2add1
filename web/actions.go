package web

import (
	"fmt"
	"slices"

	"github.com/essex-dsr/dsr/workflow"
)

// triageDeeds move a case from what came in to the panel's list.
func triageDeeds() []deed {
	const written = "A letter becomes due. It is written for you; a second person approves it before it leaves."
	plain := func(do func(workflow.File, workflow.Actor, *App) (workflow.Change, error)) func(*Form, workflow.File, workflow.Actor, *App) (workflow.Change, error) {
		return func(_ *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
			return do(x, by, a)
		}
	}
	return []deed{
		{path: "/take", title: "Take this case", button: "Take this case", may: rolesOf(workflow.Take), action: workflow.Take,
			said: "The case is yours now, in triage.",
			do: plain(func(x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.Take(by, a.now())
			})},
		{path: "/ready", title: "Make ready for the panel", button: "Make ready", may: rolesOf(workflow.MakeReady), action: workflow.MakeReady,
			said: "The case is ready for a panel.", words: []string{"Everything a panel needs is there, and consent is held. The case joins the list from which agendas are made."},
			do: plain(func(x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.MakeReady(by, a.now())
			})},
		{path: "/ask-information", title: "Ask for what is missing", button: "Ask for it", may: rolesOf(workflow.AskForInformation), action: workflow.AskForInformation,
			said: "Asked. The letter is due; see Letters.", words: []string{"The referrer is asked for what the list on the case says is missing.", written},
			do: plain(func(x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.AskForInformation(by, a.now())
			})},
		{path: "/information-came", title: "The information came", button: "The information came", may: rolesOf(workflow.InformationCame), action: workflow.InformationCame,
			said: "Back in triage.",
			do: plain(func(x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.InformationCame(by, a.now())
			})},
		{path: "/ask-consent", title: "Ask for consent", button: "Ask for it", may: rolesOf(workflow.AskForConsent), action: workflow.AskForConsent,
			said: "Asked. The letter is due; see Letters.", words: []string{"Whoever decides is asked whether they want this: the person from 16, and for a younger child somebody with parental responsibility.", written},
			do: plain(func(x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.AskForConsent(by, a.now())
			})},
		{path: "/settle-consent", title: "Consent is settled", button: "Make ready", may: rolesOf(workflow.SettleConsent), action: workflow.SettleConsent,
			said: "The case is ready for a panel.", words: []string{"Consent is held and nothing is missing. The case joins the list from which agendas are made."},
			do: plain(func(x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.SettleConsent(by, a.now())
			})},
	}
}

// careDeeds are what may be needed at any time.
func careDeeds() []deed {
	return []deed{
		{path: "/contact", title: "Record a call, visit or meeting", button: "Record it", may: rolesOf(workflow.RecordContact), action: workflow.RecordContact,
			said: "Recorded.", fields: contactFields, do: recordContact},
		{path: "/note", title: "Add a note", button: "Add the note", may: rolesOf(workflow.Note), action: workflow.Note, back: "/timeline", said: "The note is on the timeline.",
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("note", "Note", "", 4000), "The team reads it; it may be given to the person who asks for their record.")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.AddNote(by, a.now(), f.Text("note"))
			}},
		{path: "/urgency", title: "Change the urgency", button: "Change the urgency", may: rolesOf(workflow.SetUrgency), action: workflow.SetUrgency, said: "The urgency is changed.",
			fields: func(f *Form, x workflow.File) []Control {
				return []Control{radios(f.Choices("urgency", "How urgent it is now", urgencyOptions(urgencies()...), string(x.Case.Urgency)), ""),
					textarea(f.Textarea("why", "What was done, and why", "", 2000), "Needed when it becomes less urgent: whom you rang and when, who goes there, when somebody looks again.")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.SetUrgency(by, a.now(), workflow.Urgency(f.Text("urgency")), f.Text("why"))
			}},
		{path: "/settle", title: "Settle a flag", button: "Settle it", may: rolesOf(workflow.Note), action: workflow.Note, said: "The flag is settled.",
			fields: func(f *Form, x workflow.File) []Control {
				var options []Option
				for _, flag := range settleable(x) {
					options = append(options, Option{Value: string(flag), Text: flagTag(flag).Text})
				}
				return []Control{radios(f.Choices("flag", "What is settled", options), ""),
					textarea(f.Textarea("why", "What was done", "", 2000), "Who did what, when, and any reference.")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				if len(settleable(x)) == 0 {
					return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrConflict, Words: "No flag is raised that is settled here."}
				}
				return x.SettleFlag(by, a.now(), workflow.Flag(f.Text("flag")), f.Text("why"))
			}},
		{path: "/hold", title: "Put on hold", button: "Put on hold", may: rolesOf(workflow.Hold), action: workflow.Hold, said: "The case is on hold: no letter leaves until a practitioner has read why.",
			words: []string{"Somebody said no, or may have. Every letter stops, and the panel's papers close, until a practitioner has read why."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("why", "Why", "", 2000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.Hold(by, a.now(), f.Text("why"))
			}},
		{path: "/lift-hold", title: "Lift the hold", button: "Lift the hold", may: rolesOf(workflow.LiftHold), action: workflow.LiftHold, said: "The hold is lifted.",
			words: []string{"The case goes on, and letters may leave again. Record an answer of no first, if there was one."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("why", "What you read, and what you found", "", 2000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.LiftHold(by, a.now(), f.Text("why"))
			}},
	}
}

// settleable are the raised flags that people settle by looking.
func settleable(x workflow.File) []workflow.Flag {
	var out []workflow.Flag
	for _, flag := range []workflow.Flag{workflow.FlagDuplicate, workflow.FlagSafeguarding, workflow.FlagSecureMail, workflow.FlagUndelivered} {
		if x.Case.Has(flag) {
			out = append(out, flag)
		}
	}
	return out
}

func urgencyOptions(levels ...workflow.Urgency) []Option {
	hints := map[workflow.Urgency]string{workflow.Crisis: "Somebody may be in danger now", workflow.Urgent: "Hospital, arrest or the end of a placement within days to two weeks",
		workflow.Unread: "What would tell could not be read"}
	var out []Option
	for _, u := range levels {
		out = append(out, Option{Value: string(u), Text: urgencyTag(u).Text, Hint: hints[u]})
	}
	return out
}

// contactFields is a form for half a minute: four choices and a sentence.
func contactFields(f *Form, x workflow.File) []Control {
	var who []Option
	for _, p := range x.Parties {
		o := Option{Value: idText(p.ID), Text: partyWords(p), Hint: p.Phone}
		if p.Blocked {
			o.Hint = "Must not be contacted: " + p.BlockedWhy
		}
		who = append(who, o)
	}
	how := []Option{{Value: "phone", Text: "Phone"}, {Value: "visit", Text: "Visit"}, {Value: "meeting", Text: "Meeting"}, {Value: "post", Text: "Post"}, {Value: "message", Text: "Message"}}
	came := []Option{{Value: "reached", Text: "Reached"}, {Value: "voicemail", Text: "Voicemail"}, {Value: "no answer", Text: "No answer"}}
	party, method, result := f.Choices("party", "Whom", who), f.Choices("how", "How", how, "phone"), f.Choices("reached", "What came of it", came)
	party.Small, method.Small, method.Inline, result.Small, result.Inline = true, true, true, true, true
	return []Control{radios(party, emptyHint(who, "Name somebody on the People page first.")), radios(method, ""), radios(result, ""),
		textarea(f.Textarea("words", "What was said", "", 2000), ""),
		input(f.Input("next", "Next step", ""), "Leave empty if there is none. It becomes a task of yours."),
		dateField(f.DateInput("next_by", "By when", workflow.Date{}), "For example, 23 11 2026")}
}

func emptyHint(options []Option, hint string) string {
	if len(options) > 0 {
		return ""
	}
	return hint
}

func recordContact(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
	c := workflow.Contact{Party: workflow.PartyID(atoi(f.Text("party"))), How: f.Text("how"), Reached: f.Text("reached"), At: a.now(),
		Next: f.Text("next"), NextBy: f.Date("next_by", "By when")}
	return x.RecordContact(by, a.now(), c, f.Text("words"))
}

// closingDeeds end a case, or undo an end.
func closingDeeds() []deed {
	why := func(label, hint string) func(*Form, workflow.File) []Control {
		return func(f *Form, _ workflow.File) []Control {
			return []Control{textarea(f.Textarea("why", label, "", 2000), hint)}
		}
	}
	noted := func(do func(workflow.File, workflow.Actor, *App, string) (workflow.Change, error)) func(*Form, workflow.File, workflow.Actor, *App) (workflow.Change, error) {
		return func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
			return do(x, by, a, f.Text("why"))
		}
	}
	const letter = "A letter about it becomes due; a second person approves it before it leaves."
	all := []deed{
		{path: "/refuse", title: "Close: the answer is no", button: "Close the case", action: workflow.RefuseConsent, fields: why("What was said, and what else was offered", ""),
			words: []string{"The person, or who decides for them, said no. Record that answer first. What else can help is told them.", letter},
			do: noted(func(x workflow.File, by workflow.Actor, a *App, note string) (workflow.Change, error) {
				return x.RefuseConsent(by, a.now(), note)
			})},
		{path: "/withdraw", title: "Close: consent was taken back", button: "Close the case", action: workflow.Withdraw, fields: why("What was said, and what was offered", "They need not say why."),
			words: []string{"The person, or who decides for them, takes consent back. Nobody else has to agree. Record that answer first. Those we shared with are told to stop.", letter},
			do: noted(func(x workflow.File, by workflow.Actor, a *App, note string) (workflow.Change, error) {
				return x.Withdraw(by, a.now(), note)
			})},
		{path: "/withdraw-referral", title: "Close: the referrer takes it back", button: "Close the case", action: workflow.WithdrawReferral,
			fields: why("Who took it back, and that nobody entitled wants it", "Check first whether anybody is at risk."), words: []string{letter},
			do: noted(func(x workflow.File, by workflow.Actor, a *App, note string) (workflow.Change, error) {
				return x.WithdrawReferral(by, a.now(), note)
			})},
		{path: "/out-of-area", title: "Close: another area", button: "Close the case", action: workflow.CloseOutOfArea, fields: why("Which area's register is the right one, and who was told", ""), words: []string{letter},
			do: noted(func(x workflow.File, by workflow.Actor, a *App, note string) (workflow.Change, error) {
				return x.CloseOutOfArea(by, a.now(), note)
			})},
		{path: "/enquiry", title: "Close: only a question", button: "Close the case", action: workflow.CloseEnquiry, fields: why("What was asked", ""), words: []string{"The mail asks how this works and refers nobody.", letter},
			do: noted(func(x workflow.File, by workflow.Actor, a *App, note string) (workflow.Change, error) {
				return x.CloseEnquiry(by, a.now(), note)
			})},
		{path: "/no-contact", title: "Close: nobody could be reached", button: "Close the case", action: workflow.CloseNoContact, fields: why("What was tried", ""), words: []string{letter},
			do: noted(func(x workflow.File, by workflow.Actor, a *App, note string) (workflow.Change, error) {
				return x.CloseNoContact(by, a.now(), note)
			})},
		{path: "/error", title: "Close: made in error", button: "Close the case", action: workflow.CloseError, fields: why("What the mistake was", ""), words: []string{"Letters that have not left are stopped."},
			do: noted(func(x workflow.File, by workflow.Actor, a *App, note string) (workflow.Change, error) {
				return x.CloseError(by, a.now(), note)
			})},
		{path: "/death", title: "Record a death", button: "Record the death", action: workflow.RecordDeath, words: []string{"Every letter and every reminder stops at once. No letter is written: somebody writes by hand."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{dateField(f.DateInput("on", "Day of death", workflow.Date{}), "For example, 23 11 2026"), textarea(f.Textarea("why", "Who told us, and how it is confirmed", "", 2000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.RecordDeath(by, a.now(), f.Date("on", "Day of death"), f.Text("why"))
			}},
	}
	for i := range all {
		all[i].grave, all[i].may, all[i].said = true, rolesOf(all[i].action), "The case is closed."
	}
	return append(all,
		deed{path: "/reopen", title: "Reopen", button: "Reopen", may: rolesOf(workflow.Reopen), action: workflow.Reopen, said: "The case is open again.",
			words: []string{"Only when it was closed by mistake. It goes back to where it was."}, fields: why("What the mistake was", ""),
			do: noted(func(x workflow.File, by workflow.Actor, a *App, note string) (workflow.Change, error) {
				return x.Reopen(by, a.now(), note)
			})},
		deed{path: "/look-again", title: "Look at it again", button: "Look at it again", may: rolesOf(workflow.LookAgain), action: workflow.LookAgain, said: "The case is in triage again. The old decision is kept.",
			words: []string{"Somebody asked us to look again, with something new or because something was wrong. The old decision is kept, and the next panel has another chair or a member who was not there.", letter},
			fields: func(f *Form, x workflow.File) []Control {
				return []Control{textarea(f.Textarea("why", "What is new, or what was wrong", "", 2000), ""),
					textarea(f.Textarea("late", fmt.Sprintf("If they asked after %d days: which help or format they needed", x.Settings.LookAgainDays), "", 1000), "Leave empty if they asked in time.")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.LookAgain(by, a.now(), f.Text("why"), f.Text("late"))
			}})
}

// mentioned reports whether a choice is one of the options: what a page did not
// offer is not taken.
func mentioned(options []Option, value string) bool {
	return slices.ContainsFunc(options, func(o Option) bool { return o.Value == value })
}
