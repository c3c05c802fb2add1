package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mailFrom is a mail of testdata, its holes filled: to whom, when, and what
// else the test wants another word for.
func (s *service) mailFrom(t testing.TB, name string, instead ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata/mails", name))
	if err != nil {
		t.Fatal(err)
	}
	holes := append([]string{"{{TO}}", s.from, "{{DATE}}", s.now().UTC().Format(time.RFC1123Z), "{{ID}}", s.mailbox}, instead...)
	return []byte(strings.NewReplacer(holes...).Replace(string(raw)))
}

// messageID is a mail's own, as answers name it.
func messageID(raw []byte) string {
	for line := range bytes.Lines(raw) {
		if name, value, found := bytes.Cut(line, []byte(":")); found && strings.EqualFold(string(name), "Message-ID") {
			return strings.TrimSpace(string(value))
		}
	}
	return ""
}

// mail is a plain one.
func (s *service) mail(from, subject, body string, more ...string) []byte {
	name, domain, _ := strings.Cut(from, "@")
	head := append([]string{
		"Return-Path: <" + from + ">",
		"Received: from out." + domain + " (out." + domain + " [192.0.2.80]) by mx.register.example with ESMTPS; " + s.now().UTC().Format(time.RFC1123Z),
		"From: " + from, "To: " + s.from, "Subject: " + subject, "Date: " + s.now().UTC().Format(time.RFC1123Z),
		fmt.Sprintf("Message-ID: <%s.%d@%s>", name, time.Now().UnixNano(), domain), "Content-Type: text/plain; charset=utf-8",
	}, more...)
	return []byte(strings.Join(head, "\r\n") + "\r\n\r\n" + body + "\r\n")
}
