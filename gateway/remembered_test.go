package gateway

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// await looks until something has happened.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	patience, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !happened() {
		select {
		case <-patience.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-look.C:
		}
	}
}

// stands reports whether a fault stands.
func (h *testHome) stands(code ucare.FaultCode, subject string) bool {
	return slices.ContainsFunc(h.gateway.faults.Standing(""), func(f ucare.Fault) bool { return f.Code == code && f.Subject == subject })
}

// remembered are the readings of the home since an instant that the history gives back;
// none while it cannot be read.
func (h *testHome) remembered(t *testing.T, since time.Time) (all []ucare.Reading) {
	t.Helper()
	for r, err := range h.gateway.history.Between(t.Context(), "home", since, time.Now().Add(time.Hour)) {
		if err != nil {
			return nil
		}
		all = append(all, r)
	}
	return all
}
