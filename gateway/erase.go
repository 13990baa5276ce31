package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/journal"
)

// An Eraser erases one dwelling from all that a gateway keeps, while the gateway does
// not run. Each step may be repeated: whatever ended an erasure in the middle, another
// one finishes it.
type Eraser struct {
	c        *configs.Gateway
	dwelling string
	progress func(done, all int64)

	journal *journal.Journal
	history *history.Memory
	saved   journal.Checkpoint
	last    int64 // the last place of the log

	alone  bool     // the gateway has no other dwelling
	others *filters // what the others listen to
}

// EraseOptions say what is erased.
type EraseOptions struct {
	Config   *configs.Gateway
	Dwelling string // may have gone from the configuration
	// Progress hears how far the log is read; nil: nobody does.
	Progress func(done, all int64)
}

// ErrRunning says that the gateway still runs.
var ErrRunning = errors.New("the gateway runs: stop it first (sudo systemctl stop ucare), and start it again afterwards")

// NewEraser opens what the gateway keeps. The Eraser must be closed.
func NewEraser(ctx context.Context, o EraseOptions) (*Eraser, error) {
	e := &Eraser{c: o.Config, dwelling: o.Dwelling, progress: o.Progress}
	if e.progress == nil {
		e.progress = func(int64, int64) {}
	}
	if _, err := os.Stat(e.path(journalFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no gateway has kept anything in %s: is gateway.data of the configuration right, and may this user read it?", e.c.Box.Data)
	}
	var err error
	e.journal, _, err = journal.Open(ctx, e.path(journalFile), journal.Options{BallastBytes: -1})
	if err != nil {
		return nil, errors.Join(ErrRunning, err)
	}
	if err = e.look(ctx); err != nil {
		return nil, errors.Join(err, e.journal.Close())
	}
	options, err := HistoryOptions(e.c, true)
	if err != nil {
		return nil, errors.Join(err, e.journal.Close())
	}
	e.history = history.New(options)
	return e, nil
}

// look reads what the erasure goes by.
func (e *Eraser) look(ctx context.Context) (err error) {
	if e.saved, err = e.journal.LoadCheckpoint(ctx); err != nil {
		return err
	}
	e.last = e.journal.LastPlace()
	o, err := e.owner(ctx)
	if err == nil {
		e.alone, e.others = o.only, o.others
	}
	return err
}

// Close closes what NewEraser opened.
func (e *Eraser) Close() error { return errors.Join(e.history.Close(), e.journal.Close()) }

func (e *Eraser) path(name string) string { return filepath.Join(e.c.Box.Data, name) }

// OpenAlarms are the dwelling's alarms that no centre has closed.
func (e *Eraser) OpenAlarms(ctx context.Context) ([]ucare.Alarm, error) {
	open, err := e.journal.OpenAlarms(ctx)
	return slices.DeleteFunc(open, func(a ucare.Alarm) bool { return a.Dwelling != e.dwelling }), err
}

// Known reports whether the dwelling is configured, or something of it is stored, or an
// erasure of it is not finished: otherwise somebody has mistyped its id.
func (e *Eraser) Known(ctx context.Context) (bool, error) {
	if _, configured := e.c.HomesByID()[e.dwelling]; configured {
		return true, nil
	}
	key, err := pseudonymKey(e.c.Box.Data)
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(e.begunFile(pseudonym(key, e.dwelling))); err == nil {
		return true, nil
	}
	stored, err := e.history.Dwellings(ctx)
	if err != nil || slices.Contains(stored, e.dwelling) {
		return true, err
	}
	alarms, err := e.journal.Alarms(ctx, e.dwelling, time.Time{}, time.Now().AddDate(1, 0, 0))
	return len(alarms) > 0 || names(e.saved.State, e.dwelling), err
}

// owner is asked anew for each reading of the log: decoding changes it.
func (e *Eraser) owner(ctx context.Context) (*owner, error) {
	return newOwner(e.c, e.dwelling, decoderIn(e.saved), func(alarm string) (bool, error) {
		return e.journal.OthersAlarm(ctx, e.dwelling, alarm)
	})
}

// Count counts what there is of the dwelling, in each place. Where that cannot be told
// the place says so, and the error says why.
func (e *Eraser) Count(ctx context.Context) ([]Place, error) {
	entries, err := e.countEntries(ctx)
	if err != nil {
		return nil, err
	}
	decided, err := e.journal.CountOf(ctx, e.dwelling)
	if err != nil {
		return nil, err
	}
	files, err := e.files()
	if err != nil {
		return nil, err
	}
	states, err := e.countStates(ctx)
	if err != nil {
		return nil, err
	}
	places := []Place{
		{Name: "journal_entries", Count: entries},
		{Name: "journal_decisions", Count: decided.Decisions},
		{Name: "journal_alarms", Count: decided.Alarms},
		{Name: "journal_answers", Count: decided.Answers},
		{Name: "journal_deliveries", Count: decided.Deliveries},
		{Name: "states", Count: states},
		{Name: "files", Count: int64(len(files))},
	}
	kept, err := e.history.Count(ctx, e.dwelling)
	unreachable := err
	if err != nil && e.c.Box.History.Influx == nil {
		return nil, err
	}
	places = append(
		places,
		Place{Name: "history_readings", Count: kept.Readings}, Place{Name: "history_hours", Count: kept.Hours},
		Place{Name: "history_days", Count: kept.Days}, Place{Name: "history_waiting", Count: kept.Waiting},
		Place{Name: "history_aside", Count: kept.Aside},
	)
	if e.c.Box.History.Influx != nil {
		places = append(places, Place{Name: "influxdb", Count: kept.Server, Unknown: unreachable != nil})
	}
	return places, unreachable
}

func (e *Eraser) countEntries(ctx context.Context) (n int64, err error) {
	o, err := e.owner(ctx)
	if err != nil {
		return 0, err
	}
	err = o.eachOf(ctx, e.journal, e.told, func(its []journal.Entry) error {
		n += int64(len(its))
		return nil
	})
	return n, err
}

func (e *Eraser) told(seq int64) { e.progress(seq, e.last) }

// Erase erases the dwelling everywhere it can. What it cannot reach it passes over, and
// says so in the error: nothing of that counts as erased. When it cannot be told what
// stays with the other dwellings, nothing is erased.
func (e *Eraser) Erase(ctx context.Context) error {
	// Before all else: which topics are theirs is known by the same states.
	rest, err := forgetting(e.c, e.dwelling, e.saved)
	if err != nil {
		return err
	}
	if place, err := e.history.Place(ctx); err == nil {
		if _, err := forgettingFollower(e.c, e.dwelling, place.State); err != nil {
			return err
		}
	}
	if err := e.eraseEntries(ctx); err != nil {
		return err
	}
	if _, err := e.journal.EraseDecided(ctx, e.dwelling, rest); err != nil {
		return err
	}
	err = e.eraseHistory(ctx)
	return errors.Join(err, e.eraseFiles(), e.journal.Scrub(ctx))
}

// eraseEntries takes the dwelling's entries out of the log. Their places are not given
// again, so that everybody else goes on where they were.
func (e *Eraser) eraseEntries(ctx context.Context) error {
	o, err := e.owner(ctx)
	if err != nil {
		return err
	}
	return o.eachOf(ctx, e.journal, e.told, func(its []journal.Entry) error {
		var seqs []int64
		for _, entry := range its {
			seqs = append(seqs, entry.Seq)
		}
		return e.journal.EraseEntries(ctx, seqs)
	})
}

// eraseHistory erases the readings, hours and days, in the file and on the InfluxDB,
// and what is known of the devices where the history goes on following the log.
func (e *Eraser) eraseHistory(ctx context.Context) error {
	place, err := e.history.Place(ctx)
	if err != nil {
		return err
	}
	if place.State, err = forgettingFollower(e.c, e.dwelling, place.State); err != nil {
		return err
	}
	if err := e.history.SavePlace(ctx, place); err != nil {
		return err
	}
	_, err = e.history.Erase(ctx, e.dwelling)
	return err
}

// forgettingFollower is the state in which the history follows the log, as if the
// dwelling had never been.
func forgettingFollower(c *configs.Gateway, dwelling string, saved []byte) ([]byte, error) {
	if len(saved) == 0 {
		return nil, nil
	}
	rest := lessHome(c, dwelling)
	decoder := decoderOf(onlyHomes(c, func(id string) bool { return id != dwelling }), mappingsOf(rest))
	var state chronicleState
	err := json.Unmarshal(saved, &state)
	switch {
	case err == nil && state.Version == memoryVersion:
		err = remembering(decoder, state.Decoder)
	case err == nil:
		err = fmt.Errorf("the place of the history in the log was saved by another version of u-Care (%q, this one writes %q): start the gateway once with this version, stop it and try again", state.Version, memoryVersion)
	}
	if err != nil && len(rest.Dwellings) > 0 {
		return nil, err
	}
	decoder.Forget(dwellingIDs(rest.Homes()))
	if state.Decoder, err = json.Marshal(decoder); err != nil {
		return nil, err
	}
	return json.Marshal(state)
}

// countStates counts the saved states that name the dwelling: that of the rules, and
// that of the history's follower.
func (e *Eraser) countStates(ctx context.Context) (n int64, err error) {
	if names(e.saved.State, e.dwelling) {
		n++
	}
	place, err := e.history.Place(ctx)
	if err != nil {
		return n, err
	}
	if names(place.State, e.dwelling) {
		n++
	}
	return n, nil
}
