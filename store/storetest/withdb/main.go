// Command withdb runs a command beside a private test server, whose address
// it hands on as DSR_TEST_DATABASE_URL, and exits with the command's status:
//
//	go run ./store/storetest/withdb go test ./...
//
// A server that is already named there is used as it is. The server ends with
// this program, however it ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/essex-dsr/dsr/store/storetest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withdb:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// run starts the server, the command and, at its end, stops the server.
func run(args []string) (code int, err error) {
	if len(args) == 0 {
		return 2, errors.New("name the command to run")
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	env := os.Environ()
	if os.Getenv(storetest.Environment) == "" {
		server, startErr := storetest.Start(ctx)
		if startErr != nil {
			return 1, startErr
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			err = errors.Join(err, server.Stop(ctx))
		}()
		env = append(env, storetest.Environment+"="+server.URL())
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, env
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}
