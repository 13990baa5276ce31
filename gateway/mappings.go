package gateway

import (
	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/sensors/mapping"
)

// mappingsOf are the mappings of each dwelling, the ready ones written out.
func mappingsOf(c *configs.Gateway) map[string][]mapping.Entry {
	all := make(map[string][]mapping.Entry)
	for i, d := range c.Dwellings {
		for _, m := range c.MappingsInForce(i) {
			all[d.ID] = append(all[d.ID], mappingOf(m))
		}
	}
	return all
}

func mappingOf(m configs.MappingInForce) mapping.Entry {
	e := mapping.Entry{
		Ready: m.Ready, Base: m.Base, Topics: m.Topic.Strings(), ListedOnly: m.ListedOnly,
		Each: m.Each, Path: m.Path, At: m.At,
		Kind: ucare.Kind(m.Kind), Room: m.Room, Sensor: m.Sensor, Model: m.Model,
		On: m.On.Strings(), Off: m.Off.Strings(), Drill: m.Drill.Strings(), SaysNothing: m.SaysNothing.Strings(), FoldCase: m.FoldCase,
		Unit: m.Unit, Scale: float64(m.Scale),
		Event: m.Event, ClearAfter: m.ClearAfter, Repeats: m.Repeats, Fresh: m.Fresh,
		Bridge: m.Bridge, NeedsMapping: m.NeedsMapping,
	}
	for _, w := range m.When {
		e.When = append(e.When, mapping.Condition{Path: w.Path, Is: w.Is.Strings(), IsNot: w.IsNot.Strings()})
	}
	return e
}

// quietOf are the filters of what the ready mappings know to be of no interest.
func quietOf(c *configs.Gateway) []string {
	var all []string
	for i := range c.Dwellings {
		all = append(all, c.QuietTopics(i)...)
	}
	return all
}
