package emergency_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func step(deadline time.Duration, receivers ...string) emergency.Step {
	return emergency.Step{Receivers: receivers, Deadline: deadline}
}

func policy() *emergency.Policy {
	return &emergency.Policy{
		SentBy:    "box-1",
		Dwellings: map[string]ucare.Dwelling{"kim": {ID: "kim", Account: "1234", Address: "12 Harbour Street"}},
		Routes: []emergency.Route{
			{ID: "others", Steps: []emergency.Step{step(time.Minute, "daughter")}},
			{ID: "fire", Rules: []ucare.Rule{ucare.Fire}, Steps: []emergency.Step{
				step(30*time.Second, "centre", "daughter"), step(time.Minute, "neighbour"),
			}},
		},
		Texts: func(v ucare.Verb, a ucare.Alarm) map[string]string {
			return map[string]string{"en": string(v) + " " + a.ID}
		},
	}
}

func TestTheFirstStepIsToldWithTheDecision(t *testing.T) {
	a := ucare.Alarm{ID: "a", Dwelling: "kim", Rule: ucare.Fire, Onset: noon, RaisedAt: noon}
	for verb, want := range map[ucare.Verb]string{
		ucare.Raise:     "a-raise-1 centre 1, a-raise-1 daughter 1",
		ucare.Restore:   "a-restore-1 centre 8, a-restore-1 daughter 8",
		ucare.Confirm:   "a-confirm-1 centre 7, a-confirm-1 daughter 7",
		ucare.Cancel:    "a-cancel-1 centre 8, a-cancel-1 daughter 8",
		ucare.PreAlarm:  "",
		ucare.TellFault: "",
	} {
		var got []string
		for _, d := range policy().First(a, verb, noon) {
			got = append(got, fmt.Sprintf("%s %s %d", d.Report, d.Receiver, d.Priority))
			if r := reportOf(t, d.Body); r.ID != d.Report || r.Verb != verb || r.SentBy != "box-1" || r.Alarm.ID != "a" ||
				r.Dwelling.Address != "12 Harbour Street" || r.Round != 1 || !r.At.Equal(noon) || r.Texts["en"] != string(verb)+" a" {
				t.Errorf("the report reads %+v", r)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: got %v, want %s", verb, got, want)
		}
	}
}

func TestTheSameDecisionMakesTheSameBytes(t *testing.T) {
	a := ucare.Alarm{ID: "a", Dwelling: "kim", Rule: ucare.Fire, Onset: noon, RaisedAt: noon}
	one, two := policy().First(a, ucare.Raise, noon), policy().First(a, ucare.Raise, noon)
	if string(one[0].Body) != string(two[0].Body) {
		t.Errorf("%s\n%s", one[0].Body, two[0].Body)
	}
}

func TestADrillDoesNotStandInTheWayOfTheRealThing(t *testing.T) {
	drill := policy().First(ucare.Alarm{ID: "a", Rule: ucare.Fire, Drill: true}, ucare.Raise, noon)[0]
	quiet := policy().First(ucare.Alarm{ID: "b", Rule: ucare.Inactivity}, ucare.Raise, noon)[0]
	if drill.Priority <= quiet.Priority {
		t.Errorf("a drill has priority %d, an alarm of inactivity %d", drill.Priority, quiet.Priority)
	}
}

func TestAnImpossibleInstantDoesNotKeepAnAlarmAtHome(t *testing.T) {
	a := ucare.Alarm{ID: "a", Dwelling: "kim", Rule: ucare.Fire, Room: "kitchen", Onset: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}
	r := reportOf(t, policy().First(a, ucare.Raise, noon)[0].Body)
	if r.Alarm.ID != "a" || r.Alarm.Room != "kitchen" || r.Dwelling.Account != "1234" {
		t.Errorf("the report reads %+v", r)
	}
}

func TestEveryRuleHasARoute(t *testing.T) {
	p := policy()
	if got := p.Route(ucare.Fire).ID; got != "fire" {
		t.Errorf("fire goes by route %q", got)
	}
	if got := p.Route(ucare.Fall).ID; got != "others" {
		t.Errorf("a fall goes by route %q", got)
	}
	p.Routes = p.Routes[1:]
	if got := p.Route(ucare.Fall).ID; got != "fire" {
		t.Errorf("a fall goes by route %q: without a route of its own it must go somewhere", got)
	}
}

func TestARouteAsATimeline(t *testing.T) {
	var got []string
	for after, turn := range policy().Route(ucare.Fire).Turns() {
		got = append(got, fmt.Sprintf("%v %d/%d", after, turn.Round, turn.Step))
		if len(got) == 5 {
			break
		}
	}
	if want := "0s 1/0, 30s 1/1, 1m30s 2/0, 2m0s 2/1, 3m0s 3/0"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	for after, turn := range policy().Route(ucare.Fire).Turns() {
		at, left := policy().Route(ucare.Fire).At(after)
		before, almost := policy().Route(ucare.Fire).At(after - time.Nanosecond)
		if at != turn || left != policy().Route(ucare.Fire).Wait(turn) || after > 0 && (!before.Before(turn) || almost != time.Nanosecond) {
			t.Errorf("after %v: %+v for %v more, and a moment before %+v for %v more; want %+v", after, at, left, before, almost, turn)
		}
		if after > time.Hour {
			break
		}
	}
	if turn, left := policy().Route(ucare.Fire).At(-time.Hour); turn != (emergency.Turn{Round: 1}) || left != 30*time.Second {
		t.Errorf("before the raise: %+v, %v", turn, left)
	}
	for range (emergency.Route{}).Turns() {
		t.Fatal("a route without steps has a turn")
	}
}

func TestWhatIsDueAfterATurn(t *testing.T) {
	route := policy().Route(ucare.Fire)
	for name, c := range map[string]struct {
		told emergency.Turn
		gone time.Duration // since it was told
		next emergency.Turn
		in   time.Duration
	}{
		"nothing was told yet":     {emergency.Turn{}, 0, emergency.Turn{Round: 1}, 0},
		"just told":                {emergency.Turn{Round: 1}, 0, emergency.Turn{Round: 1, Step: 1}, 30 * time.Second},
		"told a while ago":         {emergency.Turn{Round: 1}, 10 * time.Second, emergency.Turn{Round: 1, Step: 1}, 20 * time.Second},
		"told long ago":            {emergency.Turn{Round: 1}, 24 * time.Hour, emergency.Turn{Round: 1, Step: 1}, 0},
		"told in the future":       {emergency.Turn{Round: 1}, -time.Hour, emergency.Turn{Round: 1, Step: 1}, 30 * time.Second},
		"the last step of a round": {emergency.Turn{Round: 3, Step: 1}, 0, emergency.Turn{Round: 4}, time.Minute},
	} {
		next, due := route.Due(c.told, noon.Add(-c.gone), noon)
		if next != c.next || due.Sub(noon) != c.in {
			t.Errorf("%s: %+v in %v, want %+v in %v", name, next, due.Sub(noon), c.next, c.in)
		}
	}
}

func TestAPolicyThatWouldLeaveSomebodyAloneIsRefused(t *testing.T) {
	receivers := []string{"centre", "daughter", "neighbour"}
	if err := policy().Validate(receivers); err != nil {
		t.Errorf("a good policy is refused: %v", err)
	}
	for want, spoil := range map[string]func(*emergency.Policy){
		"there is no route":                   func(p *emergency.Policy) { p.Routes = nil },
		"two routes \"fire\"":                 func(p *emergency.Policy) { p.Routes[0].ID = "fire" },
		"0 routes are for the rule \"fall\"":  func(p *emergency.Policy) { p.Routes = p.Routes[1:] },
		"2 routes are for the rule \"fire\"":  func(p *emergency.Policy) { p.Routes[0].Rules = []ucare.Rule{ucare.Fire} },
		"2 routes are for the rule \"help\"":  func(p *emergency.Policy) { p.Routes[1].Rules = nil },
		"route \"others\" has no steps":       func(p *emergency.Policy) { p.Routes[0].Steps = nil },
		"step 1 of route \"others\" has no r": func(p *emergency.Policy) { p.Routes[0].Steps[0].Receivers = nil },
		"deadline 0s":                         func(p *emergency.Policy) { p.Routes[0].Steps[0].Deadline = 0 },
		"deadline 48h0m0s":                    func(p *emergency.Policy) { p.Routes[0].Steps[0].Deadline = 48 * time.Hour },
		"tells \"aunt\", which is no":         func(p *emergency.Policy) { p.Routes[0].Steps[0].Receivers[0] = "aunt" },
		"tells \"daughter\" twice":            func(p *emergency.Policy) { p.Routes[1].Steps[1].Receivers[0] = "daughter" },
	} {
		p := policy()
		spoil(p)
		if err := p.Validate(receivers); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got: %v", want, err)
		}
	}
}
