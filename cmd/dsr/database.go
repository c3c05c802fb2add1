package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/cluster"
)

// database is the store with what has to be closed with it.
type database struct {
	*store.Store
	cluster *cluster.Cluster // nil: another program runs the server
}

// openDatabase connects to the database of the settings. Without one it is the
// private cluster: the running one, whose client this becomes, or one that is
// started here and stopped by close. Nothing is migrated.
func openDatabase(ctx context.Context, c Config, log *slog.Logger) (_ *database, err error) {
	d := &database{}
	url, encoded := c.DatabaseURL, c.Keys
	if url == "" {
		if len(encoded) == 0 {
			if encoded, err = keysIn(c.DataDir); err != nil {
				return nil, err
			}
		}
		if url, err = d.privateCluster(ctx, c.DataDir, log); err != nil {
			return nil, err
		}
	}
	keys, err := store.ParseKeys(encoded)
	if err == nil {
		d.Store, err = store.Connect(ctx, url, keys)
	}
	if err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

func (d *database) privateCluster(ctx context.Context, dir string, log *slog.Logger) (string, error) {
	url, err := cluster.Running(dir)
	if !errors.Is(err, cluster.ErrNotRunning) {
		return url, err
	}
	if d.cluster, err = cluster.Start(ctx, cluster.Options{Dir: dir, Log: log}); err != nil {
		return "", err
	}
	return d.cluster.URL(), nil
}

// withDatabase runs fn with the database of the settings.
func withDatabase(ctx context.Context, c Config, fn func(*database) error) (err error) {
	d, err := openDatabase(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	return fn(d)
}

// close ends the connections, and the server if it was started here.
func (d *database) close() error { return errors.Join(d.Store.Close(), d.stop()) }

func (d *database) stop() error {
	if d.cluster == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return d.cluster.Stop(ctx)
}

// ready makes sure that the schema is the one this program knows. Only the
// service and `dsr migrate` change it.
func (d *database) ready(ctx context.Context) error {
	have, want, err := d.Schema(ctx)
	switch {
	case err != nil:
		return err
	case have > want:
		return fmt.Errorf("the database has schema %d, this program knows %d: %w; install that version", have, want, store.ErrNewer)
	case have < want:
		return fmt.Errorf("the database has schema %d and needs %d; run `dsr migrate up`", have, want)
	}
	return nil
}

// keysIn reads the keys of the private database, and makes them when there is
// no database yet. A database without its keys file is refused: with a new key
// every stored mail would be unreadable.
func keysIn(dir string) ([]string, error) {
	file := filepath.Join(dir, "keys")
	text, err := os.ReadFile(file)
	if err == nil {
		return strings.Fields(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the encryption keys: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "postgres")); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing, and %s holds a database sealed with it; put the file back from your copy", file, dir)
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	if err := writeKey(dir, file); err != nil {
		return nil, fmt.Errorf("make the encryption keys: %w", err)
	}
	return keysIn(dir)
}

// writeKey puts a whole file into place or none: of two programs that start at
// once, the second finds the first one's key.
func writeKey(dir, file string) (err error) {
	f, err := os.CreateTemp(dir, "keys-*") // 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(store.NewKey() + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
