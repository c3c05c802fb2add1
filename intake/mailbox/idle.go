package mailbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// maxIdle keeps an IDLE shorter than the shortest idle time-outs seen on the
// way to a server.
const maxIdle = 9 * time.Minute

// Idle waits until the selected folder moved, or for max (at most nine
// minutes). It only wakes: that it returns says nothing, and that it does not
// return says nothing either, since servers are known to stop telling. Where
// there is no IDLE it waits for max.
func (c *Conn) Idle(ctx context.Context, max time.Duration) error {
	folder, err := c.selected("wait for mail")
	if err != nil {
		return err
	}
	doing := "wait for mail in " + folder
	if max <= 0 || max > maxIdle {
		max = maxIdle
	}
	timer := time.NewTimer(max)
	defer timer.Stop()
	if !c.caps.Has(imap.CapIdle) {
		return c.await(ctx, doing, timer)
	}
	select {
	case <-c.moved: // something came while we were looking elsewhere
		return nil
	default:
	}
	var cmd *imapclient.IdleCommand
	if err := c.do(ctx, doing, smallTalk, func() (err error) {
		cmd, err = c.client.Idle()
		return err
	}); errors.Is(err, ErrRefused) {
		return c.await(ctx, doing, timer) // offered and then refused
	} else if err != nil {
		return err
	}
	waited := c.await(ctx, doing, timer)
	if err := c.endIdle(ctx, doing, cmd); err != nil && waited == nil {
		return err
	}
	return waited
}

// await waits for news, the timer, the end of ctx or of the connection.
func (c *Conn) await(ctx context.Context, doing string, timer *time.Timer) error {
	select {
	case <-c.moved:
	case <-timer.C:
	case <-c.client.Closed(): // ending the command says why
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	return nil
}

// endIdle says DONE even when ctx has ended, within a short time: the
// connection is still good, and can be signed off.
func (c *Conn) endIdle(ctx context.Context, doing string, cmd *imapclient.IdleCommand) error {
	limit := c.limit
	if ctx.Err() != nil {
		limit = min(limit, 5*time.Second)
	}
	c.link.arm(limit, smallTalk)
	err := cmd.Close()
	if err == nil {
		err = cmd.Wait()
	}
	c.link.disarm()
	return c.explain(context.WithoutCancel(ctx), doing, err)
}
