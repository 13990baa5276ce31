package caregiver

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/language"
)

// A status is the answer to "how is she?" in a few true sentences.
type status struct {
	Tone     string // calm, check or alarm
	rank     int    // lower needs attention sooner
	Headline string // the open alarm, or else the last sign of life
	Exact    string // when exactly the last sign of life was
	Findings []string
	Said     string // what is worth interrupting a listener for when it changes
	AsOf     string
}

// The tones, and the mark that says the same without colour.
const (
	toneCalm  = "calm"
	toneCheck = "check"
	toneAlarm = "alarm"
)

// Mark is the tone for those who see no colour.
func (s status) Mark() string {
	switch s.Tone {
	case toneAlarm:
		return "!"
	case toneCheck:
		return "?"
	default:
		return "✓"
	}
}

func (s *site) status(v visit, sc scope, now Snapshot, sign Sign) status {
	st := status{Tone: toneCalm, rank: 3, AsOf: v.l.Text("page.as_of", "moment", v.l.Moment(v.now, s.Location))}
	st.Headline = v.l.Text("page.last_sign_none")
	if !sign.At.IsZero() {
		st.Headline = v.l.Sentence("page.last_sign", "ago", v.l.Ago(sign.At, v.now),
			"where", v.l.Where(sign.Room, v.l.Rooms(sc.dwelling)))
		st.Exact = s.when(v, sign.At)
	}
	open := openFirst(now.Alarms)
	drills := len(open)
	open = slices.DeleteFunc(open, func(a ucare.Alarm) bool { return a.Drill })
	drills -= len(open)
	looks := len(now.Concerns)
	if sign.At.IsZero() || len(now.Faults) > 0 || drills+looks > 0 {
		st.Tone, st.rank = toneCheck, 2
	}
	if len(open) > 0 {
		s.alarming(v, sc, open, &st)
	} else {
		st.Findings = append(st.Findings, v.l.Text("page.open_none"))
	}
	st.Said = v.l.Text("page.open_count", "n", len(open))
	if looks > 0 {
		st.Said += " " + v.l.Text("page.concerns_count", "n", looks)
		st.Findings = append(st.Findings, v.l.Text("page.concerns_count", "n", looks))
	}
	if drills > 0 {
		st.Findings = append(st.Findings, v.l.Text("page.drill_count", "n", drills))
	}
	if n := len(now.Faults); n > 0 {
		st.Findings = append(st.Findings, v.l.Text("page.faults_count", "n", n))
	} else {
		st.Findings = append(st.Findings, v.l.Text("page.faults_none"))
	}
	return st
}

// alarming puts the most urgent of the open alarms first, whether anybody has
// seen it, and the last sign of life after that.
func (s *site) alarming(v visit, sc scope, open []ucare.Alarm, st *status) {
	lastSign, urgent := st.Headline, open[0]
	urgent.Onset = urgent.Onset.In(s.Location)
	st.Tone, st.rank, st.Exact = toneAlarm, 1, ""
	st.Headline = v.l.Alarm(urgent, v.l.Rooms(sc.dwelling))
	if urgent.AcknowledgedAt.IsZero() {
		st.Findings = append(st.Findings, v.l.Text("page.unseen"))
	} else {
		st.Findings = append(st.Findings, v.l.Text("page.seen", "when", s.by(v, urgent.AcknowledgedAt, urgent.AcknowledgedBy)))
	}
	if len(open) > 1 {
		st.Findings = append(st.Findings, v.l.Text("page.open_count", "n", len(open)))
	}
	st.Findings = append(st.Findings, lastSign)
}

// when writes an instant: the time alone if it was today.
func (s *site) when(v visit, t time.Time) string {
	if t.In(s.Location).Format(dateForm) == v.now.In(s.Location).Format(dateForm) {
		return v.l.Clock(t, s.Location)
	}
	return v.l.Moment(t, s.Location)
}

// by writes when somebody did something, and who.
func (s *site) by(v visit, at time.Time, who string) string {
	if who == "" {
		return s.when(v, at)
	}
	return v.l.Text("page.by", "when", s.when(v, at), "who", who)
}

// An alarmItem is an alarm with its life.
type alarmItem struct {
	Text    string
	Drill   bool
	Closed  bool
	Steps   []step
	Why     []string
	Outcome string
}

// A step of an alarm's life, taken or not yet.
type step struct {
	Name, When string
	Done       bool
}

// openFirst puts what needs somebody most first.
func openFirst(alarms []ucare.Alarm) []ucare.Alarm {
	return slices.SortedStableFunc(slices.Values(alarms), ucare.MoreUrgent)
}

func (s *site) alarmItems(v visit, sc scope, alarms []ucare.Alarm) []alarmItem {
	rooms := v.l.Rooms(sc.dwelling)
	var items []alarmItem
	for _, a := range alarms {
		a.Onset = a.Onset.In(s.Location)
		item := alarmItem{Text: v.l.Alarm(a, rooms), Drill: a.Drill, Closed: !a.ClosedAt.IsZero(), Outcome: v.l.Outcome(a.Outcome), Steps: []step{
			s.step(v, "page.raised", a.RaisedAt, ""),
			s.step(v, "page.received", a.ReceivedAt, a.ReceivedBy),
			s.step(v, "page.acknowledged", a.AcknowledgedAt, a.AcknowledgedBy),
			s.step(v, "page.closed", a.ClosedAt, closedBy(v.l, a)),
		}}
		if !a.RestoredAt.IsZero() {
			item.Steps = slices.Insert(item.Steps, 1, s.step(v, "page.restored", a.RestoredAt, ""))
		}
		for _, e := range a.Because {
			item.Why = append(item.Why, v.l.Evidence(e, rooms, s.Location))
		}
		items = append(items, item)
	}
	return items
}

// closedBy names who ended an alarm. What was never raised, the gateway writes,
// was ended by the resident.
func closedBy(l language.Language, a ucare.Alarm) string {
	if a.ClosedBy == "resident" && a.Outcome == string(ucare.Cancel) {
		return l.Text("page.the_resident")
	}
	return a.ClosedBy
}

func (s *site) step(v visit, name string, at time.Time, who string) step {
	st := step{Name: v.l.Text(name), When: v.l.Text("page.not_yet"), Done: !at.IsZero()}
	if st.Done {
		st.When = s.by(v, at, who)
	}
	return st
}

// A concernItem is what somebody should look at.
type concernItem struct {
	Text  string
	Lines []string // when it was told, and what became of it
	Over  bool
	Why   []string
}

// standing are the concerns that are not settled, the newest first.
func standing(open []ucare.Concern) []ToldConcern {
	var all []ToldConcern
	for _, c := range open {
		all = append(all, ToldConcern{Concern: c})
	}
	slices.SortStableFunc(all, func(a, b ToldConcern) int { return b.At.Compare(a.At) })
	return all
}

func (s *site) concernItems(v visit, sc scope, concerns []ToldConcern) []concernItem {
	rooms := v.l.Rooms(sc.dwelling)
	var items []concernItem
	for _, c := range concerns {
		c.Since = c.Since.In(s.Location)
		item := concernItem{Text: v.l.Concern(c.Concern, c.SettledAt, rooms), Over: c.Drill || !c.SettledAt.IsZero()}
		told := v.l.Text("page.concern_told", "when", s.when(v, c.At))
		if c.Counted {
			told = v.l.Text("page.concern_counted")
		}
		became := v.l.Text("page.concern_standing")
		if !c.SettledAt.IsZero() {
			became = v.l.Text("page.concern_settled", "when", s.when(v, c.SettledAt))
		}
		item.Lines = []string{told, became}
		for _, e := range c.Because {
			item.Why = append(item.Why, v.l.Evidence(e, rooms, s.Location))
		}
		items = append(items, item)
	}
	return items
}

// A faultItem is a fault with what to do about it.
type faultItem struct {
	language.FaultText
	Since, Detail string
}

func (s *site) faultItems(v visit, faults []ucare.Fault) []faultItem {
	var items []faultItem
	for _, f := range faults {
		item := faultItem{FaultText: v.l.Fault(f), Detail: shortened(f.Detail, 200)}
		if !f.Since.IsZero() {
			item.Since = v.l.Text("page.fault_since", "when", s.when(v, f.Since))
		}
		items = append(items, item)
	}
	return items
}

// A sensorItem is a line of the table of sensors.
type sensorItem struct {
	Name                []string // cut where a line may break
	Model, Room, Senses string
	Heard, HeardAt      string // when it was last heard, before now and exactly
	Never, Away, Low    bool
	States              []string
	Battery             string
	Supervised          string // whether it is, or why not; empty: not known
	Bad                 bool   // it is not
	Tested              string // when it was tried, where it has to be
	FalseAlarms         string // how many it raised, if any
}

func (s *site) sensorItems(v visit, sc scope, sensors []SensorState) []sensorItem {
	rooms := v.l.Rooms(sc.dwelling)
	var items []sensorItem
	for _, sensor := range sensors {
		item := sensorItem{
			Name: strings.SplitAfter(sensor.Sensor, "_"), Model: sensor.Model, Room: rooms(sensor.Room), Senses: kindNames(v.l, sensor.Kinds),
			Never: sensor.LastHeard.IsZero(), Away: sensor.Reachable == ucare.Inactive, Low: sensor.Battery == ucare.Active,
			Heard: v.l.Text("page.never_heard"), Battery: v.l.Text("page.battery_unknown"),
		}
		if !item.Never {
			item.Heard = v.l.Ago(sensor.LastHeard, v.now)
			item.HeardAt = s.when(v, sensor.LastHeard)
		}
		item.Battery = cmp.Or(battery(v.l, sensor), item.Battery)
		item.States = s.states(v, sensor)
		s.supervised(v, sensor, &item)
		items = append(items, item)
	}
	slices.SortStableFunc(items, func(a, b sensorItem) int {
		return cmp.Or(cmp.Compare(a.Room, b.Room), slices.Compare(a.Name, b.Name))
	})
	return items
}

// battery says how the battery is, as far as the sensor told.
func battery(l language.Language, sensor SensorState) string {
	var said []string
	if sensor.Battery != ucare.Unknown {
		said = append(said, l.State(ucare.Battery, sensor.Battery))
	}
	if sensor.BatteryPercent != nil {
		said = append(said, l.Text("page.battery_percent", "n", int(*sensor.BatteryPercent)))
	}
	return strings.Join(said, ", ")
}

// supervised says whether the sensor is supervised, and when it was tried.
func (s *site) supervised(v visit, sensor SensorState, item *sensorItem) {
	if sensor.Supervised != "" {
		item.Supervised = v.l.Supervised(sensor.Supervised)
		item.Bad = sensor.Supervised.Worse(ucare.NoHeartbeat)
	}
	switch {
	case !sensor.Tested.IsZero():
		item.Tested = v.l.Text("page.tested", "when", s.when(v, sensor.Tested))
	case sensor.MustBeTested && sensor.Supervised != ucare.NotTested: // which says so
		item.Tested = v.l.Text("page.never_tried")
	}
	if sensor.FalseAlarms > 0 {
		item.FalseAlarms = v.l.Text("page.false_alarms_of", "n", sensor.FalseAlarms)
	}
}

// ofItself are the kinds that a sensor reports about itself.
var ofItself = []ucare.Kind{ucare.Battery, ucare.Link}

func kindNames(l language.Language, kinds []ucare.Kind) string {
	var names []string
	for _, k := range kinds {
		if !slices.Contains(ofItself, k) {
			names = append(names, l.Kind(k))
		}
	}
	return strings.Join(names, ", ")
}

// states says what the sensor says. What a sensor said that is away now is
// only its last word.
func (s *site) states(v visit, sensor SensorState) []string {
	l := v.l
	var all []string
	for _, said := range sensor.Says {
		if slices.Contains(ofItself, said.Kind) || said.Kind == ucare.Acceleration {
			continue
		}
		if said.State == ucare.Active && (said.Kind == ucare.HelpButton || said.Kind == ucare.FallSensor) {
			all = append(all, s.lastTime(v, said))
			continue
		}
		text := l.State(said.Kind, said.State)
		if said.Unit != "" {
			text = l.Value(said.Value, said.Unit)
		}
		if sensor.Reachable == ucare.Inactive {
			text = l.Text("page.state_last", "state", text)
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		all = append(all, l.Text("state.unknown"))
	}
	return all
}

// lastTime says when a button was pressed or somebody fell. It is an instant:
// most such devices never say that it is over.
func (s *site) lastTime(v visit, said Saying) string {
	when, key := v.l.Text("page.time_unknown"), "page.last_pressed"
	if !said.At.IsZero() {
		when = s.when(v, said.At)
	}
	if said.Kind == ucare.FallSensor {
		key = "page.last_fall"
	}
	return v.l.Text(key, "when", when)
}
