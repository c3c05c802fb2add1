package workflow

import (
	"slices"
	"strings"
	"time"
)

// Settings are the team's own numbers and names; every published number of the
// service is one of them. They are changed on the settings pages, audited.
type Settings struct {
	Team         string // "Essex Dynamic Support Register team"
	Email        string
	Phone        string
	PhoneHours   string
	Postal       string
	Privacy      string // link
	Opens        int    // hour
	Closes       int    // hour: also the cut-off of working days
	Closures     []Date // one-off holidays and council closure days
	FormsChecked string // who approved the blank forms, and when; without it no letter sends them
	FormsReadBy  string // who with a learning disability read the Easy Read form, and when
	LiveChecked  string // who verified the numbers in the crisis reply, and when
	DutyEmail    string // hears of every crisis and safeguarding mail, without personal data
	OutOfHours   string // the recorded answer: who is on call, or that nobody is, accepted by whom

	AutomaticL1          bool
	AutomaticPerDay      int // L1 to one address
	HoldMinutes          int // between approval and sending, with a stop
	Gillick              bool
	ConsentMonths        int
	SignpostMonths       int
	TriageWD             int
	UrgentHours          int
	CrisisMinutes        int
	InfoWD               []int
	ConsentWD            []int
	RemindersBeforeClose int
	PackOpensWD          int
	PackClosesWD         int
	QuorumProfessionals  int
	QuorumExperts        int
	QuorumFree           int
	FirstSupportWD       int
	FirstSupportRedWD    int
	CETRWarnWD           int
	RatifyWD             int
	LettersOutWD         int
	ReviewDays           map[Rating]int
	RemovalGreenDays     int
	RemovalReviewDays    int
	ReopenDays           int
	LookAgainDays        int
	SafeguardingHours    int // working hours until a concern is opened
	SpeakWD              int // until somebody speaks with a person who referred themselves
	PanelWD              int // from complete to a panel
	UrgentPanelWD        int
	CETRReportDays       int      // from a care, education and treatment review to its report
	KeyworkerWD          int      // until a missing keyworker referral is pointed out
	RecheckDays          int      // between reminders that a yearly check is unanswered
	BirthdayMonths       []int    // before the 16th, 18th and 26th birthday
	Birthday16Days       int      // after the 16th, when the manager records what follows
	HoldWD               int      // until a practitioner has read a referral that came with a no
	ObjectionWD          int      // until a best-interests decision is looked at again after an objection
	DischargeRedDays     int      // on red after a discharge from hospital, at least
	SecureDomains        []string // full letters may go there
	HideMembers          bool     // panel members' names never stand in letters
	Labels               []FormLabel
}

// DefaultSettings are what the service starts with; the team changes them.
func DefaultSettings() Settings {
	return Settings{
		Team: "Essex Dynamic Support Register team", Email: "Essex.DSR@essex.gov.uk",
		Opens: 9, Closes: 17,
		AutomaticL1: true, AutomaticPerDay: 5, HoldMinutes: 10, Gillick: true,
		ConsentMonths: 12, SignpostMonths: 6,
		TriageWD: 2, UrgentHours: 4, CrisisMinutes: 15,
		InfoWD: []int{5, 10, 20}, ConsentWD: []int{5, 10}, RemindersBeforeClose: 2,
		PackOpensWD: 5, PackClosesWD: 5, QuorumProfessionals: 2, QuorumExperts: 1, QuorumFree: 3,
		FirstSupportWD: 10, FirstSupportRedWD: 2, CETRWarnWD: 2, RatifyWD: 10, LettersOutWD: 2,
		ReviewDays:       map[Rating]int{Red: 7, Amber: 28, Green: 84, Blue: 28},
		RemovalGreenDays: 84, RemovalReviewDays: 28, ReopenDays: 28, LookAgainDays: 28,
		SafeguardingHours: 1, SpeakWD: 5, PanelWD: 20, UrgentPanelWD: 2, KeyworkerWD: 5, CETRReportDays: 14, RecheckDays: 30, BirthdayMonths: []int{1, 3}, Birthday16Days: 28,
		HoldWD: 2, ObjectionWD: 5, DischargeRedDays: 14,
		SecureDomains: []string{"nhs.net", "nhs.uk", "gov.uk", "police.uk", "cjsm.net"},
		HideMembers:   true,
	}
}

// IsSecure says whether an address stands in one of the domains that the team
// listed as secure, or below one.
func (s Settings) IsSecure(address string) bool {
	_, domain, ok := strings.Cut(strings.ToLower(address), "@")
	return ok && slices.ContainsFunc(s.SecureDomains, func(d string) bool {
		d = strings.ToLower(strings.TrimSpace(d))
		return d != "" && (domain == d || strings.HasSuffix(domain, "."+d))
	})
}

// Calendar is the team's calendar of working days.
func (s Settings) Calendar() Calendar { return NewCalendar(s.Closures, s.Closes) }

func (s Settings) nextReview(r Rating, from Date) Date {
	days := s.ReviewDays[r]
	if days == 0 {
		days = slices.Min([]int{s.ReviewDays[Amber], 28})
	}
	return from.Add(days)
}

// OpenAt reports whether the team is at work at t.
func (s Settings) OpenAt(t time.Time) bool { return s.Calendar().IsOpen(t, s.Opens, s.Closes) }

// NextOpening is when somebody next reads the mailbox after t.
func (s Settings) NextOpening(t time.Time) time.Time { return s.Calendar().NextOpening(t, s.Opens) }

// Check refuses settings by which the service could not work or would do harm.
func (s Settings) Check() error {
	switch {
	case s.Team == "":
		return invalid("team", "Enter the name of the team.")
	case s.Opens < 0 || s.Closes > 24 || s.Opens >= s.Closes:
		return invalid("opens", "Enter opening hours, for example 9 and 17.")
	case s.QuorumExperts < 1:
		return invalid("quorum_experts", "A panel has at least one expert by experience.")
	case s.QuorumFree < 2 || s.QuorumProfessionals < 1:
		return invalid("quorum_free", "A panel is at least two people, one of them a professional beside the chair.")
	case s.HoldMinutes < 0 || s.HoldMinutes > 24*60:
		return invalid("hold_minutes", "Enter minutes, at most a day.")
	case s.ConsentMonths < 1 || s.ConsentMonths > 24:
		return invalid("consent_months", "Consent is asked again after 1 to 24 months.")
	case s.SignpostMonths < 1 || s.SignpostMonths > 12:
		return invalid("signpost_months", "Directory entries are checked again after 1 to 12 months.")
	case len(s.InfoWD) == 0 || len(s.ConsentWD) == 0:
		return invalid("info_wd", "Reminders need their working days.")
	}
	for _, r := range Ratings() {
		if s.ReviewDays[r] < 1 {
			return invalid("review_days", "Every rating needs its days between reviews.")
		}
	}
	return nil
}
