package document

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
)

func TestOtherOfficeFilesGiveEveryValue(t *testing.T) {
	t.Parallel()
	tr := loadTruth(t)
	for _, name := range []string{
		"referral-C-libreoffice-table.odt",
		"referral-C-libreoffice-table.rtf",
		"referral-C-libreoffice-table.doc",
		"referral-C-spreadsheet.xlsx",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, sample(t, name))
			if d.State != Read {
				t.Fatalf("state %s: %s", d.State, d.Why)
			}
			want := tr.of(t, name)
			if strings.HasSuffix(name, ".xlsx") {
				want["dob"] = "23/01/1991" // a date cell, shown the British way
			}
			total, missed := misses(tr, want, d)
			if len(missed) > 0 {
				t.Errorf("%d of %d values missed:\n%s", len(missed), total, strings.Join(missed, "\n"))
			}
		})
	}
}

func TestContactCard(t *testing.T) {
	t.Parallel()
	d := open(t, sample(t, "professional.vcf"))
	for _, want := range []string{"Name: Maria Lopez", "Email: maria.lopez@example.gov.uk"} {
		if !strings.Contains(d.Text, want) {
			t.Errorf("no %q in\n%s", want, d.Text)
		}
	}
}

func TestWinmailGivesTextAndFiles(t *testing.T) {
	t.Parallel()
	d := open(t, sample(t, "mail-A-winmail.dat"))
	if !strings.Contains(d.Text, "attached a DSR referral for Alfie Smith") {
		t.Errorf("text is %q", d.Text)
	}
	if len(d.Members) != 1 || d.Members[0].Name != "DSR referral form A.docx" || d.Members[0].Part != "2/1" {
		t.Fatalf("members: %+v", d.Members)
	}
	if total, missed := misses(loadTruth(t), loadTruth(t).of(t, "referral-A-word-contentcontrols.docx"), d.Members[0]); len(missed) > 0 {
		t.Errorf("%d of %d values of the form inside missed: %v", len(missed), total, missed)
	}
}

func TestOutlookItemBecomesAMail(t *testing.T) {
	t.Parallel()
	d := open(t, sample(t, "mail-A-outlook.msg"))
	if len(d.Mails) != 1 {
		t.Fatalf("%d mails (%s: %s)", len(d.Mails), d.State, d.Why)
	}
	again := open(t, sample(t, "mail-A-outlook.msg"))
	if !bytes.Equal(d.Mails[0].Raw, again.Mails[0].Raw) {
		t.Error("the same item gives different bytes each time")
	}
	m, err := mail.ReadMessage(bytes.NewReader(d.Mails[0].Raw))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Header.Get("Subject"); got != "FW: DSR referral - AS" {
		t.Errorf("subject %q", got)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	var names []string
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, p.FileName())
	}
	if len(names) != 2 || names[1] != "DSR referral form A.docx" {
		t.Errorf("parts: %q", names)
	}
}

// The worked example of [MS-OXRTFCP] 3.1.
func TestCompressedRTF(t *testing.T) {
	t.Parallel()
	packed := []byte("\x2d\x00\x00\x00\x2b\x00\x00\x00LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125B2\x0a\xf3 hel\x09\x00 bw\x05\xb0ld}\x0a\x80\x0f\xa0")
	if got, want := string(inflateRTF(packed)), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := rtfText(inflateRTF(packed)); got != "hello world" {
		t.Errorf("its text is %q", got)
	}
}
