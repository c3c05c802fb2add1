package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// errOversized replaces a server error that lib/pq cannot read. Its text is
// dropped: what can be so long is somebody's words.
var errOversized = errors.New("the database answered with an error of more than 30,000 bytes; the connection was closed")

// errAutocommit refuses a write outside a transaction. database/sql sends a
// statement again when its reply is lost, up to three times (lib/pq #939), so
// such a write could happen three times without anybody hearing of it.
var errAutocommit = errors.New("a statement that may write was sent outside a transaction: use one, with a unique key")

// openDB opens the database behind a lib/pq connection string. It does not
// connect yet.
func openDB(url string) (*sqlx.DB, error) {
	cfg, err := connConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	c, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	db := sqlx.NewDb(sql.OpenDB(guard{c}), "postgres")
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(10)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(30 * time.Minute) // after a failover, nobody stays with the old server
	return db, nil
}

// connConfig chooses on the safe side what the connection string leaves open:
// TLS with a verified name unless the server is on this machine, and sessions
// in UTC whose locks a frozen program cannot hold for ever.
func connConfig(url string) (pq.Config, error) {
	cfg, err := pq.NewConfig(url)
	if err != nil {
		return pq.Config{}, err
	}
	cfg.BinaryParameters = true // one round trip for a query instead of two
	if cfg.SSLMode == "" {
		cfg.SSLMode = pq.SSLModeVerifyFull
		if onThisMachine(cfg) {
			cfg.SSLMode = pq.SSLModePrefer
		}
	}
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = "dsr"
	}
	if cfg.Runtime == nil {
		cfg.Runtime = map[string]string{}
	}
	cfg.Runtime["timezone"] = "UTC"
	if _, given := cfg.Runtime["idle_in_transaction_session_timeout"]; !given {
		cfg.Runtime["idle_in_transaction_session_timeout"] = "5min"
	}
	return cfg, nil
}

// onThisMachine says whether every host named is this one.
func onThisMachine(cfg pq.Config) bool {
	hosts := append([]pq.ConfigMultihost{{Host: cfg.Host, Hostaddr: cfg.Hostaddr}}, cfg.Multi...)
	for _, h := range hosts {
		if h.Hostaddr != (netip.Addr{}) {
			if !h.Hostaddr.IsLoopback() {
				return false
			}
			continue
		}
		ip := net.ParseIP(h.Host)
		if h.Host != "" && h.Host != "localhost" && !strings.HasPrefix(h.Host, "/") && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

// isUnique says whether err is the violation of the named unique constraint
// or index, or of any if none is named.
func isUnique(err error, constraint string) bool {
	e := pq.As(err, pqerror.UniqueViolation)
	return e != nil && (constraint == "" || e.Constraint == constraint)
}

// isTransient says whether the same transaction may succeed when tried again:
// PostgreSQL broke a tie between two, and neither was wrong.
func isTransient(err error) bool {
	return pq.As(err, pqerror.TRSerializationFailure, pqerror.TRDeadlockDetected) != nil
}

// guard makes connections of lib/pq 1.12.3 safe to pool. After a server error
// of more than 30,000 bytes that version has lost its place in the protocol
// (lib/pq #1248, mended but not released): every later statement fails, or
// hangs past its context. A guarded connection is closed at once and never
// used again.
//
// It also refuses writes outside a transaction (errAutocommit), and gives a
// cancelled statement the context's error, which lib/pq hides behind its own.
type guard struct{ driver.Connector }

func (g guard) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := g.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	p, ok := c.(pqConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("lib/pq's connection %T is not what the guard was written for", c), c.Close())
	}
	return &guardedConn{pqConn: p}, nil
}

// pqConn is what lib/pq's connections can do. CheckNamedValue, IsValid and
// Close are used as they are.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type guardedConn struct {
	pqConn
	lost bool
	tx   context.Context // of the transaction under way, or nil
}

// check closes the connection when err shows that it has lost its place, and
// lets the contexts' errors win over "canceling statement due to user
// request".
func (c *guardedConn) check(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case strings.HasPrefix(err.Error(), "pq: server error:"):
		c.lost = true
		return errors.Join(errOversized, c.pqConn.Close())
	case pq.As(err, pqerror.QueryCanceled) == nil:
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case c.tx != nil && c.tx.Err() != nil:
		return fmt.Errorf("%w: %w", c.tx.Err(), err)
	}
	return err
}

// admit refuses a statement on a lost connection, and a write outside a
// transaction.
func (c *guardedConn) admit(query string) error {
	if c.lost {
		return errOversized
	}
	if c.tx == nil && !onlyReads(query) {
		return errAutocommit
	}
	return nil
}

func (c *guardedConn) IsValid() bool { return !c.lost && c.pqConn.IsValid() }

func (c *guardedConn) ResetSession(ctx context.Context) error {
	if c.lost {
		return driver.ErrBadConn
	}
	return c.pqConn.ResetSession(ctx)
}

func (c *guardedConn) Ping(ctx context.Context) error {
	if c.lost {
		return driver.ErrBadConn
	}
	return c.check(ctx, c.pqConn.Ping(ctx))
}

func (c *guardedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.admit(query); err != nil {
		return nil, err
	}
	r, err := c.pqConn.ExecContext(ctx, query, args)
	return r, c.check(ctx, err)
}

func (c *guardedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.admit(query); err != nil {
		return nil, err
	}
	r, err := c.pqConn.QueryContext(ctx, query, args)
	return c.rows(ctx, r, err)
}

func (c *guardedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.admit(query); err != nil {
		return nil, err
	}
	s, err := c.pqConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, c.check(ctx, err)
	}
	p, ok := s.(pqStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("lib/pq's statement %T is not what the guard was written for", s), s.Close())
	}
	return &guardedStmt{p, c, onlyReads(query)}, nil
}

func (c *guardedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.lost {
		return nil, driver.ErrBadConn
	}
	t, err := c.pqConn.BeginTx(ctx, o)
	if err != nil {
		return nil, c.check(ctx, err)
	}
	c.tx = ctx
	return &guardedTx{t, c}, nil
}

type guardedTx struct {
	driver.Tx
	conn *guardedConn
}

func (t *guardedTx) Commit() error {
	if t.conn.lost {
		return errOversized
	}
	err := t.conn.check(t.conn.tx, t.Tx.Commit())
	t.conn.tx = nil
	return err
}

// Rollback has nothing to undo on a lost connection: the server rolled back
// when it was closed.
func (t *guardedTx) Rollback() error {
	if t.conn.lost {
		return nil
	}
	err := t.conn.check(t.conn.tx, t.Tx.Rollback())
	t.conn.tx = nil
	return err
}

type pqStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type guardedStmt struct {
	pqStmt
	conn  *guardedConn
	reads bool
}

func (s *guardedStmt) admit() error {
	if s.conn.lost {
		return errOversized
	}
	if s.conn.tx == nil && !s.reads {
		return errAutocommit
	}
	return nil
}

func (s *guardedStmt) Close() error {
	if s.conn.lost {
		return nil
	}
	return s.conn.check(context.Background(), s.pqStmt.Close())
}

func (s *guardedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.admit(); err != nil {
		return nil, err
	}
	r, err := s.pqStmt.ExecContext(ctx, args)
	return r, s.conn.check(ctx, err)
}

func (s *guardedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.admit(); err != nil {
		return nil, err
	}
	r, err := s.pqStmt.QueryContext(ctx, args)
	return s.conn.rows(ctx, r, err)
}

// pqRows is what lib/pq's rows can do.
type pqRows interface {
	driver.RowsNextResultSet
	driver.RowsColumnTypeScanType
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypePrecisionScale
}

// guardedRows watches for an error in the middle of a result. It keeps the
// query's context, since Next is not given one.
type guardedRows struct {
	pqRows
	conn *guardedConn
	ctx  context.Context
}

// rows wraps what a query returned.
func (c *guardedConn) rows(ctx context.Context, r driver.Rows, err error) (driver.Rows, error) {
	if err != nil {
		return nil, c.check(ctx, err)
	}
	p, ok := r.(pqRows)
	if !ok {
		return nil, errors.Join(fmt.Errorf("lib/pq's rows %T are not what the guard was written for", r), r.Close())
	}
	return &guardedRows{p, c, ctx}, nil
}

func (r *guardedRows) Next(dest []driver.Value) error {
	return r.conn.check(r.ctx, r.pqRows.Next(dest))
}

func (r *guardedRows) NextResultSet() error {
	return r.conn.check(r.ctx, r.pqRows.NextResultSet())
}

func (r *guardedRows) Close() error {
	if r.conn.lost {
		return nil // lib/pq would wait for an end that never comes
	}
	return r.conn.check(r.ctx, r.pqRows.Close())
}

// onlyReads says whether a statement changes no table. In PostgreSQL only a
// WITH can hide a write in what begins like a query; what functions do beside
// their answer (a lock, a number drawn) may happen twice.
func onlyReads(query string) bool {
	q := leadingNoise.ReplaceAllString(query, "")
	switch strings.ToUpper(firstWord.FindString(q)) {
	case "SELECT", "VALUES", "TABLE", "SHOW":
		return true
	case "WITH":
		return !hiddenWrite.MatchString(q)
	}
	return false
}

var (
	leadingNoise = regexp.MustCompile(`^(?:\s|\(|--[^\n]*\n|/\*(?s:.*?)\*/)+`)
	firstWord    = regexp.MustCompile(`^[A-Za-z]+`)
	hiddenWrite  = regexp.MustCompile(`(?i)\b(?:INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|UPDATE\s+(?:ONLY\s+)?[\w".]+(?:\s+(?:AS\s+)?\w+)?\s+SET)\b`)
)
