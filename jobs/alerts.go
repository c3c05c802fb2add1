package jobs

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// GiveAlerts tells the duty list what must be looked at now: a kind, a reference
// and a link, never a name. The log line and the metric are always given, the
// mail where the team named an address. What the mail host did not take comes
// round again in a minute.
func (s *Service) GiveAlerts(ctx context.Context) error {
	alerts, err := s.Store.ClaimAlerts(ctx, s.Clock(), 20)
	if err != nil || len(alerts) == 0 {
		return err
	}
	set, _, err := s.Store.Settings(ctx)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		s.Log.Warn("alert", "kind", a.Kind, "case", a.Ref, "message", a.Message)
		if s.Counts.Alert != nil && a.Tries == 1 {
			s.Counts.Alert(a.Kind)
		}
		if err := s.mailAlert(ctx, set, a); err != nil {
			s.Log.Error("alert not mailed", "alert", a.ID, "error", err)
			continue
		}
		if err := s.Store.AlertSent(context.WithoutCancel(ctx), a.ID, s.Clock()); err != nil {
			return err
		}
	}
	return nil
}

// alertTries is how often an alert of unknown outcome is sent: once too often is
// harmless, every minute for ever is not.
const alertTries = 3

var (
	errNotTaken = errors.New("the mail host did not take the alert")
	errNotMade  = errors.New("the alert could not be made: look at the duty list's address")
)

// mailAlert sends the alert to the duty address, if the team set one.
func (s *Service) mailAlert(ctx context.Context, set workflow.Settings, a store.Alert) error {
	if set.DutyEmail == "" || s.Sender == nil {
		return nil
	}
	what, link := fmt.Sprintf("mail %d", a.Message), fmt.Sprintf("%s/messages/%d", s.Base, a.Message)
	if a.Ref != "" {
		what, link = "case "+a.Ref, s.Base+"/cases/"+a.Ref
	}
	raw, err := letters.Render(letters.Mail{
		From: s.Office.From, ReplyTo: s.Office.From.Address, To: netmail.Address{Address: set.DutyEmail},
		Subject: fmt.Sprintf("Look now: %s, %s", a.Kind, what), Date: a.MadeAt, MessageID: s.Office.NewMessageID(), Automatic: true,
		Text: fmt.Sprintf("Somebody must look at %s now (%s).\n\n%s\n", what, a.Kind, link),
	})
	if err != nil {
		return errNotMade // its own words may hold the duty list's address
	}
	out := s.Sender.Send(ctx, s.Office.From.Address, set.DutyEmail, raw)
	if out.Class != letters.Accepted && (out.Class != letters.Unknown || a.Tries < alertTries) {
		return fmt.Errorf("%w: %s at %s (%d)", errNotTaken, out.Class, out.Step, out.Code)
	}
	return nil
}
