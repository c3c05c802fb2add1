package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/essex-dsr/dsr/store"
)

// auditVerify checks the hash chain of the audit log.
func auditVerify(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	const name = "audit verify"
	fs := newFlags(name, "", "Checks that no event was changed, taken out or left unsealed, and names the first broken link.")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if code, done := noArguments(fs, stderr); done {
		return code
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return fail(stderr, name, err)
	}
	var chain store.Chain
	err = withDatabase(ctx, c, func(d *database) (err error) {
		if err := d.ready(ctx); err != nil {
			return err
		}
		chain, err = d.VerifyAudit(ctx)
		return err
	})
	if err != nil {
		return fail(stderr, name, err)
	}
	switch {
	case chain.Broken != "":
		return fail(stderr, name, fmt.Errorf("the chain is broken: %s; keep the database as it is and tell whoever answers for information security", chain.Broken))
	case chain.Unsealed > 0:
		return fail(stderr, name, fmt.Errorf("%d events are older than a minute and not sealed; is `dsr serve` running?", chain.Unsealed))
	}
	fmt.Fprintf(stdout, "%d events, the chain is whole; its head is %x\n", chain.Events, chain.Head)
	return exitDone
}
