package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// healthcheck asks /readyz of the service that the settings describe. It fails
// only on what stops the service: a warning is for people, and restarting a
// container does not help it.
func healthcheck(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	fs := newFlags("healthcheck", "", "Asks the running service at DSR_HTTP_ADDR whether it is ready.")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if code, done := noArguments(fs, stderr); done {
		return code
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return fail(stderr, "healthcheck", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := askReady(ctx, localAddress(c.HTTPAddr)); err != nil {
		return fail(stderr, "healthcheck", err)
	}
	fmt.Fprintln(stdout, "ready")
	return exitDone
}

// localAddress turns an address to listen on into one to dial.
func localAddress(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func askReady(ctx context.Context, addr string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", addr, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no answer; is `dsr serve` running at %s? %w", addr, err)
	}
	defer resp.Body.Close()
	var state struct {
		Ready    *bool
		Problems []struct{ Level, What, Do string }
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&state)
	if err != nil || state.Ready == nil {
		return fmt.Errorf("%s answers /readyz with %s and no list of problems; another program?", addr, resp.Status)
	}
	for _, p := range state.Problems {
		if p.Level == "stop" {
			return fmt.Errorf("%s is stopped; %s", p.What, p.Do)
		}
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answers %s", resp.Status)
	}
	return nil
}
