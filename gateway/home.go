package gateway

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// A homeState is what holds in one dwelling, as far as the home is told.
type homeState struct {
	alarms   []ucare.Alarm // open, the first one is the one to tell of
	pending  []rules.Pending
	away     rules.AwayState
	lastSign time.Time
}

// homes hold the watch's last word about each dwelling, and the voices that tell
// the home about it. The watch writes and never waits for a voice: a voice reads
// what holds when it comes round to it.
type homes struct {
	tellers []teller // of the dwellings
	faults  *Faults
	logger  *slog.Logger
	voices  []*voice // set before anything runs
	retired retired

	mu     sync.Mutex
	states map[string]homeState // what holds; empty before the watch has spoken
	round  int                  // grows when everything has to be told again
}

func newHomes(tellers []teller, faults *Faults, logger *slog.Logger) *homes {
	return &homes{tellers: tellers, faults: faults, logger: logger, states: make(map[string]homeState)}
}

// show takes over what the watch knows of some dwellings, or of all when none is
// given, and wakes the voices.
func (h *homes) show(f *fold, open map[string]ucare.Alarm, dwellings ...string) {
	wanted := func(dwelling string) bool { return len(dwellings) == 0 || slices.Contains(dwellings, dwelling) }
	said := make(map[string]homeState)
	for id, state := range f.states {
		if wanted(id) {
			said[id] = homeState{pending: state.Pending(), away: state.Away, lastSign: state.Silence.Last}
		}
	}
	for _, a := range open {
		if wanted(a.Dwelling) {
			state := said[a.Dwelling]
			state.alarms = append(state.alarms, a)
			said[a.Dwelling] = state
		}
	}
	h.mu.Lock()
	for id, state := range said {
		slices.SortFunc(state.alarms, toldFirst)
		h.states[id] = state
	}
	h.mu.Unlock()
	if len(dwellings) > 0 { // otherwise it is the regular look, and the voices have their own
		h.wake()
	}
}

// toldFirst orders alarms for the home: a real one before a drill, then by
// urgency, then by age.
func toldFirst(a, b ucare.Alarm) int {
	if a.Drill != b.Drill {
		if a.Drill {
			return +1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(a.Rule.Priority(), b.Rule.Priority()), a.RaisedAt.Compare(b.RaisedAt), cmp.Compare(a.ID, b.ID))
}

// again lets the voices tell everything once more: somebody has begun to listen.
func (h *homes) again() {
	h.mu.Lock()
	h.round++
	h.mu.Unlock()
	h.wake()
}

func (h *homes) wake() {
	for _, v := range h.voices {
		v.nudge()
	}
}

// now is what holds in the dwelling, whether anything is known of it, and the
// round of telling.
func (h *homes) now(dwelling string) (state homeState, known bool, round int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	state, known = h.states[dwelling]
	return state, known, h.round
}

// speakThrough gives the homes a voice on each broker.
func (h *homes) speakThrough(ways ...way) {
	h.retired.voices = len(ways)
	for _, w := range ways {
		h.voices = append(h.voices, newVoice(w, h))
	}
}

// greets reports whether the message is Home Assistant saying that it has started:
// then it knows nothing of us until it is told.
func (h *homes) greets(topic string, payload []byte) bool {
	prefix, is := strings.CutSuffix(topic, "/status")
	if !is || string(payload) != online {
		return false
	}
	return slices.ContainsFunc(h.tellers, func(t teller) bool { return slices.Contains(t.prefixes, prefix) })
}

// about are the dwellings that decisions are about.
func about(decisions []ucare.Decision) []string {
	var ids []string
	for _, d := range decisions {
		if !slices.Contains(ids, d.Dwelling) {
			ids = append(ids, d.Dwelling)
		}
	}
	return ids
}
