package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history/embedded"
)

// Run sends to the InfluxDB what waits for it, and sums up hours and days, until ctx ends;
// then it returns ctx's error, soon, whatever the server does.
func (m *Memory) Run(ctx context.Context) error {
	var working sync.WaitGroup
	if m.o.Influx != nil {
		working.Go(func() { m.sendAlways(ctx) })
	}
	working.Go(func() { m.sumUpAlways(ctx) })
	working.Wait()
	<-ctx.Done()
	return ctx.Err()
}

// Trim forgets what is older than the options keep, a little at a time, and returns how
// many readings it forgot in the file. What is not summed up yet, or has not reached the
// InfluxDB, stays; the latter not for longer than the InfluxDB would keep it.
func (m *Memory) Trim(ctx context.Context, now time.Time) (int64, error) {
	file, err := m.open(ctx)
	if err != nil {
		return 0, err
	}
	var keep embedded.Keep
	if m.o.KeepReadings > 0 {
		keep.Unsent = now.Add(-m.o.KeepReadings)
		keep.Readings = keep.Unsent
	}
	if m.o.Influx != nil {
		keep.Readings = ucare.Later(keep.Readings, now.AddDate(0, 0, -LocalDays))
	}
	if m.o.KeepHours > 0 {
		keep.Hours = now.Add(-m.o.KeepHours)
	}
	trimmed, err := file.Trim(ctx, keep)
	if trimmed.Unsent > 0 {
		m.o.Logger.Warn("readings became older than the InfluxDB keeps while it did not take them", "readings", trimmed.Unsent)
	}
	m.expired.Add(trimmed.Unsent)
	return trimmed.Readings, err
}

// vacuum gives room in the file back to the disk, a little at a time.
func (m *Memory) vacuum(ctx context.Context) {
	file, err := m.open(ctx)
	if err == nil {
		err = file.Vacuum(ctx)
	}
	if err != nil && ctx.Err() == nil {
		m.o.Logger.Warn("the history could not give room back to the disk", "error", err)
	}
}

// Amounts is how much there is of a dwelling.
type Amounts struct {
	// In the file; Waiting and Aside are readings that the InfluxDB has not taken.
	Readings, Hours, Days, Waiting, Aside int64
	// Server is how many readings the InfluxDB has; 0 without one.
	Server int64
}

// Count says how much there is of a dwelling, in the file and on the server.
func (m *Memory) Count(ctx context.Context, dwelling string) (Amounts, error) {
	file, err := m.open(ctx)
	if err != nil {
		return Amounts{}, err
	}
	counts, err := file.Count(ctx, dwelling)
	if err != nil {
		return Amounts{}, err
	}
	a := amounts(counts)
	a.Server, err = m.countServer(ctx, dwelling)
	return a, err
}

func amounts(c embedded.Counts) Amounts {
	return Amounts{Readings: c.Readings, Hours: c.Hours, Days: c.Days, Waiting: c.Waiting, Aside: c.Aside}
}

// countServer is how many readings the InfluxDB has of a dwelling.
func (m *Memory) countServer(ctx context.Context, dwelling string) (int64, error) {
	server, err := m.prepared(ctx)
	if err != nil || server == nil {
		return 0, err
	}
	return server.Count(ctx, dwelling)
}

// Erase removes all that is known of a dwelling, in the file and on the InfluxDB, and says
// how much there was. When the server cannot be asked it returns an error that says so; the
// file is erased all the same, and Erase may be called again. Nothing may be appended for
// the dwelling meanwhile, nor afterwards.
func (m *Memory) Erase(ctx context.Context, dwelling string) (Amounts, error) {
	file, err := m.open(ctx)
	if err != nil {
		return Amounts{}, err
	}
	// A batch on its way would bring back what is erased, and so would a sum of it.
	for _, t := range []turn{m.sending, m.summing} {
		if err := t.take(ctx); err != nil {
			return Amounts{}, fmt.Errorf("wait for what is being sent and summed up: %w", err)
		}
		defer t.give()
	}
	onServer, unknown := m.countServer(ctx, dwelling)
	counts, err := file.Erase(ctx, dwelling)
	a := amounts(counts)
	a.Server = onServer
	if err != nil {
		return a, err
	}
	delete(m.outgoing.series, dwelling)
	if err := errors.Join(unknown, m.eraseServer(ctx, dwelling)); err != nil {
		return a, fmt.Errorf("what the InfluxDB has of %s is not erased (erase again when it answers): %w", dwelling, err)
	}
	return a, nil
}

// eraseServer erases a dwelling on the InfluxDB.
func (m *Memory) eraseServer(ctx context.Context, dwelling string) error {
	server, err := m.prepared(ctx)
	if err != nil || server == nil {
		return err
	}
	return server.Erase(ctx, dwelling)
}

// copyAttempts is how often in a row the server may fail before a copy gives up.
const copyAttempts = 5

// Copy sends to the InfluxDB all that the file has and it does not, also from before it was
// configured, and tells progress how many readings of how many. It goes on where an earlier
// copy ended, and need not be called where Run runs, which does the same. It gives up when
// the server fails five times in a row.
func (m *Memory) Copy(ctx context.Context, progress func(done, total int64)) error {
	if m.o.Influx == nil {
		return errors.New("no InfluxDB is configured to copy the history to (gateway.history.store)")
	}
	if err := m.SumUp(ctx); err != nil {
		return err
	}
	var pauses backoff
	var total int64
	for failed := 0; ; {
		waiting, err := m.waiting(ctx)
		if err != nil {
			return err
		}
		total = max(total, waiting)
		progress(total-waiting, total)
		some, err := m.send(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && !some:
			return nil
		case err == nil:
			failed, pauses = 0, backoff{}
			continue
		}
		if failed++; failed >= copyAttempts {
			return fmt.Errorf("the history is not copied yet, and goes on from there when it is copied again: %w", err)
		}
		rest(ctx, pauses.after(err), nil)
	}
}

func (m *Memory) waiting(ctx context.Context) (int64, error) {
	file, err := m.open(ctx)
	if err != nil {
		return 0, err
	}
	state, err := file.QueueState(ctx)
	return state.Readings, err
}

// A Standing is how the sending to the InfluxDB stands.
type Standing struct {
	Waiting int64            // readings that the server has not taken
	Oldest  time.Time        // of the oldest of them; zero: nothing waits
	Aside   map[string]int64 // readings that the server refuses, by reason
	Expired int64            // readings that became older than it keeps, since the program was started
	Sent    int64            // readings that it took, since then
	Failing string           // why the server takes nothing, "" when it does
}

// Standing says how the sending stands; zero without an InfluxDB.
func (m *Memory) Standing(ctx context.Context) (Standing, error) {
	if m.o.Influx == nil {
		return Standing{}, nil
	}
	s := Standing{Expired: m.expired.Load(), Sent: m.sent.Load(), Failing: m.reaches.why()}
	file, err := m.open(ctx)
	if err != nil {
		return s, err
	}
	state, err := file.QueueState(ctx)
	if err != nil {
		return s, err
	}
	s.Waiting, s.Oldest = state.Readings, state.Oldest
	s.Aside, err = file.AsideFor(ctx)
	return s, err
}
