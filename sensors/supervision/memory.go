package supervision

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/ucare-project/ucare"
)

// homeJSON is the form in which a home is kept.
type homeJSON struct {
	Voice    voice              `json:"voice,omitzero"`
	Sensors  map[string]*sensor `json:"sensors,omitempty"`
	Bridges  []*bridge          `json:"bridges,omitempty"`
	Active   activity           `json:"active,omitzero"`
	Standing []ucare.Fault      `json:"standing,omitempty"`
}

// supervisorJSON is the form in which it all is kept.
type supervisorJSON struct {
	Due   instant             `json:"due,omitempty"`
	Homes map[string]homeJSON `json:"homes"`
}

// MarshalJSON writes the memory.
func (s *Supervisor) MarshalJSON() ([]byte, error) {
	all := supervisorJSON{Due: s.due, Homes: make(map[string]homeJSON, len(s.homes))}
	for id, h := range s.homes {
		w := homeJSON{Voice: h.voice, Sensors: h.sensors, Active: h.active, Standing: h.told()}
		for _, base := range sortedKeys(h.bridges) {
			w.Bridges = append(w.Bridges, h.bridges[base])
		}
		all.Homes[id] = w
	}
	return json.Marshal(all)
}

// UnmarshalJSON takes the memory that MarshalJSON wrote. What is not in the
// configuration any more is forgotten: dwellings, and sensors that never spoke.
func (s *Supervisor) UnmarshalJSON(data []byte) error {
	var all supervisorJSON
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("the memory of supervision: %w", err)
	}
	s.due = 0
	clear(s.bases)
	for id, w := range all.Homes {
		if h := s.homes[id]; h != nil {
			h.take(w)
			s.due = all.Due
		}
	}
	return nil
}

// take takes over what was kept.
func (h *home) take(w homeJSON) {
	h.voice, h.active = w.Voice, w.Active
	h.sensors, h.bridges, h.standing = map[string]*sensor{}, map[string]*bridge{}, map[condition]ucare.Fault{}
	for id, s := range w.Sensors {
		// A sensor of a configuration that has changed since is not missed.
		if s != nil && (s.Heard != 0 || s.Found || slices.Contains(h.configured, id)) {
			h.sensors[id] = s
		}
	}
	for _, b := range w.Bridges {
		if b != nil {
			h.bridges[b.Base] = b
			h.learn(b)
		}
	}
	h.expect()
	for _, f := range w.Standing {
		if f.Subject == "" || h.sensors[f.Subject] != nil || h.bridges[f.Subject] != nil {
			h.standing[condition{f.Code, f.Subject}] = f
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), cmp.Compare[string])
}
