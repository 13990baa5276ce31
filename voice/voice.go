// Package voice is what the gateway says in the home: that an alarm is open or
// that the resident is being asked, what does not work, what a siren should do
// and a speaker say. docs/home-topics.md lists it, topic by topic.
//
// A Voice is shown what holds in each dwelling (Show) and what has just happened
// (Decided, Acknowledged). Through each broker a Teller passes that on, in the
// background, so that a broker that is away delays neither an alarm nor another
// broker. It tells what holds by then, so that nothing piles up, and lets the
// broker keep it for whoever listens later. Home Assistant finds the gateway by an
// announcement that is told in the same way.
//
// The package knows no MQTT library and no rule: how to publish comes with each
// Broker, and what holds is handed over as plain data.
package voice

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
)

// A State is what holds in one dwelling, as far as the home is told.
type State struct {
	Alarms    []ucare.Alarm   // open
	PreAlarms []PreAlarm      // that run
	Concerns  []ucare.Concern // that stand, drills included
	Away      Away
	LastSign  time.Time // of life; zero: none is known
}

// A PreAlarm is that the resident is being asked.
type PreAlarm struct {
	Rule  ucare.Rule
	Room  string
	Since time.Time // when it was first asked
	Drill bool
}

// Away is that the resident has gone out.
type Away struct {
	Since time.Time // zero: at home
	Until time.Time // when it ends by itself
}

// Config is what a Voice is made of.
type Config struct {
	Homes []Home
	// Status is a topic on which the gateway says beside the homes' own StatusTopic
	// that it is online; "": on those only. A broker publishes one last will for a
	// client: it is for the only home's StatusTopic, or for this one.
	Status string
	// Faults gives what does not work now, in the homes and in the gateway, the
	// oldest first. It may be called by several goroutines at once.
	Faults func() []ucare.Fault
	// TopicsFile is where it is written down on which topics brokers keep something,
	// so that a later run can take back what is no longer told; "": they keep it.
	TopicsFile string
	Logger     *slog.Logger
}

// A Voice holds the last word about each dwelling, and has tellers that pass it
// on. Whoever shows it something never waits for a broker: a teller reads what
// holds when it comes round to it.
type Voice struct {
	homes   []Home
	status  string // a topic beside those of the homes, or ""
	faults  func() []ucare.Fault
	logger  *slog.Logger
	tellers []*Teller // set before anything runs
	retired *retired

	mu     sync.Mutex
	states map[string]State // what holds; empty before anything was shown
	round  int              // grows when everything has to be told again
}

// New returns a Voice that has no broker yet.
func New(c Config) *Voice {
	v := &Voice{status: c.Status, faults: c.Faults, logger: c.Logger, states: make(map[string]State)}
	for _, h := range c.Homes {
		availability := []string{StatusTopic(h.Dwelling)}
		if c.Status != "" {
			availability = append(availability, c.Status)
		}
		h.announcement = h.discovery(availability...)
		v.homes = append(v.homes, h)
	}
	v.retired = newRetired(c.TopicsFile, v.topics(), c.Logger)
	return v
}

// Through gives the Voice a broker to speak through. It is called before anything
// runs; the Teller says nothing before its Run.
func (v *Voice) Through(b Broker) *Teller {
	t := newTeller(b, v)
	v.tellers = append(v.tellers, t)
	v.retired.tellers++
	return t
}

// Show takes over what holds in some dwellings. It is told within a second, or at
// once with Wake.
func (v *Voice) Show(states map[string]State) {
	for _, s := range states {
		slices.SortFunc(s.Alarms, ucare.MoreUrgent)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	maps.Copy(v.states, states)
}

// Wake lets the tellers look at once what is new. It never blocks.
func (v *Voice) Wake() {
	for _, t := range v.tellers {
		t.nudge()
	}
}

// Again lets everything be told once more: somebody has begun to listen.
func (v *Voice) Again() {
	v.mu.Lock()
	v.round++
	v.mu.Unlock()
	v.Wake()
}

// Greets reports whether the message is Home Assistant saying that it has started:
// then it knows nothing of us until it is told.
func (v *Voice) Greets(topic string, payload []byte) bool {
	prefix, is := strings.CutSuffix(topic, "/status")
	if !is || string(payload) != Online {
		return false
	}
	return slices.ContainsFunc(v.homes, func(h Home) bool { return slices.Contains(h.Prefixes, prefix) })
}

// now is what holds in the dwelling, whether anything is known of it, and the
// round of telling.
func (v *Voice) now(dwelling string) (state State, known bool, round int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	state, known = v.states[dwelling]
	return state, known, v.round
}

// topics are all on which brokers keep something of us.
func (v *Voice) topics() []string {
	var all []string
	if v.status != "" {
		all = append(all, v.status)
	}
	for _, h := range v.homes {
		all = append(all, h.topics()...)
	}
	return all
}
