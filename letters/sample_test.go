package letters

import (
	"sync"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/workflow"
)

// openBook reads the shipped templates once for all tests: a book never changes.
var openBook = sync.OnceValues(func() (*Book, error) { return Open(templates.Letters) })

func book(t testing.TB) *Book {
	t.Helper()
	b, err := openBook()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func day(d int) workflow.Date { return workflow.Date{Year: 2026, Month: time.November, Day: d} }

// sampleFacts are those of an invented young man, enough for every letter.
func sampleFacts() Facts {
	return Facts{
		Date: day(23), Reference: "DSR-2026-00123-K",
		Team: Team{
			Name: "Essex Dynamic Support Register team", Phone: "01632 960123", Hours: "Monday to Friday, 9am to 5pm",
			Email: "dsr@council.example", Postal: "County Hall, Example Road, Chelmsford", Privacy: "https://council.example/dsr-privacy",
			Opens: 9, Closes: 17, Contact: "Priya", LookAgain: "the service manager",
		},
		Reader: Reader{Greeting: "Tom", Who: IsPerson, Content: workflow.Full},
		Person: Person{KnownAs: "Tom", Age: 19},

		ReceivedAt: time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC), OpenNow: true,
		NextOpen: day(24).At(9, 0), ReadBy: day(25), ReplyBy: day(30),
		Asks: []Ask{
			{"the person’s date of birth", "because age decides who can say yes"},
			{"where the person lives, or their GP surgery", "so that we know which area can help"},
		},
		Shares: []string{"health services", "education", "social care"},
		File:   "a file with a password", Forms: true,
		Panel: Panel{
			At: time.Date(2026, 12, 10, 10, 0, 0, 0, time.UTC), Roles: []string{"somebody from health", "somebody from social care"},
			Expert: true, Papers: []string{"the referral", "what you told us"}, ViewsBy: workflow.Date{Year: 2026, Month: 12, Day: 8},
			Decides: workflow.Date{Year: 2026, Month: 12, Day: 14}, MovedAt: time.Date(2026, 12, 3, 10, 0, 0, 0, time.UTC),
			Why: "Too few people could come on that day",
		},
		Decision: Decision{
			On:       day(19),
			Text:     "You told us that your flat feels safe and that Sam visits twice a week.\n\nThe panel could see how much work you have done this year.",
			EasyText: "You feel safe in your flat.\n\nSam visits you twice a week.",
			Reasons:  []string{"the services already involved are meeting the needs"},
			Recommendations: []Recommendation{
				{"Have a yearly health check", "Your GP surgery", "the end of January 2027"},
				{"Talk with Sam about a plan for bad days", "You and Sam", ""},
			},
			Signposts: []Signpost{
				{Name: "Example Advocacy", For: "Somebody on your side when decisions are made", How: "Phone or email them. You do not need a referral", Phone: "01632 960001", Hours: "Monday to Friday, 9am to 5pm", Email: "hello@advocacy.example", CheckedOn: day(2), ReviewBy: workflow.Date{Year: 2027, Month: 5, Day: 2}, EasyRead: "They help you to say what you want."},
				{Name: "Example Autism Group", For: "Meeting other autistic people", How: "Come along on a Tuesday", Web: "https://autism.example/groups", CheckedOn: day(3), ReviewBy: workflow.Date{Year: 2027, Month: 5, Day: 3}, EasyRead: "You can meet other autistic people."},
				{Name: "Example Helpline", For: "Somebody to talk to at night", How: "Phone them", Phone: "01632 960002", Hours: "every night, 8pm to 2am", CheckedOn: day(3), ReviewBy: workflow.Date{Year: 2027, Month: 5, Day: 3}, EasyRead: "You can talk to them at night."},
			},
			DoneByUs: []string{"We told your social worker, as you agreed"}, LookAgainBy: workflow.Date{Year: 2026, Month: 12, Day: 21},
			ReturnWhen: "If your home may have to change, or if you feel much worse",
		},
		Register: Register{
			Since: day(23), Rating: "amber", Means: "there may be a risk of going into hospital unless the right support comes soon",
			Lead: Lead{Name: "Sam Jones", Role: "social worker", Contact: "01632 960010", CallsBy: day(27)}, LeadNamed: "Your council",
			Support:    []string{"Sam visits twice a week, from Monday 30 November 2026", "A plan for bad days, written with you"},
			NextReview: workflow.Date{Year: 2026, Month: 12, Day: 21}, ReviewName: "care and treatment review", CETR: "We will talk with you about having one.",
			SharedWith: []string{"your GP surgery", "social care"}, Actions: []Action{{"Write the plan for bad days", "Sam Jones", "Monday 30 November 2026"}},
			Consent: day(2),
		},
		Removal: Removal{
			On: day(23), Agreed: []string{"you", "your social worker", "your GP"},
			GoesOn: []string{"Sam Jones, your social worker, visits twice a week. You can call Sam on 01632 960010"},
			Signs:  []string{"You sleep badly for more than a week", "You stop going out"},
			Told:   []string{"your GP surgery", "social care"}, Kept: "eight years",
		},
		Transfer: Transfer{
			Team: "the Suffolk Dynamic Support Register team", Contact: "dsr@suffolk.example", On: workflow.Date{Year: 2026, Month: 12, Day: 7},
			Passed: []string{"your name and how to reach you", "your plan"}, UntilThen: "Priya in our team",
		},
		Sharing:  Sharing{Sector: "health", Consent: day(2), Needs: "Longer appointments, with Sam there"},
		Review:   Review{On: day(20), Said: "You said that things are calmer. Everybody agreed.", Changed: true, Was: "red"},
		Birthday: 16, BirthdayOn: workflow.Date{Year: 2026, Month: 12, Day: 30}, Message: "Thank you for calling yesterday.\n\nI have asked the school for their report.",
		Tried: []string{"an email on Monday 2 November 2026", "a phone call on Monday 9 November 2026"},
	}
}
