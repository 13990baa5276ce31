package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
)

// memoryVersion names the shape of what a decoder remembers, and stateVersion that of
// a checkpoint. A checkpoint of another shape is not read; the journal is folded from its
// beginning instead.
const (
	memoryVersion = "gateway/2"
	stateVersion  = memoryVersion + " " + rules.Version
)

// checkpointState is what a checkpoint holds: the fold, as JSON.
type checkpointState struct {
	Decoder    json.RawMessage         `json:"decoder"`
	Supervisor json.RawMessage         `json:"supervisor"`
	States     map[string]*rules.State `json:"states"`
	ClockSetAt time.Time               `json:"clock_set_at,omitzero"`
}

// save writes the fold down so that a start need not fold weeks of messages.
func (f *fold) save() ([]byte, error) {
	decoder, err := json.Marshal(f.decoder)
	if err != nil {
		return nil, fmt.Errorf("write down what the decoder knows: %w", err)
	}
	supervisor, err := json.Marshal(f.supervisor)
	if err != nil {
		return nil, fmt.Errorf("write down when the sensors were heard: %w", err)
	}
	state, err := json.Marshal(checkpointState{Decoder: decoder, Supervisor: supervisor, States: f.states, ClockSetAt: f.clockSetAt})
	if err != nil {
		return nil, fmt.Errorf("write down the rule states: %w", err)
	}
	return state, nil
}

// load takes over what save wrote.
func (f *fold) load(saved []byte) error {
	var c checkpointState
	if err := json.Unmarshal(saved, &c); err != nil {
		return fmt.Errorf("read the checkpoint: %w", err)
	}
	if err := json.Unmarshal(c.Decoder, f.decoder); err != nil {
		return fmt.Errorf("read the checkpoint of the decoder: %w", err)
	}
	if err := json.Unmarshal(c.Supervisor, f.supervisor); err != nil {
		return fmt.Errorf("read the checkpoint of the supervision: %w", err)
	}
	f.clockSetAt = c.ClockSetAt
	for id, state := range c.States {
		// A dwelling that is no longer in the configuration must not raise an
		// alarm because nothing is heard of it.
		if _, watched := f.states[id]; watched {
			f.states[id] = state
		}
	}
	return nil
}

// salvage takes out of a checkpoint that cannot be gone on from what the journal
// may hold no more: which detectors were tested, perhaps a year ago.
func (f *fold) salvage(saved []byte) {
	var c checkpointState
	if err := json.Unmarshal(saved, &c); err != nil && c.Decoder == nil {
		return
	}
	for _, test := range sensors.TestsIn(c.Decoder) {
		f.heard(f.decoder.Enrol(test), "", test.Heard) // what follows from it is told by the journal
	}
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
