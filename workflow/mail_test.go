package workflow

import (
	"errors"
	"slices"
	"testing"
	"time"
)

var (
	mailMonday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	mailCo     = Actor{ID: 3, Name: "Co", Roles: []Role{Coordinator}}
	mailMa     = Actor{ID: 4, Name: "Ma", Roles: []Role{Manager}}
	mailAd     = Actor{ID: 5, Name: "Ad", Roles: []Role{Admin}}
)

func TestMailMoves(t *testing.T) {
	t.Parallel()
	set := DefaultSettings()
	mail := func(e MailEnd) Mail {
		return Mail{ID: 1, ReceivedAt: mailMonday, End: e, Owner: 9, Waits: e == MailRouted}
	}
	for name, x := range map[string]struct {
		do   func() (MailChange, error)
		to   MailEnd
		want error
	}{
		"own":                     {func() (MailChange, error) { return mail(MailHolding).Own(mailCo, mailMonday, 3) }, MailHolding, nil},
		"own by an administrator": {func() (MailChange, error) { return mail(MailHolding).Own(mailAd, mailMonday, 3) }, "", ErrNotAllowed},
		"own by the service":      {func() (MailChange, error) { return mail(MailHolding).Own(Service(), mailMonday, 3) }, "", ErrNotAllowed},
		"own what belongs to one": {func() (MailChange, error) { return mail(MailCase).Own(mailCo, mailMonday, 3) }, "", ErrConflict},
		"join":                    {func() (MailChange, error) { return mail(MailHolding).Join(mailCo, mailMonday) }, MailFiled, nil},
		"join a second case":      {func() (MailChange, error) { return mail(MailCase).Join(mailCo, mailMonday) }, MailCase, nil},
		"join from quarantine":    {func() (MailChange, error) { return mail(MailQuarantined).Join(mailCo, mailMonday) }, "", ErrConflict},
		"join by the manager":     {func() (MailChange, error) { return mail(MailHolding).Join(mailMa, mailMonday) }, "", ErrNotAllowed},
		"join what is being read": {func() (MailChange, error) { return mail("").Join(mailCo, mailMonday) }, "", ErrConflict},
		"open":                    {func() (MailChange, error) { return mail(MailProblem).OpenCase(mailCo, mailMonday) }, MailCase, nil},
		"open twice":              {func() (MailChange, error) { return mail(MailCase).OpenCase(mailCo, mailMonday) }, "", ErrConflict},
		"route":                   {func() (MailChange, error) { return mail(MailHolding).Route(mailCo, mailMonday, RouteFOI, 4, "", set) }, MailRouted, nil},
		"route to nobody":         {func() (MailChange, error) { return mail(MailHolding).Route(mailCo, mailMonday, RouteFOI, 0, "", set) }, "", ErrInvalid},
		"route nowhere":           {func() (MailChange, error) { return mail(MailHolding).Route(mailCo, mailMonday, "bin", 4, "", set) }, "", ErrInvalid},
		"route elsewhere unsaid":  {func() (MailChange, error) { return mail(MailHolding).Route(mailCo, mailMonday, RouteOther, 4, "", set) }, "", ErrInvalid},
		"finish": {func() (MailChange, error) {
			return mail(MailRouted).Finish(mailCo, mailMonday, "answered on 4 December")
		}, MailRouted, nil},
		"finish twice":          {func() (MailChange, error) { return Mail{End: MailRouted}.Finish(mailCo, mailMonday, "answered") }, "", ErrConflict},
		"finish without a word": {func() (MailChange, error) { return mail(MailRouted).Finish(mailCo, mailMonday, " ") }, "", ErrInvalid},
		"ignore": {func() (MailChange, error) {
			return mail(MailHolding).Ignore(mailCo, mailMonday, "an advertisement for a course")
		}, MailIgnored, nil},
		"ignore without a reason": {func() (MailChange, error) { return mail(MailHolding).Ignore(mailCo, mailMonday, "spam") }, "", ErrInvalid},
		"ignore what was routed":  {func() (MailChange, error) { return mail(MailRouted).Ignore(mailCo, mailMonday, "not for us") }, "", ErrConflict},
		"release": {func() (MailChange, error) {
			return mail(MailQuarantined).Release(mailCo, mailMonday, "the sender rang us", set)
		}, MailHolding, nil},
		"release what is not in it": {func() (MailChange, error) {
			return mail(MailHolding).Release(mailCo, mailMonday, "the sender rang us", set)
		}, "", ErrConflict},
		"read again":             {func() (MailChange, error) { return mail(MailProblem).Reread(mailCo, mailMonday) }, "", nil},
		"read again a filed one": {func() (MailChange, error) { return mail(MailFiled).Reread(mailCo, mailMonday) }, "", ErrConflict},
		"take back":              {func() (MailChange, error) { return mail(MailIgnored).Restore(mailCo, mailMonday, set) }, MailHolding, nil},
		"take back from holding": {func() (MailChange, error) { return mail(MailHolding).Restore(mailCo, mailMonday, set) }, "", ErrConflict},
	} {
		c, err := x.do()
		if !errors.Is(err, x.want) || (err == nil) != (x.want == nil) {
			t.Errorf("%s: error %v, want %v", name, err, x.want)
			continue
		}
		if err == nil && c.To != x.to {
			t.Errorf("%s: ends as %q, want %q", name, c.To, x.to)
		}
	}
}

func TestRouteDue(t *testing.T) {
	t.Parallel()
	set := DefaultSettings()
	at := func(day int, month time.Month, year, hour int) time.Time {
		return time.Date(year, month, day, hour, 0, 0, 0, London)
	}
	for name, x := range map[string]struct {
		kind     RouteKind
		received time.Time
		want     time.Time
	}{
		"a month":                            {RouteAccess, at(23, 11, 2026, 10), at(23, 12, 2026, 17)},
		"a month that ends on a holiday":     {RouteAccess, at(25, 11, 2026, 10), at(29, 12, 2026, 17)},
		"a month into the next year":         {RouteAccess, at(10, 12, 2026, 10), at(11, 1, 2027, 17)},
		"a month without that day":           {RouteAccess, at(31, 3, 2027, 10), at(30, 4, 2027, 17)},
		"20 working days over Christmas":     {RouteFOI, at(24, 12, 2026, 16), at(26, 1, 2027, 17)},
		"72 hours":                           {RouteIncident, at(27, 11, 2026, 18), at(30, 11, 2026, 18)},
		"safeguarding within a working hour": {RouteSafeguarding, at(23, 11, 2026, 10), at(23, 11, 2026, 11)},
		"safeguarding at night":              {RouteSafeguarding, at(27, 11, 2026, 22), at(30, 11, 2026, 10)},
	} {
		if got := set.RouteDue(x.kind, x.received); !got.Equal(x.want) {
			t.Errorf("%s: due %s, want %s", name, got.In(London), x.want)
		}
	}
}

func TestAChangedSignpostIsUnverified(t *testing.T) {
	t.Parallel()
	old := Signpost{ID: 1, Name: "Helpline", For: "talk", Phone: "0300 000 0000", VerifiedOn: Date{2026, 11, 1}, VerifiedBy: "Co", ReviewBy: Date{2027, 5, 1}}
	same := old
	same.Source, same.Needs = "their page", []string{"carers"}
	if got := same.Changed(old); got.VerifiedBy != "Co" || got.ReviewBy.IsZero() {
		t.Errorf("after a new source only: %+v, want it still verified", got)
	}
	other := old
	other.Phone = "0300 000 0001"
	if got := other.Changed(old); got.VerifiedBy != "" || !got.VerifiedOn.IsZero() || !got.ReviewBy.IsZero() {
		t.Errorf("after another number: %+v, want it unverified", got)
	}
	forged := old
	forged.Phone, forged.VerifiedBy = "0300 000 0002", "somebody else"
	if got := forged.Changed(old); got.VerifiedBy != "" {
		t.Errorf("after another number and a name: verified by %q, want nobody", got.VerifiedBy)
	}
}

func TestSignpostCheck(t *testing.T) {
	t.Parallel()
	good := Signpost{Name: "Helpline", For: "talk", Phone: "0300 000 0000"}
	for name, x := range map[string]struct {
		change func(*Signpost)
		field  string
	}{
		"good": {func(*Signpost) {}, ""}, "no name": {func(s *Signpost) { s.Name = " " }, "name"}, "no purpose": {func(s *Signpost) { s.For = "" }, "for"},
		"no way": {func(s *Signpost) { s.Phone = "" }, "phone"}, "ages turned round": {func(s *Signpost) { s.AgeFrom, s.AgeTo = 18, 17 }, "age-to"},
		"no email": {func(s *Signpost) { s.Email = "ours" }, "email"}, "no web address": {func(s *Signpost) { s.Web = "ours.example" }, "web"},
		"an age below nought": {func(s *Signpost) { s.AgeFrom = -1 }, "age-from"},
	} {
		s := good
		x.change(&s)
		var refusal *Refusal
		if err := s.Check(); errors.As(err, &refusal) != (x.field != "") || refusal != nil && refusal.Field != x.field {
			t.Errorf("%s: %v, want a refusal of field %q", name, err, x.field)
		}
	}
}

func TestATaskThatALetterEndsIsNotFinishedByHand(t *testing.T) {
	t.Parallel()
	f := File{Case: Case{ID: 1, State: Triage}, Settings: DefaultSettings()}
	if _, err := f.FinishTask(mailCo, mailMonday, TaskApprove, "done"); !errors.Is(err, ErrInvalid) {
		t.Errorf("an approval finished by hand: %v, want it refused", err)
	}
	if _, err := f.FinishTask(mailAd, mailMonday, TaskTriage, "done"); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("finished by an administrator: %v, want it refused", err)
	}
	c, err := f.FinishTask(mailCo, mailMonday, TaskTriage, "looked at it")
	if err != nil || len(c.Done) != 1 || c.Done[0] != TaskTriage || c.Note != "Look at a new referral: looked at it" {
		t.Errorf("finished: %+v, %v: want the task done, its words in the note", c, err)
	}
}

func TestServicesThatAnswerTheRecord(t *testing.T) {
	t.Parallel()
	f := young(t)
	f.Facts[FieldAutism], f.Facts[FieldLD] = Fact{Value: "yes"}, Fact{Value: "no"}
	f.Facts[FieldGrounds] = Fact{Values: []string{string(HospitalAdmission)}}
	needs := f.LikelyNeeds(today())
	if want := []string{"autism", "mental health", "crisis", "education", "carers"}; !slices.Equal(needs, want) {
		t.Errorf("needs %v, want %v", needs, want)
	}
	if got := (Signpost{Needs: []string{"carers", "legal", "autism"}}).Answers(needs); !slices.Equal(got, []string{"autism", "carers"}) {
		t.Errorf("answers %v", got)
	}
}
