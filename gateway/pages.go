package gateway

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/caregiver"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors"
)

// A board holds the watch's last word about each dwelling. The watch writes it
// now and then; pages read it and never wait for the watch.
type board struct {
	dwellings []ucare.Dwelling
	faults    *Faults
	said      atomic.Pointer[map[string]caregiver.Snapshot]
}

var _ caregiver.Watch = (*board)(nil)

// Dwellings that are watched.
func (b *board) Dwellings() []ucare.Dwelling { return b.dwellings }

// Now is what holds in a dwelling, as the watch last said.
func (b *board) Now(dwelling string) caregiver.Snapshot {
	var s caregiver.Snapshot
	if said := b.said.Load(); said != nil {
		s = (*said)[dwelling]
	}
	s.Faults = b.faults.Standing(dwelling)
	return s
}

// show puts up what the watch knows. It is called by the watch.
func (b *board) show(f *fold, open map[string]ucare.Alarm) {
	said := make(map[string]caregiver.Snapshot)
	for id, state := range f.states {
		last := state.Silence
		said[id] = caregiver.Snapshot{LastSign: caregiver.Sign{At: last.Last, Room: last.Room}}
	}
	for _, s := range f.decoder.Sensors() {
		snapshot := said[s.Dwelling]
		snapshot.Sensors = append(snapshot.Sensors, sensorForPage(s))
		said[s.Dwelling] = snapshot
	}
	for _, a := range open {
		snapshot := said[a.Dwelling]
		snapshot.Alarms = append(snapshot.Alarms, a)
		said[a.Dwelling] = snapshot
	}
	b.said.Store(&said)
}

func sensorForPage(s sensors.SensorState) caregiver.SensorState {
	out := caregiver.SensorState{
		Sensor: s.ID, Room: s.Room, Kinds: s.Kinds, Model: s.Model, LastHeard: s.LastHeard,
		Battery: s.Last[ucare.Battery].State, Reachable: s.Last[ucare.Link].State,
	}
	for _, kind := range slices.SortedFunc(maps.Keys(s.Last), cmp.Compare) {
		r := s.Last[kind]
		out.Says = append(out.Says, caregiver.Saying{Kind: kind, At: r.At, State: r.State, Value: r.Value, Unit: r.Unit})
	}
	return out
}

// past is what the caregiver's page shows of the days: alarms from the journal,
// readings from the history.
type past struct {
	journal *journal.Journal
	history *memory
}

var _ caregiver.Past = past{}

// Alarms of the dwelling raised in that time.
func (p past) Alarms(ctx context.Context, dwelling string, from, to time.Time) ([]ucare.Alarm, error) {
	return p.journal.Alarms(ctx, dwelling, from, to)
}

// Readings of the dwelling in that time.
func (p past) Readings(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return p.history.Between(ctx, dwelling, from, to)
}
