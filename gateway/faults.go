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

// loggedMost bounds how many faults of one code are logged within loggedWithin:
// somebody who makes up names must not fill the disk with them. The list and the
// metrics have them all the same.
const (
	loggedMost   = 50
	loggedWithin = time.Minute
)

// Faults are the technical conditions that hold now, each once however often
// it was seen. It is safe for use by many goroutines.
type Faults struct {
	mu       sync.Mutex
	standing map[string]ucare.Fault
	logged   map[ucare.FaultCode]logged
	logger   *slog.Logger
	onChange func(f ucare.Fault, active bool)
}

// logged counts what was logged of one code.
type logged struct {
	since time.Time
	lines int
}

// newFaults returns an empty set. onChange, which may be nil, hears each
// condition once when it begins and once when it ends, outside any lock.
func newFaults(logger *slog.Logger, onChange func(ucare.Fault, bool)) *Faults {
	return &Faults{standing: make(map[string]ucare.Fault), logged: make(map[ucare.FaultCode]logged), logger: logger, onChange: onChange}
}

// Set notes that a condition began or ended. A condition that already stands
// keeps its beginning and takes over the newest detail.
func (s *Faults) Set(f ucare.Fault, active bool) {
	if f.Since.IsZero() {
		f.Since = time.Now()
	}
	s.mu.Lock()
	old, stands := s.standing[f.Key()]
	var dropped []ucare.Fault
	switch {
	case active && stands:
		old.Detail = cmp.Or(f.Detail, old.Detail)
		s.standing[f.Key()] = old
	case active:
		dropped = s.makeRoom(f.Code)
		s.standing[f.Key()] = f
	default:
		delete(s.standing, f.Key())
	}
	changed := active != stands
	log := changed && s.mayLog(f.Code, time.Now())
	s.mu.Unlock()
	for _, d := range dropped {
		s.tell(d, false)
	}
	if log {
		s.log(f, active)
	}
	if changed {
		s.tell(f, active)
	}
}

// mayLog counts another line about a code, and reports whether it is not one too many.
func (s *Faults) mayLog(code ucare.FaultCode, now time.Time) bool {
	l := s.logged[code]
	if now.Sub(l.since) >= loggedWithin {
		l = logged{since: now}
	}
	l.lines++
	s.logged[code] = l
	if l.lines == loggedMost+1 {
		s.logger.Warn("more faults of this code are not logged for a minute; the list of faults has them", "code", code)
	}
	return l.lines <= loggedMost
}

func (s *Faults) log(f ucare.Fault, active bool) {
	if active {
		s.logger.Warn("fault", "code", f.Code, "dwelling", f.Dwelling, "subject", f.Subject, "detail", f.Detail)
	} else {
		s.logger.Info("fault cleared", "code", f.Code, "dwelling", f.Dwelling, "subject", f.Subject)
	}
}

func (s *Faults) tell(f ucare.Fault, active bool) {
	if s.onChange != nil {
		s.onChange(f, active)
	}
}

// makeRoom drops the oldest condition of the given code when the set is full,
// and returns it.
func (s *Faults) makeRoom(code ucare.FaultCode) (dropped []ucare.Fault) {
	if len(s.standing) < maxFaults {
		return nil
	}
	var oldest string
	for key, f := range s.standing {
		if f.Code == code && (oldest == "" || f.Since.Before(s.standing[oldest].Since)) {
			oldest = key
		}
	}
	if f, found := s.standing[oldest]; found {
		delete(s.standing, oldest)
		dropped = append(dropped, f)
	}
	return dropped
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
