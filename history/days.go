package history

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/history/embedded"
)

const (
	// onDemand bounds how long who asks for days waits for them to be up to date, and
	// olderWithin how long for those that only the InfluxDB has.
	onDemand    = 250 * time.Millisecond
	olderWithin = 5 * time.Second
)

// Hours returns the dwelling's hours that begin at from ≤ t < to, in order, as far as they
// are summed up; what came in the last minute is summed up before. Those from before the
// file was begun come from the InfluxDB. When that cannot be asked, the error is an [Older],
// and the hours that the file has are returned with it.
func (m *Memory) Hours(ctx context.Context, dwelling string, from, to time.Time) ([]activity.Hour, error) {
	file, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	m.freshen(ctx, dwelling)
	hours, err := file.Hours(ctx, dwelling, from, to)
	if err != nil {
		return nil, err
	}
	first, err := m.firstHour(ctx, file, dwelling)
	if err != nil {
		return nil, err
	}
	before, err := m.hoursBefore(ctx, dwelling, from, ucare.Earlier(first, to))
	return append(before, hours...), err
}

// Days returns the dwelling's days from one date to another, both included (2006-01-02), in
// order, as [Memory.Hours] returns hours. A day that is still running is told as it is now.
func (m *Memory) Days(ctx context.Context, dwelling, from, to string) ([]activity.Day, error) {
	file, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	m.freshen(ctx, dwelling)
	days, err := file.Days(ctx, dwelling, from, to)
	if err != nil {
		return nil, err
	}
	s := &summary{dwelling: dwelling, location: m.o.Location, ledger: file}
	now := time.Now()
	for i, d := range days {
		if d.Running {
			if days[i], err = s.day(ctx, d.Date, now); err != nil {
				return nil, err
			}
		}
	}
	older, err := m.daysBefore(ctx, file, dwelling, from, to)
	return instead(days, older), err
}

// freshen sums up what came lately, if that goes quickly. Whoever asks for days wants an
// answer, and the last sums are an answer.
func (m *Memory) freshen(ctx context.Context, dwelling string) {
	if m.reading {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, onDemand)
	defer cancel()
	err := m.sumUp(bounded, dwelling, false, 1)
	if _, waits := errors.AsType[*Older](err); err != nil && !waits && bounded.Err() == nil {
		m.sums.note(err)
	}
}

// hourBefore is the last hour before one, as far as that follows on it.
func (m *Memory) hourBefore(ctx context.Context, dwelling string, from time.Time, far bool) (activity.Hour, error) {
	file, err := m.open(ctx)
	if err != nil {
		return activity.Hour{}, err
	}
	for _, back := range []time.Duration{activity.Length, onward * activity.Length} {
		hours, err := file.Hours(ctx, dwelling, from.Add(-back), from)
		if err != nil {
			return activity.Hour{}, err
		}
		if len(hours) > 0 {
			return hours[len(hours)-1], nil
		}
	}
	if !far {
		return activity.Hour{}, nil
	}
	hours, err := m.hoursBefore(ctx, dwelling, from.Add(-onward*activity.Length), from)
	if err != nil || len(hours) == 0 {
		return activity.Hour{}, err
	}
	return hours[len(hours)-1], nil
}

// An empty is since when the InfluxDB was seen to have no hours of a dwelling, up to the
// first hour of the file.
type empty struct {
	mu    sync.Mutex
	since map[string]time.Time
}

func (e *empty) at(dwelling string, from time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	since, seen := e.since[dwelling]
	return seen && !from.Before(since)
}

func (e *empty) note(dwelling string, from time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.since == nil {
		e.since = map[string]time.Time{}
	}
	e.since[dwelling] = from
}

// hoursBefore returns the hours with from ≤ t < to that only the InfluxDB can have, if there
// is one. That there are none is remembered: a home is asked again and again for days on
// which it was not watched over yet.
func (m *Memory) hoursBefore(ctx context.Context, dwelling string, from, to time.Time) ([]activity.Hour, error) {
	from = ucare.Later(from, kept(m.o.KeepHours))
	if m.o.Influx == nil || !from.Before(to) || m.nothing.at(dwelling, from) {
		return nil, nil
	}
	bounded, cancel := context.WithTimeout(ctx, olderWithin)
	defer cancel()
	server, err := m.prepared(bounded)
	var hours []activity.Hour
	if err == nil {
		hours, err = server.Hours(bounded, dwelling, from, to)
	}
	if err != nil {
		return nil, &Older{Since: to, Err: err}
	}
	if len(hours) == 0 {
		m.nothing.note(dwelling, from)
	}
	return hours, nil
}

// daysBefore makes the days of which at least some hours are from before the file was begun,
// if the InfluxDB has those. They are not stored: the pseudonyms among them are understood
// as soon as their sensors are heard.
func (m *Memory) daysBefore(ctx context.Context, file *embedded.Store, dwelling, from, to string) (days []activity.Day, err error) {
	start, _, err := activity.Hours(from, m.o.Location)
	if err != nil || m.o.Influx == nil {
		return nil, err
	}
	first, err := m.firstHour(ctx, file, dwelling)
	if err != nil {
		return nil, err
	}
	hours, err := m.hoursBefore(ctx, dwelling, start.Add(-activity.Length), first)
	if err != nil || len(hours) == 0 {
		return nil, err
	}
	last := first.Add(activity.Before).In(m.o.Location).Format(time.DateOnly)
	_, end, err := activity.Hours(last, m.o.Location)
	if err != nil {
		return nil, err
	}
	ours, err := file.Hours(ctx, dwelling, first, end)
	hours = append(hours, ours...)
	now := time.Now()
	for day := hours[0].From.In(m.o.Location); err == nil; day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		if date > min(to, last) {
			break
		}
		if date < from {
			continue
		}
		var one activity.Day
		if one, err = activity.DayOf(dwelling, date, m.o.Location, now, hoursOf(hours, date, m.o.Location)); err == nil {
			days = append(days, one)
		}
	}
	return days, err
}

// hoursOf are those among hours, in order, that a day is made of.
func hoursOf(hours []activity.Hour, date string, location *time.Location) []activity.Hour {
	from, to, err := activity.Hours(date, location)
	if err != nil {
		return nil
	}
	begin := func(h activity.Hour, t time.Time) int { return h.From.Compare(t) }
	i, _ := slices.BinarySearchFunc(hours, from, begin)
	j, _ := slices.BinarySearchFunc(hours, to, begin)
	return hours[max(i-1, 0):j]
}

// firstHour is the first that the file has of a dwelling; without any it is now.
func (m *Memory) firstHour(ctx context.Context, file *embedded.Store, dwelling string) (time.Time, error) {
	first, some, err := file.FirstHour(ctx, dwelling)
	if !some {
		first = time.Now()
	}
	return first, err
}

// instead returns days with others in the place of those of the same date, in order.
func instead(days, others []activity.Day) []activity.Day {
	all := others
	for _, d := range days {
		if !slices.ContainsFunc(others, func(o activity.Day) bool { return o.Date == d.Date }) {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b activity.Day) int { return strings.Compare(a.Date, b.Date) })
	return all
}
