package emergency

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// A Policy says who is told of which alarm, and in which words. It is read by
// many goroutines and changed by none.
type Policy struct {
	SentBy    string // the gateway's id
	Routes    []Route
	Dwellings map[string]ucare.Dwelling // by ID
	// Texts says what happened, by language; nil for none.
	Texts func(ucare.Verb, ucare.Alarm) map[string]string
}

// The priorities of deliveries that nobody has to run for come after those of
// every raise, which have the priority of their rule.
const (
	priorityConfirm ucare.Priority = 7
	priorityRestore ucare.Priority = 8 // and cancel
	priorityDrill   ucare.Priority = 9
)

// First returns the deliveries of a decision about an alarm: the first step of
// its route is told. The gateway commits them together with the decision.
//
// A raise is told to the first step; the dispatcher escalates it. A restore and
// a cancel are told to the first step and not escalated; the dispatcher adds the
// restore for those who were told of the raise by escalation. So it is with a
// confirmation, whose number stands in place of the round; a raise that is told
// after it says all of it anyway. A drill stays with the first step. A pre-alarm, a
// fault and a concern are not transmitted.
func (p *Policy) First(a ucare.Alarm, verb ucare.Verb, at time.Time) []Delivery {
	switch verb {
	case ucare.Raise, ucare.Restore, ucare.Cancel:
		return p.turn(a, verb, Turn{Round: 1}, at)
	case ucare.Confirm:
		return p.turn(a, verb, Turn{Round: max(a.Confirmed, 1)}, at)
	default:
		return nil
	}
}

// turn returns the deliveries of one turn of the alarm's route.
func (p *Policy) turn(a ucare.Alarm, verb ucare.Verb, t Turn, at time.Time) []Delivery {
	route := p.Route(a.Rule)
	if t.Step >= len(route.Steps) {
		return nil
	}
	return p.deliveries(a, verb, t.Round, route.Steps[t.Step].Receivers, at)
}

// deliveries freezes one report and addresses it to receivers.
func (p *Policy) deliveries(a ucare.Alarm, verb ucare.Verb, round int, receivers []string, at time.Time) []Delivery {
	report := Report{
		ID: ReportID(a.ID, verb, round), Verb: verb, SentBy: p.SentBy,
		Dwelling: p.dwelling(a.Dwelling), Alarm: a, Round: round, At: at,
	}
	if p.Texts != nil {
		report.Texts = p.Texts(verb, a)
	}
	body := freeze(report)
	var ds []Delivery
	for _, receiver := range receivers {
		ds = append(ds, Delivery{
			Report: report.ID, Receiver: receiver, Alarm: a.ID, Priority: priority(a, verb), Body: body, CreatedAt: at,
		})
	}
	return ds
}

func (p *Policy) dwelling(id string) ucare.Dwelling {
	if d, ok := p.Dwellings[id]; ok {
		return d
	}
	return ucare.Dwelling{ID: id}
}

func priority(a ucare.Alarm, verb ucare.Verb) ucare.Priority {
	switch {
	case a.Drill:
		return priorityDrill
	case verb == ucare.Confirm:
		return priorityConfirm
	case verb != ucare.Raise:
		return priorityRestore
	default:
		return a.Rule.Priority()
	}
}

// Route returns the route for a rule's alarms: its own, else the one for every
// rule, else the first there is, because somebody must be told.
func (p *Policy) Route(rule ucare.Rule) Route {
	for _, route := range p.Routes {
		if slices.Contains(route.Rules, rule) {
			return route
		}
	}
	for _, route := range p.Routes {
		if len(route.Rules) == 0 {
			return route
		}
	}
	if len(p.Routes) > 0 {
		return p.Routes[0]
	}
	return Route{}
}

// Validate reports everything that would keep an alarm from being told and
// escalated, all at once. The receivers are the ones that have a link.
func (p *Policy) Validate(receivers []string) error {
	var errs []error
	if len(p.Routes) == 0 {
		errs = append(errs, errors.New("there is no route: nobody would be told of an alarm; add one with at least one step"))
	}
	ids := map[string]bool{}
	for _, route := range p.Routes {
		if ids[route.ID] {
			errs = append(errs, fmt.Errorf("there are two routes %q: give each its own id", route.ID))
		}
		ids[route.ID] = true
		errs = append(errs, route.validate(receivers))
	}
	for _, rule := range []ucare.Rule{ucare.Fire, ucare.Inactivity, ucare.Fall, ucare.Help} {
		if n := p.routesFor(rule); n != 1 && len(p.Routes) > 0 {
			errs = append(errs, fmt.Errorf("%d routes are for the rule %q: name it in one route, or leave the rules of one route empty for all others", n, rule))
		}
	}
	return errors.Join(errs...)
}

// routesFor counts the routes that claim a rule: by name, else as the one for every rule.
func (p *Policy) routesFor(rule ucare.Rule) int {
	named, every := 0, 0
	for _, route := range p.Routes {
		if slices.Contains(route.Rules, rule) {
			named++
		}
		if len(route.Rules) == 0 {
			every++
		}
	}
	if named > 0 {
		return named
	}
	return every
}

func (r Route) validate(receivers []string) error {
	var errs []error
	if len(r.Steps) == 0 {
		errs = append(errs, fmt.Errorf("route %q has no steps: it would tell nobody", r.ID))
	}
	seen := map[string]bool{}
	for i, step := range r.Steps {
		if len(step.Receivers) == 0 {
			errs = append(errs, fmt.Errorf("step %d of route %q has no receivers: name at least one", i+1, r.ID))
		}
		if step.Deadline < shortestDeadline || step.Deadline > longestDeadline {
			errs = append(errs, fmt.Errorf("step %d of route %q has the deadline %v: choose one from %v to %v",
				i+1, r.ID, step.Deadline, shortestDeadline, longestDeadline))
		}
		for _, receiver := range step.Receivers {
			if !slices.Contains(receivers, receiver) {
				errs = append(errs, fmt.Errorf("step %d of route %q tells %q, which is no receiver; there are: %s",
					i+1, r.ID, receiver, strings.Join(receivers, ", ")))
			}
			// A report's name holds the round, not the step.
			if seen[receiver] {
				errs = append(errs, fmt.Errorf("route %q tells %q twice: once is enough, the order starts over", r.ID, receiver))
			}
			seen[receiver] = true
		}
	}
	return errors.Join(errs...)
}

// The bounds of a step's deadline: nobody answers faster, and nobody may be
// left alone for longer.
const (
	shortestDeadline = 5 * time.Second
	longestDeadline  = time.Hour
)

// parseReportID takes apart what ReportID made of an alarm's name.
func parseReportID(alarm, report string) (verb ucare.Verb, round int, ok bool) {
	rest, found := strings.CutPrefix(report, alarm+"-")
	name, number, cut := strings.Cut(rest, "-")
	round, err := strconv.Atoi(number)
	return ucare.Verb(name), round, found && cut && err == nil
}
