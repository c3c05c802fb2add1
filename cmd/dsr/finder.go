package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox"
)

// finder looks in the mailboxes' own folders for a letter of which nobody knows
// whether it left: the mail host may have put a copy among the sent mail.
type finder struct {
	accounts []mailbox.Account
	log      *slog.Logger
}

// Find reports whether a copy of the letter lies in a folder for sent mail. An
// error means that it could not be looked for everywhere.
func (f finder) Find(ctx context.Context, messageID string) (bool, error) {
	var errs []error
	for _, a := range f.accounts {
		found, err := f.findIn(ctx, a, messageID)
		if found {
			return true, nil
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("mailbox %s: %w", a.Name, err))
		}
	}
	return false, errors.Join(errs...)
}

func (f finder) findIn(ctx context.Context, a mailbox.Account, messageID string) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := mailbox.Dial(ctx, a, f.log)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	folders, err := conn.Folders(ctx)
	if err != nil {
		return false, err
	}
	for _, folder := range folders {
		if !slices.Contains(folder.Use, `\Sent`) {
			continue
		}
		if found, err = conn.FindMessageID(ctx, folder.Name, messageID); found || err != nil {
			return found, err
		}
	}
	return false, nil
}
