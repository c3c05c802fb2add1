package letters

import (
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// Example is the facts of an invented young man, enough for every letter: for
// whoever reads and approves the wordings.
func Example(now time.Time) Facts {
	today := workflow.DateOf(now)
	on := func(days int) string { return today.Add(days).At(12, 0).Format("Monday 2 January 2006") }
	return Facts{
		Date: today, Reference: "DSR-2026-00123-K",
		Team: Team{
			Name: "Essex Dynamic Support Register team", Phone: "01632 960123", Hours: "Monday to Friday, 9am to 5pm",
			Email: "dsr@council.example", Postal: "County Hall, Example Road, Chelmsford", Privacy: "https://council.example/dsr-privacy",
			Opens: 9, Closes: 17, Contact: "Priya", LookAgain: "the service manager",
		},
		Reader: Reader{Greeting: "Tom", Who: IsPerson, Content: workflow.Full},
		Person: Person{KnownAs: "Tom", Age: 19},

		ReceivedAt: today.At(14, 5), OpenNow: true,
		NextOpen: today.Add(1).At(9, 0), ReadBy: today.Add(2), ReplyBy: today.Add(7),
		Asks: []Ask{
			{"the person’s date of birth", "because age decides who can say yes"},
			{"where the person lives, or their GP surgery", "so that we know which area can help"},
		},
		Shares: []string{"health services", "education", "social care"},
		File:   "a file with a password", Forms: true,
		Panel: Panel{
			At: today.Add(17).At(10, 0), Roles: []string{"somebody from health", "somebody from social care"},
			Expert: true, Papers: []string{"the referral", "what you told us"}, ViewsBy: today.Add(15),
			Decides: today.Add(21), MovedAt: today.Add(10).At(10, 0),
			Why: "Too few people could come on that day",
		},
		Decision: Decision{
			On:       today.Add(-4),
			Text:     "You told us that your flat feels safe and that Sam visits twice a week.\n\nThe panel could see how much work you have done this year.",
			EasyText: "You feel safe in your flat.\n\nSam visits you twice a week.",
			Reasons:  []string{"the services already involved are meeting the needs"},
			Recommendations: []Recommendation{
				{"Have a yearly health check", "Your GP surgery", "the end of January"},
				{"Talk with Sam about a plan for bad days", "You and Sam", ""},
			},
			Signposts: []Signpost{
				{Name: "Example Advocacy", For: "Somebody on your side when decisions are made", How: "Phone or email them. You do not need a referral", Phone: "01632 960001", Hours: "Monday to Friday, 9am to 5pm", Email: "hello@advocacy.example", CheckedOn: today.Add(-21), ReviewBy: today.Add(160), EasyRead: "They help you to say what you want."},
				{Name: "Example Autism Group", For: "Meeting other autistic people", How: "Come along on a Tuesday", Web: "https://autism.example/groups", CheckedOn: today.Add(-20), ReviewBy: today.Add(161), EasyRead: "You can meet other autistic people."},
				{Name: "Example Helpline", For: "Somebody to talk to at night", How: "Phone them", Phone: "01632 960002", Hours: "every night, 8pm to 2am", CheckedOn: today.Add(-20), ReviewBy: today.Add(161), EasyRead: "You can talk to them at night."},
			},
			DoneByUs: []string{"We told your social worker, as you agreed"}, LookAgainBy: today.Add(28),
			ReturnWhen: "If your home may have to change, or if you feel much worse",
		},
		Register: Register{
			Since: today, Rating: "amber", Means: "there may be a risk of going into hospital unless the right support comes soon",
			Lead: Lead{Name: "Sam Jones", Role: "social worker", Contact: "01632 960010", CallsBy: today.Add(4)}, LeadNamed: "Your council",
			Support:    []string{"Sam visits twice a week, from " + on(7), "A plan for bad days, written with you"},
			NextReview: today.Add(28), ReviewName: "care and treatment review", CETR: "We will talk with you about having one.",
			SharedWith: []string{"your GP surgery", "social care"}, Actions: []Action{{"Write the plan for bad days", "Sam Jones", on(7)}},
			Consent: today.Add(-21),
		},
		Removal: Removal{
			On: today, Agreed: []string{"you", "your social worker", "your GP"},
			GoesOn: []string{"Sam Jones, your social worker, visits twice a week. You can call Sam on 01632 960010"},
			Signs:  []string{"You sleep badly for more than a week", "You stop going out"},
			Told:   []string{"your GP surgery", "social care"}, Kept: "eight years",
		},
		Transfer: Transfer{
			Team: "the Suffolk Dynamic Support Register team", Contact: "dsr@suffolk.example", On: today.Add(14),
			Passed: []string{"your name and how to reach you", "your plan"}, UntilThen: "Priya in our team",
		},
		Sharing:  Sharing{Sector: "health", Consent: today.Add(-21), Needs: "Longer appointments, with Sam there"},
		Review:   Review{On: today.Add(-3), Said: "You said that things are calmer. Everybody agreed.", Changed: true, Was: "red"},
		Birthday: 16, BirthdayOn: today.Add(37), Message: "Thank you for calling yesterday.\n\nI have asked the school for their report.",
		Tried: []string{"an email on " + on(-21), "a phone call on " + on(-14)},
	}
}

// Case is one sample case in which a wording is shown.
type Case struct {
	Name  string
	Facts Facts
}

// Cases are the sample cases of a letter: its readers, and the turns that its
// words can take.
func Cases(k workflow.LetterKind, v Variant, c workflow.Content, now time.Time) []Case {
	turn := func(name string, change func(*Facts)) Case {
		f := Example(now)
		f.Reader.Content = c
		change(&f)
		return Case{name, f}
	}
	professional := turn("A professional", func(f *Facts) { f.Reader.Who, f.Reader.Greeting = IsProfessional, "Dr Okafor" })
	if v == Professional || c == workflow.OutcomeOnly {
		return []Case{professional}
	}
	out := []Case{turn("The person", func(*Facts) {})}
	if v == YoungPerson {
		return out
	}
	parent := func(f *Facts) { f.Reader.Who, f.Reader.Greeting = IsParent, "Anna" }
	out = append(out, turn("A parent", parent))
	switch k {
	case workflow.L2:
		out = append(out, turn("At night", func(f *Facts) { f.OpenNow = false }))
	case workflow.L3:
		out = append(out, turn("One thing is missing", func(f *Facts) { f.Asks = f.Asks[:1] }))
	case workflow.L6:
		out = append(out, turn("Nothing is shared, nobody leads yet", func(f *Facts) { f.Register.SharedWith, f.Register.Lead = nil, Lead{} }))
	case workflow.L8:
		out = append(out, turn("An assessment found neither", func(f *Facts) { f.Removal.NotEligible, f.Removal.Agreed = true, nil }))
	case workflow.L9:
		out = append(out, turn("Another area", func(f *Facts) { f.Transfer.OutOfArea, f.Transfer.Passed = true, nil }))
	case workflow.L10:
		out = append(out, turn("Never on the register", func(f *Facts) { f.Removal.Never = true }))
	case workflow.L12:
		out = append(out, turn("The same colour", func(f *Facts) { f.Review.Changed = false }))
	case workflow.L13:
		out = append(out, turn("Eighteen", func(f *Facts) { f.Birthday = 18 }))
	}
	return append(out, turn("No phone number is set", func(f *Facts) { f.Team.Phone, f.Team.Contact, f.Team.Postal = "", "", "" }))
}
