package jobs

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/letters/letterstest"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/workflow"
)

func TestMain(m *testing.M) {
	if given := os.Getenv(senderEnvironment); given != "" {
		os.Exit(sendUntilKilled(given))
	}
	os.Exit(storetest.Main(m))
}

// monday is when these tests begin: the team is at work.
var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// What the invented people are called: nothing of it may stand in a log.
const (
	mother  = "karen.poole@example.org"
	secret  = "Karen Poole"
	child   = "Tom Poole"
	ourAddr = "dsr@council.example"
)

// world is a service on a database of its own, before a mail host that can be
// told to misbehave, under a clock that only the test moves.
type world struct {
	*Service
	host *letterstest.Server
	url  string
	key  string
	keys store.Keys
	db   *sql.DB // to look behind the store, and to break things
	who  map[workflow.Role]workflow.Actor
	logs *logs

	mu  sync.Mutex
	now time.Time
	uid uint32
}

// logs collects every line at every level.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var openBook = sync.OnceValues(func() (*letters.Book, error) { return letters.Open(templates.Letters) })

func newWorld(t *testing.T) *world {
	t.Helper()
	key := store.NewKey()
	keys, err := store.ParseKeys([]string{key})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{key: key, host: letterstest.Start(t, letterstest.Options{}), url: storetest.DB(t), keys: keys, now: monday, logs: &logs{}, who: map[workflow.Role]workflow.Actor{}}
	s := connect(t, w.url, keys)
	book, err := openBook()
	if err != nil {
		t.Fatal(err)
	}
	w.Service = &Service{Store: s, Office: letters.Office{Book: book, From: netmail.Address{Name: "DSR team", Address: ourAddr}},
		Sender: w.sendTo(impatient()), Base: "https://dsr.example", Clock: w.clock, Name: "test", Log: slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if w.db, err = sql.Open("postgres", w.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	w.furnish(t)
	return w
}

func connect(t *testing.T, url string, keys store.Keys) *store.Store {
	t.Helper()
	s, err := store.Connect(t.Context(), url, keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// impatient gives a silent host up soon; every other host answers at once.
func impatient() letters.Timeouts {
	return letters.Timeouts{Dial: 20 * time.Second, Command: 400 * time.Millisecond, Content: 400 * time.Millisecond, End: 400 * time.Millisecond}
}

func (w *world) sendTo(patience letters.Timeouts) Sender {
	return letters.NewSender(letters.Server{Host: w.host.Host, Port: w.host.Port, TLS: letters.NoTLS}, letters.Auth{}, "dsr.example", patience, nil)
}

// twin is a second program on the same database and mail host.
func (w *world) twin() *Service {
	return &Service{Store: w.Store, Office: w.Office, Sender: w.Sender, Finder: w.Finder, Base: w.Base, Clock: w.clock, Log: w.Log, Name: "twin", PerMinute: w.PerMinute}
}

func (w *world) furnish(t *testing.T) {
	t.Helper()
	for _, r := range workflow.Roles() {
		u := store.User{Email: strings.ReplaceAll(string(r), " ", "-") + "@example.org", Name: "Test " + string(r), Roles: []workflow.Role{r}}
		var err error
		if u.ID, err = w.Store.SaveUser(t.Context(), workflow.Service(), monday, u); err != nil {
			t.Fatal(err)
		}
		w.who[r] = u.Actor()
	}
	w.set(t, func(s *workflow.Settings) { s.Phone, s.PhoneHours = "01632 960123", "Monday to Friday, 9am to 5pm" })
}

// set changes the team's settings.
func (w *world) set(t *testing.T, change func(*workflow.Settings)) {
	t.Helper()
	set, version, err := w.Store.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	change(&set)
	if err := w.Store.SaveSettings(t.Context(), w.who[workflow.Manager], monday, version, set); err != nil {
		t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// kept puts a mail into the ledger, as the poller does.
func (w *world) kept(t *testing.T) workflow.MessageID {
	t.Helper()
	w.mu.Lock()
	w.uid++
	uid := w.uid
	w.mu.Unlock()
	kept, err := w.Store.Keep(t.Context(), []store.Incoming{{Folder: store.Folder{Account: "essex", Name: "INBOX", UIDValidity: 7}, UID: uid, InternalDate: w.clock(),
		Raw: fmt.Appendf(nil, "From: %s <%s>\r\nSubject: %s\r\n\r\nmail %d\r\n", secret, mother, child, uid)}})
	if err != nil {
		t.Fatal(err)
	}
	return kept[0].Message
}

// owed settles a mail that makes no case and is owed a fixed reply.
func (w *world) owed(t *testing.T, kind workflow.LetterKind, to string) workflow.LetterID {
	t.Helper()
	x := store.Settlement{Message: w.kept(t), End: store.EndHolding, Class: "enquiry", Urgency: workflow.Routine, FromAddr: to, Subject: child, MessageID: "a@b.example",
		At: w.clock(), Due: w.clock().Add(time.Hour), Reply: &workflow.LetterDue{Kind: kind, To: to, Content: workflow.Full}}
	w.settle(t, x)
	return w.newest(t)
}

func (w *world) settle(t *testing.T, x store.Settlement) store.Settled {
	t.Helper()
	done, err := w.Store.Settle(t.Context(), []store.Settlement{x})
	if err != nil {
		t.Fatal(err)
	}
	if done[0].Err != nil || done[0].Withheld != "" {
		t.Fatalf("settled: %+v", done[0])
	}
	return done[0]
}

func (w *world) newest(t *testing.T) (id workflow.LetterID) {
	t.Helper()
	if err := w.db.QueryRowContext(t.Context(), `SELECT max(id) FROM letters`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// aCase settles a mother's referral of an adult, without a reply.
func (w *world) aCase(t *testing.T) workflow.CaseID {
	t.Helper()
	m := w.kept(t)
	done := w.settle(t, store.Settlement{Message: m, End: store.EndCase, Class: "referral_family", Urgency: workflow.Routine, FromAddr: mother, Subject: child, MessageID: "a@b.example", At: w.clock(),
		Cases: []store.NewCase{{Opening: workflow.Opening{Type: workflow.ByFamily, Message: m, ReceivedAt: w.clock(), Urgency: workflow.Routine,
			Parties: []workflow.Party{{Role: workflow.PartyMother, Name: secret, Email: mother, Referrer: true}}}}}})
	return done.Cases[0].ID
}

func (w *world) act(t *testing.T, id workflow.CaseID, do func(workflow.File) (workflow.Change, error)) {
	t.Helper()
	if _, err := w.Store.Act(t.Context(), id, 0, do); err != nil {
		t.Fatal(err)
	}
}

// approved writes, submits and approves a message to the mother on a case; it
// leaves when the hold is over.
func (w *world) approved(t *testing.T, id workflow.CaseID) workflow.LetterID {
	t.Helper()
	co, at := w.who[workflow.Coordinator], w.clock()
	var mum workflow.Party
	w.act(t, id, func(f workflow.File) (workflow.Change, error) {
		mum, _ = f.Referrer()
		mum.Confirmed, mum.MayWrite, mum.OrdinaryOK = true, workflow.Yes, true
		return f.SetParty(co, at, mum)
	})
	w.act(t, id, func(f workflow.File) (workflow.Change, error) {
		return f.DraftMessage(co, at, mum.ID, "We have your referral and will ring you on Friday.")
	})
	letter := w.newest(t)
	var fr workflow.Frozen
	w.act(t, id, func(f workflow.File) (workflow.Change, error) {
		l, err := f.Letter(letter)
		if err != nil {
			return workflow.Change{}, err
		}
		fr, _, err = w.Office.Freeze(f, l, letters.Draft{MessageID: w.Office.NewMessageID(), Date: at})
		if err != nil {
			return workflow.Change{}, err
		}
		fr.Stops = ""
		return f.SubmitLetter(co, at, fr)
	})
	w.act(t, id, func(f workflow.File) (workflow.Change, error) {
		return f.ApproveLetter(w.who[workflow.Manager], at, letter, fr.Hash, fr.Hash)
	})
	return letter
}

// ready is an approved letter whose hold is over, on a case of its own.
func (w *world) ready(t *testing.T) workflow.LetterID {
	t.Helper()
	id := w.approved(t, w.aCase(t))
	w.pass(11 * time.Minute)
	return id
}

func (w *world) letter(t *testing.T, id workflow.LetterID) store.Letter {
	t.Helper()
	l, err := w.Store.Letter(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// do runs a job once and expects it to succeed.
func (w *world) do(t *testing.T, jobs ...func(context.Context) error) {
	t.Helper()
	for _, j := range jobs {
		if err := j(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// took is how often the mail host really took a letter.
func (w *world) took(t *testing.T, id workflow.LetterID) int {
	t.Helper()
	return w.host.Took("<" + w.letter(t, id).SMTPID + ">")
}

// tasks counts the open tasks of a kind.
func (w *world) tasks(t *testing.T, kind workflow.TaskKind) (n int) {
	t.Helper()
	if err := w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM tasks WHERE kind = $1 AND done_at IS NULL`, string(kind)).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := w.db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// check holds the record against every invariant, and the log against the names
// of the people of the test.
func (w *world) check(t *testing.T) {
	t.Helper()
	w.do(t, w.SealEvents)
	v, err := w.Store.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range v.Broken {
		if !strings.Contains(b.Why, "has had no end") {
			t.Errorf("%s: %s", b.What, b.Why)
		}
	}
	for _, name := range []string{mother, "karen", "Karen", "Poole", "example.org"} {
		for line := range strings.Lines(w.logs.String()) {
			if strings.Contains(line, name) {
				t.Errorf("%q stands in the log: %s", name, line)
			}
		}
	}
}
