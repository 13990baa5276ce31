package gateway

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/caregiver"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
)

// A board holds the watch's last word about each dwelling. The watch writes it
// now and then; pages read it and never wait for the watch.
type board struct {
	dwellings []ucare.Dwelling
	faults    *Faults
	said      atomic.Pointer[map[string]lastWord]
}

// lastWord is what the watch last said of a dwelling.
type lastWord struct {
	sign     caregiver.Sign
	alarms   []ucare.Alarm
	concerns []ucare.Concern
	sensors  []sensors.SensorState
	// nuisances are how often a sensor raised an alarm for nothing.
	nuisances []rules.Nuisance
}

// falseAlarms is how often a sensor raised an alarm for nothing, whatever it reported.
func (w lastWord) falseAlarms(sensor string) (n int) {
	for _, nuisance := range w.nuisances {
		if nuisance.Sensor == sensor {
			n += nuisance.Count
		}
	}
	return n
}

var _ caregiver.Watch = (*board)(nil)

// Dwellings that are watched.
func (b *board) Dwellings() []ucare.Dwelling { return b.dwellings }

// Now is what holds in a dwelling, as the watch last said.
func (b *board) Now(dwelling string) caregiver.Snapshot {
	last := b.last(dwelling)
	s := caregiver.Snapshot{LastSign: last.sign, Alarms: last.alarms, Concerns: last.concerns, Faults: b.faults.Standing(dwelling)}
	for _, sensor := range last.sensors {
		shown := sensorForPage(sensor, s.Faults)
		shown.FalseAlarms = last.falseAlarms(sensor.ID)
		s.Sensors = append(s.Sensors, shown)
	}
	return s
}

func (b *board) last(dwelling string) lastWord {
	said := b.said.Load()
	if said == nil {
		return lastWord{}
	}
	return (*said)[dwelling]
}

// show puts up what the watch knows. It is called by the watch.
func (b *board) show(f *fold, open map[string]ucare.Alarm) {
	said := make(map[string]lastWord)
	for id, state := range f.states {
		last := state.Silence
		said[id] = lastWord{
			sign:     caregiver.Sign{At: last.Last, Room: last.Room},
			concerns: slices.Clone(state.Concerns.Open), nuisances: state.Nuisances(),
		}
	}
	for _, s := range f.decoder.Sensors() {
		if s.IsCommand() {
			continue // nothing that hangs on a wall
		}
		word := said[s.Dwelling]
		word.sensors = append(word.sensors, s)
		said[s.Dwelling] = word
	}
	for _, a := range open {
		word := said[a.Dwelling]
		word.alarms = append(word.alarms, a)
		said[a.Dwelling] = word
	}
	b.said.Store(&said)
}

// past is what the caregiver's page shows of the days: alarms from the journal,
// readings from the history.
type past struct {
	journal *journal.Journal
	history *history.Memory
}

var (
	_ caregiver.Past  = past{}
	_ caregiver.Diary = past{}
)

// Alarms of the dwelling raised in that time.
func (p past) Alarms(ctx context.Context, dwelling string, from, to time.Time) ([]ucare.Alarm, error) {
	return p.journal.Alarms(ctx, dwelling, from, to)
}

// settledWithin is how long after a day it is looked for what became of its concerns.
const settledWithin = 7 * 24 * time.Hour

// Concerns of the dwelling told in that time.
func (p past) Concerns(ctx context.Context, dwelling string, from, to time.Time) ([]caregiver.ToldConcern, error) {
	decisions, err := p.journal.Decisions(ctx, dwelling, from, to.Add(settledWithin))
	if err != nil {
		return nil, err
	}
	var told []caregiver.ToldConcern
	for _, d := range decisions {
		switch {
		case d.Verb == ucare.TellConcern && d.At.Before(to):
			told = append(told, caregiver.ToldConcern{Concern: ucare.Concern{
				Name: d.Alarm, Rule: d.Rule, Kind: d.Kind, Room: d.Room, Since: d.Onset, At: d.At, Dwelling: d.Dwelling,
				Because: d.Because, UnknownAge: d.UnknownAge, Drill: d.Drill,
			}})
		case d.Verb == ucare.Settled:
			for i := range told {
				if told[i].Name == d.Alarm {
					told[i].SettledAt = d.At
				}
			}
		}
	}
	return told, nil
}

// Readings of the dwelling in that time.
func (p past) Readings(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return p.history.Between(ctx, dwelling, from, to)
}

// Days of the dwelling, both dates included.
func (p past) Days(ctx context.Context, dwelling, from, to string) ([]activity.Day, error) {
	return p.history.Days(ctx, dwelling, from, to)
}
