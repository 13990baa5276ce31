package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/history/embedded"
)

const (
	// stepHours and stepDays bound what is summed up before somebody else has a turn.
	stepHours, stepDays = 48, 31
	// onward is for how many hours without any reading an hour follows on the one before:
	// what a home that was silent for a week said then means nothing any more.
	onward = 7 * 24
	// sumEvery is how often what is dirty is summed up.
	sumEvery = time.Minute
)

// A ledger has the hours, and knows which of them to sum up.
type ledger interface {
	DirtyHours(ctx context.Context, dwelling string, most int) ([]embedded.Dirty, error)
	PutHour(ctx context.Context, h activity.Hour, mark int64, carryChanged bool) error
	Hours(ctx context.Context, dwelling string, from, to time.Time) ([]activity.Hour, error)
}

// A calendar has the days, and knows which of them to make again.
type calendar interface {
	StaleDays(ctx context.Context, dwelling string, location *time.Location) (dates []string, mark int64, err error)
	PutDays(ctx context.Context, days []activity.Day, mark int64) error
	Days(ctx context.Context, dwelling, from, to string) ([]activity.Day, error)
}

// A summary sums up one dwelling's readings to hours, the oldest first, and hours to days.
// What it has done is in the file, so it goes on wherever it was interrupted.
type summary struct {
	dwelling string
	location *time.Location
	ledger   ledger
	calendar calendar
	past     reader
	complete time.Time // since when the readings are all in the file
	far      bool      // whether older ones may be asked for
	absent   error     // why older ones could not be had, and hours remain dirty
	heard    time.Time // an hour in which the home was heard, as far as it is known
}

// A reader has what hours are made of, wherever that is.
type reader interface {
	Between(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error]
	// hourBefore is the last hour before one, the zero Hour if there is none. far says
	// whether it may be one that only the InfluxDB has.
	hourBefore(ctx context.Context, dwelling string, from time.Time, far bool) (activity.Hour, error)
}

// hours sums up at most stepHours hours. It returns how many; none are left to do now when
// that is 0.
func (s *summary) hours(ctx context.Context, now time.Time) (done int, err error) {
	for done < stepHours {
		dirty, err := s.dirty(ctx, now)
		if err != nil || len(dirty) == 0 {
			return done, err
		}
		for _, d := range dirty {
			if s.waits(d) {
				continue
			}
			switch err := s.hour(ctx, d); {
			case absent(ctx, err):
				s.far, s.absent = false, err // what needs only the file goes on
			case err != nil:
				return done, fmt.Errorf("sum up the hour from %s of %s: %w", d.From.Format(time.RFC3339), s.dwelling, err)
			}
			done++
		}
	}
	return done, nil
}

// waits reports whether an hour has to wait until the InfluxDB can be asked.
func (s *summary) waits(d embedded.Dirty) bool { return !s.far && d.From.Before(s.complete) }

// dirty returns hours that can be summed up, at most stepHours. Those that have not begun
// cannot, and those that wait are passed over, however many they are.
func (s *summary) dirty(ctx context.Context, now time.Time) ([]embedded.Dirty, error) {
	for most := stepHours; ; most *= 4 {
		all, err := s.ledger.DirtyHours(ctx, s.dwelling, most)
		if err != nil {
			return nil, err
		}
		full := len(all) >= most
		all = slices.DeleteFunc(all, func(d embedded.Dirty) bool { return s.waits(d) || d.From.After(now) })
		if len(all) >= stepHours || !full {
			return all[:min(stepHours, len(all))], nil
		}
	}
}

// hour sums up one hour.
func (s *summary) hour(ctx context.Context, d embedded.Dirty) error {
	stored, err := s.ledger.Hours(ctx, s.dwelling, d.From, d.From.Add(activity.Length))
	if err != nil {
		return err
	}
	var had activity.Hour
	if len(stored) > 0 {
		had = stored[0]
	}
	before, err := s.past.hourBefore(ctx, s.dwelling, d.From, d.From.Before(s.complete))
	if err != nil {
		return err
	}
	hour, err := activity.HourOf(s.dwelling, d.From, before, s.past.Between(ctx, s.dwelling, d.From, d.From.Add(activity.Length)))
	if err != nil {
		return err
	}
	if readings(had) > readings(hour) {
		// Some that it was made of are forgotten by now: the old sums know more.
		return s.ledger.PutHour(ctx, had, d.Mark, false)
	}
	if hour.Heard() {
		s.heard = d.From
	}
	changed := !activity.SameCarry(had, hour)
	if changed && !hour.Heard() {
		changed, err = s.recently(ctx, d.From)
	}
	if err != nil {
		return err
	}
	return s.ledger.PutHour(ctx, hour, d.Mark, changed)
}

// recently reports whether the home was heard in the hours before an instant, so that the
// next hour still follows on them.
func (s *summary) recently(ctx context.Context, before time.Time) (bool, error) {
	since := before.Add(-onward * activity.Length)
	if s.heard.Before(before) && !s.heard.Before(since) {
		return true, nil
	}
	hours, err := s.ledger.Hours(ctx, s.dwelling, since, before)
	for _, h := range hours {
		if h.Heard() {
			s.heard = h.From
		}
	}
	return s.heard.Before(before) && !s.heard.Before(since), err
}

// readings is how many an hour was made of.
func readings(h activity.Hour) (n int) {
	for _, s := range h.Sensors {
		n += s.Readings
	}
	return n
}

// days makes at most stepDays days of the hours, and those beside them: a night belongs to
// two days. It returns how many of the former.
func (s *summary) days(ctx context.Context, now time.Time) (done int, err error) {
	stale, mark, err := s.calendar.StaleDays(ctx, s.dwelling, s.location)
	if err != nil {
		return 0, err
	}
	over, err := s.over(ctx, now)
	if err != nil {
		return 0, err
	}
	stale = slices.Compact(slices.Sorted(slices.Values(append(stale, over...))))
	stale = stale[:min(stepDays, len(stale))]
	days, err := s.make(ctx, stale, now)
	if err != nil || len(days) == 0 {
		return 0, err
	}
	beside, err := s.make(ctx, neighbours(stale, now, s.location), now)
	if err == nil && len(beside) > 0 {
		err = s.calendar.PutDays(ctx, beside, 0) // hours of theirs may still have to be told to others
	}
	if err != nil {
		return 0, err
	}
	return len(days), s.calendar.PutDays(ctx, days, mark)
}

// neighbours are the dates beside some, in order, as far as they have begun.
func neighbours(dates []string, now time.Time, location *time.Location) (beside []string) {
	today := now.In(location).Format(time.DateOnly)
	for _, date := range dates {
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			continue
		}
		for _, n := range [...]int{-1, 1} {
			other := day.AddDate(0, 0, n).Format(time.DateOnly)
			if other <= today && !slices.Contains(dates, other) && !slices.Contains(beside, other) {
				beside = append(beside, other)
			}
		}
	}
	slices.Sort(beside)
	return beside
}

func (s *summary) make(ctx context.Context, dates []string, now time.Time) ([]activity.Day, error) {
	days := make([]activity.Day, 0, len(dates))
	for _, date := range dates {
		day, err := s.day(ctx, date, now)
		if err != nil {
			return nil, fmt.Errorf("make the day %s of %s: %w", date, s.dwelling, err)
		}
		days = append(days, day)
	}
	return days, nil
}

// over are the dates of days that were running when they were made, and are over now.
func (s *summary) over(ctx context.Context, now time.Time) (dates []string, err error) {
	lately := now.In(s.location).AddDate(0, 0, -onward/24)
	days, err := s.calendar.Days(ctx, s.dwelling, lately.Format(time.DateOnly), now.In(s.location).Format(time.DateOnly))
	for _, d := range days {
		if d.Running && !now.Before(d.To) {
			dates = append(dates, d.Date)
		}
	}
	return dates, err
}

func (s *summary) day(ctx context.Context, date string, now time.Time) (activity.Day, error) {
	from, to, err := activity.Hours(date, s.location)
	if err != nil {
		return activity.Day{}, err
	}
	hours, err := s.ledger.Hours(ctx, s.dwelling, from.Add(-activity.Length), to)
	if err != nil {
		return activity.Day{}, err
	}
	return activity.DayOf(s.dwelling, date, s.location, now, hours)
}

// SumUp sums up all readings to hours and all hours to days that are not yet. What it has
// done is done, also when ctx ends. With readings that only the InfluxDB has, and it cannot
// be asked, it does all else and returns an [Older].
func (m *Memory) SumUp(ctx context.Context) error {
	names, err := m.Dwellings(ctx)
	for _, name := range names {
		err = errors.Join(err, m.sumUp(ctx, name, true, 0))
	}
	return err
}

// sumUp sums up one dwelling, in steps; at most so many of them, if most is not 0. far says
// whether the InfluxDB may be asked for readings.
func (m *Memory) sumUp(ctx context.Context, dwelling string, far bool, most int) error {
	file, err := m.open(ctx)
	if err != nil || m.reading {
		return err
	}
	s := &summary{dwelling: dwelling, location: m.o.Location, ledger: file, calendar: file, past: m, far: far && m.o.Influx != nil}
	for n := 0; most == 0 || n < most; n++ {
		more, err := m.sumStep(ctx, s, file)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	return s.absent
}

// sumStep is one bounded step, while nobody else sums up or erases.
func (m *Memory) sumStep(ctx context.Context, s *summary, file *embedded.Store) (more bool, err error) {
	if err := m.summing.take(ctx); err != nil {
		return false, err
	}
	defer m.summing.give()
	if m.o.Influx != nil {
		if s.complete, err = file.Complete(ctx); err != nil {
			return false, err
		}
	}
	hours, err := s.hours(ctx, time.Now())
	if err != nil {
		return false, err
	}
	days, err := s.days(ctx, time.Now())
	return hours+days > 0, err
}

// sumUpAlways sums up every minute what has become dirty, until ctx ends.
func (m *Memory) sumUpAlways(ctx context.Context) {
	for ctx.Err() == nil {
		err := m.SumUp(ctx)
		if ctx.Err() != nil {
			return
		}
		if _, waits := errors.AsType[*Older](err); waits {
			err = nil // the sender tells of the server
		}
		m.sums.note(err)
		m.vacuum(ctx)
		rest(ctx, sumEvery, nil)
	}
}

// absent reports whether err says that the InfluxDB could not be asked, and not that the
// caller gave up.
func absent(ctx context.Context, err error) bool {
	_, older := errors.AsType[*Older](err)
	return older && ctx.Err() == nil
}
