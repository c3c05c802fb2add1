package message

import (
	"encoding/base64"
	"strings"
	"testing"
)

// wire joins header lines and a body with the line ends of the wire.
func wire(lines ...string) []byte {
	return []byte(strings.Join(lines, "\r\n") + "\r\n")
}

func summary(m *Message) []string {
	var out []string
	for _, p := range m.Parts {
		out = append(out, strings.Join([]string{p.Number, p.Type, string(p.Role), p.Name, strings.TrimSpace(p.Text)}, "|"))
		if p.Mail != nil {
			out = append(out, summary(p.Mail)...)
		}
	}
	return out
}

func TestReadOrdinaryMails(t *testing.T) {
	t.Parallel()
	pdf := base64.StdEncoding.EncodeToString([]byte("%PDF-1.7 form"))
	tests := []struct {
		name string
		raw  []byte
		want []string
	}{
		{"plain without MIME", wire("From: Mum <mum@example.org>", "Subject: hi", "", "my boy is 13"), []string{"1|text/plain|body||my boy is 13"}},
		{"html only", wire("Content-Type: text/html; charset=utf-8", "", "<p>my <b>boy</b></p>"), []string{"1|text/html|body||my boy"}},
		{"alternative", wire(`Content-Type: multipart/alternative; boundary="b"`, "", "--b", "Content-Type: text/plain", "", "words", "--b", "Content-Type: text/html", "", "<p>words</p>", "--b--"),
			[]string{"1|text/plain|body||words", "2|text/html|alternative||words"}},
		{"alternative whose plain text says nothing", wire(`Content-Type: multipart/alternative; boundary="b"`, "", "--b", "Content-Type: text/plain", "", "", "--b", "Content-Type: text/html", "", "<p>words</p>", "--b--"),
			[]string{"1|text/plain|alternative||", "2|text/html|body||words"}},
		{"mixed with alternative and a form", wire("Content-Type: multipart/mixed; boundary=m", "", "--m", "Content-Type: multipart/alternative; boundary=a", "",
			"--a", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "", "caf=C3=A9 =", "bar",
			"--a", "Content-Type: text/html", "", "<p>caf&eacute; bar</p>", "--a--",
			"--m", `Content-Type: application/pdf; name="form.pdf"`, "Content-Disposition: attachment; filename=form.pdf", "Content-Transfer-Encoding: base64", "", pdf, "--m--"),
			[]string{"1.1|text/plain|body||café bar", "1.2|text/html|alternative||café bar", "2|application/pdf|attached|form.pdf|"}},
		{"related picture", wire("Content-Type: multipart/related; boundary=r", "", "--r", "Content-Type: text/html", "", `<p>hi<img src="cid:x@y"></p>`,
			"--r", "Content-Type: image/png; name=logo.png", "Content-ID: <x@y>", "", "png", "--r--"),
			[]string{"1|text/html|body||hi", "2|image/png|inline|logo.png|"}},
		{"photographed form in mixed stays a file", wire("Content-Type: multipart/mixed; boundary=r", "", "--r", "Content-Type: text/plain", "", "see picture",
			"--r", "Content-Type: image/jpeg; name=IMG_1.jpeg", "Content-Disposition: inline", "Content-ID: <x@y>", "", "jpg", "--r--"),
			[]string{"1|text/plain|body||see picture", "2|image/jpeg|attached|IMG_1.jpeg|"}},
		{"attached mail", wire("Content-Type: multipart/mixed; boundary=m", "", "--m", "Content-Type: text/plain", "", "please see attached",
			"--m", "Content-Type: message/rfc822", "", "From: nurse@trust.example", "Subject: Referral", "Content-Type: multipart/mixed; boundary=i", "",
			"--i", "", "inner words", "--i", "Content-Type: text/csv; name=a.csv", "", "a,b", "--i--", "--m--"),
			[]string{"1|text/plain|body||please see attached", "2|message/rfc822|mail|Referral.eml|", "2/1|text/plain|body||inner words", "2/2|text/csv|attached|a.csv|a,b"}},
		{"two texts in mixed", wire("Content-Type: multipart/mixed; boundary=m", "", "--m", "", "above", "--m", "Content-Type: application/pdf; name=f.pdf", "", "x", "--m", "Content-Type: text/plain", "", "below", "--m--"),
			[]string{"1|text/plain|body||above", "2|application/pdf|attached|f.pdf|", "3|text/plain|body||below"}},
		{"a file alone", wire("Content-Type: application/pdf; name=f.pdf", "Content-Transfer-Encoding: base64", "", pdf), []string{"1|application/pdf|attached|f.pdf|"}},
		{"signed", wire("Content-Type: multipart/signed; boundary=s", "", "--s", "Content-Type: text/plain", "", "words", "--s", "Content-Type: application/pkcs7-signature; name=smime.p7s", "", "x", "--s--"),
			[]string{"1|text/plain|body||words", "2|application/pkcs7-signature|attached|smime.p7s|"}},
		{"empty", nil, []string{"1|text/plain|body||"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := Read(tt.raw, Limits{})
			got := summary(m)
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("parts:\n%s\nwant:\n%s\nwarnings: %q", strings.Join(got, "\n"), strings.Join(tt.want, "\n"), m.Warnings)
			}
		})
	}
}
