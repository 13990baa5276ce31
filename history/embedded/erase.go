package embedded

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ucare-project/ucare/sqlite"
)

// Erase removes everything that is stored of a dwelling, so that no byte of it is left
// in the file or its log, and returns what there was. It may be called again when it
// failed. Nobody may append readings of the dwelling any more, and nobody may be reading.
//
// The file is written anew in the end, which takes some seconds a million readings of
// the other dwellings. Appends wait for that.
//
// The state of [Place] is not looked into: whoever saved it has to save one that does
// not name the dwelling, before.
func (s *Store) Erase(ctx context.Context, dwelling string) (Counts, error) {
	var id int64
	var there Counts
	err := s.file.Read(ctx, func(tx *sqlite.Tx) (err error) {
		if id, err = numberOfDwelling(tx, dwelling); err == nil {
			there, err = count(tx, id)
		}
		return err
	})
	if err == nil && id != 0 {
		err = s.eraseRows(ctx, id)
	}
	if err == nil {
		// Also when there is nothing: an earlier call may have come as far as here.
		err = s.file.Scrub(ctx)
	}
	if err != nil {
		return Counts{}, fmt.Errorf("erase the history of %s: %w", dwelling, err)
	}
	return there, nil
}

// eraseRows removes the rows of a dwelling, its names last: until then it can be erased
// again.
func (s *Store) eraseRows(ctx context.Context, id int64) error {
	const end int64 = math.MaxInt64
	for _, once := range []func(*writing) (int64, error){
		func(w *writing) (int64, error) { return w.cutQueue(id, end) },
		func(w *writing) (int64, error) { return w.changed(cutAside, id, end, writeAtOnce) },
		func(w *writing) (int64, error) { return w.changed(cutReadings, id, end, writeAtOnce) },
		func(w *writing) (int64, error) { return w.changed(cutDirty, id, end, writeAtOnce) },
		func(w *writing) (int64, error) { return w.changed(cutHours, id, end, writeAtOnce) },
		func(w *writing) (int64, error) { return w.changed(cutStale, id, `~`, writeAtOnce) },
		func(w *writing) (int64, error) { return w.changed(cutDays, id, `~`, writeAtOnce) },
	} {
		if err := s.repeat(ctx, new(int64), once); err != nil {
			return err
		}
	}
	return s.write(ctx, func(w *writing) error {
		used, err := w.forgetUnused(id)
		if used && err == nil {
			err = errors.New("readings of it are still being appended: take the dwelling out of the configuration first, then erase it")
		}
		return err
	})
}
