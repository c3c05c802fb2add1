package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/web"
	"github.com/essex-dsr/dsr/workflow"
)

// linkLife is how long a link for setting one's own password is good.
const linkLife = 72 * time.Hour

// userCommand is what the commands about accounts share: settings, database,
// and an answer in one line.
func userCommand(name, args, about string, declare func(*flag.FlagSet), check func() error,
	do func(ctx context.Context, c Config, d *database, in io.Reader, out io.Writer) error) runFunc {
	return func(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
		fs := newFlags(name, args, about)
		declare(fs)
		if code, done := parse(fs, argv, stdout, stderr); done {
			return code
		}
		if code, done := noArguments(fs, stderr); done {
			return code
		}
		if err := check(); err != nil {
			return usage(stderr, name, "%v", err)
		}
		c, err := loadConfig(getenv, os.Geteuid() == 0)
		if err != nil {
			return fail(stderr, name, err)
		}
		err = withDatabase(ctx, c, func(d *database) error {
			if err := d.ready(ctx); err != nil {
				return err
			}
			return do(ctx, c, d, stdin, stdout)
		})
		if err != nil {
			return fail(stderr, name, err)
		}
		return exitDone
	}
}

const passwordNote = "The password is the first line of standard input; without one, a link is printed by which they set it themselves."

func userAdd() runFunc {
	var u store.User
	declare := func(fs *flag.FlagSet) {
		fs.StringVar(&u.Email, "email", "", "their email `address`, to sign in with")
		fs.StringVar(&u.Name, "name", "", "their `name`, as colleagues see it")
		fs.Func("role", "a `role`, may be repeated: "+joined(workflow.Roles(), func(r workflow.Role) string { return string(r) }), func(s string) error {
			u.Roles = append(u.Roles, workflow.Role(s))
			return nil
		})
	}
	check := func() error {
		if u.Email == "" || u.Name == "" || len(u.Roles) == 0 {
			return errors.New("needs --email, --name and at least one --role")
		}
		return nil
	}
	return userCommand("user add", "--email ADDRESS --name NAME --role ROLE", "Adds an account. "+passwordNote, declare, check,
		func(ctx context.Context, c Config, d *database, in io.Reader, out io.Writer) (err error) {
			password, given := readPassword(in)
			if given {
				if u.Password, err = web.HashPassword(password); err != nil {
					return err
				}
			}
			id, err := d.SaveUser(ctx, workflow.Service(), c.Now(), u)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "added %s\n", u.Email)
			if given {
				return nil
			}
			return printLink(ctx, c, d, id, out)
		})
}

func userReset() runFunc {
	var email string
	return userCommand("user reset", "--email ADDRESS", "Sets a new password and unlocks the account; every session ends. "+passwordNote,
		oneEmail(&email), needsEmail(&email),
		func(ctx context.Context, c Config, d *database, in io.Reader, out io.Writer) error {
			u, err := d.UserByEmail(ctx, email)
			if err != nil {
				return err
			}
			password, given := readPassword(in)
			if !given {
				return printLink(ctx, c, d, u.ID, out)
			}
			if u.Password, err = web.HashPassword(password); err != nil {
				return err
			}
			if _, err := d.SaveUser(ctx, workflow.Service(), c.Now(), u); err != nil {
				return err
			}
			fmt.Fprintf(out, "%s has a new password\n", u.Email)
			return nil
		})
}

func userDisable() runFunc {
	var email string
	return userCommand("user disable", "--email ADDRESS", "Stops an account from signing in and ends its sessions. What its owner did stays under their name.",
		oneEmail(&email), needsEmail(&email),
		func(ctx context.Context, c Config, d *database, _ io.Reader, out io.Writer) error {
			u, err := d.UserByEmail(ctx, email)
			if err != nil {
				return err
			}
			u.Disabled, u.Password = true, ""
			if _, err := d.SaveUser(ctx, workflow.Service(), c.Now(), u); err != nil {
				return err
			}
			fmt.Fprintf(out, "%s can no longer sign in\n", u.Email)
			return nil
		})
}

func userList() runFunc {
	nothing := func(*flag.FlagSet) {}
	return userCommand("user list", "", "Lists the accounts.", nothing, func() error { return nil },
		func(ctx context.Context, _ Config, d *database, _ io.Reader, out io.Writer) error {
			all, err := d.Users(ctx)
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(table, "EMAIL\tNAME\tROLES\tSTATE\tLAST SIGNED IN")
			for _, u := range all {
				state, last := "active", "never"
				if u.Disabled {
					state = "disabled"
				}
				if !u.SignedIn.IsZero() {
					last = u.SignedIn.UTC().Format(time.RFC3339)
				}
				roles := joined(u.Roles, func(r workflow.Role) string { return string(r) })
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", u.Email, u.Name, roles, state, last)
			}
			return table.Flush()
		})
}

func oneEmail(email *string) func(*flag.FlagSet) {
	return func(fs *flag.FlagSet) { fs.StringVar(email, "email", "", "the `address` they sign in with") }
}

func needsEmail(email *string) func() error {
	return func() error {
		if *email == "" {
			return errors.New("needs --email")
		}
		return nil
	}
}

// readPassword takes the first line of what is piped in. Nobody types a
// password at a terminal here: it would be seen.
func readPassword(in io.Reader) (string, bool) {
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
			return "", false
		}
	}
	line, _ := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n') // a last line without an end counts
	line = strings.TrimRight(line, "\r\n")
	return line, line != ""
}

func printLink(ctx context.Context, c Config, d *database, id workflow.ActorID, out io.Writer) error {
	token, err := d.NewUserLink(ctx, workflow.Service(), c.Now(), id, c.Now().Add(linkLife))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "to set the password, once, within %d hours: %s/set-password/%s\n", int(linkLife.Hours()), c.BaseURL, token)
	return nil
}
