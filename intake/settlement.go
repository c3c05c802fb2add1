package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/intake/message"
	"github.com/essex-dsr/dsr/intake/reading"
	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// settlement says what is to become of one mail. Only the database failing is an
// error: whatever the mail is, it gets an end.
func (s *Service) settlement(ctx context.Context, m store.Unsettled) (store.Settlement, error) {
	now := s.Clock()
	x := store.Settlement{Message: m.ID, At: now}
	switch {
	case mailbox.IsStandIn(m.Raw):
		// Exchange could not give the mail and sent a note in its place. Taking
		// that for the mail would lose a referral.
		return s.unread(ctx, x, "the mail server could not give this mail; open it in Outlook"), nil
	case m.Lost != nil && m.Tries <= maxTries:
		return x, fmt.Errorf("message %d: %w", m.ID, m.Lost)
	case m.Lost != nil:
		return s.unread(ctx, x, "the bytes that were kept cannot be had; open it in Outlook"), nil
	case m.Tries > maxTries:
		return s.unread(ctx, x, "the program stopped each time that it read this mail"), nil
	}
	u := s.understand(ctx, m.Raw, m.ReceivedAt)
	s.describe(&x, u)
	if x.Urgency == workflow.Routine && (!m.Whole || m.Size > store.ReadLimit) {
		x.Urgency = workflow.Unread // the alarming words may stand further down
	}
	if err := s.choose(ctx, &x, u, m); err != nil {
		return x, fmt.Errorf("message %d: %w", m.ID, err)
	}
	if !m.Whole {
		x.End, x.Why, x.Cases, x.Filing = store.EndProblem, "it is larger than 160 MB: only its beginning was kept; open it in Outlook", nil, nil
		x.Fingerprint = nil // of a beginning: another mail may begin like it
	}
	x.Reply, x.Withheld = s.reply(x, u, m.Folder)
	x.Alerts = alerts(x, u)
	if x.End.IsOpen() && x.Due.IsZero() {
		x.Due = s.dueOf(ctx, x.Urgency, now)
	}
	return x, nil
}

// describe copies what the mail says of itself and what was read of it.
func (s *Service) describe(x *store.Settlement, u understood) {
	fp := message.Fingerprint(u.mail)
	x.Fingerprint = fp[:]
	x.Class, x.Kind, x.Urgency = string(u.result.Class), u.result.Kind, workflow.Urgency(u.result.Urgency)
	x.Verdict, x.Machine = string(u.verdict), u.result.Made.NeverReply
	x.Subject, x.MessageID = clean(u.mail.Subject, 500), clean(u.mail.MessageID, 500)
	if len(u.mail.From) > 0 {
		x.FromName, x.FromAddr = clean(u.mail.From[0].Name, 200), clean(u.mail.From[0].Addr, 320)
	}
	x.Reading, x.Search = u.kept(), searchText(u)
	for _, a := range u.result.Attachments {
		x.Documents = append(x.Documents, store.DocumentRow{Part: a.Part, Name: clean(a.Name, 300), Type: a.Type, Size: int64(a.Size), State: string(a.State), Why: a.Why})
	}
}

func clean(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

func searchText(u understood) string {
	var b strings.Builder
	b.WriteString(message.HeaderText(u.mail))
	for _, t := range u.result.Texts {
		b.WriteString("\n" + t.Text)
	}
	return clean(b.String(), 400_000)
}

// choose decides the end by class, then by what the register knows of the thread.
func (s *Service) choose(ctx context.Context, x *store.Settlement, u understood, m store.Unsettled) error {
	th, err := s.thread(ctx, u)
	if err != nil {
		return err
	}
	switch {
	case u.result.Made.Origin == message.Bounce:
		return s.bounced(x, u, th, m)
	case u.result.Made.Origin == message.AutoReply || u.result.Made.Origin == message.Receipt:
		return s.answered(x, th, m)
	case u.result.Class.IsReferral() && !th.known():
		s.open(x, u, m)
		if len(x.Cases) == 0 {
			x.End, x.Why = store.EndProblem, "it looks like a referral, and nothing could be taken from it"
		}
	case th.known():
		s.fileTo(x, u, th, m)
	case u.failed != "":
		x.End, x.Why = store.EndProblem, u.failed
	case u.result.Made.Origin == message.List || (u.result.Class == reading.Spam && u.result.Made.NeverReply):
		x.End, x.Why = store.EndIgnored, "a mailing list or bulk mail"
	default:
		x.End, x.Why = store.EndHolding, holdingWords(u.result.Class, u.result.Kind)
	}
	return nil
}

// holdingWords says what a person is asked to do with a mail that made no case.
func holdingWords(c reading.Class, kind string) string {
	switch c {
	case reading.Reply:
		return "it answers us, and it is not certain which case it belongs to"
	case reading.Update:
		return "news about somebody: say which case it belongs to"
	case reading.Withdrawal:
		return "somebody wants to stop: find the case today"
	case reading.Enquiry:
		return "a question: answer it"
	case reading.SecureNotice:
		return "a secure message waits behind a portal: open it by hand"
	case reading.OtherRoute:
		what := workflow.RouteKind(kind).Words()
		if what == "" {
			what = "no referral"
		}
		return "this looks like " + what + ": take it where it belongs"
	case reading.Spam:
		return "it looks like advertising: say so, or make a case"
	}
	return "look at this and say what it is"
}

// open makes a case of each referral. A person named twice in one mail is one
// referral already; siblings are two, of one household.
func (s *Service) open(x *store.Settlement, u understood, m store.Unsettled) {
	x.End = store.EndCase
	for _, r := range u.result.Referrals {
		k := store.NewCase{Facts: factRows(r), Opening: workflow.Opening{
			Type: referralType(u.result.Class), Message: m.ID, ReceivedAt: m.ReceivedAt, Urgency: x.Urgency,
			Safeguards: len(u.result.Safeguards) > 0 || r.Fields["safeguarding"].Value == "yes" || r.Fields["safeguarding.cue"].Value == "yes",
			Hold:       r.Fields["consent.reported"].Value == "no",
			Parties:    parties(r, u.mail), Household: len(u.result.Referrals) > 1,
		}}
		x.Cases = append(x.Cases, k)
	}
}

func referralType(c reading.Class) workflow.ReferralType {
	switch c {
	case reading.ReferralSelf:
		return workflow.BySelf
	case reading.ReferralFamily:
		return workflow.ByFamily
	}
	return workflow.ByProfessional
}

func factRows(r reading.Referral) []store.FactRow {
	var out []store.FactRow
	for name, f := range r.Fields {
		row := store.FactRow{Field: workflow.Field(name), Value: f.Value, Values: f.Values, Part: f.Source.Part, Page: f.Source.Page,
			Start: f.Source.Start, End: f.Source.End, Quote: f.Source.Quote, Method: f.Method, Confidence: f.Confidence, Note: f.Note}
		for _, v := range f.Rivals {
			row.Rivals = append(row.Rivals, store.RivalRow{Value: v.Value, Why: v.Why, Part: v.Source.Part, Start: v.Source.Start, End: v.Source.End, Quote: v.Source.Quote})
		}
		out = append(out, row)
	}
	return out
}

// fileTo joins the mail to the case whose letter it answers. A wish to stop, or
// a no, puts that case on hold until a practitioner has read it.
func (s *Service) fileTo(x *store.Settlement, u understood, th thread, m store.Unsettled) {
	x.End = store.EndFiled
	f := &store.Filing{Case: th.letter.Case, Letter: th.letter.ID, How: "token", Opening: workflow.Opening{
		Message: m.ID, ReceivedAt: m.ReceivedAt, Urgency: x.Urgency, Safeguards: len(u.result.Safeguards) > 0,
		Hold: u.result.Class == reading.Withdrawal,
	}}
	for _, r := range u.result.Referrals {
		f.Facts = append(f.Facts, factRows(r)...)
		f.Opening.Hold = f.Opening.Hold || r.Fields["consent.reported"].Value == "no"
	}
	x.Filing = f
}

// bounced files a bounce of our letter to its case; one that names no letter of
// ours is for a person when it reports a failure, since some letter of ours may
// not have arrived.
func (s *Service) bounced(x *store.Settlement, u understood, th thread, m store.Unsettled) error {
	failed, words := false, ""
	for _, d := range u.result.Made.Bounces {
		if d.Action == "failed" || strings.HasPrefix(d.Status, "5") {
			failed, words = true, strings.TrimSpace(d.Status+" "+d.Text)
		}
	}
	switch {
	case th.letter.Case != 0:
		x.End = store.EndFiled
		x.Filing = &store.Filing{Case: th.letter.Case, Letter: th.letter.ID, How: "letter returned", Bounced: failed, Words: words,
			Opening: workflow.Opening{Message: m.ID, ReceivedAt: m.ReceivedAt}}
		x.Urgency = workflow.Routine
	case failed && th.letter.ID != 0:
		x.End, x.Why = store.EndIgnored, "a reply of ours to a mail that made no case did not arrive: a task says so"
		x.Returned, x.Urgency = &store.Returned{Letter: th.letter.ID, Words: words}, workflow.Routine
	case failed && s.bouncesOurs(u):
		x.End, x.Why = store.EndHolding, "a letter of ours may not have arrived: it is not certain which"
	default:
		x.End, x.Why = store.EndIgnored, "a delivery report that names no letter of ours"
	}
	return nil
}

// bouncesOurs reports whether a bounce has a recipient at all; without one there
// is nothing for a person to follow.
func (s *Service) bouncesOurs(u understood) bool {
	for _, d := range u.result.Made.Bounces {
		if d.Recipient != "" {
			return true
		}
	}
	return false
}

// answered files a machine's answer to the letter that it answers.
func (s *Service) answered(x *store.Settlement, th thread, m store.Unsettled) error {
	if th.letter.Case == 0 {
		x.End, x.Why = store.EndIgnored, "a machine wrote this"
		return nil
	}
	x.End, x.Urgency = store.EndFiled, workflow.Routine
	x.Filing = &store.Filing{Case: th.letter.Case, Letter: th.letter.ID, How: "automatic answer",
		Opening: workflow.Opening{Message: m.ID, ReceivedAt: m.ReceivedAt}}
	return nil
}

// thread is what the register knows of a mail: the letter of ours that it
// answers, and whether its sender is known on that letter's case.
type thread struct {
	letter store.Letter
	sender bool
}

// known reports whether the mail may join the case by itself: it carries the
// unguessable token of our letter, and comes from somebody of the case.
func (t thread) known() bool { return t.letter.Case != 0 && t.sender }

func (s *Service) thread(ctx context.Context, u understood) (thread, error) {
	ids := append([]string{}, u.mail.InReplyTo...)
	ids = append(ids, u.mail.References...)
	ids = append(ids, u.result.Made.About...)
	for _, a := range u.mail.To {
		ids = append(ids, a.Addr) // a plus address carries the token too
	}
	for _, id := range ids {
		token, _, ok := letters.ParseID(id)
		if !ok {
			continue
		}
		l, err := s.Store.LetterByToken(ctx, token)
		if errors.Is(err, workflow.ErrNotFound) {
			continue
		}
		if err != nil {
			return thread{}, err
		}
		known, err := s.knownOn(ctx, l.Case, u.mail)
		return thread{l, known}, err
	}
	return thread{}, nil
}

func (s *Service) knownOn(ctx context.Context, id workflow.CaseID, m *message.Message) (bool, error) {
	if id == 0 || len(m.From) != 1 {
		return false, nil
	}
	return s.Store.KnownSender(ctx, id, m.From[0].Addr)
}

// reply is the fixed reply that a mail is owed: L2 for a crisis from anybody but
// a machine, L1 for a new case, L14 where the message waits behind a portal. Where
// its sender is in doubt it says why a person must answer instead. Limits are
// asked in the settling transaction.
func (s *Service) reply(x store.Settlement, u understood, folder string) (*workflow.LetterDue, string) {
	made := u.result.Made
	if len(u.mail.From) != 1 || x.FromAddr == "" || !strings.Contains(x.FromAddr, "@") {
		return nil, ""
	}
	kind := workflow.LetterKind("")
	switch {
	case x.Urgency == workflow.Crisis && (!made.NeverReply || made.OnlyAck):
		kind = workflow.L2
	case x.Urgency == workflow.Crisis || made.NeverReply:
	case x.End == store.EndCase:
		kind = workflow.L1
	case u.result.Class == reading.SecureNotice:
		kind = workflow.L14
	}
	switch {
	case kind == "":
		return nil, ""
	case kind != workflow.L2 && u.verdict == message.AuthFail:
		return nil, "our own mail host says that the sender may not be who they say"
	case kind != workflow.L2 && strings.Contains(strings.ToLower(folder), "junk"):
		return nil, "the mail lay in the junk folder"
	}
	return &workflow.LetterDue{Kind: kind, To: x.FromAddr, Message: x.Message, Content: workflow.Full}, ""
}

// alerts are what the duty list must hear at once: every crisis mail, whether or
// not it was answered, signs of abuse, and what might be either and could not be
// read.
func alerts(x store.Settlement, u understood) []string {
	var out []string
	if x.Urgency == workflow.Crisis {
		out = append(out, "crisis")
	}
	if len(u.result.Safeguards) > 0 && (x.End == store.EndCase || x.End == store.EndFiled || x.End == store.EndHolding) {
		out = append(out, "safeguarding")
	}
	if x.Urgency == workflow.Unread && x.End != store.EndIgnored {
		out = append(out, "unread")
	}
	return out
}

// dueOf is by when a person must look at a mail that made no case.
func (s *Service) dueOf(ctx context.Context, u workflow.Urgency, now time.Time) time.Time {
	set, _, err := s.Store.Settings(ctx)
	if err != nil {
		set = workflow.DefaultSettings()
	}
	switch u {
	case workflow.Crisis:
		return now.Add(time.Duration(set.CrisisMinutes) * time.Minute)
	case workflow.Urgent, workflow.Unread:
		return set.Calendar().WorkingHours(now, set.UrgentHours, set.Opens, set.Closes)
	}
	return set.Calendar().Due(now, set.TriageWD)
}

// unread is the end of a mail that nothing was read of: a person looks soon.
func (s *Service) unread(ctx context.Context, x store.Settlement, why string) store.Settlement {
	x.End, x.Why, x.Class, x.Urgency = store.EndProblem, why, string(reading.Other), workflow.Unread
	x.Due, x.Alerts = s.dueOf(ctx, x.Urgency, x.At), []string{"unread"}
	return x
}
