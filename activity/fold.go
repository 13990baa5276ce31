package activity

import (
	"cmp"
	"hash/maphash"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// HourOf sums up the hour that begins at from, of the readings of one dwelling. Readings
// outside the hour or of another dwelling are passed over. Their order does not matter, and
// a reading that comes twice counts once. Before is the last earlier hour there is, the
// zero Hour where there is none. An error is one of reading them.
//
// An hour that is not over yet is summed up as if nothing more came in it, so what holds
// now is taken to hold up to its end: it is right when it is summed up again then.
func HourOf(dwelling string, from time.Time, before Hour, readings iter.Seq2[ucare.Reading, error]) (Hour, error) {
	from = from.Round(0).UTC()
	o := ordering{dwelling: dwelling, from: from, seed: maphash.MakeSeed()}
	s := newSum(dwelling, from, before)
	inOrder, err := o.stream(readings, s.hear)
	if err == nil && !inOrder {
		s = newSum(dwelling, from, before)
		err = o.sort(readings, s.hear)
	}
	if err != nil {
		return Hour{}, err
	}
	return s.hour(), nil
}

// SameCarry reports whether two versions of one hour leave the same behind for the next
// one: then that need not be summed up again.
func SameCarry(a, b Hour) bool {
	left := func(h *Hour) (contacts []Contact) {
		for _, c := range h.Course.Contacts {
			if !c.Gone {
				contacts = append(contacts, c)
			}
		}
		return contacts
	}
	return a.From.Equal(b.From) && slices.Equal(left(&a), left(&b)) && same(a.Course.Last, b.Course.Last) && sameLeft(a.Course.Left, b.Course.Left)
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func sameLeft(a, b *Left) bool {
	return a == b || a != nil && b != nil && a.At == b.At && same(a.Seen, b.Seen)
}

// heard is a reading with what tells it from others at the same instant.
type heard struct {
	ucare.Reading
	samples uint64
}

// An ordering puts the readings of an hour in the order of time, each once. What differs in
// the room only is the same reading, and the room that came last holds.
type ordering struct {
	dwelling string
	from     time.Time
	seed     maphash.Seed
}

// stream hears the readings as they come, and holds only those of one instant in memory: a
// device that floods has thousands in an hour. It reports whether they came in the order of
// time; if not, what was heard is worth nothing.
func (o ordering) stream(readings iter.Seq2[ucare.Reading, error], hear func(*ucare.Reading)) (inOrder bool, err error) {
	var instant []heard
	tell := func() {
		for i := range each(instant) {
			hear(&instant[i].Reading)
		}
		instant = instant[:0]
	}
	for r, err := range readings {
		if err != nil {
			return false, err
		}
		h, ours := o.take(r)
		if !ours {
			continue
		}
		if len(instant) > 0 {
			switch now := instant[0].At; {
			case h.At.Before(now):
				return false, nil
			case h.At.After(now):
				tell()
			}
		}
		instant = append(instant, h)
	}
	tell()
	return true, nil
}

// sort hears the readings when all of them are known.
func (o ordering) sort(readings iter.Seq2[ucare.Reading, error], hear func(*ucare.Reading)) error {
	var all []heard
	for r, err := range readings {
		if err != nil {
			return err
		}
		if h, ours := o.take(r); ours {
			all = append(all, h)
		}
	}
	for i := range each(all) {
		hear(&all[i].Reading)
	}
	return nil
}

// take is a reading as it is compared, and whether it is one of the hour.
func (o ordering) take(r ucare.Reading) (h heard, ours bool) {
	if r.Dwelling != o.dwelling || r.At.Before(o.from) || !r.At.Before(o.from.Add(Length)) {
		return h, false
	}
	r.At = r.At.Round(0).UTC()
	h = heard{Reading: r}
	if r.Samples != nil {
		h.samples = hashOf(o.seed, r.Samples)
		h.Samples = nil
	}
	return h, true
}

// each puts readings in order and leaves each once, at the beginning.
func each(all []heard) []heard {
	slices.SortStableFunc(all, compare)
	kept := all[:0]
	for _, h := range all {
		if n := len(kept); n > 0 && compare(kept[n-1], h) == 0 {
			kept[n-1] = h
			continue
		}
		kept = append(kept, h)
	}
	return kept
}

func hashOf(seed maphash.Seed, samples [][3]float64) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, s := range samples {
		maphash.WriteComparable(&h, s)
	}
	return h.Sum64() | 1
}

func compare(a, b heard) int {
	flag := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(
		a.At.Compare(b.At), cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Unit, b.Unit),
		cmp.Compare(a.State, b.State), cmp.Compare(a.Value, b.Value), cmp.Compare(a.RateHz, b.RateHz), cmp.Compare(a.samples, b.samples),
		cmp.Compare(flag(a.UnknownAge), flag(b.UnknownAge)), cmp.Compare(flag(a.Drill), flag(b.Drill)),
	)
}

// A sum folds the readings of one hour.
type sum struct {
	dwelling  string
	from, end time.Time
	sensors   map[measure]*SensorHour
	contacts  map[contact]*following
	gone      []*following // that runs or times held may speak of
	runs      []running
	held      []holding
	last      *Mark
	left      *Left
}

type contact struct {
	sensor string
	kind   ucare.Kind
}

type measure struct {
	contact
	unit string
}

// following is a contact while the hour passes.
type following struct {
	Contact
	said  ucare.Said
	since time.Time // from when on it is to be counted, and held
	spoke bool      // in this hour
	named bool      // by a run or a time held
	times int       // held in this hour
}

type running struct {
	Run
	of *following
}

type holding struct {
	Held
	of    *following
	since time.Time // when it began, perhaps before the hour
}

func newSum(dwelling string, from time.Time, before Hour) *sum {
	s := &sum{
		dwelling: dwelling, from: from, end: from.Add(Length),
		sensors: make(map[measure]*SensorHour), contacts: make(map[contact]*following),
	}
	if before.From.IsZero() || !before.From.Before(from) {
		return s
	}
	later := from.Sub(before.From)
	for _, c := range before.Course.Contacts {
		if c.Gone {
			continue
		}
		f := &following{Contact: c, said: ucare.Said{State: c.State, Clears: c.Clears}, since: from}
		if c.State == ucare.Active {
			f.said.Since = before.From.Add(time.Duration(c.Since))
		}
		f.Hours += int(later / Length)
		s.contacts[contact{c.Sensor, c.Kind}] = f
	}
	s.last, s.left = before.Course.Last.moved(later), before.Course.Left.moved(later)
	return s
}

// moved is the mark as an hour sees it that begins later by d.
func (m *Mark) moved(d time.Duration) *Mark {
	if m == nil {
		return nil
	}
	moved := *m
	moved.At -= Into(d)
	return &moved
}

func (l *Left) moved(d time.Duration) *Left {
	if l == nil {
		return nil
	}
	return &Left{At: l.At - Into(d), Seen: l.Seen.moved(d)}
}

// hear takes the next reading.
func (s *sum) hear(r *ucare.Reading) {
	row := s.row(r.Sensor, r.Kind, r.Unit)
	row.add(r)
	if r.State == ucare.Unknown || r.Kind == ucare.Away && r.Drill {
		return
	}
	f := s.follow(r)
	s.pass(f, r.At)
	before := f.said
	alive := f.hear(r)
	if f.activated(before, r) {
		row.Activations++
	}
	if r.Kind == ucare.Link && f.said.State == ucare.Inactive {
		s.lose(r.Sensor, r.At)
	}
	if alive {
		s.sign(f, r.At)
	}
}

func (s *sum) row(sensor string, kind ucare.Kind, unit string) *SensorHour {
	key := measure{contact{sensor, kind}, unit}
	row, ok := s.sensors[key]
	if !ok {
		row = &SensorHour{Sensor: sensor, Kind: kind, Unit: unit}
		s.sensors[key] = row
	}
	return row
}

func (h *SensorHour) add(r *ucare.Reading) {
	if h.Room = r.Room; h.Readings == 0 {
		h.First = r.At
	}
	h.Readings++
	h.Last = r.At
	if r.State != ucare.Unknown || r.Unit == "" || r.RateHz != 0 || math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		return
	}
	if h.Readings == 1 {
		h.Min, h.Max = r.Value, r.Value
	}
	h.Min, h.Max, h.Sum = min(h.Min, r.Value), max(h.Max, r.Value), finite(h.Sum+r.Value)
}

// follow finds the contact of a reading.
func (s *sum) follow(r *ucare.Reading) *following {
	key := contact{r.Sensor, r.Kind}
	f, ok := s.contacts[key]
	if !ok {
		f = &following{Contact: Contact{Sensor: r.Sensor, Kind: r.Kind, Room: r.Room}}
		s.contacts[key] = f
	}
	if f.Room != r.Room {
		s.pass(f, r.At)
		moved := *f
		moved.Room, moved.named = r.Room, false
		f.Gone, f.said, f.Lost, f.Hours = true, ucare.Said{}, false, 0
		s.gone = append(s.gone, f)
		f = &moved
		s.contacts[key] = f
	}
	f.spoke, f.Hours = true, 0
	return f
}

// hear notes what the contact says and reports whether it is a sign of life.
func (f *following) hear(r *ucare.Reading) bool {
	if !r.UnknownAge {
		f.Lost = false
	}
	return f.said.Sign(*r)
}

// tellsLife reports whether a kind's readings can be signs of life that are told from
// repetitions by what was said before.
func tellsLife(k ucare.Kind) bool {
	switch k {
	case ucare.Motion, ucare.Use, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat:
		return true
	default:
		return false
	}
}

// pulses reports whether a kind is a moment for sensors that do not say when it is over.
func pulses(k ucare.Kind) bool { return k == ucare.Motion || k == ucare.Use || k == ucare.HelpButton }

// rests reports whether a kind is active unless something is wrong.
func rests(k ucare.Kind) bool { return k == ucare.Link || k == ucare.Mains }

// activated reports whether a reading made the contact active.
func (f *following) activated(before ucare.Said, r *ucare.Reading) bool {
	if r.State != ucare.Active || r.UnknownAge {
		return false
	}
	switch r.Kind {
	case ucare.HelpButton:
		return true // each press
	case ucare.Motion, ucare.Use:
		return before.State != ucare.Active || !before.Clears
	case ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat, ucare.Link, ucare.Mains:
		return before.State == ucare.Inactive
	default:
		return before.State != ucare.Active
	}
}

// pass lets time pass for a contact, up to at.
func (s *sum) pass(f *following, at time.Time) {
	since := f.since
	f.since = at
	if since.IsZero() || f.Lost || !at.After(since) {
		return
	}
	if f.counts() {
		until := at
		if pulses(f.Kind) {
			until = ucare.Earlier(at, f.said.Since.Add(ucare.StuckAfter))
		}
		if until.After(since) {
			row := s.row(f.Sensor, f.Kind, "")
			row.ActiveFor += until.Sub(since)
			if row.Readings == 0 {
				row.Room = f.Room
			}
		}
	}
	if holds(f.Kind, f.said.State) {
		s.hold(f, since, at)
	}
}

// counts reports whether the contact is active, and it can be told for how long.
func (f *following) counts() bool {
	return f.said.State == ucare.Active && !rests(f.Kind) && (!pulses(f.Kind) || f.said.Clears)
}

// holds reports whether the times in which a contact is in a state are written down.
func holds(k ucare.Kind, s ucare.State) bool {
	switch k {
	case ucare.Bed, ucare.Seat, ucare.Presence, ucare.Away:
		return s == ucare.Active
	default:
		return rests(k) && s == ucare.Inactive
	}
}

// flickers is how many times in an hour a contact is held before those that are less than
// a moment apart become one: a mat that flickers would fill the disk.
const flickers = 20

func (s *sum) hold(f *following, from, to time.Time) {
	f.named = true
	h := holding{Held{From: s.into(from), To: s.into(to)}, f, f.said.Since}
	apart := Into(0)
	if f.times >= flickers {
		apart = Into(moment) - 1
	}
	for i := len(s.held) - 1; i >= 0; i-- {
		if s.held[i].of == f {
			if h.From-s.held[i].To <= apart {
				s.held[i].To = h.To
				return
			}
			break
		}
	}
	f.times++
	s.held = append(s.held, h)
}

// lose notes that nobody knows any more what the contacts of a sensor would say.
func (s *sum) lose(sensor string, at time.Time) {
	for _, f := range s.contacts {
		if f.Sensor == sensor && !rests(f.Kind) {
			s.pass(f, at)
			f.Lost = true
		}
	}
}

func (s *sum) into(t time.Time) Into { return Into(t.Sub(s.from)) }

// quarter is what runs are cut at.
const quarter = Into(15 * time.Minute)

// sign takes the next sign of life into the runs.
func (s *sum) sign(f *following, at time.Time) {
	f.named = true
	t := s.into(at)
	s.last = &Mark{Sensor: f.Sensor, Kind: f.Kind, Room: f.Room, At: t}
	if n := len(s.runs); n > 0 && s.runs[n-1].goesOn(f, t) {
		run := &s.runs[n-1]
		run.Last, run.Signs = t, run.Signs+1
		run.Sure = run.Sure || f.leads() == ucare.NoWayOut && (f.Sensor != run.of.Sensor || seesPeople(f.Kind) && t-run.First >= Into(time.Minute))
		return
	}
	s.runs = append(s.runs, running{Run{First: t, Last: t, Signs: 1}, f})
}

// goesOn reports whether a sign at t belongs to the run.
func (r *running) goesOn(f *following, t Into) bool {
	if t/quarter != r.First/quarter {
		return false
	}
	if f.leads() != ucare.NoWayOut || r.of.leads() != ucare.NoWayOut {
		return f == r.of && t-r.Last < Into(closeBehind)
	}
	return f.Room == r.of.Room
}

// The contacts that an hour remembers.
const (
	rememberedFor = 35 * 24 // hours after which a contact that is not heard is forgotten
	remembered    = 128     // contacts: those that were heard last
)

// hour ends the hour.
func (s *sum) hour() Hour {
	for _, f := range s.contacts {
		s.pass(f, s.end)
	}
	h := Hour{Dwelling: s.dwelling, From: s.from}
	for _, key := range slices.SortedFunc(maps.Keys(s.sensors), func(a, b measure) int {
		return cmp.Or(cmp.Compare(a.sensor, b.sensor), cmp.Compare(a.kind, b.kind), cmp.Compare(a.unit, b.unit))
	}) {
		h.Sensors = append(h.Sensors, *s.sensors[key])
	}
	index := s.settle(&h.Course)
	for _, r := range s.runs {
		r.Contact = index[r.of]
		h.Course.Runs = append(h.Course.Runs, r.Run)
	}
	for _, held := range s.held {
		held.Contact = index[held.of]
		h.Course.Held = append(h.Course.Held, held.Held)
	}
	slices.SortFunc(h.Course.Held, func(a, b Held) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Contact, b.Contact))
	})
	h.Course.Last = s.last
	h.Course.Left = s.whetherLeft()
	return h
}

// settle writes down the contacts that are spoken of or to be remembered, and returns
// where each of them stands.
func (s *sum) settle(c *Course) map[*following]int {
	var all []*following
	for _, f := range s.gone {
		if f.named {
			all = append(all, f)
		}
	}
	for _, f := range s.remembered() {
		all = append(all, f)
		f.State, f.Clears, f.Since = f.said.State, f.said.Clears, 0
		if f.State == ucare.Active {
			f.Since = s.into(f.said.Since)
		}
	}
	slices.SortStableFunc(all, func(a, b *following) int {
		return cmp.Or(cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Room, b.Room))
	})
	index := make(map[*following]int, len(all))
	for i, f := range all {
		index[f] = i
		c.Contacts = append(c.Contacts, f.Contact)
	}
	return index
}

// remembered are the contacts that the next hour needs, and those that this one speaks of.
func (s *sum) remembered() []*following {
	var all []*following
	for _, f := range s.contacts {
		if f.lasts() || f.named {
			f.Gone = !f.lasts()
			all = append(all, f)
		}
	}
	if len(all) <= remembered {
		return all
	}
	slices.SortFunc(all, func(a, b *following) int {
		return cmp.Or(cmp.Compare(a.Hours, b.Hours), cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Kind, b.Kind))
	})
	kept := all[:remembered]
	for _, f := range all[remembered:] {
		if f.named {
			kept = append(kept, f)
		}
	}
	return kept
}

// lasts reports whether the next hour needs to know of the contact: what tells about the
// resident, and of anything else what is not as usual.
func (f *following) lasts() bool {
	switch {
	case f.Hours > rememberedFor:
		return false
	case tellsLife(f.Kind) || f.Kind == ucare.Away:
		return true
	case rests(f.Kind):
		return f.said.State == ucare.Inactive
	default:
		return f.said.State == ucare.Active && f.Kind != ucare.HelpButton
	}
}

// finite keeps a sum of absurd values a number: JSON knows nothing that is none.
func finite(sum float64) float64 { return min(max(sum, -math.MaxFloat64), math.MaxFloat64) }
