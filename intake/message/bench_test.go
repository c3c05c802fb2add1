package message

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func fuzzSeeds() [][]byte {
	var seeds [][]byte
	files, _ := filepath.Glob("testdata/odd/*.eml")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil {
			seeds = append(seeds, raw)
		}
	}
	return append(seeds, ordinaryMail(), nestedMails(3), nestedMultiparts(3))
}

// ordinaryMail is what Outlook writes: hop fields, plain text and its HTML twin.
func ordinaryMail() []byte {
	var b strings.Builder
	for range 6 {
		b.WriteString("Received: from mail.trust.example (192.0.2.1) by mx.register.example (192.0.2.2)\r\n with ESMTPS id 15.20.1; Mon, 23 Nov 2026 09:58:01 +0000\r\n")
	}
	b.WriteString("From: \"Okafor, Temi\" <t.okafor@trust.example>\r\nTo: team@register.example\r\nSubject: =?utf-8?Q?Referral_=E2=80=93_urgent?=\r\n" +
		"Date: Mon, 23 Nov 2026 09:58:00 +0000\r\nMessage-ID: <1@trust.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"_000_\"\r\n\r\n")
	words := strings.Repeat("He has been assessed twice this month and the placement is at risk =E2=80=93 please call me.\r\n", 40)
	b.WriteString("--_000_\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + words)
	b.WriteString("--_000_\r\nContent-Type: text/html; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><head><style>p{margin:0}</style></head><body>" +
		strings.ReplaceAll(words, "He has", "<p class=3DMsoNormal><span style=3D\"font-size:11pt;color:black\">He has") + "</body></html>\r\n--_000_--\r\n")
	return []byte(b.String())
}

// BenchmarkRead reads an ordinary mail of 12 KB with its HTML twin.
func BenchmarkRead(b *testing.B) {
	raw := ordinaryMail()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		Read(raw, Limits{})
	}
}

// BenchmarkSegments marks a reply that quotes a long thread.
func BenchmarkSegments(b *testing.B) {
	text := strings.Repeat("He is worse today.\n\nKind regards\nTemi Okafor\n07700 900123\n\nFrom: Ann <ann@trust.example>\nSent: 23 November 2026 09:00\nTo: Temi\nSubject: RE: him\n\n", 30)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Segments(text, nil)
	}
}

// BenchmarkCorpus reads every mail of the corpus under 100 KB: messages a second on one core.
func BenchmarkCorpus(b *testing.B) {
	dir := corpus(b)
	var all [][]byte
	for _, row := range mails(b, dir) {
		raw, err := os.ReadFile(filepath.Join(dir, row["file"]))
		if err == nil && len(raw) < 100<<10 {
			all = append(all, raw)
		}
	}
	n := 0
	for b.Loop() {
		for _, raw := range all {
			Read(raw, Limits{}).Made(nil)
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
}
