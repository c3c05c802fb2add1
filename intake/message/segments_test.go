package message

import (
	"fmt"
	"strings"
	"testing"
)

// marked shows segments as lines "kind [author]: text", with line breaks as slashes.
func marked(text string, segments []Segment) string {
	var out strings.Builder
	for _, s := range segments {
		author := ""
		if s.From != (Address{}) {
			author = " [" + strings.TrimSpace(s.From.Name+" "+s.From.Addr) + "]"
		}
		fmt.Fprintf(&out, "%s%s: %s\n", s.Kind, author, strings.Join(strings.FieldsFunc(text[s.Start:s.End], func(c rune) bool { return c == '\n' }), " / "))
	}
	return out.String()
}

func TestSegments(t *testing.T) {
	t.Parallel()
	fromUs := func(author Address, quoted string) bool {
		return author.Addr == "team@register.example" || strings.Contains(quoted, "Your referral - reference DSR-")
	}
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"nothing quoted", "My boy is 13.\nPlease help.\n", "new: My boy is 13. / Please help.\n"},
		{"device line", "My boy is 13.\n\nSent from my iPhone\n", "new: My boy is 13.\nsignature: Sent from my iPhone\n"},
		{"Outlook forward with its own words above",
			"Hi team\nplease see below\n\nFrom: Okafor, Temi <t.okafor@trust.example>\nSent: 20 November 2026 09:12\nTo: Jane Smith\nSubject: Alfie\n\nAlfie is at risk.\n",
			"new: Hi team / please see below\nforwarded [Okafor, Temi t.okafor@trust.example]: From: Okafor, Temi <t.okafor@trust.example> / Sent: 20 November 2026 09:12 / To: Jane Smith / Subject: Alfie / Alfie is at risk.\n"},
		{"chain of three",
			"FYI\n\n________________________________\nFrom: A <a@trust.example>\nSent: 1\nTo: B\nSubject: x\n\none\n\nFrom: B <b@trust.example>\nSent: 1\nTo: A\nSubject: x\n\ntwo\n",
			"new: FYI\nforwarded [A a@trust.example]: ________________________________ / From: A <a@trust.example> / Sent: 1 / To: B / Subject: x / one\nforwarded [B b@trust.example]: From: B <b@trust.example> / Sent: 1 / To: A / Subject: x / two\n"},
		{"iPhone forward with marks",
			"Begin forwarded message:\n\n> From: GP <gp@surgery.example>\n> Date: 1 November 2026\n> Subject: Alfie\n> \n> Alfie is at risk.\n\nthanks for looking at this today, he is worse again.\n",
			"forwarded [GP gp@surgery.example]: Begin forwarded message: / > From: GP <gp@surgery.example> / > Date: 1 November 2026 / > Subject: Alfie / >  / > Alfie is at risk.\nnew: thanks for looking at this today, he is worse again.\n"},
		{"reply below our letter, known by address",
			"his NHS number is 999 081 6492\n\nOn Mon, 23 Nov 2026 at 10:00, Essex DSR <team@register.example> wrote:\n> Please tell us the NHS number.\n> Somebody in danger? Call 999.\n",
			"new: his NHS number is 999 081 6492\nquoted_ours [Essex DSR team@register.example]: On Mon, 23 Nov 2026 at 10:00, Essex DSR <team@register.example> wrote: / > Please tell us the NHS number. / > Somebody in danger? Call 999.\n"},
		{"our letter known by its words, and what led to it below",
			"thank you\n\nFrom: The team\nSent: Monday\nSubject: Your referral - reference DSR-2026-00001-K\n\nWe have it.\n\nFrom: Mum <mum@example.org>\nSent: Sunday\nSubject: help\n\nmy boy\n",
			"new: thank you\nquoted_ours [The team]: From: The team / Sent: Monday / Subject: Your referral - reference DSR-2026-00001-K / We have it.\nquoted [Mum mum@example.org]: From: Mum <mum@example.org> / Sent: Sunday / Subject: help / my boy\n"},
		{"answers between our lines",
			"see below\n\nOn 18/11/2026 09:31, Essex DSR <team@register.example> wrote:\n> 1. A social worker?\nNo.\n> 2. Her wish?\nSchool.\n> In danger? Call 999.\n",
			"new: see below\nquoted_ours [Essex DSR team@register.example]: On 18/11/2026 09:31, Essex DSR <team@register.example> wrote: / > 1. A social worker?\nnew: No.\nquoted_ours [Essex DSR team@register.example]: > 2. Her wish?\nnew: School.\nquoted_ours [Essex DSR team@register.example]: > In danger? Call 999.\n"},
		{"wrapped attribution of somebody else",
			"I agree.\n\nOn Mon, 23 Nov 2026 at 10:00, A Very Long Name Indeed\n<a@trust.example> wrote:\n> old words\nand one more thing\n",
			"new: I agree.\nquoted [A Very Long Name Indeed a@trust.example]: On Mon, 23 Nov 2026 at 10:00, A Very Long Name Indeed / <a@trust.example> wrote: / > old words\nnew: and one more thing\n"},
		{"signature and disclaimer",
			"He was taken to A&E.\n\nKind regards\n\nTemi Okafor\nSocial Worker\n07700 900123\n\nThis email and any files transmitted with it are confidential and intended solely for the use of the individual\nto whom they are addressed.\n",
			"new: He was taken to A&E.\nsignature: Kind regards / Temi Okafor / Social Worker / 07700 900123\ndisclaimer: This email and any files transmitted with it are confidential and intended solely for the use of the individual / to whom they are addressed.\n"},
		{"a postscript is no signature",
			"He is at home.\n\nThanks\nKaren\n\nPS he has a knife in his room and says he will use it\n",
			"new: He is at home.\nsignature: Thanks / Karen\nnew: PS he has a knife in his room and says he will use it\n"},
		{"a child's plea for secrecy is no disclaimer",
			"This message is confidential, please don't tell my dad. I am 17.\n",
			"new: This message is confidential, please don't tell my dad. I am 17.\n"},
		{"an emergency told by a person is no footer",
			"He is home.\n\nBest wishes\nKaren\n\nIn an emergency I call 999 and nobody comes, every single night\n",
			"new: He is home.\nsignature: Best wishes / Karen\nnew: In an emergency I call 999 and nobody comes, every single night\n"},
		{"an emergency line of a house is a footer",
			"Please see him.\n\nKind regards\nTemi\n\nIn an emergency please call 999.\n",
			"new: Please see him.\nsignature: Kind regards / Temi\ndisclaimer: In an emergency please call 999.\n"},
		{"a form is no header block",
			"Name: Alfie Smith\nDate: 1 November 2026\nTo: the team\nReason: risk\n",
			"new: Name: Alfie Smith / Date: 1 November 2026 / To: the team / Reason: risk\n"},
		{"my mother wrote is no attribution", "In 2019 the school wrote:\nhe must leave\n", "new: In 2019 the school wrote: / he must leave\n"},
		{"Yahoo on one line", "see below\n ----- Forwarded message ----- From: GP <gp@surgery.example>To: Mum <mum@example.org>Sent: Monday\n he is at risk\n",
			"new: see below\nforwarded [GP gp@surgery.example]:  ----- Forwarded message ----- From: GP <gp@surgery.example>To: Mum <mum@example.org>Sent: Monday /  he is at risk\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			segments := Segments(tt.text, fromUs)
			checkCover(t, tt.text, segments)
			if got := marked(tt.text, segments); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}
