// Package cluster runs a private PostgreSQL from the server binaries of the
// machine, so that the program needs no database administrator to be tried.
//
// It promises: one owner per data directory (a second is refused with
// ErrOwned); a server that listens on a Unix socket only, readable by the
// service's user alone; a start that heals what a kill -9 or a power cut left
// behind; and a server that shuts down cleanly when the owner dies, however it
// dies. Started as root it runs PostgreSQL as "postgres" or, without such a
// user, as "nobody", because PostgreSQL refuses to run as root.
//
// It does not upgrade a directory between major versions, does not back up,
// and does not open a TCP port. Everything it knows stands in the directory:
// postgres/ (the cluster), postgres.log, postgres.lock (who owns it and where
// the socket is) and run/ (the socket).
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrOwned says that another program runs the cluster of this directory.
var ErrOwned = errors.New("the data directory already has an owner")

// ErrNotRunning says that no cluster runs in this directory.
var ErrNotRunning = errors.New("no database is running in this directory")

// ErrNoBinaries says that PostgreSQL's server is not installed.
var ErrNoBinaries = errors.New("PostgreSQL's server programs were not found (on Debian: apt-get install postgresql)")

// readyWithin bounds the wait for the first answer. Recovery after a crash is
// part of it, and it may have to read a whole checkpoint's worth of log.
const readyWithin = 2 * time.Minute

// Options say where and how the cluster runs.
type Options struct {
	// Dir is the data directory; it is made if it is absent.
	Dir string
	// NoSync gives up safety at a power cut for speed. For tests only.
	NoSync bool
	// Log receives the life of the cluster; nil means silence.
	Log *slog.Logger
}

// Cluster is a running PostgreSQL that this program owns.
type Cluster struct {
	place  place
	lock   *os.File
	server *process
	log    *slog.Logger
}

// Start makes the cluster in o.Dir if there is none, starts its server, waits
// until it answers, and makes the database "dsr" if it is absent.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("data directory %s: %w", o.Dir, err)
	}
	who, err := serverUser()
	if err != nil {
		return nil, err
	}
	p := place{dir: dir, user: who}
	if err := p.make(); err != nil {
		return nil, err
	}
	lock, err := own(p.lockFile())
	if err != nil {
		return nil, err
	}
	c := &Cluster{place: p, lock: lock, log: o.Log}
	if err := c.start(ctx, o.NoSync); err != nil {
		return nil, errors.Join(fmt.Errorf("start the database in %s: %w", dir, err), c.abandon())
	}
	return c, nil
}

// start does what needs the lock: everything from the binaries to the entry
// by which other commands find the server.
func (c *Cluster) start(ctx context.Context, noSync bool) error {
	began := time.Now()
	bin, err := findBinaries(candidates(), c.place.data())
	if err != nil {
		return err
	}
	if err := c.place.searchable(bin); err != nil {
		return err
	}
	if err := awaitPredecessor(ctx, c.place.data()); err != nil {
		return err
	}
	if err := c.place.initialise(ctx, bin, noSync); err != nil {
		return err
	}
	if err := c.place.makeSocketDir(c.lock); err != nil {
		return err
	}
	if err := c.launch(ctx, bin, noSync); err != nil {
		return err
	}
	if err := createDatabase(ctx, c.place.url("postgres")); err != nil {
		return err
	}
	if err := c.place.announce(c.lock); err != nil {
		return err
	}
	c.log.Info("database started", "pid", c.server.pid, "ms", time.Since(began).Milliseconds())
	return nil
}

// launch starts the server until it answers. The backends of a killed server
// need a moment to notice; until then PostgreSQL refuses the directory.
func (c *Cluster) launch(ctx context.Context, bin string, noSync bool) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		from := size(c.place.logFile())
		server, err := c.place.serve(bin, noSync)
		if err != nil {
			return err
		}
		c.server = server
		err = awaitAnswer(ctx, server, c.place.url("postgres"))
		if err == nil {
			return nil
		}
		said := tail(c.place.logFile(), from)
		if !strings.Contains(said, "pre-existing shared memory block") && !strings.Contains(said, `lock file "postmaster.pid" already exists`) {
			return fmt.Errorf("%w%s", err, quoteLog(said))
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("a former server of this directory does not end: %w", err)
		}
	}
}

// URL is the connection string of the database "dsr".
func (c *Cluster) URL() string { return c.place.url("dsr") }

// Done is closed when the server has ended, by Stop or by itself.
func (c *Cluster) Done() <-chan struct{} { return c.server.ended }

// Stop shuts the server down, cleanly as long as ctx allows, and gives the
// directory up. It may be called again.
func (c *Cluster) Stop(ctx context.Context) error {
	if c.lock == nil {
		return nil
	}
	err := c.server.stop(ctx)
	c.log.Info("database stopped", "clean", err == nil)
	return errors.Join(err, c.abandon())
}

// abandon ends what is left of the server and frees the directory.
func (c *Cluster) abandon() error {
	if c.lock == nil {
		return nil
	}
	var errs []error
	if c.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		errs = append(errs, c.server.stop(ctx))
	}
	errs = append(errs, c.place.removeSocketDir(c.lock), c.lock.Truncate(0), c.lock.Close())
	c.lock = nil
	return errors.Join(errs...)
}

// Running returns the connection string of the cluster that another program
// owns in dir, or ErrNotRunning.
func Running(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("data directory %s: %w", dir, err)
	}
	socket, err := announced(place{dir: abs}.lockFile())
	if err != nil {
		return "", err
	}
	conn, err := net.DialTimeout("unix", socketFile(socket), 5*time.Second)
	if errors.Is(err, os.ErrPermission) {
		return "", fmt.Errorf("the database in %s belongs to another user: run this command as the user who started it: %w", dir, err)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", dir, ErrNotRunning)
	}
	if err := conn.Close(); err != nil {
		return "", fmt.Errorf("socket in %s: %w", socket, err)
	}
	return connString(socket, "dsr"), nil
}

// connString names a database behind the socket in dir, for lib/pq. It says
// all that PGPORT, PGUSER and their like could change.
func connString(dir, database string) string {
	q := url.Values{"host": {dir}, "port": {"5432"}, "user": {"dsr"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}
