package intake

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
)

// TestMain is also the service that TestKillAnything kills: the test's program
// started once more, with what to work on in its environment.
func TestMain(m *testing.M) {
	if os.Getenv("DSR_TEST_WORKER") != "" {
		work()
		return
	}
	os.Exit(storetest.Main(m))
}

// work polls and reads until it is killed.
func work() {
	ctx := context.Background()
	keys, err := store.ParseKeys([]string{os.Getenv("DSR_TEST_KEY")})
	if err != nil {
		panic(err)
	}
	db, err := store.Connect(ctx, os.Getenv("DSR_TEST_DB"), keys)
	if err != nil {
		panic(err)
	}
	port, err := strconv.Atoi(os.Getenv("DSR_TEST_PORT"))
	if err != nil {
		panic(err)
	}
	s := &Service{Store: db, Own: []string{team}, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Hold: 3 * time.Second}
	p := &Poller{Store: db, Start: Start{All: true}, Every: time.Second, Pause: 20 * time.Millisecond, Lease: 300 * time.Millisecond, Clock: time.Now, Log: s.Log,
		Name: fmt.Sprint("worker ", os.Getpid()), Kept: s.Wake, After: After{Move: os.Getenv("DSR_TEST_MOVE")},
		Account: mailbox.Account{Name: "essex", User: "dsr", Password: os.Getenv("DSR_TEST_PASSWORD"), Host: "localhost", Port: port,
			TLS: mailbox.None, Folders: []string{"INBOX"}, Timeout: 5 * time.Second}}
	go func() { panic(p.Run(ctx)) }()
	panic(s.Run(ctx))
}

// worker is a service that will be killed.
type worker struct {
	cmd *exec.Cmd
	env []string
}

func (w *worker) start(t *testing.T) {
	t.Helper()
	w.cmd = exec.Command(os.Args[0], "-test.run=^$")
	w.cmd.Env = append(os.Environ(), w.env...)
	w.cmd.Stderr = os.Stderr
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (w *worker) kill() {
	_ = w.cmd.Process.Signal(syscall.SIGKILL) // it may have ended by itself
	_ = w.cmd.Wait()
}

// TestKillAnything delivers mails while the service and the mail server are
// killed (kill -9) again and again: every mail must be kept whole, once, and
// make one case.
func TestKillAnything(t *testing.T) {
	t.Parallel()
	mails, kills := 150, 20
	if long() {
		mails, kills = 10_000, 200
	}
	d := mailboxtest.NewDovecot(t)
	d.Deliver(t, "dsr", "Taken", mail("old@example.org", "old", "so that the folder is there"))
	key, url := store.NewKey(), storetest.DB(t)
	keys, err := store.ParseKeys([]string{key})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Connect(t.Context(), url, keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &Service{Store: db, Clock: time.Now, Log: slog.New(slog.DiscardHandler)}
	w := &worker{env: []string{"DSR_TEST_WORKER=1", "DSR_TEST_KEY=" + key, "DSR_TEST_DB=" + url, "DSR_TEST_PASSWORD=" + d.Password,
		fmt.Sprint("DSR_TEST_PORT=", d.Port), "DSR_TEST_MOVE=Taken"}}
	all := pleas(mails)
	w.start(t)
	t.Cleanup(w.kill)
	delivered := 0
	for kill := range kills {
		for ; delivered < (kill+1)*mails/kills; delivered++ {
			d.Deliver(t, "dsr", "INBOX", all[delivered])
		}
		wait(t.Context(), time.Duration(rand.IntN(700))*time.Millisecond) // a power cut comes at any time
		if kill%4 == 3 {
			d.Kill()
			d.Start(t)
			continue
		}
		w.kill()
		w.start(t)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Duration(mails)*100*time.Millisecond+2*time.Minute)
	defer stop()
	for ctx.Err() == nil {
		if list, n, err := db.Messages(ctx, store.MessageList{End: store.EndCase, Limit: 1}); err == nil && n == mails && len(list) == 1 && len(d.Mails(t, "dsr", "INBOX")) == 0 {
			break
		}
		wait(ctx, 100*time.Millisecond)
	}
	w.kill()
	want := map[string]int{}
	for _, raw := range all {
		want[lf(raw)] = 1
	}
	kept := raws(t, s)
	lost, twice, truncated := mails, 0, 0
	for _, raw := range kept {
		switch n, known := want[lf(raw)]; {
		case !known:
			truncated++
		case n == 1:
			lost--
			want[lf(raw)]++
		default:
			twice++
		}
	}
	a := account(t, s)
	t.Logf("%d mails, %d kills: %d lost, %d twice, %d truncated; %+v", mails, kills, lost, twice, truncated, a.ByEnd)
	if lost+twice+truncated != 0 || a.ByEnd[store.EndCase] != mails || len(a.WithoutEnd) != 0 {
		t.Errorf("account %+v, want %d cases and nothing without an end", a, mails)
	}
	sound(t, s)
	v, err := db.Verify(t.Context())
	if err != nil || v.Checked.Cases != mails || v.Checked.Letters > mails {
		t.Errorf("%+v, %v: want %d cases, none acknowledged twice", v.Checked, err, mails)
	}
}
