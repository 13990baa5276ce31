package gateway

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
)

// maxFaults bounds how many conditions are kept, so that a flood of different
// bad topics cannot fill the memory. The oldest of the most common code goes first.
const maxFaults = 1000

// Faults are the technical conditions that hold now, each once however often
// it was seen. It is safe for use by many goroutines.
type Faults struct {
	mu       sync.Mutex
	standing map[string]ucare.Fault
	logger   *slog.Logger
	onChange func(f ucare.Fault, active bool)
}

// newFaults returns an empty set. onChange, which may be nil, hears each
// condition once when it begins and once when it ends, outside any lock.
func newFaults(logger *slog.Logger, onChange func(ucare.Fault, bool)) *Faults {
	return &Faults{standing: make(map[string]ucare.Fault), logger: logger, onChange: onChange}
}

// Set notes that a condition began or ended. A condition that already stands
// keeps its beginning and takes over the newest detail.
func (s *Faults) Set(f ucare.Fault, active bool) {
	if f.Since.IsZero() {
		f.Since = time.Now()
	}
	s.mu.Lock()
	old, stands := s.standing[f.Key()]
	switch {
	case active && stands:
		old.Detail = cmp.Or(f.Detail, old.Detail)
		s.standing[f.Key()] = old
	case active:
		s.makeRoom(f.Code)
		s.standing[f.Key()] = f
	default:
		delete(s.standing, f.Key())
	}
	s.mu.Unlock()
	if active == stands {
		return
	}
	s.tell(f, active)
}

func (s *Faults) tell(f ucare.Fault, active bool) {
	if active {
		s.logger.Warn("fault", "code", f.Code, "dwelling", f.Dwelling, "subject", f.Subject, "detail", f.Detail)
	} else {
		s.logger.Info("fault cleared", "code", f.Code, "dwelling", f.Dwelling, "subject", f.Subject)
	}
	if s.onChange != nil {
		s.onChange(f, active)
	}
}

// makeRoom drops the oldest condition of the given code when the set is full.
func (s *Faults) makeRoom(code ucare.FaultCode) {
	if len(s.standing) < maxFaults {
		return
	}
	var oldest string
	for key, f := range s.standing {
		if f.Code == code && (oldest == "" || f.Since.Before(s.standing[oldest].Since)) {
			oldest = key
		}
	}
	delete(s.standing, oldest)
}

// Standing returns the conditions that hold now, oldest first. An empty
// dwelling asks for all of them; otherwise those of the dwelling and those
// that belong to no dwelling. What is silent only because we cannot hear is not
// among them.
func (s *Faults) Standing(dwelling string) []ucare.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	deaf := s.deaf()
	var out []ucare.Fault
	for _, f := range s.standing {
		if deaf && isSilence(f.Code) {
			continue
		}
		if dwelling == "" || f.Dwelling == "" || f.Dwelling == dwelling {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b ucare.Fault) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Key(), b.Key()))
	})
	return out
}

// deaf reports whether it is told that the household's broker is away or lets us
// hear nothing. The fold does not know before it is over.
func (s *Faults) deaf() bool {
	for _, f := range s.standing {
		if f.Code == ucare.FaultBrokerDown || f.Code == ucare.FaultBrokerDeaf {
			return true
		}
	}
	return false
}

// isSilence reports whether a condition is that nothing comes from a sensor.
func isSilence(code ucare.FaultCode) bool {
	switch code {
	case ucare.FaultSilent, ucare.FaultRadio, ucare.FaultHomeQuiet, ucare.FaultNeverTriggers:
		return true
	default:
		return false
	}
}
