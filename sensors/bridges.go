package sensors

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// bridgeSilent is for how long other things may be heard before a bridge of
// which nothing came is a fault. What a bridge retains comes within seconds of
// subscribing, so a wrong base topic shows within this time.
const bridgeSilent = 10 * time.Minute

// bridges watches for base topics on which nothing was ever heard: most of
// them are misspelt. There is no clock here, so it takes a message from
// somewhere else to notice.
type bridges struct {
	expected []bridge
	since    time.Time       // the first message of all
	heard    map[string]bool // by base topic; false: told as a fault
}

// A bridge is one base topic of a dwelling.
type bridge struct{ dwelling, base string }

// bridges are the configured base topics, the longer ones first: one may lie
// inside another.
func (c Config) bridges() []bridge {
	var all []bridge
	for _, home := range c.Dwellings {
		for _, base := range slices.Concat(home.Zigbee2MQTT, home.ZWaveJS) {
			if !slices.Contains(home.Assumed, base) {
				all = append(all, bridge{dwelling: home.Dwelling, base: strings.TrimSuffix(base, "/")})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b bridge) int { return cmp.Compare(len(b.base), len(a.base)) })
	return all
}

// listen takes note of a message.
func (b *bridges) listen(m Message) (began, ended []ucare.Fault) {
	if b.since.IsZero() {
		b.since = m.At
	}
	own := slices.IndexFunc(b.expected, func(e bridge) bool { return strings.HasPrefix(m.Topic, e.base+"/") })
	for i, e := range b.expected {
		heard, told := b.heard[e.base]
		switch {
		case heard:
		case i == own:
			b.heard[e.base] = true
			if told {
				ended = append(ended, e.silent(m.At))
			}
		case !told && m.At.Sub(b.since) >= bridgeSilent:
			b.heard[e.base] = false
			began = append(began, e.silent(m.At))
		}
	}
	return began, ended
}

// silent is the fault that the bridge's own word, once it is heard, ends too.
func (e bridge) silent(at time.Time) ucare.Fault {
	return ucare.Fault{
		Code: ucare.FaultBridge, Subject: e.base, Dwelling: e.dwelling, Since: at,
		Detail: fmt.Sprintf("nothing was ever heard on %s/#: is the base topic right, and may we subscribe to it?", e.base),
	}
}

// bridgesJSON is the form in which it is kept.
type bridgesJSON struct {
	Since time.Time       `json:"since,omitzero"`
	Heard map[string]bool `json:"heard,omitempty"`
}

func (b *bridges) kept() bridgesJSON { return bridgesJSON{Since: b.since, Heard: b.heard} }

// take takes over what was kept.
func (b *bridges) take(kept bridgesJSON) {
	b.since, b.heard = kept.Since, maps.Clone(kept.Heard)
	if b.heard == nil {
		b.heard = map[string]bool{}
	}
}
