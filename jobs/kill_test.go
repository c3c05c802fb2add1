package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	netmail "net/mail"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// senderEnvironment tells the test program to be a sender that is killed.
const senderEnvironment = "DSR_TEST_SENDER"

// sending is what such a sender is given.
type sending struct {
	URL, Key, Host, Port string
	Begin                time.Time // of the clock, in both worlds
	Real                 time.Time
}

// swiftness is how many times faster than real time the clock goes: the waits
// between attempts are minutes and hours.
const swiftness = 600

func (x sending) clock() time.Time { return x.Begin.Add(time.Since(x.Real) * swiftness) }

// sendUntilKilled is the sender's whole life.
func sendUntilKilled(given string) int {
	var x sending
	if err := json.Unmarshal([]byte(given), &x); err != nil {
		return 2
	}
	keys, err := store.ParseKeys([]string{x.Key})
	if err != nil {
		return 2
	}
	ctx := context.Background()
	s, err := store.Connect(ctx, x.URL, keys)
	if err != nil {
		return 1
	}
	book, err := openBook()
	if err != nil {
		return 2
	}
	service := &Service{Store: s, Office: letters.Office{Book: book, From: netmail.Address{Address: ourAddr}}, Clock: x.clock, Name: "killed", Log: slog.New(slog.DiscardHandler),
		Sender: letters.NewSender(letters.Server{Host: x.Host, Port: x.Port, TLS: letters.NoTLS}, letters.Auth{}, "dsr.example", impatient(), nil)}
	var all sync.WaitGroup
	for _, j := range []job{{"replies", 20 * time.Millisecond, false, service.RenderReplies}, {"crisis", 20 * time.Millisecond, false, service.SendCrisis}, {"letters", 20 * time.Millisecond, false, service.SendDue}} {
		all.Go(func() { service.repeat(ctx, j) })
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // the test ends, and so do we
	return 0
}

// killed keeps senders running and kills one of them when it is told to.
type killed struct {
	given string
	w     *world

	mu      sync.Mutex
	running []*exec.Cmd
	pipes   []io.Closer
	ended   bool
	kills   atomic.Int64
}

func (k *killed) start(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), senderEnvironment+"="+k.given)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Error(err)
		return
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	k.running, k.pipes = append(k.running, cmd), append(k.pipes, in)
}

// kill -9s one sender and starts another in its place; its lease is taken to
// have run out.
func (k *killed) kill(t *testing.T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return
	}
	i := rand.IntN(len(k.running))
	cmd := k.running[i]
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	_ = k.pipes[i].Close()
	k.running, k.pipes = append(k.running[:i], k.running[i+1:]...), append(k.pipes[:i], k.pipes[i+1:]...)
	k.kills.Add(1)
	if _, err := k.w.db.Exec(`UPDATE leases SET expires_at = now() - interval '1 second' WHERE name LIKE 'sender killed %'`); err != nil {
		t.Error(err)
	}
	k.start(t)
}

func (k *killed) end() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
	for i, cmd := range k.running {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = k.pipes[i].Close()
	}
}

// modes are what goes wrong at the mail host, with how often in a thousand steps.
var modes = []struct {
	name  string
	often int
	fault fault
}{
	{"busy at the greeting", 30, fault{At: "greeting", Reply: "421 4.3.2 not now", Drop: true}},
	{"451 at MAIL FROM", 40, fault{At: "MAIL", Reply: "451 4.7.500 Server busy"}},
	{"not allowed to send", 5, fault{At: "MAIL", Reply: "550 5.7.60 not allowed"}},
	{"no such user", 40, fault{At: "RCPT", Reply: "550 5.1.1 no such user"}},
	{"mailbox full", 20, fault{At: "RCPT", Reply: "452 4.2.2 full"}},
	{"gone at DATA", 40, fault{At: "DATA", Drop: true}},
	{"dies in DATA", 60, fault{At: "body", Drop: true}},
	{"dies after the dot", 60, fault{At: "end", Drop: true, Took: true}},
	{"silent after the dot", 20, fault{At: "end", Hang: true, Took: true}},
	{"451 after the dot", 60, fault{At: "end", Reply: "451 4.7.1 greylisted"}},
	{"dies after its 250", 60, fault{At: "end", Reply: "250 2.0.0 queued as ABC123", Drop: true, Took: true}},
	{"farewell refused", 60, fault{At: "QUIT", Reply: "451 4.3.0 no", Drop: true}},
}

// TestKilledSenders hands letters to a mail host that goes wrong in every way
// while the senders are killed at any step. None may be lost, and none taken
// twice but a crisis reply that was shown as unknown.
func TestKilledSenders(t *testing.T) {
	t.Parallel()
	count, kills := 60, int64(8)
	if long() {
		count, kills = 2000, 200
	}
	w := newWorld(t)
	w.Log = slog.New(slog.DiscardHandler)
	ids := w.manyLetters(t, count)
	x := sending{URL: w.url, Key: w.key, Host: w.host.Host, Port: w.host.Port, Begin: w.clock().Add(time.Hour), Real: time.Now()}
	given, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	w.Clock, w.Finder = x.clock, &halfSeen{host: w}
	k := &killed{given: string(given), w: w}
	happened := map[string]int{}
	var mu sync.Mutex
	w.host.Whims(func(at string) fault {
		mu.Lock()
		defer mu.Unlock()
		f := fault{}
		for _, m := range modes {
			if m.fault.At == at && rand.IntN(1000) < m.often {
				f = m.fault
				happened[m.name]++
				break
			}
		}
		if k.kills.Load() < kills && rand.Int64N(6*int64(count)) < kills {
			f.First = func() { k.kill(t) }
		}
		return f
	})
	k.start(t)
	k.start(t)
	defer k.end()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for settled := 0; settled < count; <-again.C {
		w.do(t, w.ResolveUnknown)
		err := w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM letters WHERE state IN ('accepted', 'failed') OR state = 'unknown' AND asked_at IS NOT NULL`).Scan(&settled)
		if err != nil {
			t.Fatal(err)
		}
	}
	k.end()
	w.judge(t, ids)
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d letters, %d senders killed, faults %v", count, k.kills.Load(), happened)
}

// manyLetters makes letters of all kinds; some of the fixed replies are left for
// the senders to render.
func (w *world) manyLetters(t *testing.T, count int) []workflow.LetterID {
	t.Helper()
	var ids []workflow.LetterID
	for i := range count {
		kind := workflow.L1
		if i%5 == 0 {
			kind = workflow.L2
		}
		ids = append(ids, w.owed(t, kind, fmt.Sprintf("p%d@example.org", i)))
		w.pass(time.Minute) // below every limit
		if i == count*4/5 {
			for w.unmade(t) > 0 {
				w.do(t, w.RenderReplies)
			}
		}
	}
	// Two of five are to stand for letters that people wrote.
	w.exec(t, `UPDATE letters SET kind = 'L16' WHERE state = 'queued' AND id % 5 IN (2, 3) AND kind = 'L1'`)
	return ids
}

func (w *world) unmade(t *testing.T) (n int) {
	t.Helper()
	if err := w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM letters WHERE state = 'due'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// halfSeen is a folder of sent mail that shows every other letter.
type halfSeen struct{ host *world }

func (f *halfSeen) Find(_ context.Context, id string) (bool, error) {
	return len(id) > 5 && id[4]%2 == 0 && f.host.host.Took("<"+id+">") > 0, nil
}

// judge compares what we say of each letter with what the mail host took.
func (w *world) judge(t *testing.T, ids []workflow.LetterID) {
	t.Helper()
	states := map[string]int{}
	lost, twice, shown := 0, 0, 0
	for _, id := range ids {
		l, took := w.letter(t, id), w.took(t, id)
		var unknown int
		if err := w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM letter_attempts WHERE letter_id = $1 AND outcome = 'unknown'`, int64(id)).Scan(&unknown); err != nil {
			t.Fatal(err)
		}
		states[fmt.Sprint(l.Kind, " ", l.State)]++
		if l.State == workflow.LetterAccepted && took == 0 || l.State == workflow.LetterFailed && took > unknown {
			lost++
			t.Errorf("letter %d (%s) is %s, and was taken %d times", id, l.Kind, l.State, took)
		}
		if took > 1 && took-1 > unknown || took > 1 && l.Kind != workflow.L2 {
			twice++
			t.Errorf("letter %d (%s) was taken %d times, and was unknown %d times", id, l.Kind, took, unknown)
		} else if took > 1 {
			shown++
		}
	}
	w.check(t)
	t.Logf("%d letters: %d lost, %d taken twice in silence, %d crisis replies taken twice that were shown as unknown; %v", len(ids), lost, twice, shown, states)
}
