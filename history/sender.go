package history

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

const (
	// batch is how many readings, and batchHours how many hours or days, go to the server at
	// once.
	batch, batchHours = 5000, 500
	// idle is after what time without anything new the sender looks all the same.
	idle = time.Minute
	// offerEvery is how often what was set aside has another chance; it has one at each
	// start, too.
	offerEvery = 24 * time.Hour
)

// A spool is where readings wait for the server, and which they leave only when the server
// has them or will never have them.
type spool interface {
	Waiting(ctx context.Context, most int) ([]embedded.Queued, error)
	Sent(ctx context.Context, sent []embedded.Queued) error
	SetAside(ctx context.Context, q embedded.Queued, reason string) error
}

// A sender brings what waits in the file to the server. It has no state that matters: killed
// between any two steps, it sends again what the server may have, which is harmless.
type sender struct {
	spool    spool
	server   taker
	archive  older
	known    serieses
	complete time.Time // since when the file has all readings
	refuses  func()    // something was set aside
	took     func(int) // so many were sent
}

// readings sends one batch of readings. It returns false when none waits. An error of the
// server is a [serverError].
func (s *sender) readings(ctx context.Context) (some bool, err error) {
	waiting, err := s.spool.Waiting(ctx, batch)
	if err != nil || len(waiting) == 0 {
		return false, err
	}
	fit, err := s.sift(ctx, waiting)
	if err != nil || len(fit) == 0 {
		return true, err
	}
	points, err := s.numbered(ctx, fit)
	if err != nil {
		return true, err
	}
	refused, err := s.server.Write(ctx, points)
	if err != nil {
		return true, &serverError{err}
	}
	return true, s.settle(ctx, fit, refused)
}

// The series of a dwelling that may go to the server: each costs it memory for ever.
const (
	maxSeries = 2000
	tooMany   = "the dwelling has more than 2000 combinations of sensor, kind and room: find the sensor that changes its name"
)

// sift sets aside what must not be sent, and returns the rest.
func (s *sender) sift(ctx context.Context, waiting []embedded.Queued) (fit []embedded.Queued, err error) {
	for _, q := range waiting {
		r := q.Reading
		fits, err := s.known.has(ctx, r.Dwelling, embedded.Series{Sensor: r.Sensor, Kind: r.Kind, Room: r.Room})
		if err == nil && !fits {
			err = s.aside(ctx, q, tooMany)
		}
		if err != nil {
			return nil, err
		}
		if fits {
			fit = append(fit, q)
		}
	}
	return fit, nil
}

// settle notes what became of the points of a batch that the server has answered.
func (s *sender) settle(ctx context.Context, points []embedded.Queued, refused []influx.Refused) error {
	reasons := map[int]string{}
	for _, r := range refused {
		reasons[r.Index] = r.Reason
	}
	var taken []embedded.Queued
	for i, q := range points {
		if reason, ok := reasons[i]; ok {
			if err := s.aside(ctx, q, reason); err != nil {
				return err
			}
			continue
		}
		taken = append(taken, q)
	}
	if err := s.spool.Sent(ctx, taken); err != nil {
		return err
	}
	s.took(len(taken))
	return nil
}

func (s *sender) aside(ctx context.Context, q embedded.Queued, reason string) error {
	s.refuses()
	return s.spool.SetAside(ctx, q, reason)
}

// A serverError is what the server, or the way to it, said; others are those of the file.
type serverError struct{ error }

func (e *serverError) Unwrap() error { return e.error }

// serieses knows which series of each dwelling may go to the server: the first ones.
type serieses struct {
	list  func(ctx context.Context, dwelling string, most int) ([]embedded.Series, error)
	first map[string]map[embedded.Series]bool // what list said last, by dwelling
}

func (k *serieses) has(ctx context.Context, dwelling string, one embedded.Series) (bool, error) {
	first := k.first[dwelling]
	if first[one] || len(first) >= maxSeries {
		return first[one], nil
	}
	list, err := k.list(ctx, dwelling, maxSeries)
	if err != nil {
		return false, err
	}
	first = make(map[embedded.Series]bool, len(list))
	for _, s := range list {
		first[s] = true
	}
	k.first[dwelling] = first
	return first[one], nil
}

// An outgoing is what the sending remembers while the program runs. Who has the turn to send
// has it.
type outgoing struct {
	offered time.Time                           // when what was set aside last had another chance
	changed bool                                // something was set aside, or offered again, since that was counted
	series  map[string]map[embedded.Series]bool // by dwelling
}

// send sends one batch of what waits, readings first. It returns false when nothing waits.
func (m *Memory) send(ctx context.Context) (some bool, err error) {
	if err := m.sending.take(ctx); err != nil {
		return false, err
	}
	defer m.sending.give()
	file, err := m.open(ctx)
	if err != nil {
		return false, err
	}
	server, err := m.prepared(ctx)
	if err != nil {
		return false, &serverError{err}
	}
	m.settings.note(otherwise(server.notes()))
	if err := m.offerAgain(ctx, file); err != nil {
		return false, err
	}
	some, err = m.sendSome(ctx, file, server)
	if _, failed := errors.AsType[*serverError](err); failed {
		server.prepared.Store(false) // its buckets may be gone
	}
	if err == nil {
		err = m.countAside(ctx, file)
	}
	return some, err
}

// otherwise is what is not as configured on a server that works all the same.
func otherwise(notes []string) error {
	if len(notes) == 0 {
		return nil
	}
	return errors.New(strings.Join(notes, "; "))
}

func (m *Memory) sendSome(ctx context.Context, file *embedded.Store, server *server) (some bool, err error) {
	complete, err := file.Complete(ctx)
	if err != nil {
		return false, err
	}
	s := &sender{
		spool: m.lined(file), server: server, archive: server, complete: complete,
		known:   serieses{file.Series, m.outgoing.series},
		refuses: func() { m.outgoing.changed = true },
		took:    func(n int) { m.sent.Add(int64(n)) },
	}
	if some, err = s.readings(ctx); some || err != nil {
		return some, err
	}
	some, err = summed(ctx, file.WaitingHours, server.WriteHours, file.SentHours, func(q embedded.QueuedHour) activity.Hour { return q.Hour })
	if some || err != nil {
		return some, err
	}
	return summed(ctx, file.WaitingDays, server.WriteDays, file.SentDays, func(q embedded.QueuedDay) activity.Day { return q.Day })
}

// summed sends one batch of hours or of days.
func summed[Q, T any](ctx context.Context, waiting func(context.Context, int) ([]Q, error), write func(context.Context, []T) error,
	sent func(context.Context, []Q) error, of func(Q) T,
) (some bool, err error) {
	queued, err := waiting(ctx, batchHours)
	if err != nil || len(queued) == 0 {
		return false, err
	}
	all := make([]T, len(queued))
	for i, q := range queued {
		all[i] = of(q)
	}
	if err := write(ctx, all); err != nil {
		return true, &serverError{err}
	}
	return true, sent(ctx, queued)
}

// offerAgain gives what was set aside another chance, at each start and once a day.
func (m *Memory) offerAgain(ctx context.Context, file *embedded.Store) error {
	if !m.outgoing.offered.IsZero() && time.Since(m.outgoing.offered) < offerEvery {
		return nil
	}
	if _, err := file.OfferAgain(ctx); err != nil {
		return err
	}
	m.outgoing.offered, m.outgoing.changed = time.Now(), true
	return nil
}

// countAside makes a fault of what is set aside, once nothing waits that may be set aside
// again.
func (m *Memory) countAside(ctx context.Context, file *embedded.Store) error {
	if !m.outgoing.changed {
		return nil
	}
	state, err := file.QueueState(ctx)
	if err != nil || state.Readings > 0 {
		return err
	}
	aside, err := file.AsideFor(ctx)
	if err != nil {
		return err
	}
	m.outgoing.changed = false
	if len(aside) == 0 {
		m.refused.note(nil)
		return nil
	}
	m.refused.note(&asideError{slices.Sorted(maps.Keys(aside))})
	return nil
}

// An asideError says for what reasons readings are set aside.
type asideError struct{ reasons []string }

func (e *asideError) Error() string {
	text := "the InfluxDB does not take some readings. They stay in the file, and are offered to it again at each start and once a day, when what it says is put right: " + e.reasons[0]
	if more := len(e.reasons) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more reasons)", more)
	}
	return text
}

// sendAlways sends until ctx ends, with pauses when the server takes nothing.
func (m *Memory) sendAlways(ctx context.Context) {
	var pauses backoff
	for ctx.Err() == nil {
		some, err := m.send(ctx)
		if ctx.Err() != nil {
			return
		}
		m.noteSending(err)
		switch {
		case err != nil:
			rest(ctx, pauses.after(err), nil)
		case some:
			pauses = backoff{}
		default:
			pauses = backoff{}
			rest(ctx, idle, m.wake)
		}
	}
}

// noteSending tells of the server, or else of the file: what the one does says nothing of
// the other.
func (m *Memory) noteSending(err error) {
	if _, servers := errors.AsType[*serverError](err); servers {
		m.reaches.note(err)
		return
	}
	m.queues.note(err)
	if err == nil {
		m.reaches.note(nil)
	}
}
