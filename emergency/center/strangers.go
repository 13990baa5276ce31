package center

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	mostStrangers    = 20        // that are remembered
	strangersShown   = 5         // on the page
	strangerInsists  = 3         // so many refusals make a stranger worth showing
	strangerPeriod   = time.Hour // after its last refusal it is forgotten
	strangerLogEvery = time.Minute
	newStrangerEvery = time.Second // a flood of made-up ids cannot wash away the others
	longestStranger  = 64          // characters of an id
)

// A stranger is a sender that was refused, by the id it gave itself: a gateway
// that nobody entered here, one with a wrong secret, or somebody else. Nothing
// it says is believed; an operator learns that it tries.
type stranger struct {
	ID          string
	First, Last time.Time
	Count       int
	// Ours says that the id is one of our gateways': its secret is wrong, or it
	// is somebody else. Made-up ids do not take its place.
	Ours     bool
	loggedAt time.Time
}

// strangers remembers a few of them, in memory.
type strangers struct {
	mu    sync.Mutex
	byID  map[string]*stranger
	newAt time.Time // when the last one was added
}

// refused notes a refusal and reports whether it is worth a line in the log.
func (s *strangers) refused(id string, ours bool, now time.Time) (log bool) {
	id = printable(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.byID, func(_ string, k *stranger) bool { return now.Sub(k.Last) > strangerPeriod })
	k := s.byID[id]
	if k == nil {
		if k = s.admit(id, ours, now); k == nil {
			return false
		}
	}
	k.Last = now
	k.Count++
	if log = now.Sub(k.loggedAt) >= strangerLogEvery; log {
		k.loggedAt = now
	}
	return log
}

// admit makes room for one more; nil when there is none.
func (s *strangers) admit(id string, ours bool, now time.Time) *stranger {
	if !ours && now.Sub(s.newAt) < newStrangerEvery {
		return nil
	}
	if len(s.byID) >= mostStrangers {
		least := slices.MinFunc(slices.Collect(maps.Values(s.byID)), lessWorth)
		if least.Ours && !ours {
			return nil
		}
		delete(s.byID, least.ID)
	}
	if !ours {
		s.newAt = now
	}
	if s.byID == nil {
		s.byID = make(map[string]*stranger)
	}
	s.byID[id] = &stranger{ID: id, First: now, Ours: ours}
	return s.byID[id]
}

// verified: it was one of ours, and is put right.
func (s *strangers) verified(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, printable(id))
}

// insistent returns those that keep trying, ours and the most frequent first.
func (s *strangers) insistent(now time.Time) []stranger {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []stranger
	for _, k := range s.byID {
		if k.Count >= strangerInsists && now.Sub(k.Last) <= strangerPeriod {
			all = append(all, *k)
		}
	}
	slices.SortFunc(all, func(a, b stranger) int { return lessWorth(&b, &a) })
	return all
}

func lessWorth(a, b *stranger) int {
	return cmp.Or(compareBool(a.Ours, b.Ours), cmp.Compare(a.Count, b.Count), a.Last.Compare(b.Last), strings.Compare(a.ID, b.ID))
}

// printable makes a stranger's text harmless to read.
func printable(id string) string {
	runes := []rune(id[:min(len(id), 4*longestStranger)])
	if len(runes) > longestStranger {
		runes = append(runes[:longestStranger], '…')
	}
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = '�'
		}
	}
	return string(runes)
}

func (c *Center) strangerTexts(n narrator) []string {
	var said []string
	all := c.strangers.insistent(n.now)
	for _, k := range all[:min(len(all), strangersShown)] {
		said = append(said, n.Say("sender_refused", "id", k.ID, "n", k.Count, "first", n.moment(k.First).Text, "last", n.moment(k.Last).Text))
	}
	return said
}
