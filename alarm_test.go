package ucare

import (
	"slices"
	"testing"
	"time"
)

func TestTheMostUrgentAlarmComesFirst(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	alarm := func(id string, rule Rule, after time.Duration, more ...func(*Alarm)) Alarm {
		a := Alarm{ID: id, Rule: rule, RaisedAt: at.Add(after)}
		for _, m := range more {
			m(&a)
		}
		return a
	}
	seen := func(a *Alarm) { a.AcknowledgedAt = at.Add(time.Hour) }
	over := func(a *Alarm) { a.RestoredAt = at.Add(time.Hour) }
	drill := func(a *Alarm) { a.Drill = true }
	want := []Alarm{
		alarm("fire, unseen", Fire, 9*time.Minute),
		alarm("fire, unseen, younger", Fire, 10*time.Minute),
		alarm("fire, seen", Fire, 0, seen),
		alarm("help, unseen", Help, 8*time.Minute),
		alarm("help, seen", Help, 0, seen),
		alarm("quiet, unseen", Inactivity, 7*time.Minute),
		alarm("fire, over", Fire, 0, over),
		alarm("fire, over and seen", Fire, 0, over, seen),
		alarm("drill of fire", Fire, 0, drill),
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, MoreUrgent)
	for i := range want {
		if got[i].ID != want[i].ID {
			t.Errorf("place %d has %q, want %q", i+1, got[i].ID, want[i].ID)
		}
	}
}
