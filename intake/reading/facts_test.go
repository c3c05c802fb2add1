package reading

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
)

// Dates are English: day, month, year; what no calendar has is refused.
func TestDatesAsEnglishPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"12th of March 2011", "2011-03-12"},
		{"12/3/11", "2011-03-12"},
		{"03.11.26", "2026-11-03"},
		{"born 07/09/2013", "2013-09-07"},
		{"3-may-2012", "2012-05-03"},
		{"2012-05-03", "2012-05-03"},
		{"8/8/88", "1988-08-08"},
		{"30 june '02", "2002-06-30"},
		{"june 5, 2010", "2010-06-05"},
		{"12/13/2010", ""},
		{"31/02/1990", ""},
		{"29.02.2023", ""},
		{"£12.50.10", ""},
		{"01632 960417", ""},
		{"he turns 16 in june", ""},
	} {
		got := ""
		for _, d := range dates(strings.ToLower(c.text), testNow) {
			if d.why == "" && d.year > 0 {
				got = d.iso()
			}
		}
		if got != c.want {
			t.Errorf("%q gives %q, want %q", c.text, got, c.want)
		}
	}
}

// The check digit alone is a bad test: repeated digits pass it, and so do
// mobiles without their 0.
func TestNHSNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"NHS number 999 012 3403", "9990123403"},
		{"nhs no: 9990123403", "9990123403"},
		{"his number is 999 012 3403", "9990123403"},
		{"NHS 999 012 3404", ""},
		{"NHS: 9999999999", ""},
		{"NHS number 0000000000", ""},
		{"call me on 7700900019", ""},
		{"7700 900 019 is my mobile", ""},
		{"our reference 999 012 3403", ""},
		{"9990123403", ""},
		{"+44 7700 900019", ""},
	} {
		got := ""
		for _, h := range nhsNumbers(c.text) {
			if h.why == "" {
				got = h.digits
			}
		}
		if got != c.want {
			t.Errorf("%q gives %q, want %q", c.text, got, c.want)
		}
	}
}

// readText reads a plain mail.
func readText(t *testing.T, from, body string) Result {
	t.Helper()
	raw := "From: " + from + "\r\nTo: essex.dsr@essex.gov.uk\r\nSubject: referral\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + body
	return Read(Input{Message: message.Read([]byte(raw), message.DefaultLimits()), Own: []string{"essex.dsr@essex.gov.uk"}})
}

// field is what the first referral says of a field.
func field(r Result, name string) string {
	if len(r.Referrals) == 0 {
		return ""
	}
	f := r.Referrals[0].Fields[name]
	return strings.Join(append(f.Values, f.Value), "")
}

const parent = "Jo Bright <jo.bright@example.org>"

func TestFactsThatHarmWhenWrong(t *testing.T) {
	t.Parallel()
	son := "I would like to refer my son Alfie Bright, he is autistic. "
	for _, c := range []struct{ name, body, field, want string }{
		{"a birth in another month than said", son + "He turned 14 in May and his date of birth is 5/6/2012.", "person.date_of_birth", ""},
		{"turns 16 is neither age nor birth", son + "He turns 16 in June.", "person.age", ""},
		{"turns 16 gives no birth", son + "He turns 16 in June.", "person.date_of_birth", ""},
		{"not yet sixteen", son + "I want this settled before he's 16.", "person.age", ""},
		{"a birth in the future", son + "His date of birth is 3/5/2027.", "person.date_of_birth", ""},
		{"another's age", son + "His nan is 74.", "person.age", ""},
		{"a suspected condition", "I would like to refer my son Alfie Bright. We think he may be autistic.", "person.autism", "suspected"},
		{"a list to wait on", "I would like to refer my son Alfie Bright. He is on the waiting list for an autism assessment.", "person.autism", "awaiting_assessment"},
		{"a condition denied", son + "He does not have a learning disability.", "person.learning_disability", "no"},
		{"another condition suspected", son + "He is autistic with suspected ADHD.", "person.autism", "yes"},
		{"a brother's condition", "I would like to refer my son Alfie Bright. His brother has a learning disability.", "person.learning_disability", ""},
		{"consent refused by the person", son + "He does not consent to being on the register.", "consent.reported", "no"},
		{"consent not asked", son + "I have not asked him about consent.", "consent.reported", ""},
		{"consent of a parent", son + "I am his mother and I consent to this.", "consent.by", "parent"},
		{"consent of the person", son + "He has agreed to this referral.", "consent.by", "person"},
		{"do not tell the father", son + "Please do not tell his dad.", "do_not_tell", "his dad"},
		{"the father must not know", son + "His father must not know about this.", "do_not_tell", "His father"},
		{"who may be told", son + "Please tell his dad, he would like to help.", "do_not_tell", ""},
		{"an address to be kept", son + "Our address must be kept confidential.", "person.address_confidential", "yes"},
		{"he must not learn where", son + "His father must not find out where we live.", "person.address_confidential", "yes"},
		{"a plain address", son + "Our address is 3 Mill Lane, Maldon CM9 6DD.", "person.address_confidential", ""},
		{"a confidential assessment is no address", son + "The assessment was confidential.", "person.address_confidential", ""},
		{"a bad check digit", son + "NHS number 999 012 3404.", "person.nhs_number", ""},
		{"the mother is not the person", "I am Jo Bright and my boy is 13 and autistic. Please put him on the register.", "person.name", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := field(readText(t, parent, c.body), c.field); got != c.want {
				t.Errorf("%s is %q, want %q", c.field, got, c.want)
			}
		})
	}
}

func TestClassesThatMatterMost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body string
		want []Class
	}{
		{"Please take me off the register. I have changed my mind.\n\nJo", []Class{Withdrawal}},
		{"I want to withdraw my referral please.", []Class{Withdrawal}},
		{"We no longer want our son Alfie to be on the register.", []Class{Withdrawal}},
		{"How do I come off the register if I change my mind? I have not joined yet.", []Class{Enquiry}},
		{"Please send me a copy of everything you hold about me.", []Class{OtherRoute}},
		{"Under the Freedom of Information Act please tell me how many people are on the register.", []Class{OtherRoute}},
		{"I want to make a formal complaint about the panel.", []Class{OtherRoute}},
		{"Could you send me your referral form please?", []Class{Enquiry}},
		{"My son is autistic and the school has thrown him out. I don't know what to do.", []Class{ReferralFamily}},
		{"I'm 24 and autistic and I would like to be on the register.", []Class{ReferralSelf}},
	} {
		if got := readText(t, parent, c.body).Class; !slices.Contains(c.want, got) {
			t.Errorf("%q is %s, want %v", c.body, got, c.want)
		}
	}
}

// In "Yes / No (delete as appropriate)" the answer is the word that is left.
func TestStruckWordsAreNoAnswer(t *testing.T) {
	t.Parallel()
	text := "Yes / No"
	control := func(kind document.ControlKind, word string) document.Control {
		at := strings.Index(text, word)
		return document.Control{Kind: kind, Start: at, End: at + len(word)}
	}
	for _, c := range []struct {
		name     string
		controls []document.Control
		want     string
	}{
		{"no is struck", []document.Control{control(document.Struck, "No")}, "yes"},
		{"yes is struck", []document.Control{control(document.Struck, "Yes")}, "no"},
		{"no is highlighted", []document.Control{control(document.Marked, "No")}, "no"},
		{"both are struck", []document.Control{control(document.Struck, "Yes"), control(document.Struck, "No")}, ""},
		{"neither", nil, ""},
	} {
		s := newSheet("2", text)
		got := ""
		for _, o := range readAnswer(s, span{0, len(text)}, c.controls).chosen() {
			got += o.text
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A wrong guess of which box belongs to which word turns consent round.
func TestBoxesBelongToTheirWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"☒ Yes ☐ No":     "yes",
		"☐ Yes ☒ No":     "no",
		"Yes ☒ No ☐":     "yes",
		"Yes ☐ No ☒":     "no",
		"☐ Yes ☐ No":     "",
		"[x] Yes [ ] No": "yes",
		"Yes [ ] No [X]": "no",
		"☑ Yes □ No":     "yes",
	} {
		s := newSheet("2", text)
		got := ""
		for _, o := range readAnswer(s, span{0, len(s.norm)}, nil).chosen() {
			got += o.text
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// What is quoted from others is not the writer's, what is forwarded is the
// referral itself.
func TestFactsComeFromTheRightWords(t *testing.T) {
	t.Parallel()
	r := readText(t, "Reception <reception@example.org>", "For you, I think.\n\n-----Original Message-----\nFrom: Jo Bright <jo.bright@example.org>\nSent: 20 November 2026 10:00\nTo: Reception\nSubject: my son\n\n"+
		"My son Alfie Bright is autistic and I would like him on the register. His date of birth is 5/6/2012.\n\nJo Bright\n07700 900123\n")
	for f, want := range map[string]string{"person.name": "Alfie Bright", "person.date_of_birth": "2012-06-05", "referrer.name": "Jo Bright", "referrer.email": "jo.bright@example.org"} {
		if got := field(r, f); got != want {
			t.Errorf("%s is %q, want %q", f, got, want)
		}
	}
	r = readText(t, parent, "I would like to refer my son Alfie Bright, he is autistic.\n\nOn Mon, 16 Nov 2026 at 10:00, Essex DSR team <Essex.DSR@essex.gov.uk> wrote:\n> This team does not give emergency help.\n> Date of birth: 01/01/1990, NHS number 999 012 3403\n")
	for _, f := range []string{"person.date_of_birth", "person.nhs_number"} {
		if got := field(r, f); got != "" {
			t.Errorf("%s is %q, taken from our own letter", f, got)
		}
	}
}

// An odd mail must not stop the reading of others.
func TestNothingAtAllIsRead(t *testing.T) {
	t.Parallel()
	for _, in := range []Input{{}, {Message: &message.Message{}}, {Message: &message.Message{Date: time.Unix(0, 0)}}} {
		if got := Read(in); got.Class != Other || got.Urgency == "" {
			t.Errorf("an empty mail is %q, %q", got.Class, got.Urgency)
		}
	}
}
