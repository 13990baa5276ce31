package center

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// endedListed bounds how many ended alarms the JSON list carries.
const endedListed = 500

// AlarmList is the JSON of GET /v1/alarms: the open cases in the order of the page,
// then the ended ones, newest first, at most 500 of them. With ?open=true only
// the open ones.
type AlarmList struct {
	Alarms []Case `json:"alarms"`
}

func (c *Center) listAlarms(w http.ResponseWriter, r *http.Request, _ Operator) error {
	ended := endedListed
	if r.FormValue("open") == "true" {
		ended = 0
	}
	open, recent, err := c.store.cases(r.Context(), ended)
	if err != nil {
		return fmt.Errorf("read the alarms: %w", err)
	}
	open = append(open, c.unwritten.besides(slices.Concat(open, recent))...)
	sortOpen(open)
	return writeJSON(w, AlarmList{Alarms: append(slices.Grow([]Case{}, len(open)+len(recent)), slices.Concat(open, recent)...)})
}

// GatewayState is what the centre knows of a gateway, in GET /v1/gateways.
type GatewayState struct {
	ID      string    `json:"id"`
	HeardAt time.Time `json:"heard_at,omitzero"` // its last heartbeat
	// SilentSince is zero while its heartbeats come.
	SilentSince         time.Time     `json:"silent_since,omitzero"`
	EverySeconds        int64         `json:"every_seconds"`
	Version             string        `json:"version,omitempty"`
	Dwellings           []string      `json:"dwellings,omitempty"`
	Faults              []ucare.Fault `json:"faults,omitempty"`
	ClockDiffersSeconds int64         `json:"clock_differs_seconds,omitempty"`
}

// GatewayList is the JSON of GET /v1/gateways: the silent ones first, then by id.
type GatewayList struct {
	Gateways []GatewayState `json:"gateways"`
}

func (c *Center) listGateways(w http.ResponseWriter, _ *http.Request, _ Operator) error {
	var list GatewayList
	for _, g := range c.gatewayStates() {
		list.Gateways = append(list.Gateways, GatewayState{
			ID: g.ID, HeardAt: g.HeardAt, SilentSince: g.SilentSince, EverySeconds: int64(g.Every / time.Second),
			Version: g.Version, Dwellings: g.Dwellings, Faults: g.Faults, ClockDiffersSeconds: int64(g.ClockAhead / time.Second),
		})
	}
	return writeJSON(w, list)
}
