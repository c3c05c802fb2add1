package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/migrations"
	"github.com/essex-dsr/dsr/store/cluster"
	"github.com/essex-dsr/dsr/store/schema"
)

// folderPrefix starts the name of a private server's folder. It stands
// directly under the temporary folder, because t.TempDir's parents are closed
// to the user that the server runs as.
const folderPrefix = "dsr-testdb-"

// Server is a private PostgreSQL for tests, nothing of which is synced.
type Server struct {
	dir     string
	cluster *cluster.Cluster
}

// Start starts a server in a fresh folder, and removes the folders of servers
// whose process was killed before it could.
func Start(ctx context.Context) (*Server, error) {
	if err := sweep(os.TempDir()); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", folderPrefix)
	if err != nil {
		return nil, fmt.Errorf("folder for the test server: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, errors.Join(fmt.Errorf("folder for the test server: %w", err), os.RemoveAll(dir))
	}
	c, err := cluster.Start(ctx, cluster.Options{Dir: dir, NoSync: true})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Server{dir, c}, nil
}

// URL is the server's connection string.
func (s *Server) URL() string { return s.cluster.URL() }

// Stop stops the server and removes its folder.
func (s *Server) Stop(ctx context.Context) error {
	return errors.Join(s.cluster.Stop(ctx), os.RemoveAll(s.dir))
}

// sweep removes folders under root whose owner is gone: those whose lock can
// be had. Fresh ones are left alone: their owner may be about to take it.
func sweep(root string) error {
	locks, err := filepath.Glob(filepath.Join(root, folderPrefix+"*", "postgres.lock"))
	if err != nil {
		return fmt.Errorf("look for old test servers: %w", err)
	}
	for _, path := range locks {
		if info, err := os.Stat(path); err != nil || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			continue // another user's, or removed a moment ago
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			err = os.RemoveAll(filepath.Dir(path))
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("remove an old test server: %w", err)
		}
	}
	return nil
}

// private is the server of this test process, started when first asked for.
var private onDemand

type onDemand struct {
	mu     sync.Mutex
	server *Server
	err    error
}

func (o *onDemand) url(ctx context.Context) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.server == nil && o.err == nil {
		o.server, o.err = Start(ctx)
	}
	if o.err != nil {
		return "", o.err
	}
	return o.server.URL(), nil
}

func (o *onDemand) stop() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := o.server.Stop(ctx)
	o.server = nil
	return err
}

// serverURL is the server handed on to us, or our own.
func serverURL(ctx context.Context) (string, error) {
	if given := os.Getenv(Environment); given != "" {
		return given, nil
	}
	return private.url(ctx)
}

// withDatabase returns the connection string with another database's name.
func withDatabase(server, name string) (string, error) {
	if !strings.Contains(server, "://") {
		return server + " dbname=" + name, nil // the last one counts
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("%s: %w", Environment, err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// ensureTemplate makes the template for the migrations as they are, once for
// all processes, and returns its name. Nobody may connect to it once it is
// whole: a database with guests cannot be cloned.
func ensureTemplate(ctx context.Context, server string) (name string, err error) {
	sum, err := migrationsHash(migrations.FS)
	if err != nil {
		return "", err
	}
	name = "dsr_template_" + sum
	connector, err := pq.NewConnector(server)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	var whole bool
	const find = `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate)`
	if err := db.QueryRowContext(ctx, find, name).Scan(&whole); err != nil || whole {
		return name, err
	}
	conn, err := db.Conn(ctx) // advisory locks belong to a session
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(hashtext($1))`, name); err != nil {
		return "", fmt.Errorf("wait for the template: %w", err)
	}
	if err := conn.QueryRowContext(ctx, find, name).Scan(&whole); err != nil || whole {
		return name, err
	}
	return name, buildTemplate(ctx, server, name)
}

// buildTemplate migrates a new database and closes it to guests.
func buildTemplate(ctx context.Context, server, name string) error {
	if err := maintain(ctx, server, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`, `CREATE DATABASE `+name+` TEMPLATE template0`); err != nil {
		return err
	}
	url, err := withDatabase(server, name)
	if err != nil {
		return err
	}
	connector, err := pq.NewConnector(url)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	db := sql.OpenDB(connector)
	if err := errors.Join(schema.Up(ctx, db), db.Close()); err != nil {
		return err
	}
	return maintain(ctx, server, `ALTER DATABASE `+name+` WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`)
}

// migrationsHash is over the names and the contents of all files.
func migrationsHash(files fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%s %d\n%s", path, len(b), b)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hash the migrations: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
