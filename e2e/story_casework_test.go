package e2e

import (
	"strings"
	"time"
)

// workOnTheChild brings the family's case to the panel's list: her mother
// decides for a child of eleven.
func (x *story) workOnTheChild() {
	x.t.Helper()
	c := x.carol
	c.open("/cases/" + x.maisie)
	says(x.t, c, "Still missing for a panel")
	look(c, "case-new")
	c.press("Take this case")
	c.fill("Maisie", "Likes to be called")
	c.pick("Ours", "Is this our area?")
	c.fill("In writing first, then a call", "How the person likes to be told things")
	c.pick("None of these", "Care status")
	c.press("Confirm all shown")
	says(x.t, c, "Confirmed")
	look(c, "case")

	x.confirmParty(x.maisie, "Helen Thorne", func() {
		c.pick("Yes", "Parental responsibility")
	})
	look(c, "people")
	x.answer(x.maisie, "Being on the register", "Parent", "Helen Thorne")
	x.makeReady(x.maisie)
}

// workOnTheAdult brings the doctor's case there: from 16 the person decides, and
// somebody assessed that he can.
func (x *story) workOnTheAdult() {
	x.t.Helper()
	c := x.carol
	c.open("/cases/" + x.alfie)
	c.press("Take this case")
	c.pick("Ours", "Is this our area?")
	c.fill("Face to face, one thing at a time", "How the person likes to be told things")
	c.fill("He was taken to the emergency department twice in February.", "What is happening now")
	c.fill("More hours of support at night.", "What has been tried")
	c.fill("The community team, Willow House", "Who else is involved")
	c.pick("No", "Is there a safeguarding concern?")
	c.press("Confirm all shown")
	says(x.t, c, "Confirmed")
	look(c, "case-form")

	x.confirmParty(x.alfie, "Dr Priya Natarajan", func() { c.pick("Health", "Sector") })
	x.confirmParty(x.alfie, "Alfie James Smith", func() { c.fill(patient, "Email") })
	x.addUnconfirmed("Relative", "Ned Smith", "ned.smith@example.org")

	p := x.pavel
	p.open("/cases/" + x.alfie + "/consent/capacity")
	p.fill("Pavel Iqbal", "Who assessed")
	p.fill("Social worker", "Their profession")
	for _, question := range []string{"Could they understand", "Could they keep it in mind", "Could they weigh it up", "Could they tell"} {
		p.choose(question, "Yes")
	}
	p.fill("Pictures, and his keyworker beside him", "What was done to help them decide")
	p.choose("What was found", "Has capacity")
	fillDate(p, "Day of the assessment", x.s.now())
	look(p, "capacity")
	p.press("Record the assessment")
	says(x.t, p, "The assessment is recorded")
	x.answer(x.alfie, "Being on the register", "Person", "The person")
	x.answer(x.alfie, "Sharing with health", "Person", "The person")
	look(p, "consent")
	x.makeReady(x.alfie)
}

// confirmParty confirms who somebody is whom the mail named, and that they agree
// to be written to.
func (x *story) confirmParty(ref, name string, more func()) {
	x.t.Helper()
	c := x.carol
	c.open("/cases/" + ref + "/people")
	c.follow("(" + name) // of whoever it is: check and confirm
	more()
	c.pick("Yes", "May get letters about decisions")
	for _, known := range []string{"I have checked who this is", "Agrees to full letters at an ordinary email address", "Involved in the care now"} {
		c.choose("What is known", known)
	}
	look(c, "party")
	c.press("Save")
	says(x.t, c, "Saved", "Confirmed")
}

// addUnconfirmed names somebody whom nobody has checked: no letter may reach them.
func (x *story) addUnconfirmed(role, name, email string) {
	x.t.Helper()
	c := x.carol
	c.follow("Add somebody")
	c.pick(role, "What they are to the person")
	c.fill(name, "Name")
	c.fill(email, "Email")
	c.press("Save")
	says(x.t, c, "Saved", name, "Only read, not confirmed")
}

// answer records a yes that whoever decides gave in a conversation.
func (x *story) answer(ref, about, decider, name string) {
	x.t.Helper()
	p := x.pavel
	p.open("/cases/" + ref + "/consent/answer")
	p.pick(about, "What was asked")
	p.choose("Who answered", decider)
	p.pick(name, "Their name")
	p.choose("The answer", "Yes")
	p.choose("What it rests on", "Recorded conversation")
	p.fill("Rang and explained the register; the answer was yes.", "Who asked, how")
	if decider == "Parent" {
		p.fill("She wants mornings to be calm, and does not mind.", "What the child says about it")
	}
	fillDate(p, "Day of the answer", x.s.now())
	p.press("Record the answer")
	says(x.t, p, "The answer is recorded")
}

func (x *story) makeReady(ref string) {
	x.t.Helper()
	p := x.pavel
	p.open("/cases/" + ref)
	p.follow("Make ready for the panel")
	look(p, "deed")
	p.press("Make ready")
	says(x.t, p, "The case is ready for a panel")
}

// arrangePanel makes a meeting with an expert by experience and puts both cases
// on its agenda, one from the case and one from the agenda.
func (x *story) arrangePanel() {
	x.t.Helper()
	c := x.carol
	c.open("/panels/new")
	c.choose("What it is for", "Referral panel")
	fillDate(c, "Day", london(2027, time.March, 10, 0, 0))
	c.fill("2pm", "Time")
	c.fill("County Hall, room 3", "Where")
	c.pick("Chidi Grant", "Chair")
	c.pick("Social care", "Sector of Chidi Grant")
	c.pick("Professional", "Seat of Nia Lane")
	c.pick("Health", "Sector of Nia Lane")
	c.pick("Professional", "Seat of Edie Marsh")
	c.pick("Education", "Sector of Edie Marsh")
	c.press("Save the panel")
	says(x.t, c, "at least one expert by experience")
	look(c, "panel-refused")
	c.pick("Expert by experience", "Seat of Esme Frost")
	c.press("Save the panel")
	says(x.t, c, "The panel is saved")
	c.choose("Maisie Thorne")
	c.press("Put it on the agenda")
	says(x.t, c, "The case is on the agenda")
	look(c, "panel")
	c.open("/cases/" + x.alfie + "/panel")
	c.choose("Wednesday 10 March 2027")
	look(c, "case-panel")
	c.press("Put on this panel")
	says(x.t, c, "The case is on the agenda")
}

// readPapers is the meeting's beginning: each declares, and reads papers only then.
func (x *story) readPapers() {
	x.t.Helper()
	for _, member := range []screen{x.chidi, x.nia, x.edie, x.esme} {
		for _, ref := range []string{x.maisie, x.alfie} {
			x.toItem(member, ref)
			if strings.Contains(member.text(), "These papers are") {
				x.t.Fatalf("papers stand open before an interest is declared: %s", member.text())
			}
			member.choose("Do you have an interest in this case?", "No interest")
			member.press("Declare")
			says(x.t, member, "You declared no interest", "These papers are about somebody")
		}
	}
	x.esme.fill("She should be asked herself, with her pictures.", "What you think")
	x.esme.press("Give your view")
	says(x.t, x.esme, "Your view is recorded", "She should be asked herself")
	look(x.esme, "panel-item")

	x.carol.open("/panels")
	look(x.carol, "panels")
	x.carol.follow("Wednesday 10 March 2027")
	for _, name := range []string{"Chidi Grant", "Nia Lane", "Edie Marsh", "Esme Frost"} {
		x.carol.choose("Who is there", name)
	}
	x.carol.press("Save who is there")
	says(x.t, x.carol, "Who is there is saved")
}

// toItem opens a case from a member's own agenda.
func (x *story) toItem(member screen, ref string) {
	x.t.Helper()
	member.open("/panels")
	member.follow("Wednesday 10 March 2027")
	name := map[string]string{x.maisie: "Maisie Thorne", x.alfie: "Alfie James Smith"}[ref]
	member.follow(name)
}

// decide is the chair recording what the panel decided.
func (x *story) decide() {
	x.t.Helper()
	c := x.chidi
	x.toItem(c, x.alfie)
	c.press("Open this case in the panel")
	look(c, "panel-item-open")
	c.follow("Accept")
	c.press("Look at it again before it is recorded")
	says(x.t, c, "at least 40 characters")
	c.fill("We think that the register can help you now, so we have put your name on it.", "The decision, written to the person")
	c.choose("The rating that the panel agreed", "Amber")
	c.fill("Two visits to the emergency department in a month", "Why this rating")
	c.pick("Dr Priya Natarajan", "Lead professional")
	c.fill("A keyworker from 22 March", "Support that was discussed")
	c.fill("He wants to stay at Willow House.", "The person’s own views")
	look(c, "accept")
	x.confirm(c, "Accepted", "Amber", "A keyworker from 22 March")
	says(x.t, c, "Recorded: accepted")

	x.toItem(c, x.maisie)
	c.press("Open this case in the panel")
	c.follow("Do not accept")
	says(x.t, c, "Services that cannot be chosen, and why Example Carers Centre")
	c.fill("We do not add you to the register at the moment. These people can help you now.", "The decision, written to the person")
	c.choose("Reasons", "The main need is an education, health and care plan")
	c.fill("A meeting at school about a quiet room and a later start", "1. What would help")
	c.fill("the school", "Who does it")
	c.fill("the end of March", "By when")
	c.choose("Who can help now", "Example Family Support Line")
	c.fill("She wants mornings to be calm.", "The person’s own views")
	look(c, "not-accept")
	x.confirm(c, "Not accepted", "a quiet room", "Example Family Support Line")
	says(x.t, c, "Recorded: not accepted")
}

// confirm looks at a decision once more and records it.
func (x *story) confirm(c screen, want ...string) {
	x.t.Helper()
	c.press("Look at it again before it is recorded")
	says(x.t, c, append(want, "Record this decision?")...)
	look(c, "decision-confirm")
	c.choose("Yes")
	c.press("Continue")
}
