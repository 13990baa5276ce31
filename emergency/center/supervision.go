package center

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

const (
	usualHeartbeat = time.Minute
	// longestHeartbeat bounds the interval a gateway may announce: how closely
	// it is supervised is the centre's decision, not the gateway's.
	longestHeartbeat = 15 * time.Minute
)

// supervision knows which gateways live. It is pure: whoever calls it brings
// the time. Its instants keep Go's monotonic clock reading, so that setting the
// centre's clock makes nobody silent.
type supervision struct {
	gateways map[string]*watched
}

// watched is one gateway under supervision.
type watched struct {
	Grace time.Duration `json:"-"`
	// Basis is the last heartbeat that this run of the centre heard, or its
	// start: the time in which the centre itself was off does not count against
	// the gateway.
	Basis     time.Time     `json:"-"`
	HeardAt   time.Time     `json:"heard_at,omitzero"`
	Every     time.Duration `json:"every"`
	Version   string        `json:"version,omitempty"`
	Faults    []ucare.Fault `json:"faults,omitempty"`
	Dwellings []string      `json:"dwellings,omitempty"`
	// ClockAhead is by how much its clock differed, if more than the tolerance.
	ClockAhead time.Duration `json:"clock_ahead,omitempty"`
	// SilentSince is zero while it is heard.
	SilentSince time.Time `json:"silent_since,omitzero"`
	changed     bool      // since it was last written to disk
}

// heartbeat is what supervision takes from one.
type heartbeat struct {
	Every      time.Duration
	Version    string
	Faults     []ucare.Fault
	Dwellings  []string
	ClockAhead time.Duration
}

func newSupervision() *supervision {
	return &supervision{gateways: make(map[string]*watched)}
}

// watch begins to supervise a gateway, with what was known of it before.
func (s *supervision) watch(id string, known watched, grace time.Duration, now time.Time) {
	known.Grace, known.Basis = grace, now
	known.Every = boundedInterval(known.Every)
	s.gateways[id] = &known
}

// heard takes a heartbeat. It returns the gateway's state after and before it.
func (s *supervision) heard(id string, h heartbeat, now time.Time) (state gatewayState, was watched) {
	g := s.gateways[id]
	if g == nil {
		return gatewayState{ID: id}, watched{}
	}
	was = *g
	g.Basis, g.HeardAt, g.SilentSince, g.changed = now, now, time.Time{}, true
	g.Every = boundedInterval(h.Every)
	g.Version, g.Faults, g.Dwellings, g.ClockAhead = h.Version, h.Faults, h.Dwellings, h.ClockAhead
	return gatewayState{id, *g}, was
}

func boundedInterval(d time.Duration) time.Duration {
	if d <= 0 {
		return usualHeartbeat
	}
	return min(d, longestHeartbeat)
}

// due is when the next heartbeat is expected.
func (g *watched) due() time.Time { return g.Basis.Add(g.Every) }

// overdue marks the gateways whose heartbeat has been due for longer than their
// grace and returns those that were not marked before, in order of their id.
func (s *supervision) overdue(now time.Time) []gatewayState {
	var silent []gatewayState
	for id, g := range s.gateways {
		if g.SilentSince.IsZero() && !now.Before(g.due().Add(g.Grace)) {
			g.SilentSince, g.changed = now, true
			silent = append(silent, gatewayState{id, *g})
		}
	}
	slices.SortFunc(silent, func(a, b gatewayState) int { return strings.Compare(a.ID, b.ID) })
	return silent
}

// unsaved returns what has changed and is not on disk yet.
func (s *supervision) unsaved() map[string]watched {
	changed := make(map[string]watched)
	for id, g := range s.gateways {
		if g.changed {
			changed[id] = *g
		}
	}
	return changed
}

// saved notes that these states are on disk.
func (s *supervision) saved(states map[string]watched) {
	for id, written := range states {
		if g := s.gateways[id]; g != nil && g.HeardAt.Equal(written.HeardAt) && g.SilentSince.Equal(written.SilentSince) {
			g.changed = false
		}
	}
}

// all returns a copy of the state, the silent ones first, then by id.
func (s *supervision) all() []gatewayState {
	states := make([]gatewayState, 0, len(s.gateways))
	for _, id := range slices.Sorted(maps.Keys(s.gateways)) {
		states = append(states, gatewayState{ID: id, watched: *s.gateways[id]})
	}
	slices.SortStableFunc(states, func(a, b gatewayState) int {
		return compareBool(b.silent(), a.silent())
	})
	return states
}

// gatewayState is a gateway as the page shows it.
type gatewayState struct {
	ID string
	watched
}

func (g gatewayState) silent() bool { return !g.SilentSince.IsZero() }
