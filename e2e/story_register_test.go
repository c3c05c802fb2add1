package e2e

// review is four weeks later: a meeting finds that things are better.
func (x *story) review() {
	x.t.Helper()
	x.carol.open("/register")
	says(x.t, x.carol, "Alfie James Smith", "Amber")
	look(x.carol, "register")
	p := x.pavel
	p.open("/cases/" + x.alfie + "/register")
	look(p, "case-register")
	p.follow("Record a review")
	p.fill("The keyworker has begun, and nights are quiet.", "What the review found")
	p.choose("Rating from now on", "Green")
	p.fill("No visit to the emergency department since February", "Why the rating changed")
	p.choose("It was a meeting of those involved")
	look(p, "review")
	p.press("Record the review")
	says(x.t, p, "The review is recorded", "Green")
}

// removal is everybody involved saying that support is safe without the register.
func (x *story) removal() {
	x.t.Helper()
	p := x.pavel
	p.open("/cases/" + x.alfie + "/register")
	p.follow("Propose removal")
	p.fill("Nothing has happened for three months.", "Why the person can now be supported safely")
	p.fill("His keyworker stays, 01632 960202", "The plan by which support goes on")
	p.press("Propose removal")
	says(x.t, p, "The removal is proposed")
	x.agrees("Alfie James Smith")
	says(x.t, p, "Not asked yet")
	x.maya.open("/cases/" + x.alfie + "/register")
	says(x.t, x.maya, "Dr Priya Natarajan has not been asked yet")
	x.agrees("Dr Priya Natarajan")
	look(p, "removal")

	m := x.maya
	m.open("/cases/" + x.alfie + "/register")
	m.follow("Find that all agree")
	m.press("Find that all agree")
	says(x.t, m, "Found that all agree")
	x.approveAll(x.alfie, "Removal", 2)
}

func (x *story) agrees(name string) {
	x.t.Helper()
	p := x.pavel
	p.open("/cases/" + x.alfie + "/register/agreement")
	p.choose("Who", name)
	p.choose("What they say", "Agrees")
	p.fill("Asked at home; the answer was yes.", "How they were asked")
	p.press("Record it")
	says(x.t, p, "The answer is recorded")
}

func (x *story) removalArrives() {
	x.t.Helper()
	x.arrives(patient, x.form)
	x.arrives(doctor, x.form)
	x.checkCount(map[string]int{patient: 2, doctor: 3, mother: 2})
	x.carol.open("/cases/" + x.alfie)
	says(x.t, x.carol, "Closed", "Removed by agreement")
	x.carol.open("/cases/" + x.alfie + "/timeline")
	look(x.carol, "timeline")
}
