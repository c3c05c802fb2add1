package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/cluster"
	"github.com/essex-dsr/dsr/store/storetest"
)

func serviceConfig(t *testing.T, more map[string]string) Config {
	t.Helper()
	values := map[string]string{"DSR_ENCRYPTION_KEYS": store.NewKey(), "DSR_HTTP_ADDR": "127.0.0.1:0", "DSR_CACHE_DIR": t.TempDir()}
	for name, value := range more {
		values[name] = value
	}
	if values["DSR_DATABASE_URL"] == "" && values["DSR_DATA_DIR"] == "" {
		values["DSR_DATABASE_URL"] = storetest.DB(t)
	}
	c, err := loadConfig(with(values), false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheServiceServesAndStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	served, ended := make(chan string, 1), make(chan error, 1)
	beside := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	c := serviceConfig(t, nil)
	go func() {
		ended <- runService(ctx, c, parts{true, true, true, true}, slog.New(slog.DiscardHandler),
			extra{pages: map[string]http.Handler{"/beside": beside}}, func(addr string, _ *service) { served <- addr })
	}()
	var addr string
	select {
	case addr = <-served:
	case err := <-ended:
		t.Fatalf("the service ended: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the pages are not served after 30 s")
	}
	if err := askReady(t.Context(), addr); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]int{"/healthz": 200, "/metrics": 200, "/sign-in": 200, "/beside": 418, "/no-such-page": 404} {
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, resp.Status, want)
		}
	}
	began := time.Now()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("stop: %v", err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("stopped after %v", took)
	}
}

func TestTheServiceRefusesToStart(t *testing.T) {
	t.Parallel()
	run := func(c Config) error {
		return runService(t.Context(), c, parts{web: true}, slog.New(slog.DiscardHandler), extra{}, nil)
	}
	empty := map[string]string{"DSR_DATABASE_URL": storetest.Empty(t), "DSR_MIGRATE": "off"}
	if err := run(serviceConfig(t, empty)); err == nil || !strings.Contains(err.Error(), "dsr migrate up") {
		t.Errorf("with a schema it may not change: %v", err)
	}
	if err := run(serviceConfig(t, map[string]string{"DSR_HTTP_ADDR": "127.0.0.1:99999"})); err == nil || !strings.Contains(err.Error(), "DSR_HTTP_ADDR") {
		t.Errorf("with a port that is none: %v", err)
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]parts{"": {true, true, true, true}, "web,jobs": {web: true, jobs: true}, "intake, letters": {intake: true, letters: true}} {
		if got, err := parseParts(list); err != nil || got != want {
			t.Errorf("%q: %+v, %v", list, got, err)
		}
	}
	for _, list := range []string{"web,", "kitchen"} {
		if code, _, problems := runWith(t, map[string]string{}, "serve", "--only", list); code != exitUsage || problems == "" {
			t.Errorf("%q: exit %d, %q", list, code, problems)
		}
	}
}

func TestServePrintsItsSettings(t *testing.T) {
	t.Parallel()
	code, out, problems := runWith(t, map[string]string{"DSR_HTTP_ADDR": "127.0.0.1:9999"}, "serve", "--print-config")
	if code != exitDone || !strings.Contains(out, "DSR_HTTP_ADDR=127.0.0.1:9999\n") {
		t.Errorf("exit %d: %s%s", code, out, problems)
	}
	code, _, problems = runWith(t, map[string]string{"DSR_HTTP_ADDR": "9999", "DSR_MIGRATE": "x"}, "serve")
	if code != exitFailed || strings.Count(problems, "\n") != 1 || !strings.Contains(problems, "DSR_MIGRATE") {
		t.Errorf("exit %d: %q", code, problems)
	}
}

// told is written by the demo and read by its test.
type told struct{ lines chan string }

func (w told) Write(p []byte) (int, error) {
	w.lines <- string(p)
	return len(p), nil
}

// The whole of the demo: a mail arrives, becomes a case, and its letter leaves.
func TestTheDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server of its own")
	}
	t.Parallel()
	dir, err := os.MkdirTemp("", "dsr-demo-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	said, ended := told{make(chan string, 100)}, make(chan error, 1)
	go func() { ended <- demoIn(ctx, "127.0.0.1:0", dir, said) }()
	at := ""
	for at == "" {
		select {
		case line := <-said.lines:
			at = regexp.MustCompile(`http://[0-9.:]+`).FindString(line)
		case err := <-ended:
			t.Fatalf("the demo ended: %v", err)
		}
	}
	for tick := time.NewTicker(100 * time.Millisecond); !strings.Contains(body(t, at+"/demo/outbox"), "If you need help now"); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(dir, "dsr.log"))
			t.Fatalf("no crisis reply within two minutes:\n%s", log)
		}
	}
	second, err := loadConfig(with(map[string]string{"DSR_DATA_DIR": dir}), false)
	if err != nil {
		t.Fatal(err)
	}
	err = runService(ctx, second, parts{web: true}, slog.New(slog.DiscardHandler), extra{}, nil)
	if !errors.Is(err, cluster.ErrOwned) {
		t.Errorf("a second owner of the directory: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func body(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhoDiedHere(t *testing.T) {
	t.Parallel()
	child := exec.Command("true")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	ended := child.Process.Pid
	for name, want := range map[string]bool{ownName(): false, fmt.Sprintf("%s/%d", hostName(), ended): true, fmt.Sprintf("%s/%d QWERTY", hostName(), ended): true, fmt.Sprintf("another-machine/%d", ended): false,
		hostName(): false, hostName() + "/-1": false, "": false} {
		if got := diedHere(name); got != want {
			t.Errorf("diedHere(%q) = %v, want %v", name, got, want)
		}
	}
}
