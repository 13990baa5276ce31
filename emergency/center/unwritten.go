package center

import (
	"slices"
	"sync"
)

// mostUnwritten bounds the memory that alarms take while the disk refuses.
const mostUnwritten = 10_000

// memoryCases are alarms that could not be written to disk. Operators see them
// all the same, marked as unsaved, until the gateway's next attempt is stored.
type memoryCases struct {
	mu    sync.Mutex
	cases map[caseKey]*memoryCase
}

type caseKey struct{ Gateway, Alarm string }

type memoryCase struct {
	Case
	reports []string // that are folded in: gateways repeat what has no receipt
}

func (m *memoryCases) keep(r received, receiver string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := caseKey{r.Gateway, r.Report.Alarm.ID}
	c, ok := m.cases[key]
	if !ok {
		if len(m.cases) >= mostUnwritten {
			return
		}
		c = &memoryCase{Case: Case{Gateway: r.Gateway, Unsaved: true}}
		if m.cases == nil {
			m.cases = make(map[caseKey]*memoryCase)
		}
		m.cases[key] = c
	}
	if slices.Contains(c.reports, r.Report.ID) {
		return
	}
	c.reports = append(c.reports, r.Report.ID)
	c.apply(r.Report, r.At, receiver, r.ClockAhead)
}

func (m *memoryCases) forget(gateway, alarm string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.cases, caseKey{gateway, alarm})
}

// besides returns the cases that are in memory and not among those from disk.
func (m *memoryCases) besides(stored []Case) []Case {
	m.mu.Lock()
	defer m.mu.Unlock()
	var more []Case
	for key, c := range m.cases {
		known := slices.ContainsFunc(stored, func(s Case) bool { return s.Gateway == key.Gateway && s.Alarm.ID == key.Alarm })
		if !known {
			more = append(more, c.Case)
		}
	}
	return more
}
