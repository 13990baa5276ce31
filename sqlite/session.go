package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// A session is one connection and the statements prepared on it.
type session struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

func newSession() *session { return &session{statements: map[string]*sql.Stmt{}} }

// prepare returns the statement of the query, which is prepared only once.
func (s *session) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := s.statements[query]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.statements[query] = st
	return st, nil
}

// exec runs scripts that are not worth keeping prepared.
func (s *session) exec(ctx context.Context, scripts ...string) error {
	for _, script := range scripts {
		if _, err := s.conn.ExecContext(ctx, script); err != nil {
			return err
		}
	}
	return nil
}

// step runs one of the statements that every transaction needs.
func (s *session) step(query string) error {
	st, err := s.prepare(context.Background(), query)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(context.Background())
	return err
}

// rollback ends a transaction, if SQLite has not done so itself: it does on
// some errors, and then says here that there is none.
func (s *session) rollback() {
	_, _ = s.conn.ExecContext(context.Background(), "ROLLBACK")
}

// snapshot runs do in a transaction that only reads.
func (s *session) snapshot(ctx context.Context, do func(*Tx) error) error {
	if err := s.step("BEGIN"); err != nil {
		return err
	}
	tx := &Tx{ctx: ctx, session: s}
	defer s.rollback()
	defer tx.closeRows()
	return do(tx)
}

func (s *session) close() error {
	if s.conn == nil {
		return nil
	}
	var errs []error
	for _, st := range s.statements {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

// A Tx is the view of a transaction that a function given to [File.Write] or
// [File.Read] has. It is good until that function returns. Statements are
// prepared once and kept as long as the file is open, so queries should be
// constants with parameters.
type Tx struct {
	ctx     context.Context
	session *session
	rows    []*sql.Rows
}

// Exec runs a statement that returns no rows.
func (t *Tx) Exec(query string, args ...any) (sql.Result, error) {
	st, err := t.session.prepare(t.ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(t.ctx, args...)
}

// Query runs a statement that returns rows. They are closed at the latest when
// the transaction ends.
func (t *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	st, err := t.session.prepare(t.ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(t.ctx, args...)
	if err != nil {
		return nil, err
	}
	t.rows = append(t.rows, rows)
	return rows, nil
}

// QueryRow runs a statement that returns at most one row. It must be scanned.
func (t *Tx) QueryRow(query string, args ...any) *sql.Row {
	st, err := t.session.prepare(t.ctx, query)
	if err != nil {
		return t.session.conn.QueryRowContext(t.ctx, query, args...) // fails in the same way, as a row
	}
	return st.QueryRowContext(t.ctx, args...)
}

func (t *Tx) closeRows() {
	for _, rows := range t.rows {
		_ = rows.Close() // what was wrong with them, rows.Err has said
	}
	t.rows = nil
}
