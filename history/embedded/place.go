package embedded

import (
	"context"
	"fmt"

	"github.com/ucare-project/ucare/sqlite"
)

// Place returns how far the journal was read when [Store.SavePlace] was last called.
func (s *Store) Place(ctx context.Context) (Place, error) {
	var p Place
	err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT seq, state FROM place`).Scan(&p.Seq, &p.State)
	})
	if err != nil {
		return Place{}, fmt.Errorf("read how far the history has followed the journal: %w", err)
	}
	return p, nil
}

// SavePlace says how far the journal is read, with all readings up to there appended.
// A place before the last one says that the journal was begun afresh. When it returns,
// the place and the readings are on the disk: the journal may forget its entries.
func (s *Store) SavePlace(ctx context.Context, p Place) error {
	if p.State == nil {
		p.State = []byte{}
	}
	err := s.writeBy(ctx, s.file.WriteThrough, func(w *writing) error {
		var last int64
		if err := w.QueryRow(`SELECT seq FROM place`).Scan(&last); err != nil {
			return err
		}
		if w.stored = max(w.stored, p.Seq); p.Seq < last {
			w.stored = p.Seq
		}
		_, err := w.Exec(`UPDATE place SET seq = ?, state = ?`, p.Seq, p.State)
		return err
	})
	if err != nil {
		return fmt.Errorf("save how far the history has followed the journal: %w", err)
	}
	return nil
}

// StoredUpTo returns up to which entry of the journal all readings are stored.
func (s *Store) StoredUpTo(ctx context.Context) (int64, error) {
	var seq int64
	err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT stored FROM progress`).Scan(&seq)
	})
	if err != nil {
		return 0, fmt.Errorf("read how far the history has followed the journal: %w", err)
	}
	return seq, nil
}
