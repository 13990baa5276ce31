package sensors

import (
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// Forget drops what the decoder remembers of every dwelling but those in kept, and
// what it remembers of no dwelling in particular: a topic that belongs to nobody may
// have been a forgotten resident's, and is told of again when it is heard again. The
// memory of an ecosystem goes with its dwelling: a Decoder that is made without the
// dwelling does not take it over (UnmarshalJSON).
func (d *Decoder) Forget(kept []string) {
	gone := func(dwelling string) bool { return !slices.Contains(kept, dwelling) }
	maps.DeleteFunc(d.standing, func(_ string, f ucare.Fault) bool { return gone(f.Dwelling) })
	maps.DeleteFunc(d.owners, func(dwelling string, _ map[string]string) bool { return gone(dwelling) })
	maps.DeleteFunc(d.sensors, func(dwelling string, _ map[string]*SensorState) bool { return gone(dwelling) })
	clear(d.strays)
	maps.DeleteFunc(d.bridges.heard, func(base string, _ bool) bool { return !d.bridges.expects(base) })
}

// expects reports whether the base topic is configured.
func (b *bridges) expects(base string) bool {
	return slices.ContainsFunc(b.expected, func(e bridge) bool { return e.base == strings.TrimSuffix(base, "/") })
}
