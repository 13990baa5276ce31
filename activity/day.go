package activity

import (
	"time"

	"github.com/ucare-project/ucare"
)

// A Day is what a day of a dwelling was like, by the clock on the resident's wall. It is
// stored as JSON. Instants are whole seconds with the offset of that clock. A figure that
// is nil (in JSON: not there) is not known, because no sensor of the home tells it or it
// was not heard; that is another thing than none.
type Day struct {
	Dwelling string    `json:"dwelling"`
	Date     string    `json:"date"` // 2006-01-02
	From     time.Time `json:"from"` // midnight there
	To       time.Time `json:"to"`   // the next one, 23 to 25 hours later
	// Until is up to when the day is told: To, or on a day that is still running the time
	// at which it was told.
	Until   time.Time `json:"until"`
	Running bool      `json:"running,omitempty"`
	// Readings is how many there were of all sensors.
	Readings int `json:"readings"`
	// First is the first sign of life after the night, or from four in the morning on where
	// nothing is known of the night, and Last the last one of the day.
	First *Sign `json:"first,omitempty"`
	Last  *Sign `json:"last,omitempty"`
	// Rooms is the time in each room, ordered by name. With Out and Unknown it is all of
	// the time from From to Until.
	Rooms []RoomTime `json:"rooms,omitempty"`
	// Out is the time out of the home; nil: no front door and no switch tells it.
	Out *Times `json:"out,omitempty"`
	// Unknown is the time of which no sensor says where the resident was.
	Unknown Times `json:"unknown"`
	// Night is the night that ended on the day.
	Night *Night `json:"night,omitempty"`
	// Bathroom is the use of the bathrooms; nil: none has a sensor.
	Bathroom *Bathroom `json:"bathroom,omitempty"`
	// Outings are those that reached into the day; nil as Out.
	Outings *Outings `json:"outings,omitempty"`
	// Silence is the longest time without a sign of life, of those at home that ended on
	// the day or run at its end. It may have begun before. Daytime is the longest of
	// those that were not for the most part in the night (22:00 to 7:00).
	Silence *Silence `json:"longest_silence,omitempty"`
	Daytime *Silence `json:"longest_silence_by_day,omitempty"`
	// Sensors are those that were heard on the day or the day before, ordered by name.
	Sensors []SensorDay `json:"sensors,omitempty"`
	// Unheard are the times, whole hours by the clock of UTC, in which no sensor was heard.
	Unheard []Span `json:"unheard,omitempty"`
}

// Empty reports whether nothing is known of the day.
func (d *Day) Empty() bool {
	return d.Readings == 0 && d.Last == nil && len(d.Rooms) == 0 && (d.Out == nil || d.Out.Seconds == 0)
}

// A Span is a time, from From up to To.
type Span struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Seconds int       `json:"seconds"`
}

// A Sign is a sign of life.
type Sign struct {
	At     time.Time  `json:"at"`
	Room   string     `json:"room,omitempty"`
	Sensor string     `json:"sensor"`
	Kind   ucare.Kind `json:"kind"`
}

// Times is how long something was, in seconds, altogether and in each hour of the clock.
// An hour that the clock shows twice has up to 7200 s, one that it leaves out has none.
type Times struct {
	Seconds int     `json:"seconds"`
	ByHour  [24]int `json:"by_hour"`
}

// A RoomTime is the time in one room.
type RoomTime struct {
	Room    string `json:"room"`
	Purpose string `json:"purpose,omitempty"` // as far as its name says so: bathroom, bedroom, kitchen, hall, entrance
	Times
}

// A Night is the main rest between 18:00 and noon.
type Night struct {
	// By is how it is known: by a bed sensor ("bed"), by stays in the bedroom ("bedroom"), or,
	// where neither tells, by quiet at night ("quiet"): then nobody knows whether it was in bed.
	By string `json:"by"`
	// Bed is when the rest began, and Up when it ended; Up is zero: it goes on.
	Bed time.Time `json:"bed"`
	Up  time.Time `json:"up,omitzero"`
	// Resting is the time between without those of Ups.
	Resting int `json:"resting_seconds"`
	// Ups are the times between in which the resident was up.
	Ups []Span `json:"ups,omitempty"`
}

// The ways in which a Night is known.
const (
	ByBed     = "bed"
	ByBedroom = "bedroom"
	ByQuiet   = "quiet"
)

// A Bathroom is the use of the bathrooms on a day.
type Bathroom struct {
	// Visits is how often somebody went there, and Seconds how long they stayed.
	Visits  int `json:"visits"`
	Seconds int `json:"seconds"`
	Longest int `json:"longest_seconds"`
	// AtNight is how often in the night that ended on the day; nil: that is not known.
	AtNight *int `json:"at_night,omitempty"`
}

// Outings are the times out of the home.
type Outings struct {
	// Count is how many began on the day, and Seconds how much of the day they took.
	Count   int      `json:"count"`
	Seconds int      `json:"seconds"`
	List    []Outing `json:"list,omitempty"` // whole, also where they began before the day or ended after it
}

// An Outing is one time out of the home.
type Outing struct {
	Span
	// By is how it is known: "door", or "switch": somebody said so.
	By string `json:"by"`
	// Open is whether it goes on at its To.
	Open bool `json:"open,omitempty"`
}

// The ways in which an Outing is known.
const (
	ByDoor   = "door"
	BySwitch = "switch"
)

// A Silence is a time at home without a sign of life.
type Silence struct {
	Span
	Room string `json:"room,omitempty"` // of the sign of life before it
	// Open is whether it goes on at its To.
	Open bool `json:"open,omitempty"`
	// Unheard is for how much of it no sensor was heard at all. In a home whose sensors
	// speak only when somebody moves that says nothing; in another, that the gateway or its
	// broker was off.
	Unheard int `json:"unheard_seconds,omitempty"`
}

// A SensorDay is how a sensor was heard on a day.
type SensorDay struct {
	Sensor   string       `json:"sensor"`
	Room     string       `json:"room,omitempty"`
	Kinds    []ucare.Kind `json:"kinds"`
	Readings int          `json:"readings"`
	// LastHeard is the last reading up to the end of the day; zero: none since the day before.
	LastHeard time.Time `json:"last_heard,omitzero"`
	// Gap is the longest time of the day in which it was not heard, if that was an hour or
	// more. A sensor that speaks only when something changes has long ones.
	Gap *Span `json:"longest_gap,omitempty"`
	// Unreachable is for how much of the day it was known to be out of reach.
	Unreachable int `json:"unreachable_seconds,omitempty"`
}

// The hours that a day is made of reach further than the day: a night begins the day
// before, and what a door was used for shows in what follows.
const (
	Before = 24 * time.Hour
	After  = 12 * time.Hour
)

// Hours returns which hours a day is made of: those that begin at from ≤ t < to. The last
// hour before from is wanted too, if there is one.
func Hours(date string, location *time.Location) (from, to time.Time, err error) {
	midnight, next, err := bounds(date, location)
	if err != nil {
		return from, to, err
	}
	return midnight.Add(-Before).Truncate(Length).UTC(), next.Add(After + Length - 1).Truncate(Length).UTC(), nil
}

// Days returns the dates of the days that an hour is part of and that have begun by now, in
// order: those to sum up again when it has changed.
func Days(hour time.Time, location *time.Location, now time.Time) []string {
	var dates []string
	first := hour.Add(-After).In(location)
	for year, month, day := first.Date(); ; day++ {
		midnight := time.Date(year, month, day, 0, 0, 0, 0, location)
		if midnight.After(now) || !midnight.Add(-Before).Before(hour.Add(Length)) {
			return dates
		}
		dates = append(dates, midnight.Format(time.DateOnly))
	}
}

// bounds are a day's midnights.
func bounds(date string, location *time.Location) (from, to time.Time, err error) {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return from, to, err
	}
	year, month, day := at.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, location), time.Date(year, month, day+1, 0, 0, 0, 0, location), nil
}

// DayOf says what a day (2006-01-02) by the clock of the location was like, as it is known
// at now, from the hours that [Hours] names, in order; hours that are not there were not
// heard. An error is a date that is none.
//
// Readings and the times in which no sensor was heard are counted by whole hours of UTC:
// where midnight is not at a full hour of it, an hour belongs to the day in which it begins.
func DayOf(dwelling, date string, location *time.Location, now time.Time, hours []Hour) (Day, error) {
	from, to, err := bounds(date, location)
	if err != nil {
		return Day{}, err
	}
	start, end, err := Hours(date, location)
	if err != nil {
		return Day{}, err
	}
	d := Day{Dwelling: dwelling, Date: date, From: from, To: to, Until: ucare.Earlier(to, ucare.Later(now, from)).In(location).Truncate(time.Second)}
	d.Running = d.Until.Before(to)
	t := teller{Day: &d, record: recordOf(hours, start, ucare.Earlier(end, ucare.Later(now, from))), location: location}
	t.outings = t.record.outings()
	t.tellRooms()
	t.tellOutings()
	t.tellNight()
	t.tellSigns()
	t.tellBathroom()
	t.tellSilences()
	t.tellSensors(hours)
	return d, nil
}

// A teller tells a day.
type teller struct {
	*Day
	record   *record
	location *time.Location
	outings  []Outing
}

// clock is an instant as the day tells it.
func (t *teller) clock(at time.Time) time.Time { return at.Truncate(time.Second).In(t.location) }

func (t *teller) span(from, to time.Time) Span {
	s := Span{From: t.clock(from), To: t.clock(to)}
	s.Seconds = int(s.To.Sub(s.From) / time.Second)
	return s
}

// hour is when the clock shows an hour of the day; negative: of the day before.
func (t *teller) hour(hour int) time.Time {
	year, month, day := t.From.Date()
	return time.Date(year, month, day, hour, 0, 0, 0, t.location)
}

// covers reports whether an instant is on the day, as far as that is told.
func (t *teller) covers(at time.Time) bool { return !at.Before(t.From) && at.Before(t.Until) }

// isOut reports whether the resident was out at an instant: what is seen then is a curtain.
func (t *teller) isOut(at time.Time) bool {
	for _, o := range t.outings {
		if at.After(o.From) && at.Before(o.To) {
			return true
		}
	}
	return false
}

func (t *teller) tellRooms() {
	s := spend(t.record.whereabouts(t.outings), t.From, t.Until, t.location)
	t.Rooms, t.Unknown = t.record.roomTimes(s), s.unknown
	if t.record.seesOutings() {
		t.Out = &s.out
	}
}

// dayBegins is the hour before which who is up has not gone to bed yet, as the rules have it.
const dayBegins = 4

func (t *teller) tellSigns() {
	begins := t.hour(dayBegins)
	if t.Night != nil {
		begins = t.Night.Up
	}
	for i := range t.record.signs {
		s := &t.record.signs[i]
		if !t.covers(s.at) || t.isOut(s.at) {
			continue
		}
		if t.First == nil && !begins.IsZero() && !s.at.Before(begins) {
			t.First = t.sign(s.at, s)
		}
		t.Last = t.sign(ucare.Earlier(s.last, t.Until), s)
	}
}

func (t *teller) sign(at time.Time, s *sighting) *Sign {
	return &Sign{At: t.clock(at), Room: s.room, Sensor: s.sensor, Kind: s.kind}
}

func (t *teller) tellOutings() {
	if !t.record.seesOutings() {
		return
	}
	t.Outings = &Outings{Seconds: t.Out.Seconds}
	for _, o := range t.outings {
		if !o.To.After(t.From) || !o.From.Before(t.Until) {
			continue
		}
		if t.covers(o.From) {
			t.Outings.Count++
		}
		if o.Open {
			o.To = ucare.Earlier(o.To, t.Until)
		}
		o.Span = t.span(o.From, o.To)
		t.Outings.List = append(t.Outings.List, o)
	}
}
