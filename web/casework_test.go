package web

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/workflow"
)

// The helpers of this file bring a case to where a page begins, by the rules,
// and fill forms as a browser does.

var openBook = sync.OnceValues(func() (*letters.Book, error) { return letters.Open(templates.Letters) })

// casework is a world that can write letters, with a second professional.
type casework struct {
	*world
	uid    uint32 // of its first mail
	id     workflow.CaseID
	ref    string
	mother workflow.PartyID
}

func newCasework(t *testing.T) *casework {
	t.Helper()
	w := newWorld(t)
	book, err := openBook()
	if err != nil {
		t.Fatal(err)
	}
	w.app.office = letters.Office{Book: book, From: netmail.Address{Name: "Essex DSR", Address: "essex.dsr@dsr.example"}}
	hash, err := testHash()
	if err != nil {
		t.Fatal(err)
	}
	u := store.User{Email: "second@example.org", Name: "Second professional", Roles: []workflow.Role{workflow.PanelMember}, Password: hash}
	if u.ID, err = w.store.SaveUser(t.Context(), workflow.Service(), monday, u); err != nil {
		t.Fatal(err)
	}
	w.who["second"] = u.Actor()
	set, version, err := w.store.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	set.Phone, set.PhoneHours = "01245 900000", "Monday to Friday, 9am to 5pm"
	if err := w.store.SaveSettings(t.Context(), w.who[workflow.Manager], monday, version, set); err != nil {
		t.Fatal(err)
	}
	return &casework{world: w, uid: 1}
}

// newReady is a casework with a child's case that is ready for a panel.
func newReady(t *testing.T) *casework {
	t.Helper()
	w := newCasework(t)
	w.triage()
	w.confirm()
	w.agree()
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.MakeReady(w.who[workflow.Practitioner], w.now)
	})
	return w
}

// triage makes a case of a mother's mail, and somebody takes it.
func (w *casework) triage() {
	w.Helper()
	w.receive()
	w.act(func(x workflow.File) (workflow.Change, error) { return x.Take(w.who[workflow.Coordinator], w.now) })
}

// confirm confirms what a panel needs to know of the child and its mother.
func (w *casework) confirm() {
	w.Helper()
	co := w.who[workflow.Coordinator]
	w.act(func(x workflow.File) (workflow.Change, error) {
		fields := []workflow.FieldChange{{Field: workflow.FieldGrounds, Values: []string{"hospital_admission"}}}
		for name, v := range map[workflow.Field]string{workflow.FieldName: w.child(), workflow.FieldKnownAs: "Tommy", workflow.FieldDOB: fmt.Sprintf("2013-05-%02d", 2+w.uid),
			workflow.FieldPostcode: "CM1 1LX", workflow.FieldLD: "no", workflow.FieldAutism: "yes", workflow.FieldReason: "There is talk of a hospital.",
			workflow.FieldNeeds: "standard", workflow.FieldCare: "none", workflow.FieldArea: "in"} {
			fields = append(fields, workflow.FieldChange{Field: name, Value: v})
		}
		return x.ConfirmFields(co, w.now, fields)
	})
	w.confirmMother()
}

// confirmMother confirms that the mother wrote and may be written to.
func (w *casework) confirmMother() {
	w.Helper()
	w.act(func(x workflow.File) (workflow.Change, error) {
		p, _ := x.Referrer()
		p.Confirmed, p.HasPR, p.MayWrite, p.OrdinaryOK, p.Involved = true, workflow.Yes, workflow.Yes, true, true
		w.mother = p.ID
		return x.SetParty(w.who[workflow.Coordinator], w.now, p)
	})
}

// child is the child of this case: no two are taken for one person.
func (w *casework) child() string {
	if w.uid == 1 {
		return "Tom Poole"
	}
	return "Tom " + string(rune('A'+w.uid)) + "son"
}

// agree records that the mother agrees.
func (w *casework) agree() {
	w.Helper()
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.RecordConsent(w.who[workflow.Practitioner], w.now, workflow.Consent{About: workflow.Inclusion, DecidedBy: workflow.ByParent, Party: w.mother,
			Answer: workflow.SaidYes, Evidence: workflow.Conversation, Words: "rang her", ChildView: "wants help", From: workflow.DateOf(w.now)})
	})
}

// receive makes a case of a mother's mail.
func (w *casework) receive() {
	w.Helper()
	kept, err := w.store.Keep(w.Context(), []store.Incoming{{Folder: store.Folder{Account: "essex", Name: "INBOX", UIDValidity: 7}, UID: w.uid, InternalDate: w.now,
		Raw: fmt.Appendf(nil, "From: karen@example.org\r\nSubject: help %d\r\n\r\nPlease help my son.\r\n", w.uid)}})
	if err != nil {
		w.Fatal(err)
	}
	m := kept[0].Message
	done, err := w.store.Settle(w.Context(), []store.Settlement{{Message: m, End: store.EndCase, Class: "referral_family", Urgency: workflow.Routine,
		FromAddr: "karen@example.org", MessageID: fmt.Sprintf("first%d@example.org", w.uid), At: w.now, Cases: []store.NewCase{{Opening: workflow.Opening{Type: workflow.ByFamily,
			Message: m, ReceivedAt: w.now, Parties: []workflow.Party{{Role: workflow.PartyMother, Name: "Karen Poole", Email: "karen@example.org", Referrer: true}}}}}}})
	if err != nil || done[0].Err != nil {
		w.Fatal(err, done)
	}
	w.id, w.ref = done[0].Cases[0].ID, done[0].Cases[0].Ref
}

func (w *casework) act(do func(workflow.File) (workflow.Change, error)) {
	w.Helper()
	if _, err := w.store.Act(w.Context(), w.id, 0, do); err != nil {
		w.Fatal(err)
	}
}

func (w *casework) file() workflow.File {
	w.Helper()
	x, err := w.store.File(w.Context(), w.id)
	if err != nil {
		w.Fatal(err)
	}
	return x
}

// panel arranges a meeting in a week at which everybody is there.
func (w *casework) panel() workflow.PanelID {
	w.Helper()
	seat := func(r workflow.Role, as workflow.Role, s workflow.Sector) workflow.Member {
		return workflow.Member{Actor: w.who[r].ID, Name: w.who[r].Name, Role: as, Sector: s, Present: true}
	}
	id, err := w.store.SavePanel(w.Context(), w.who[workflow.Coordinator], w.now, workflow.Panel{Kind: workflow.ReferralPanel, At: w.now.AddDate(0, 0, 7), Capacity: 5,
		Chair: w.who[workflow.Chair].ID, Members: []workflow.Member{seat(workflow.Chair, workflow.Chair, workflow.SocialCare),
			seat(workflow.PanelMember, workflow.PanelMember, workflow.Health), seat("second", workflow.PanelMember, workflow.Education), seat(workflow.Expert, workflow.Expert, workflow.NoSector)}})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// inPanel brings a ready case before its panel, opened by the chair.
func (w *casework) inPanel() workflow.PanelID {
	w.Helper()
	id := w.panel()
	w.listed(id)
	w.now = w.now.AddDate(0, 0, 7)
	w.opened()
	return id
}

// listed puts a ready case on the agenda of a panel.
func (w *casework) listed(id workflow.PanelID) {
	w.Helper()
	w.act(func(x workflow.File) (workflow.Change, error) {
		p, err := w.store.Panel(w.Context(), id)
		if err != nil {
			return workflow.Change{}, err
		}
		return x.PutOnPanel(w.who[workflow.Coordinator], w.now, p)
	})
}

// opened has every member declare, and the chair open the case.
func (w *casework) opened() {
	w.Helper()
	for _, r := range []workflow.Role{workflow.Chair, workflow.PanelMember, "second", workflow.Expert} {
		w.act(func(x workflow.File) (workflow.Change, error) {
			return x.DeclareInterest(w.who[r], w.now, workflow.Interest{Member: w.who[r].ID, Kind: workflow.NoInterest})
		})
	}
	w.act(func(x workflow.File) (workflow.Change, error) { return x.OpenInPanel(w.who[workflow.Chair], w.now) })
}

// onRegister brings a case onto the register with a rating, a lead professional
// who agreed to be named, and the letters approved.
func (w *casework) onRegister(r workflow.Rating) {
	w.Helper()
	w.inPanel()
	w.accepted(r)
	w.approveAll(workflow.L6, w.who[workflow.Coordinator], w.who[workflow.Manager])
	if got := w.file().Case.State; got != workflow.OnRegister {
		w.Fatalf("the case is %q, want it on the register", got)
	}
}

// accepted has the panel accept a case that it has open.
func (w *casework) accepted(r workflow.Rating) {
	w.Helper()
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.SetParty(w.who[workflow.Coordinator], w.now, workflow.Party{Role: workflow.PartySocial, Name: "Sam Hale", Email: "sam.hale@essex.gov.uk", Sector: workflow.SocialCare, Confirmed: true, Involved: true})
	})
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.Accept(w.who[workflow.Chair], w.now, workflow.Decision{Text: "We think the register can help you and your family now.", PersonViews: "Tommy wants to stay at home.",
			Rating: r, RatingReason: "as agreed", Lead: x.Parties[1].ID, Support: "a keyworker"})
	})
}

// approveAll submits and approves the due letters of a kind, by the rules.
func (w *casework) approveAll(k workflow.LetterKind, drafts, approves workflow.Actor) {
	w.Helper()
	for _, l := range w.file().Letters {
		if l.Kind != k || l.State != workflow.LetterDueNow {
			continue
		}
		var hash [32]byte
		w.act(func(x workflow.File) (workflow.Change, error) {
			fr, found, err := w.app.draw(w.Context(), x, l, w.app.office.NewMessageID(), w.now)
			if err != nil || letters.Stops(found) {
				return workflow.Change{}, errors.Join(err, fmt.Errorf("findings %v", found))
			}
			hash = fr.Hash
			return x.SubmitLetter(drafts, w.now, fr)
		})
		w.act(func(x workflow.File) (workflow.Change, error) {
			return x.ApproveLetter(approves, w.now, l.ID, hash, hash)
		})
	}
}

// form is what a browser would send of the form that posts to an address, with
// some answers changed.
func (v *visitor) form(page, action string, answers url.Values) url.Values {
	v.w.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		v.w.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || attribute(n, "action") != action {
			continue
		}
		out := url.Values{}
		for c := range n.Descendants() {
			kind := attribute(c, "type")
			switch {
			case c.Data == "input" && kind != "radio" && kind != "checkbox":
				out.Add(attribute(c, "name"), attribute(c, "value"))
			case c.Data == "input" && has(c, "checked"):
				out.Add(attribute(c, "name"), attribute(c, "value"))
			case c.Data == "textarea" && c.FirstChild != nil:
				out.Add(attribute(c, "name"), c.FirstChild.Data)
			case c.Data == "option" && has(c, "selected"):
				out.Add(attribute(c.Parent, "name"), attribute(c, "value"))
			}
		}
		for name, values := range answers {
			out[name] = values
		}
		return out
	}
	v.w.Fatalf("no form posts to %s", action)
	return nil
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// send fills the form of a page and posts it; the page must be there.
func (v *visitor) send(path, action string, answers url.Values) reply {
	v.w.Helper()
	return v.post(action, v.form(v.page(path), action, answers))
}

// done fails unless a post did its work and led on to an address.
func (r reply) done(t *testing.T, to string) {
	t.Helper()
	if r.status != 303 || !strings.HasPrefix(r.header.Get("Location"), to) {
		t.Fatalf("status %d to %q, want 303 to %s: %s", r.status, r.header.Get("Location"), to, wordsOf(r.body))
	}
}

// refused fails unless a post came back as a sound page with a status and words.
func (r reply) refused(t *testing.T, status int, words string) {
	t.Helper()
	if r.status != status || !strings.Contains(wordsOf(r.body), words) {
		t.Fatalf("status %d, want %d with %q: %s", r.status, status, words, wordsOf(r.body))
	}
	for _, fault := range faults(t, r.body) {
		t.Error(fault)
	}
}

// wordsOf is the text of a page's main part.
func wordsOf(page string) string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return page
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Data == "main" {
			for c := range n.Descendants() {
				if c.Type == html.TextNode {
					b.WriteString(c.Data + " ")
				}
			}
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// see fails unless a page says some words, and does not say others.
func see(t *testing.T, page string, want []string, never ...string) {
	t.Helper()
	words := wordsOf(page)
	for _, s := range want {
		if !strings.Contains(words, s) {
			t.Errorf("the page does not say %q: %s", s, words)
		}
	}
	for _, s := range never {
		if strings.Contains(words, s) {
			t.Errorf("the page says %q: %s", s, words)
		}
	}
}

// decline is the form of a decision that does not accept.
func decline(signposts ...workflow.SignpostID) url.Values {
	v := url.Values{"text": {"We do not add you to the register at the moment, and these people can help you now."}, "person_views": {"Tommy wants help with school."},
		"reasons": {"needs_met"}, "rec-what-0": {"Talk with the school about a quiet room"}, "rec-who-0": {"the school"}, "rec-by-0": {"2026-12-14"}}
	for _, id := range signposts {
		v.Add("signposts", fmt.Sprint(id))
	}
	return v
}

// signpost adds a service to the directory, checked or not.
func (w *casework) signpost(name string, verified bool, ageTo int) workflow.SignpostID {
	w.Helper()
	s := workflow.Signpost{Name: name, For: "Help for families.", AgeTo: ageTo, How: "Call them.", Phone: "01245 900111"}
	if verified {
		s.VerifiedOn, s.VerifiedBy, s.ReviewBy = workflow.DateOf(monday), "Priya Nair", workflow.DateOf(monday.AddDate(0, 6, 0))
	}
	id, err := w.store.SaveSignpost(w.Context(), w.who[workflow.Coordinator], monday, s)
	if err != nil {
		w.Fatal(err)
	}
	return id
}

func addr(format string, a ...any) string { return fmt.Sprintf(format, a...) }
