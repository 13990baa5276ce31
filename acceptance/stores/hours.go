package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/history/embedded"
)

// fold makes hours and days of what a way holds, as the gateway does each minute for what
// is new, and says how long it took.
func fold(ctx context.Context, out io.Writer, w *way, dwelling string, end time.Time) (hours []activity.Hour, all []activity.Day, err error) {
	began := time.Now()
	from := end.AddDate(0, 0, -days)
	var before activity.Hour
	for hour := from; hour.Before(end); hour = hour.Add(time.Hour) {
		if before, err = activity.HourOf(dwelling, hour, before, w.between(ctx, dwelling, hour, hour.Add(time.Hour))); err != nil {
			return nil, nil, err
		}
		hours = append(hours, before)
	}
	hourly := time.Since(began)
	began = time.Now()
	for day := from; day.Before(end); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		of, to, err := activity.Hours(date, time.UTC)
		if err != nil {
			return nil, nil, err
		}
		d, err := activity.DayOf(dwelling, date, time.UTC, end, among(hours, of, to))
		if err != nil {
			return nil, nil, err
		}
		all = append(all, d)
	}
	fmt.Fprintf(out, "\nTo sum up 90 days takes %.2f ms an hour and %.2f ms a day.\n",
		hourly.Seconds()*1000/float64(len(hours)), time.Since(began).Seconds()*1000/float64(len(all)))
	return hours, all, nil
}

// among are the hours of a time.
func among(hours []activity.Hour, from, to time.Time) (some []activity.Hour) {
	for _, h := range hours {
		if !h.From.Before(from) && h.From.Before(to) {
			some = append(some, h)
		}
	}
	return some
}

// keep gives each way the hours and days.
func keep(ctx context.Context, ways []*way, dwelling string, hours []activity.Hour, days []activity.Day) error {
	for _, w := range ways {
		if w.keep == nil {
			continue
		}
		fmt.Fprintf(os.Stderr, "\rhours and days: %-40s", w.name)
		if err := w.keep(ctx, dwelling, hours, days); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

// keepEmbedded stores hours and days as the gateway does: those that are not summed up.
func keepEmbedded(ctx context.Context, store *embedded.Store, dwelling string, hours []activity.Hour, days []activity.Day) error {
	byFrom := make(map[int64]activity.Hour, len(hours))
	for _, h := range hours {
		byFrom[h.From.Unix()] = h
	}
	for {
		dirty, err := store.DirtyHours(ctx, dwelling, 500)
		if err != nil {
			return err
		}
		if len(dirty) == 0 {
			break
		}
		for _, d := range dirty {
			hour, is := byFrom[d.From.Unix()]
			if !is {
				hour = activity.Hour{Dwelling: dwelling, From: d.From} // after the end
			}
			if err := store.PutHour(ctx, hour, d.Mark, false); err != nil {
				return err
			}
		}
	}
	_, mark, err := store.StaleDays(ctx, dwelling, time.UTC)
	if err != nil {
		return err
	}
	return store.PutDays(ctx, days, mark)
}

// The questions about hours and days.
func summedUp(dwelling string, end time.Time) []question {
	from := end.AddDate(0, 0, -days)
	return []question{
		{"90 days, every hour", func(ctx context.Context, w *way) (int, time.Duration, error) {
			return timed(w.hours, func(hours asked) (int, error) { return hours(ctx, dwelling, from, end) })
		}},
		{"90 days, every day", func(ctx context.Context, w *way) (int, time.Duration, error) {
			return timed(w.days, func(days asked) (int, error) { return days(ctx, dwelling, from, end) })
		}},
	}
}

// asked is what a way may be able to tell, how many rows it has of a time; nil: it cannot.
type asked func(ctx context.Context, dwelling string, from, to time.Time) (rows int, err error)

func timed(a asked, ask func(asked) (int, error)) (rows int, took time.Duration, err error) {
	if a == nil {
		return 0, 0, errCannot
	}
	began := time.Now()
	rows, err = ask(a)
	return rows, time.Since(began), err
}

// lastDate is the date of the last day before an instant.
func lastDate(to time.Time) string { return to.Add(-1).Format(time.DateOnly) }
