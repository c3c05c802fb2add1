package message

import (
	"slices"
	"strings"
	"testing"
)

func TestMade(t *testing.T) {
	t.Parallel()
	report := []string{"From: MAILER-DAEMON@mx.example", "Return-Path: <>", "Subject: Undelivered", "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "",
		"--b", "", "It did not arrive.", "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example", ""}
	end := []string{"", "--b", "Content-Type: text/rfc822-headers", "", "Message-ID: <dsr.token.1@register.example>", "Subject: Your referral", "", "--b--"}
	tests := []struct {
		name    string
		raw     []byte
		origin  Origin
		never   bool
		onlyAck bool
	}{
		{"a mother", wire("From: Mum <mum@example.org>", "Return-Path: <mum@example.org>", "Subject: please help", "", "my boy"), Human, false, false},
		{"Exchange's suppression is no machine", wire("From: nurse@trust.example", "X-Auto-Response-Suppress: All", "Subject: referral", "", "words"), Human, false, false},
		{"Auto-Submitted: no", wire("From: nurse@trust.example", "Auto-Submitted: no", "", "words"), Human, false, false},
		{"a portal's form", wire("From: forms@trust.example", "Auto-Submitted: auto-generated", "Subject: referral form", "", "words"), Human, true, false},
		{"no-reply mailbox", wire("From: no-reply@trust.example", "Subject: referral form", "", "words"), Human, true, false},
		{"a daemon without a domain", wire("From: Mail Delivery Subsystem <MAILER-DAEMON>", "Subject: hello", "", "words"), Human, true, false},
		{"our own address", wire("From: Team@Register.example", "Subject: x", "", "words"), Human, true, false},
		{"null path alone", wire("From: nurse@trust.example", "Return-Path: <>", "Subject: x", "", "words"), Human, true, false},
		{"Precedence alone", wire("From: nurse@trust.example", "Precedence: bulk", "Subject: x", "", "words"), List, true, true},
		{"a list", wire("From: cpd@training.example", "List-Unsubscribe: <https://x.example/>", "Subject: courses", "", "words"), List, true, false},
		{"vacation by header", wire("From: nurse@trust.example", "Auto-Submitted: auto-replied (vacation)", "Subject: Re: x", "", "away"), AutoReply, true, false},
		{"vacation by subject", wire("From: nurse@trust.example", "Subject: Automatic reply: Your referral", "", "away"), AutoReply, true, false},
		{"a mother whose mail came back", wire("From: Mum <mum@example.org>", "Subject: Undelivered mail", "", "My mail to you could not be delivered, so I write again."), Human, false, false},
		{"a postmaster's letter", wire("From: postmaster@council.example", "Subject: new filter", "", "We change the filter on Monday."), Human, true, false},
		{"delivery failed", wire(slices.Concat(report, []string{"Final-Recipient: rfc822; Parent@Home.example", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 no such user"}, end)...), Bounce, true, false},
		{"delivered", wire(slices.Concat(report, []string{"Final-Recipient: rfc822; parent@home.example", "Action: delivered", "Status: 2.0.0"}, end)...), Receipt, true, false},
		{"read receipt", wire("From: nurse@trust.example", "Subject: Read: x", "Content-Type: multipart/report; report-type=disposition-notification; boundary=b", "", "--b", "", "was read", "--b", "Content-Type: message/disposition-notification", "", "Original-Message-ID: <dsr.token.1@register.example>", "Disposition: manual-action/MDN-sent-manually; displayed", "", "--b--"), Receipt, true, false},
		{"recall", wire("From: nurse@trust.example", "Subject: Recall: referral", "", "Jane Smith would like to recall the message, \"referral\"."), Receipt, true, false},
		{"a mother who recalls", wire("From: mum@example.org", "Subject: Recall: what I told you", "", "I told you on Monday that he hit me."), Human, false, false},
		{"meeting accepted", wire("From: nurse@trust.example", "Subject: Accepted: Panel", "Content-Type: text/calendar; method=REPLY", "", "BEGIN:VCALENDAR", "METHOD:REPLY", "END:VCALENDAR"), Receipt, true, false},
		{"accepted, says a mother", wire("From: mum@example.org", "Subject: Accepted: what now?", "", "You wrote that he is accepted. What happens now?"), Human, false, false},
		{"portal", wire("From: secure@egress.example", "Subject: secure message", "", "You have received an email message secured by Private Post. Click the link to read the secure message."), Notice, false, false},
		{"S/MIME", wire("From: nurse@trust.example", "Subject: x", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "Content-Transfer-Encoding: base64", "", "AAAA"), Notice, false, false},
		{"portal words with a form attached", wire("From: nurse@trust.example", "Subject: x", "Content-Type: multipart/mixed; boundary=b", "", "--b", "", "This message is encrypted by Microsoft 365. Form attached.", "--b", "Content-Type: application/pdf; name=form.pdf", "", "x", "--b--"), Human, false, false},
		{"feedback loop", wire("From: fbl@host.example", "Content-Type: multipart/report; report-type=feedback-report; boundary=b", "", "--b", "", "x", "--b", "Content-Type: message/feedback-report", "", "Feedback-Type: abuse", "--b--"), Receipt, true, false},
		{"no mail at all", nil, Human, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			made := Read(tt.raw, Limits{}).Made([]string{"team@register.example"})
			if made.Origin != tt.origin || made.NeverReply != tt.never || made.OnlyAck != tt.onlyAck {
				t.Errorf("got %s never=%t onlyAck=%t (%s), want %s %t %t", made.Origin, made.NeverReply, made.OnlyAck, strings.Join(made.Why, "; "), tt.origin, tt.never, tt.onlyAck)
			}
			if tt.origin != Human && len(made.Why) == 0 {
				t.Error("got no reason")
			}
		})
	}
}

func TestBounceNamesLetterAndRecipient(t *testing.T) {
	t.Parallel()
	raw := wire("From: postmaster@mx.example", "Return-Path: <>", "To: team@register.example", "Subject: Undeliverable: Your referral", "", "Delivery has failed to these recipients:", "",
		"parent@home.example", "The mailbox is full. 452 4.2.2 try again later", "", "----- Original message -----", "Message-ID: <dsr.token.1@register.example>", "To: parent@home.example")
	made := Read(raw, Limits{}).Made(nil)
	if made.Origin != Bounce || len(made.Bounces) != 1 {
		t.Fatalf("got %+v, want one bounce", made)
	}
	if d := made.Bounces[0]; d.Recipient != "parent@home.example" || d.Status != "4.2.2" || d.Action != "failed" {
		t.Errorf("got %+v, want parent@home.example 4.2.2 failed", d)
	}
	if len(made.About) != 1 || made.About[0] != "dsr.token.1@register.example" {
		t.Errorf("got about %q, want our letter", made.About)
	}
}

func TestAboutIsBestFirst(t *testing.T) {
	t.Parallel()
	m := Read(wire("From: nurse@trust.example", "In-Reply-To: <b@x.example>", "References: <a@x.example> <b@x.example> <c@x.example>", "", "yes"), Limits{})
	if got := strings.Join(m.Made(nil).About, " "); got != "b@x.example c@x.example a@x.example" {
		t.Errorf("got %s", got)
	}
}
