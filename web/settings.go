package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) settingRoutes() []Route {
	may := []workflow.Role{workflow.Manager, workflow.Admin}
	return []Route{
		{Method: "GET", Pattern: "/settings", Title: "Settings", May: may, Handler: a.showSettings},
		{Method: "POST", Pattern: "/settings", Title: "Change settings", May: may, Handler: a.saveSettings},
	}
}

// settingsPage is every number and name that the team may change.
type settingsPage struct {
	Layout
	Version  workflow.Version
	Sections []settingSection
	Button   Button
	Labels   bool // the reader may teach labels of forms
}

type settingSection struct {
	Title, Words string
	Controls     []Control
}

func (a *App) showSettings(w http.ResponseWriter, r *http.Request) error {
	set, version, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	return a.settingsPage(w, r, http.StatusOK, set, version, &Form{})
}

func (a *App) settingsPage(w http.ResponseWriter, r *http.Request, status int, set workflow.Settings, version workflow.Version, f *Form) error {
	by, _ := actorOf(r)
	return a.page(w, r, status, "settings", &settingsPage{Layout: Layout{Title: "Settings", Errors: f.Errors}, Version: version, Labels: by.Has(workflow.Manager),
		Sections: settingSections(f, set), Button: Button{Text: "Save the settings", Confirm: true}})
}

func settingSections(f *Form, s workflow.Settings) []settingSection {
	text := func(name, label, stored, hint string) Control {
		return input(f.Input(name, label, stored), hint)
	}
	numbers := func(group string) []Control {
		var out []Control
		for _, n := range numberSettings() {
			if n.group == group {
				i := f.Input(n.name, n.label, strconv.Itoa(*n.of(&s)))
				i.Width, i.InputMode = "4", "numeric"
				out = append(out, input(i, n.hint))
			}
		}
		return out
	}
	tick := func(name, legend, box, hint string, on bool) Control {
		stored := ""
		if on {
			stored = "yes"
		}
		c := f.Choices(name, legend, []Option{{Value: "yes", Text: box, Hint: hint}}, stored)
		return Control{Checkboxes: &c}
	}
	checked := "Nobody has checked them yet."
	if s.LiveChecked != "" {
		checked = "Last checked by " + s.LiveChecked + "."
	}
	return []settingSection{
		{"The team", "These stand in letters.", []Control{
			text("team", "Name of the team", s.Team, ""), text("email", "Email", s.Email, ""), text("phone", "Phone", s.Phone, ""),
			text("phone_hours", "When the phone is answered", s.PhoneHours, "For example, Monday to Friday, 9am to 5pm"),
			textarea(f.Textarea("postal", "Postal address", s.Postal, 300), ""), text("privacy", "Privacy notice", s.Privacy, "A web address")}},
		{"Crisis", "", append([]Control{
			tick("live_checked", "The numbers in the crisis reply", "I rang 111, the social care lines and the other numbers today, and they are right", checked, false),
			textarea(f.Textarea("out_of_hours", "Who answers a crisis out of hours", s.OutOfHours, 600),
				"Who is on call, or the emergency duty team's written agreement, or that nobody does and who accepted that: name, role and date.")}, numbers("crisis")...)},
		{"Working days", "Weekends and the bank holidays of England are known.", append(numbers("hours"),
			textarea(f.Textarea("closures", "Other days on which the team is closed", dateLines(s.Closures), 0), "One date on a line, like 24 December 2026"))},
		{"Letters", "", append([]Control{
			tick("automatic_l1", "Acknowledgements", "Send the acknowledgement of a new referral at once", "The crisis reply is always sent.", s.AutomaticL1),
			textarea(f.Textarea("secure_domains", "Secure email domains", strings.Join(s.SecureDomains, "\n"), 0), "One on a line. Full letters may go to addresses there."),
			tick("forms_checked", "Blank referral forms", "I read the forms that letters send, and they are right", or(s.FormsChecked, "Nobody has approved them yet: no letter sends them."), false),
			text("forms_read_by", "Easy Read form: who with a learning disability read it, and when", s.FormsReadBy, "Until then the Easy Read form is not sent."),
			tick("hide_members", "Panel members", "Leave panel members' names out of letters", "", s.HideMembers)}, numbers("letters")...)},
		{"Clocks", "", append(numbers("clocks"),
			text("info_wd", "Working days until each reminder for information", listOf(s.InfoWD), "For example, 5, 10, 20. At the last one a person is asked whether to close."),
			text("consent_wd", "Working days until each reminder about consent", listOf(s.ConsentWD), "For example, 5, 10"),
			text("birthday_months", "Months before a 16th, 18th and 26th birthday", listOf(s.BirthdayMonths), "For example, 1, 3"))},
		{"Panels", "A panel always has at least one expert by experience.", append([]Control{
			tick("gillick", "Under 16", "A competent child's own yes or no counts", "Gillick competence", s.Gillick)}, numbers("panels")...)},
		{"Reviews", "", append(reviewControls(f, s), numbers("reviews")...)},
	}
}

// numberSetting is one whole number of the settings.
type numberSetting struct {
	group, name, label, hint string
	of                       func(*workflow.Settings) *int
}

func numberSettings() []numberSetting {
	return []numberSetting{
		{"crisis", "crisis_minutes", "Minutes until somebody must have opened a crisis mail", "", func(s *workflow.Settings) *int { return &s.CrisisMinutes }},
		{"hours", "opens", "The team starts at", "An hour of the day, like 9", func(s *workflow.Settings) *int { return &s.Opens }},
		{"hours", "closes", "The team ends at", "An hour of the day, like 17. Mail after it counts as the next working day's.", func(s *workflow.Settings) *int { return &s.Closes }},
		{"letters", "hold_minutes", "Minutes in which an approved letter can still be stopped", "", func(s *workflow.Settings) *int { return &s.HoldMinutes }},
		{"letters", "automatic_per_day", "Acknowledgements to one address a day, at most", "", func(s *workflow.Settings) *int { return &s.AutomaticPerDay }},
		{"letters", "letters_out_wd", "Working days from a decision to its letters", "", func(s *workflow.Settings) *int { return &s.LettersOutWD }},
		{"clocks", "urgent_hours", "Working hours until an urgent referral is looked at", "", func(s *workflow.Settings) *int { return &s.UrgentHours }},
		{"clocks", "triage_wd", "Working days until any referral is looked at", "", func(s *workflow.Settings) *int { return &s.TriageWD }},
		{"clocks", "reminders_before_close", "Reminders before a case may be closed for no contact", "", func(s *workflow.Settings) *int { return &s.RemindersBeforeClose }},
		{"clocks", "consent_months", "Months until consent is asked again", "", func(s *workflow.Settings) *int { return &s.ConsentMonths }},
		{"clocks", "signpost_months", "Months until a service of the directory is checked again", "", func(s *workflow.Settings) *int { return &s.SignpostMonths }},
		{"clocks", "first_support_wd", "Working days from acceptance to the first talk about support", "", func(s *workflow.Settings) *int { return &s.FirstSupportWD }},
		{"clocks", "first_support_red_wd", "The same, when the rating is red", "", func(s *workflow.Settings) *int { return &s.FirstSupportRedWD }},
		{"clocks", "cetr_warn_wd", "Working days on red until a missing care, education and treatment review is pointed out", "", func(s *workflow.Settings) *int { return &s.CETRWarnWD }},
		{"clocks", "reopen_days", "Days in which a closed case can be opened again", "", func(s *workflow.Settings) *int { return &s.ReopenDays }},
		{"clocks", "look_again_days", "Days in which a family can ask to look again", "", func(s *workflow.Settings) *int { return &s.LookAgainDays }},
		{"crisis", "safeguarding_hours", "Working hours until a safeguarding concern is opened", "", func(s *workflow.Settings) *int { return &s.SafeguardingHours }},
		{"clocks", "speak_wd", "Working days until somebody speaks with a person who referred themselves", "", func(s *workflow.Settings) *int { return &s.SpeakWD }},
		{"clocks", "panel_wd", "Working days from a complete referral to its panel", "They stand while others owe an answer.", func(s *workflow.Settings) *int { return &s.PanelWD }},
		{"clocks", "urgent_panel_wd", "The same, when it is urgent", "", func(s *workflow.Settings) *int { return &s.UrgentPanelWD }},
		{"clocks", "keyworker_wd", "Working days until a missing keyworker is pointed out", "", func(s *workflow.Settings) *int { return &s.KeyworkerWD }},
		{"clocks", "cetr_report_days", "Days from a care, education and treatment review to its report", "", func(s *workflow.Settings) *int { return &s.CETRReportDays }},
		{"clocks", "recheck_days", "Days between reminders that consent was not asked again", "", func(s *workflow.Settings) *int { return &s.RecheckDays }},
		{"clocks", "birthday16_days", "Days after a 16th birthday until the manager records what follows", "", func(s *workflow.Settings) *int { return &s.Birthday16Days }},
		{"clocks", "hold_wd", "Working days until a practitioner has read a referral that came with a no", "", func(s *workflow.Settings) *int { return &s.HoldWD }},
		{"clocks", "objection_wd", "Working days until a best-interests decision is looked at again after an objection", "", func(s *workflow.Settings) *int { return &s.ObjectionWD }},
		{"panels", "quorum_professionals", "Professionals beside the chair, at least", "", func(s *workflow.Settings) *int { return &s.QuorumProfessionals }},
		{"panels", "quorum_experts", "Experts by experience, at least", "", func(s *workflow.Settings) *int { return &s.QuorumExperts }},
		{"panels", "quorum_free", "People without an interest in the case, at least", "", func(s *workflow.Settings) *int { return &s.QuorumFree }},
		{"panels", "pack_opens_wd", "Working days before the panel when papers open", "", func(s *workflow.Settings) *int { return &s.PackOpensWD }},
		{"panels", "pack_closes_wd", "Working days after the panel when papers close", "", func(s *workflow.Settings) *int { return &s.PackClosesWD }},
		{"panels", "ratify_wd", "Working days until a panel ratifies an interim inclusion", "", func(s *workflow.Settings) *int { return &s.RatifyWD }},
		{"reviews", "discharge_red_days", "Days on red after a discharge from hospital, at least", "", func(s *workflow.Settings) *int { return &s.DischargeRedDays }},
		{"reviews", "removal_green_days", "Days on green before a removal", "", func(s *workflow.Settings) *int { return &s.RemovalGreenDays }},
		{"reviews", "removal_review_days", "Days since the last review before a removal", "", func(s *workflow.Settings) *int { return &s.RemovalReviewDays }},
	}
}

// reviewName is the input of a rating's days; the first carries the name that a
// refusal leads to.
func reviewName(r workflow.Rating) string {
	if r == workflow.Ratings()[0] {
		return "review_days"
	}
	return "review_days_" + string(r)
}

func reviewControls(f *Form, s workflow.Settings) []Control {
	var out []Control
	for _, r := range workflow.Ratings() {
		i := f.Input(reviewName(r), "Days between reviews on "+string(r), strconv.Itoa(s.ReviewDays[r]))
		i.Width, i.InputMode = "4", "numeric"
		out = append(out, input(i, ""))
	}
	return out
}

func listOf(days []int) string {
	words := make([]string, len(days))
	for i, d := range days {
		words[i] = strconv.Itoa(d)
	}
	return strings.Join(words, ", ")
}

func dateLines(days []workflow.Date) string {
	words := make([]string, len(days))
	for i, d := range days {
		words[i] = dayWords(d)
	}
	return strings.Join(words, "\n")
}

// readSettings puts what was typed over the settings as they are.
func readSettings(f *Form, s workflow.Settings) workflow.Settings {
	for name, to := range map[string]*string{"team": &s.Team, "email": &s.Email, "phone": &s.Phone, "phone_hours": &s.PhoneHours,
		"postal": &s.Postal, "privacy": &s.Privacy, "out_of_hours": &s.OutOfHours, "forms_read_by": &s.FormsReadBy} {
		*to = f.Text(name)
	}
	for _, n := range numberSettings() {
		*n.of(&s) = f.whole(n.name)
	}
	days := map[workflow.Rating]int{}
	for _, r := range workflow.Ratings() {
		days[r] = f.whole(reviewName(r))
	}
	s.ReviewDays = days
	ticked := func(name string) bool { return slices.Contains(f.Chosen(name), "yes") }
	s.AutomaticL1, s.HideMembers, s.Gillick = ticked("automatic_l1"), ticked("hide_members"), ticked("gillick")
	s.InfoWD, s.ConsentWD = f.wholes("info_wd"), f.wholes("consent_wd")
	s.BirthdayMonths = f.wholes("birthday_months")
	s.SecureDomains = strings.Fields(strings.ToLower(strings.ReplaceAll(f.Text("secure_domains"), ",", " ")))
	s.Closures = f.dates("closures")
	return s
}

// whole is a whole number from nought; anything else is an error beside its field.
func (f *Form) whole(name string) int {
	n := atoi(f.Text(name))
	if n < 0 {
		f.Wrong(name, "Enter a whole number.")
	}
	return n
}

// wholes are whole numbers, each larger than the one before.
func (f *Form) wholes(name string) []int {
	var out []int
	for _, s := range strings.FieldsFunc(f.Text(name), func(r rune) bool { return r == ',' || r == ' ' }) {
		n := atoi(s)
		if n < 1 || len(out) > 0 && n <= out[len(out)-1] {
			f.Wrong(name, "Enter whole numbers that rise, like 5, 10, 20.")
			return out
		}
		out = append(out, n)
	}
	return out
}

// dates are days, one on a line.
func (f *Form) dates(name string) []workflow.Date {
	var out []workflow.Date
	for _, line := range strings.Split(f.Text(name), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		day, ok := readDay(line)
		if !ok {
			f.Wrong(name, "%q is not a date like 24 December 2026.", line)
			return out
		}
		out = append(out, day)
	}
	slices.SortFunc(out, func(a, b workflow.Date) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(out)
}

func readDay(s string) (workflow.Date, bool) {
	for _, layout := range []string{time.DateOnly, "2 January 2006", "2 Jan 2006", "2/1/2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			y, m, d := t.Date()
			return workflow.Date{Year: y, Month: m, Day: d}, true
		}
	}
	return workflow.Date{}, false
}

func (a *App) saveSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	seen, err := f.Number("version")
	if err != nil {
		return err
	}
	old, _, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	set := readSettings(f, old)
	if slices.Contains(f.Chosen("live_checked"), "yes") {
		set.LiveChecked = by.Name + ", " + by.Roles[0].Words() + ", " + dayWords(workflow.DateOf(a.now()))
	}
	if slices.Contains(f.Chosen("forms_checked"), "yes") {
		set.FormsChecked = by.Name + ", " + by.Roles[0].Words() + ", " + dayWords(workflow.DateOf(a.now()))
	}
	if !f.OK() {
		return a.settingsPage(w, r, http.StatusUnprocessableEntity, old, workflow.Version(seen), f)
	}
	err = a.store.SaveSettings(r.Context(), by, a.now(), workflow.Version(seen), set)
	if status, mine := f.takes(err); mine {
		return a.settingsPage(w, r, status, old, workflow.Version(seen), f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The settings are saved.")
	return seeOther(w, r, "/settings")
}
