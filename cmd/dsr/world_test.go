package main

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/cmd/dsr/demo"
	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/letters"
)

// The demo's world must be what the service's own settings, reader and sender
// understand.
func TestTheDemosWorldIsReadAndWrittenByOurOwnRooms(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	world, err := demo.Start(t.Context(), demo.Options{Now: time.Now, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	c, err := loadConfig(with(map[string]string{
		"DSR_IMAP_URL": world.IMAPURL(), "DSR_IMAP_PASSWORD": world.Password(), "DSR_SMTP_URL": world.SMTPURL(), "DSR_MAIL_FROM": demo.Address,
	}), false)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := world.DeliverNext(); err != nil {
			t.Fatal(err)
		}
	}

	conn, err := mailbox.Dial(t.Context(), c.Mailboxes[0], quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	folder, err := conn.Select(t.Context(), c.Mailboxes[0].Folders[0], true)
	if err != nil || folder.Exists != 3 {
		t.Fatalf("%+v, %v", folder, err)
	}
	uids, err := conn.UIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int64
	err = conn.Fetch(t.Context(), uids, func(m mailbox.Mail) error {
		n, err := io.Copy(io.Discard, m.Body)
		sizes = append(sizes, n)
		return err
	})
	if err != nil || len(sizes) != 3 || sizes[0] < 1000 {
		t.Errorf("fetched %v, %v", sizes, err)
	}

	sender := letters.NewSender(*c.SMTP, letters.Auth{}, "", letters.DefaultTimeouts(), nil)
	outcome := sender.Send(t.Context(), demo.Address, "imogen.farrow@letterbox.example", []byte("Subject: x\r\n\r\ny\r\n"))
	if outcome.Class != letters.Accepted || len(world.Outbox()) != 1 {
		t.Errorf("%+v, %d letters", outcome, len(world.Outbox()))
	}
}
