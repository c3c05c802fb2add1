package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func runWith(t *testing.T, env map[string]string, args ...string) (code int, out, problems string) {
	t.Helper()
	var stdout, stderr strings.Builder
	code = run(t.Context(), args, with(env), strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestWrongUsageIsTwoAndOneLine(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"fly"}, {"help", "fly"}, {"version", "--fast"}, {"version", "now"}, {"completion"}, {"completion", "fish"},
		{"healthcheck", "x"},
	} {
		code, out, problems := runWith(t, map[string]string{}, args...)
		if code != exitUsage || out != "" || strings.Count(problems, "\n") != 1 || !strings.HasPrefix(problems, "dsr") {
			t.Errorf("%v: exit %d, out %q, err %q", args, code, out, problems)
		}
	}
	if code, _, problems := runWith(t, map[string]string{}); code != exitUsage || !strings.Contains(problems, "usage: dsr COMMAND") {
		t.Errorf("no command: exit %d, %q", code, problems)
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	for _, c := range commands() {
		if c.hidden {
			continue
		}
		for _, args := range [][]string{append(strings.Fields(c.name), "--help"), append([]string{"help"}, strings.Fields(c.name)...)} {
			code, out, problems := runWith(t, map[string]string{}, args...)
			if code != exitDone || problems != "" || !strings.HasPrefix(out, "usage: dsr "+c.name) {
				t.Errorf("%v: exit %d, out %q, err %q", args, code, out, problems)
			}
		}
		if _, list, _ := runWith(t, map[string]string{}, "help"); !strings.Contains(list, "  "+c.name+" ") {
			t.Errorf("%s is not in the list", c.name)
		}
	}
}

func TestVersionNamesGo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"version", "--version"} {
		if code, out, _ := runWith(t, map[string]string{}, name); code != exitDone || !strings.Contains(out, "go1.") {
			t.Errorf("%s: exit %d, %q", name, code, out)
		}
	}
}

func TestCompletionCompletes(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	_, script, _ := runWith(t, map[string]string{}, "completion", "bash")
	script += "\nCOMP_WORDS=(dsr vers) COMP_CWORD=1; _dsr; echo \"${COMPREPLY[*]}\"\n" +
		"COMP_WORDS=(dsr completion b) COMP_CWORD=2; _dsr; echo \"${COMPREPLY[*]}\"\n"
	out, err := exec.CommandContext(t.Context(), bash, "-c", script).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "version\n") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		status     int
		want       int
	}{
		{"ready", `{"ready":true,"problems":[]}`, 200, exitDone},
		{"a warning", `{"ready":true,"problems":[{"level":"warn","what":"antivirus"}]}`, 200, exitDone},
		{"stopped", `{"ready":false,"problems":[{"level":"stop","what":"database","do":"start it"}]}`, 503, exitFailed},
		{"another program", `<html>`, 200, exitFailed},
		{"other JSON", `{}`, 200, exitFailed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			})
			server := httptest.NewServer(mux)
			defer server.Close()
			addr := strings.TrimPrefix(server.URL, "http://")
			code, _, problems := runWith(t, map[string]string{"DSR_HTTP_ADDR": addr}, "healthcheck")
			if code != test.want || (code == exitFailed) != (strings.Count(problems, "\n") == 1) {
				t.Errorf("exit %d, want %d; %q", code, test.want, problems)
			}
		})
	}
	if code, _, problems := runWith(t, map[string]string{"DSR_HTTP_ADDR": "127.0.0.1:1"}, "healthcheck"); code != exitFailed || problems == "" {
		t.Errorf("nobody listens: exit %d, %q", code, problems)
	}
	for listen, dial := range map[string]string{":8080": "127.0.0.1:8080", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", "10.0.0.1:80": "10.0.0.1:80"} {
		if got := localAddress(listen); got != dial {
			t.Errorf("%s: %s, want %s", listen, got, dial)
		}
	}
}

func TestFlagsMayStandAnywhere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args, words []string
		quick       bool
	}{
		{[]string{"a", "--quick", "b"}, []string{"a", "b"}, true},
		{[]string{"a", "--", "--quick"}, []string{"a", "--quick"}, false},
		{[]string{"-"}, []string{"-"}, false},
		{nil, nil, false},
	} {
		fs := newFlags("test", "", "")
		quick := fs.Bool("quick", false, "")
		code, done := parse(fs, test.args, io.Discard, io.Discard)
		if done || code != exitDone || *quick != test.quick || !slices.Equal(fs.Args(), test.words) {
			t.Errorf("%q: words %q, quick %v", test.args, fs.Args(), *quick)
		}
	}
}
