package history

import (
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Silences are how long the resident usually gives no sign of life.
type Silences struct {
	// Longest is, by the local hour in which a silence began, how long it may
	// usually last; zero for an hour in which none has begun yet.
	Longest [24]time.Duration
	// Days is on how many local days there was a sign of life.
	Days int
}

// usual is the share of days whose longest silence counts as usual. The other
// tenth is holidays, a flat battery, the day it mattered.
const usual = 0.9

// Silences learns from the signs of life with from ≤ at < to.
//
// A silence lies between one sign of life and the next and belongs to the hour
// of day, in loc, in which it began. Each day contributes to an hour the
// longest silence that began in it; the usual longest silence of that hour is
// the length that nine in ten of those days did not exceed (nearest rank). The
// silences that the range cuts off at its ends are left out.
func (s *Store) Silences(ctx context.Context, dwelling string, from, to time.Time, loc *time.Location) (Silences, error) {
	return silences(s.Between(ctx, dwelling, from, to), loc)
}

func silences(readings iter.Seq2[ucare.Reading, error], loc *time.Location) (Silences, error) {
	type hourOfDay struct{ year, day, hour int }
	var (
		signs   ucare.Signs
		last    time.Time
		longest = make(map[hourOfDay]time.Duration)
		days    = make(map[[2]int]bool)
	)
	for r, err := range readings {
		if err != nil {
			return Silences{}, err
		}
		if !signs.Of(r) {
			continue
		}
		if began := last.In(loc); !last.IsZero() {
			h := hourOfDay{began.Year(), began.YearDay(), began.Hour()}
			longest[h] = max(longest[h], r.At.Sub(last))
		}
		last = r.At
		local := r.At.In(loc)
		days[[2]int{local.Year(), local.YearDay()}] = true
	}
	var byHour [24][]time.Duration
	for h, d := range longest {
		byHour[h.hour] = append(byHour[h.hour], d)
	}
	result := Silences{Days: len(days)}
	for hour, all := range byHour {
		result.Longest[hour] = nearestRank(all, usual)
	}
	return result, nil
}

// nearestRank is the smallest of the lengths that the given share of them does
// not exceed; zero without any.
func nearestRank(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	rank := int(math.Ceil(share*float64(len(all)) - 1e-9))
	return all[max(rank, 1)-1]
}
