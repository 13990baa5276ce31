package simulation

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// doing is what the resident does where they are.
type doing int

const (
	busy doing = iota
	resting
	asleep
)

// A resident lives by a routine of their own.
type resident struct {
	y     *Year
	plan  int    // what was planned under another number does not happen
	place string // "": outside
	doing doing

	pace     float64 // 1: moves as often as most
	wakes    float64 // hours of the day
	sleeps   float64
	meals    [3]float64
	outings  float64 // a day
	naps     float64
	toilet   time.Duration
	nights   float64     // how often a night they get up
	remember float64     // the share of times that they think of the switch
	journeys map[int]int // on which days they go away, for so many
	changes  int         // from this day on the routine is another one

	today   today
	company int64 // until when somebody else is there
}

// today is what is still to come on a day.
type today struct {
	day     int
	wake    time.Time // of the next day
	bed     time.Time
	meals   []time.Time
	outing  time.Time
	nap     time.Time
	toilet  time.Time
	washed  bool
	settled bool
}

// begin draws the resident and lets them wake up for the first time.
func (r *resident) begin(y *Year) {
	*r = resident{
		y: y, plan: 1, place: "bedroom", doing: asleep,
		pace: 0.6 + y.random.Float64(), wakes: y.near(6.5, 0.8), sleeps: y.near(22, 0.8),
		outings: 1.2 * y.random.Float64(), naps: y.random.Float64(),
		toilet: y.between(90*time.Minute, 4*time.Hour), nights: 2.5 * y.random.Float64(),
		remember: y.random.Float64(), journeys: make(map[int]int), changes: y.random.IntN(2 * Days),
	}
	r.meals = [3]float64{r.wakes + 0.7, y.near(12.3, 0.5), y.near(18.3, 0.6)}
	for range y.random.IntN(4) {
		r.journeys[14+y.random.IntN(Days-14)] = 1 + y.random.IntN(12)
	}
	for day := y.random.IntN(7); day < Days; day += 3 + y.random.IntN(8) {
		y.on(day, y.near(14.5, 1.5), r.guest)
	}
	r.next(r.day(0, y.clock(y.began, 0, y.near(r.wakes, 0.4))))
}

// next lets the resident decide at an instant what to do.
func (r *resident) next(at time.Time) {
	r.y.queue.push(event{at: max(int64(at.Sub(r.y.began)), r.y.now), plan: r.plan, do: r.decide})
}

// day draws a day that begins with waking up, and returns that.
func (r *resident) day(n int, wake time.Time) time.Time {
	y := r.y
	if n == r.changes {
		r.wakes, r.sleeps = r.wakes+y.near(0, 1.5), r.sleeps+y.near(0, 1)
		r.pace, r.outings = 0.6+y.random.Float64(), 1.2*y.random.Float64()
	}
	late := 0.0 // in winter, and where it is summer the other way round
	if month := wake.In(y.Home.Location).Month(); (month >= 11 || month <= 2) != y.Home.South {
		late = 0.4
	}
	t := today{day: n}
	t.wake = y.clock(wake, 1, y.near(r.wakes+late, 0.5))
	t.bed = y.clock(wake, 0, max(19, y.near(r.sleeps, 0.6)))
	for _, at := range r.meals {
		t.meals = append(t.meals, y.clock(wake, 0, y.near(at, 0.3)))
	}
	if y.chance(r.outings) || r.journeys[n] > 0 {
		t.outing = y.clock(wake, 0, y.near(11+5*y.random.Float64(), 0.5))
	}
	if y.chance(r.naps) {
		t.nap = y.clock(wake, 0, y.near(13.7, 0.4))
	}
	t.toilet = wake
	r.today = t
	return wake
}

// decide is what the resident does next, and until when.
func (r *resident) decide() {
	y, t := r.y, &r.today
	now := y.at(y.now)
	due := func(at time.Time) bool { return !at.IsZero() && !now.Before(at) }
	switch {
	case due(t.bed):
		r.night(now)
	case due(t.toilet):
		t.toilet = now.Add(y.between(r.toilet/2, 3*r.toilet/2))
		r.stays("bathroom", busy, y.between(3*time.Minute, 14*time.Minute))
	case len(t.meals) > 0 && due(t.meals[0]):
		t.meals = t.meals[1:]
		r.stays("kitchen", busy, y.between(15*time.Minute, 55*time.Minute))
	case due(t.outing):
		t.outing = time.Time{}
		r.goesOut()
	case due(t.nap):
		t.nap = time.Time{}
		r.stays("bedroom", asleep, y.between(25*time.Minute, 2*time.Hour))
	default:
		r.passesTime()
	}
}

// night is going to bed, getting up in between, and the next morning.
func (r *resident) night(now time.Time) {
	y, t := r.y, &r.today
	switch {
	case !now.Before(t.wake):
		r.day(t.day+1, now)
		r.stays("bathroom", busy, y.between(4*time.Minute, 15*time.Minute))
	case !t.washed:
		t.washed = true
		r.stays("bathroom", busy, y.between(4*time.Minute, 12*time.Minute))
	case t.settled && y.chance(0.5):
		t.settled = false
		r.stays("bathroom", resting, y.between(2*time.Minute, 7*time.Minute))
	default:
		t.settled = true
		left := t.wake.Sub(now)
		if r.nights > 0.2 {
			left = min(left, 30*time.Minute+y.about(time.Duration(4/r.nights*float64(time.Hour))))
		}
		r.stays("bedroom", asleep, left)
	}
}

// passesTime is everything without an hour of its own.
func (r *resident) passesTime() {
	y := r.y
	rooms := y.Home.Rooms
	switch y.random.IntN(10) {
	case 0, 1:
		r.stays("kitchen", busy, y.about(8*time.Minute)+time.Minute)
	case 2, 3:
		r.stays(rooms[y.random.IntN(len(rooms))], busy, y.about(10*time.Minute)+time.Minute)
	case 4:
		r.stays("bedroom", resting, min(y.about(20*time.Minute), time.Hour)+time.Minute)
	default:
		r.stays("living", resting, min(y.about(50*time.Minute), 3*time.Hour)+5*time.Minute)
	}
}

// stays is somebody in a room, who does something there for a while. What they have
// planned in between makes it shorter.
func (r *resident) stays(room string, what doing, d time.Duration) {
	y, t := r.y, &r.today
	r.goes(room, what)
	now := y.at(y.now)
	end := now.Add(d)
	if what != asleep {
		for _, at := range append([]time.Time{t.bed, t.toilet, t.outing}, t.meals...) {
			if at.After(now) && at.Before(end) {
				end = at
			}
		}
	}
	mean, strength := 2*time.Minute, 1.0
	switch what {
	case resting:
		mean, strength = 11*time.Minute, 0.8
	case asleep:
		mean, strength = 80*time.Minute, 0.4
	case busy:
	}
	mean = time.Duration(float64(mean) / r.pace)
	for at := y.about(mean); at < end.Sub(now); at += 20*time.Second + y.about(mean) {
		r.planned(at, func() { r.moves(room, what, strength) })
	}
	r.next(end)
}

func (r *resident) moves(room string, what doing, strength float64) {
	r.y.moved(room, strength)
	if what == busy && r.y.chance(0.3) {
		r.y.uses(room)
	}
}

// planned lets something happen unless there is another plan by then.
func (r *resident) planned(d time.Duration, do func()) {
	r.y.queue.push(event{at: r.y.now + int64(d), plan: r.plan, do: do})
}

// goes moves the resident into a room: past the hall, up from the bed.
func (r *resident) goes(room string, what doing) {
	y := r.y
	r.leaves()
	if r.place != room {
		if y.chance(0.7) {
			y.moved("hall", 0.9)
		}
		y.moved(room, 1)
	}
	r.place, r.doing = room, what
	for room, kind := range r.lowFurniture() {
		r.planned(y.between(20*time.Second, 4*time.Minute), func() { y.turns(room, kind, ucare.Active) })
	}
}

// lowFurniture is what the resident lies or sits on.
func (r *resident) lowFurniture() map[string]ucare.Kind {
	switch {
	case r.place == "bedroom" && r.doing != busy:
		return map[string]ucare.Kind{"bedroom": ucare.Bed}
	case r.place == "living" && r.doing == resting:
		return map[string]ucare.Kind{"living": ucare.Seat}
	default:
		return nil
	}
}

// leaves is getting up from where the resident is.
func (r *resident) leaves() {
	for room, kind := range r.lowFurniture() {
		for _, d := range r.y.of(room, kind) {
			if d.state == ucare.Active && !d.stuck {
				d.says(ucare.Inactive)
			}
		}
	}
}

// goesOut is an errand, or a journey; sometimes somebody waters the plants meanwhile.
func (r *resident) goesOut() {
	y := r.y
	d := min(y.about(100*time.Minute), 9*time.Hour) + 10*time.Minute
	if days := r.journeys[r.today.day]; days > 0 {
		d = time.Duration(days)*24*time.Hour + y.between(-3*time.Hour, 3*time.Hour)
		if days > 4 {
			y.in(d/2, r.guest)
		}
	}
	said := y.Home.Switch && y.chance(r.remember)
	if said {
		y.says("away", ucare.Away, ucare.Active)
	}
	r.away()
	r.planned(d, func() {
		r.returns()
		if said && y.chance(0.6) {
			y.says("away", ucare.Away, ucare.Inactive)
		}
	})
}

// away is leaving the home, however long.
func (r *resident) away() {
	r.leaves()
	r.y.moved("hall", 0.9)
	r.y.doorOpens()
	r.place = ""
}

// returns is coming home, on another day perhaps.
func (r *resident) returns() {
	y := r.y
	y.doorOpens()
	y.moved("hall", 0.9)
	r.place, r.doing = "hall", busy
	now := y.at(y.now)
	if now.After(r.today.wake) {
		r.day(r.today.day+int(now.Sub(r.today.wake).Hours()/24)+1, now)
	}
	r.planned(y.between(time.Minute, 4*time.Minute), r.decide)
}

// guest is somebody who comes for some hours: to nobody when nobody is at home, unless
// they have a key. Whoever lies on the floor is found.
func (r *resident) guest() {
	y := r.y
	l := y.lying()
	if r.place == "" && !y.chance(0.3) {
		return
	}
	y.doorOpens()
	if l != nil {
		y.found(l)
		return
	}
	end := y.now + int64(y.between(20*time.Minute, 3*time.Hour))
	r.company = max(r.company, end)
	r.walkAbout(end, []string{"living", "kitchen", "hall"})
}

// walkAbout is somebody else who moves in some rooms until they leave.
func (r *resident) walkAbout(end int64, rooms []string) {
	y := r.y
	rooms = slices.Clip(rooms)
	var walk func()
	walk = func() {
		if y.now >= end {
			y.moved("hall", 0.9)
			y.doorOpens()
			return
		}
		y.moved(rooms[y.random.IntN(len(rooms))], 1)
		y.in(time.Minute+y.about(4*time.Minute), walk)
	}
	y.in(30*time.Second, walk)
}

// told is what the resident makes of a voice in the living room, or of the centre's
// call.
func (r *resident) told(d ucare.Decision) {
	y := r.y
	switch {
	case r.place == "" || y.lying() != nil || d.Drill:
	case d.Verb == ucare.PreAlarm && y.Home.Speaker && y.chance(0.85):
		y.in(y.between(20*time.Second, 200*time.Second), func() {
			y.moved(r.place, 1)
			y.says("cancel", ucare.Use, ucare.Active)
		})
	case d.Verb == ucare.Raise && d.Rule == ucare.Inactivity && y.chance(0.9):
		y.in(y.between(time.Minute, 10*time.Minute), func() {
			if r.place != "" {
				y.moved("hall", 1)
				y.moved("living", 1)
			}
		})
	}
}

// says is a command to the gateway itself.
func (y *Year) says(sensor string, kind ucare.Kind, s ucare.State) {
	y.air.arrive(ucare.Reading{Dwelling: Dwelling, Sensor: sensor, Kind: kind, State: s})
}
