package caregiver

import (
	"maps"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

const (
	// slot is the finest time that a day's picture shows.
	slot = 5 * time.Minute
	// lookBack is how long before its beginning a day is heard, to know which
	// beds were occupied and which sensors were away at midnight.
	lookBack = 12 * time.Hour
	// longestMotion is how long a motion sensor's motion is believed to go on
	// without another word of it.
	longestMotion = 30 * time.Minute
)

// A day folds the readings of one day, in their order, into a picture of it.
type day struct {
	from, to time.Time // midnight to midnight, 23 to 25 hours
	end      time.Time // now, on a day that is not over
	rooms    map[string]*roomDay
	heard    int // readings on the day

	signs    ucare.Signs
	first    time.Time // signs of life on the day
	last     time.Time
	lastRoom string
	silence  silence // the longest between two of them
	holding  map[contact]hold
}

// A silence lies between two signs of life.
type silence struct{ from, to time.Time }

func (s silence) length() time.Duration { return s.to.Sub(s.from) }

// A roomDay counts by slot.
type roomDay struct{ active, rest, doors, unheard []uint16 }

// A hold is a state that goes on: somebody is in bed since then.
type hold struct {
	since time.Time
	room  string
}

func newDay(date time.Time, now time.Time, rooms []string) *day {
	from := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, date.Location())
	to := time.Date(date.Year(), date.Month(), date.Day()+1, 0, 0, 0, 0, date.Location())
	d := &day{
		from: from, to: to, end: ucare.Earlier(to, now),
		rooms: make(map[string]*roomDay), holding: make(map[contact]hold),
	}
	for _, room := range rooms {
		d.room(room)
	}
	return d
}

func (d *day) slots() int { return int((d.to.Sub(d.from) + slot - 1) / slot) }

func (d *day) covers(t time.Time) bool { return !t.Before(d.from) && t.Before(d.to) }

func (d *day) room(id string) *roomDay {
	r, ok := d.rooms[id]
	if !ok {
		n := d.slots()
		r = &roomDay{make([]uint16, n), make([]uint16, n), make([]uint16, n), make([]uint16, n)}
		d.rooms[id] = r
	}
	return r
}

// order lists the day's rooms: the given ones, then those that only readings name.
func (d *day) order(given []string) []string {
	order := slices.Clone(given)
	for _, id := range slices.Sorted(maps.Keys(d.rooms)) {
		if !slices.Contains(given, id) {
			order = append(order, id)
		}
	}
	return order
}

// A contact is one bed, seat or sensor that can be held.
type contact struct {
	sensor string
	kind   ucare.Kind
}

// hear takes the next reading, which may be from before the day.
func (d *day) hear(r ucare.Reading) {
	if r.UnknownAge || r.Sensor == ucare.TestAlarm || !r.At.Before(d.to) {
		return
	}
	sign := d.signs.Of(r)
	if !r.At.Before(d.from) {
		d.heard++
		d.room(r.Room)
		if sign {
			d.sign(r)
		}
	}
	d.follow(r)
}

// sign notes a sign of life on the day.
func (d *day) sign(r ucare.Reading) {
	switch {
	case r.Kind != ucare.Door:
		mark(d.room(r.Room).active, d.slotOf(r.At), d.slotOf(r.At))
	case r.State == ucare.Active:
		mark(d.room(r.Room).doors, d.slotOf(r.At), d.slotOf(r.At))
	}
	if d.first.IsZero() {
		d.first = r.At
	} else if s := (silence{d.last, r.At}); s.length() > d.silence.length() {
		d.silence = s
	}
	d.last, d.lastRoom = r.At, r.Room
}

// follow keeps account of the states that go on.
func (d *day) follow(r ucare.Reading) {
	this := contact{r.Sensor, r.Kind}
	switch r.Kind {
	case ucare.Motion, ucare.Presence, ucare.Bed, ucare.Seat:
		switch _, held := d.holding[this]; {
		case r.State == ucare.Active && (!held || r.Kind == ucare.Motion):
			d.release(this, r.At)
			d.holding[this] = hold{r.At, r.Room}
		case r.State == ucare.Inactive:
			d.release(this, r.At)
		}
	case ucare.Link:
		if r.State == ucare.Active {
			d.release(this, r.At)
		} else if _, held := d.holding[this]; r.State == ucare.Inactive && !held {
			// Of a sensor that is away nobody knows whether its state goes on.
			for c := range d.holding {
				if c.sensor == r.Sensor {
					d.release(c, r.At)
				}
			}
			d.holding[this] = hold{r.At, r.Room}
		}
	}
}

// release ends a state that went on, and marks the time that it took.
func (d *day) release(c contact, at time.Time) {
	h, held := d.holding[c]
	if !held {
		return
	}
	delete(d.holding, c)
	if c.kind == ucare.Motion && at.Sub(h.since) > longestMotion {
		at = h.since
	}
	from, to := ucare.Later(h.since, d.from), ucare.Earlier(at, d.end)
	if to.Before(from) {
		return
	}
	room := d.room(h.room)
	marks := room.active
	switch c.kind {
	case ucare.Bed, ucare.Seat:
		marks = room.rest
	case ucare.Link:
		marks = room.unheard
	}
	mark(marks, d.slotOf(from), d.slotOf(to))
}

// finish ends the day with what still goes on at its end.
func (d *day) finish() {
	for c := range d.holding {
		d.release(c, d.end)
	}
}

// slotOf is the slot of an instant, the first or last one for those outside.
func (d *day) slotOf(at time.Time) int {
	return min(max(int(at.Sub(d.from)/slot), 0), d.slots()-1)
}

// at is when a slot begins.
func (d *day) at(slotNumber int) time.Time {
	return ucare.Earlier(d.from.Add(time.Duration(slotNumber)*slot), d.to)
}

func mark(slots []uint16, from, to int) {
	for i := from; i <= to; i++ {
		if slots[i] < 1<<16-1 {
			slots[i]++
		}
	}
}

// A run is a row of slots in which something was, from ≤ slot < to.
type run struct {
	from, to int
	count    int // how often
}

// runs joins slots that are at most gap apart.
func runs(slots []uint16, gap int) []run {
	var all []run
	for i, n := range slots {
		if n == 0 {
			continue
		}
		if last := len(all) - 1; last >= 0 && i-all[last].to <= gap {
			all[last].to = i + 1
			all[last].count += int(n)
			continue
		}
		all = append(all, run{i, i + 1, int(n)})
	}
	return all
}
