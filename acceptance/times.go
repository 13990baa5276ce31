package acceptance

import (
	"context"
	"slices"
	"time"
)

// Quantile is the nearest rank of the times; 0 where there are none.
func Quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// Ratio is a quantile of some times over that of others.
func Ratio(some, others []time.Duration, q float64) float64 {
	return float64(Quantile(some, q)) / float64(max(1, Quantile(others, q)))
}

// Milliseconds is a quantile in milliseconds, with their fraction.
func Milliseconds(times []time.Duration, q float64) float64 {
	return float64(Quantile(times, q)) / float64(time.Millisecond)
}

// Rest waits for a time. An error is that the context ended before.
func Rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
