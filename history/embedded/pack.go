package embedded

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/sqlite"
)

// The sums and the course of an hour are one value each in the file: a byte that says in
// which form, then variable-length integers one after the other, and measures of eight
// bytes. Instants are nanoseconds from the beginning of the hour, and what is said of a
// sensor, a kind and a room is the number of a form. Rows of tables of their own take
// twice the room and ten times as long to read, and JSON more.
const packedForm = 1

var errPacked = errors.New("what is stored of an hour cannot be read: the file is damaged")

// A packer writes values one after the other. It numbers names as it goes.
type packer struct {
	w        *writing
	dwelling int64
	b        []byte
}

func (p *packer) ints(all ...int64) {
	for _, v := range all {
		p.b = binary.AppendVarint(p.b, v)
	}
}

func (p *packer) floats(all ...float64) {
	for _, v := range all {
		p.b = binary.LittleEndian.AppendUint64(p.b, math.Float64bits(v))
	}
}

// form writes the number of a sensor, a kind, a room and a unit.
func (p *packer) form(sensor string, kind ucare.Kind, room, unit string) error {
	of, err := p.w.series(series{p.dwelling, sensor, kind})
	if err != nil {
		return err
	}
	id, err := p.w.form(form{series: of, room: room, unit: unit})
	p.ints(id)
	return err
}

// An unpacker reads them again. After something that cannot be read it reads zeros.
type unpacker struct {
	tx       *sqlite.Tx
	legend   *legend
	dwelling int64
	b        []byte
	err      error
}

// begin begins to read a value.
func (u *unpacker) begin(b []byte) {
	if len(b) == 0 || b[0] != packedForm {
		u.fail()
		return
	}
	u.b = b[1:]
}

func (u *unpacker) fail() {
	if u.err == nil {
		u.err = errPacked
	}
	u.b = nil
}

func (u *unpacker) int() int64 {
	n, width := binary.Varint(u.b)
	if width <= 0 {
		u.fail()
		return 0
	}
	u.b = u.b[width:]
	return n
}

// count is how many things follow, which take at least a byte each.
func (u *unpacker) count() int {
	n := u.int()
	if n < 0 || n > int64(len(u.b)) {
		u.fail()
		return 0
	}
	return int(n)
}

func (u *unpacker) into() activity.Into { return activity.Into(u.int()) }

func (u *unpacker) float() float64 {
	if len(u.b) < 8 {
		u.fail()
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(u.b))
	u.b = u.b[8:]
	return v
}

func (u *unpacker) form() meaning {
	id := u.int()
	if u.err != nil {
		return meaning{}
	}
	m, err := u.legend.of(u.tx, u.dwelling, id)
	if err != nil {
		u.err, u.b = err, nil
	}
	return m
}

// Which parts of a sum follow.
const (
	hasFirst = 1 << iota
	hasLast
	hasMeasures
)

func (p *packer) sums(from time.Time, all []activity.SensorHour) error {
	p.b = append(make([]byte, 0, 16+40*len(all)), packedForm)
	p.ints(int64(len(all)))
	for i := range all {
		if err := p.sum(from, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) sum(from time.Time, s *activity.SensorHour) error {
	if err := p.form(s.Sensor, s.Kind, s.Room, s.Unit); err != nil {
		return err
	}
	measures := s.Min != 0 || s.Max != 0 || s.Sum != 0
	p.ints(flags(!s.First.IsZero(), !s.Last.IsZero(), measures), int64(s.Readings), int64(s.Activations), int64(s.ActiveFor))
	if !s.First.IsZero() {
		p.ints(int64(s.First.Sub(from)))
	}
	if !s.Last.IsZero() {
		p.ints(int64(s.Last.Sub(from)))
	}
	if measures {
		p.floats(s.Min, s.Max, s.Sum)
	}
	return nil
}

func (u *unpacker) sums(from time.Time, b []byte) []activity.SensorHour {
	u.begin(b)
	var all []activity.SensorHour
	if n := u.count(); n > 0 {
		all = make([]activity.SensorHour, n)
	}
	for i := range all {
		u.sum(from, &all[i])
	}
	return all
}

func (u *unpacker) sum(from time.Time, s *activity.SensorHour) {
	m := u.form()
	s.Sensor, s.Kind, s.Room, s.Unit = m.sensor, m.kind, m.room, m.unit
	has := u.int()
	s.Readings, s.Activations, s.ActiveFor = int(u.int()), int(u.int()), time.Duration(u.int())
	if has&hasFirst != 0 {
		s.First = from.Add(time.Duration(u.int()))
	}
	if has&hasLast != 0 {
		s.Last = from.Add(time.Duration(u.int()))
	}
	if has&hasMeasures != 0 {
		s.Min, s.Max, s.Sum = u.float(), u.float(), u.float()
	}
}

// What a contact is, above its state.
const (
	stateBits = 3
	clears    = 4
	lost      = 8
	gone      = 16
)

// Which parts of a course follow.
const (
	hasMark = 1 << iota
	hasLeft
	hasSeen
)

func (p *packer) course(c *activity.Course) error {
	p.b = append(make([]byte, 0, 64+8*len(c.Contacts)+20*len(c.Runs)), packedForm)
	p.ints(int64(len(c.Contacts)))
	for _, one := range c.Contacts {
		if err := p.form(one.Sensor, one.Kind, one.Room, ""); err != nil {
			return err
		}
		is := int64(one.State)&stateBits | flags(false, false, one.Clears, one.Lost, one.Gone)
		p.ints(is, int64(one.Since), int64(one.Hours))
	}
	p.ints(int64(len(c.Runs)))
	for _, r := range c.Runs {
		p.ints(int64(r.Contact), int64(r.First), int64(r.Last-r.First), int64(r.Signs), bit(r.Sure))
	}
	p.ints(int64(len(c.Held)))
	for _, h := range c.Held {
		p.ints(int64(h.Contact), int64(h.From), int64(h.To))
	}
	p.ints(flags(c.Last != nil, c.Left != nil, c.Left != nil && c.Left.Seen != nil))
	if c.Last != nil {
		if err := p.mark(c.Last); err != nil {
			return err
		}
	}
	if c.Left == nil {
		return nil
	}
	p.ints(int64(c.Left.At))
	if c.Left.Seen == nil {
		return nil
	}
	return p.mark(c.Left.Seen)
}

func (p *packer) mark(m *activity.Mark) error {
	err := p.form(m.Sensor, m.Kind, m.Room, "")
	p.ints(int64(m.At))
	return err
}

func (u *unpacker) course(b []byte) (c activity.Course) {
	u.begin(b)
	if n := u.count(); n > 0 {
		c.Contacts = make([]activity.Contact, n)
	}
	for i := range c.Contacts {
		c.Contacts[i] = u.contact()
	}
	if n := u.count(); n > 0 {
		c.Runs = make([]activity.Run, n)
	}
	for i := range c.Runs {
		r := &c.Runs[i]
		r.Contact, r.First, r.Last = int(u.int()), u.into(), u.into()
		r.Last += r.First
		r.Signs, r.Sure = int(u.int()), u.int() != 0
	}
	if n := u.count(); n > 0 {
		c.Held = make([]activity.Held, n)
	}
	for i := range c.Held {
		c.Held[i] = activity.Held{Contact: int(u.int()), From: u.into(), To: u.into()}
	}
	has := u.int()
	if has&hasMark != 0 {
		c.Last = u.mark()
	}
	if has&hasLeft != 0 {
		c.Left = &activity.Left{At: u.into()}
	}
	if has&hasLeft != 0 && has&hasSeen != 0 {
		c.Left.Seen = u.mark()
	}
	return c
}

func (u *unpacker) contact() activity.Contact {
	m := u.form()
	is := u.int()
	return activity.Contact{
		Sensor: m.sensor, Kind: m.kind, Room: m.room, State: ucare.State(is & stateBits), Since: u.into(), Hours: int(u.int()),
		Clears: is&clears != 0, Lost: is&lost != 0, Gone: is&gone != 0,
	}
}

func (u *unpacker) mark() *activity.Mark {
	m := u.form()
	return &activity.Mark{Sensor: m.sensor, Kind: m.kind, Room: m.room, At: u.into()}
}

// flags is a number with a bit for each, the lowest first.
func flags(all ...bool) (n int64) {
	for i, set := range all {
		n |= bit(set) << i
	}
	return n
}
