package center

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// Reports overtake each other; the case is the same in the end.
func TestEveryOrderOfReportsMakesTheSameCase(t *testing.T) {
	first, second, restore := smoke("a1", ucare.Raise, 1), smoke("a1", ucare.Raise, 2), smoke("a1", ucare.Restore, 1)
	second.Alarm.Because = append(second.Alarm.Because, ucare.Evidence{Fact: ucare.FactPressed})
	restore.Alarm.RestoredAt = onset.Add(5 * time.Minute)
	restore.Alarm.Because = []ucare.Evidence{{Fact: ucare.FactCleared}}
	confirm := smoke("a1", ucare.Confirm, 1)
	confirm.Alarm.Confirmed = 1
	confirm.Alarm.Because = append(second.Alarm.Because, ucare.Evidence{Fact: ucare.FactDetected, Sensor: "heat-1"})
	first.Texts = map[string]string{"en": "Raised: smoke."}
	second.Texts, confirm.Texts = first.Texts, map[string]string{"en": "Confirmed: smoke."}
	var want Case
	for n, order := range permutations([]emergency.Report{first, second, restore, confirm}) {
		var c Case
		for i, r := range order {
			c.apply(r, onset.Add(time.Duration(i)*time.Second), "centre", 0)
		}
		if !c.open() || c.RaiseReceivedAt.IsZero() {
			t.Errorf("order %d: not an open, raised case: %+v", n, c)
		}
		c.RaiseReceivedAt = time.Time{} // the only thing that the order may change
		if n == 0 {
			want = c
		}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("order %d:\n%+v\nwant\n%+v", n, c, want)
		}
	}
	if want.Rounds != 2 || want.Raises != 2 || !want.Alarm.RestoredAt.Equal(onset.Add(5*time.Minute)) || len(want.Alarm.Because) != 3 ||
		want.Alarm.Confirmed != 1 || want.ConfirmedAt.IsZero() || want.Texts["en"] != "Raised: smoke." {
		t.Errorf("%+v", want)
	}
}

func permutations[T any](of []T) [][]T {
	if len(of) <= 1 {
		return [][]T{of}
	}
	var all [][]T
	for i := range of {
		var rest []T
		rest = append(rest, of[:i]...)
		rest = append(rest, of[i+1:]...)
		for _, p := range permutations(rest) {
			all = append(all, append([]T{of[i]}, p...))
		}
	}
	return all
}

func TestARestoreWithoutItsRaiseIsOpenAndACancelIsNot(t *testing.T) {
	var restored, cancelled Case
	restored.apply(smoke("a1", ucare.Restore, 1), onset, "centre", 0)
	cancelled.apply(smoke("a1", ucare.Cancel, 1), onset, "centre", 0)
	if !restored.open() || restored.Alarm.RestoredAt.IsZero() {
		t.Errorf("%+v", restored)
	}
	if cancelled.open() || cancelled.CancelledAt.IsZero() {
		t.Errorf("%+v", cancelled)
	}
	cancelled.apply(smoke("a1", ucare.Raise, 1), onset, "centre", 0)
	if !cancelled.open() {
		t.Error("a raise that came after its cancel is not shown")
	}
}

func TestAnotherReceiversAnswersAreNotOurs(t *testing.T) {
	r := smoke("a1", ucare.Raise, 2)
	r.Alarm.Answers = ucare.Answers{AcknowledgedAt: onset, AcknowledgedBy: "daughter", ClosedAt: onset, ReceivedBy: "elsewhere"}
	var c Case
	c.apply(r, onset.Add(time.Hour), "centre", 0)
	if want := (ucare.Answers{ReceivedAt: onset.Add(time.Hour), ReceivedBy: "centre"}); c.Alarm.Answers != want {
		t.Errorf("answers %+v, want %+v", c.Alarm.Answers, want)
	}
}

func TestTheFirstAnswerStands(t *testing.T) {
	var c Case
	c.apply(smoke("a1", ucare.Raise, 1), onset, "centre", 0)
	if !c.acknowledge("Kim", onset.Add(1)) || c.acknowledge("Lee", onset.Add(2)) || c.Alarm.AcknowledgedBy != "Kim" {
		t.Errorf("%+v", c.Alarm.Answers)
	}
	if !c.close("Lee", onset.Add(3), Steam, "shower") || c.close("Kim", onset.Add(4), Helped, "") {
		t.Errorf("%+v", c.Alarm.Answers)
	}
	if c.Alarm.ClosedBy != "Lee" || c.Alarm.Outcome != "false alarm: steam: shower" || c.Outcome != Steam || c.open() {
		t.Errorf("%+v", c)
	}
}

func TestWhatNobodyHasSeenComesFirstAndThenTheMostUrgent(t *testing.T) {
	of := func(id string, rule ucare.Rule, age time.Duration, drill bool) Case {
		return Case{Gateway: "gw", Alarm: ucare.Alarm{ID: id, Rule: rule, Onset: onset.Add(-age), Drill: drill}}
	}
	cases := []Case{
		of("quiet", ucare.Inactivity, 12*time.Hour, false), of("drill", ucare.Fire, time.Hour, true), of("fall", ucare.Fall, time.Hour, false),
		of("new fire", ucare.Fire, time.Minute, false), of("help", ucare.Help, 0, false), of("old fire", ucare.Fire, 2*time.Minute, false),
		of("seen fire", ucare.Fire, 3*time.Minute, false), of("seen fall", ucare.Fall, 3*time.Minute, false),
	}
	for i := range cases {
		if strings.HasPrefix(cases[i].Alarm.ID, "seen") {
			cases[i].acknowledge("Kim", onset)
		}
	}
	sortOpen(cases)
	var got []string
	for _, c := range cases {
		got = append(got, c.Alarm.ID)
	}
	if want := []string{"old fire", "new fire", "drill", "help", "fall", "quiet", "seen fire", "seen fall"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAConfirmationIsShownWithItsEvidence(t *testing.T) {
	s := openSite(t, testConfig(t))
	confirm := smoke("a1", ucare.Confirm, 1)
	confirm.Alarm.Confirmed = 1
	confirm.Alarm.Because = append(confirm.Alarm.Because, ucare.Evidence{Fact: ucare.FactDetected, At: onset, Room: "kitchen", Kind: ucare.Heat})
	s.sends(smoke("a1", ucare.Raise, 1))
	s.sends(confirm)
	for path, wants := range map[string][]string{
		"/": {"Confirmed by further evidence (1)", "heat detected"}, "/alarm?gateway=gw-1&alarm=a1": {"Confirm report 1 received", "Heat detected"},
	} {
		_, _, page := s.do(s.asKim(path, nil))
		for _, want := range wants {
			if !strings.Contains(strings.ToLower(page), strings.ToLower(want)) {
				t.Errorf("%s does not say %q: %s", path, want, page)
			}
		}
	}
}
