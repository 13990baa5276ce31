package embedded

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/sqlite"
)

// The sums of an hour are one value in the file: a byte that says in which form, then
// sensor after sensor, in their order,
//
//	form flags readings activations active first last [min max sum]
//
// where flags say which of the instants there are, and whether the measures follow
// (eight bytes each). All others are variable-length integers; instants and the time
// active are nanoseconds, instants from the beginning of the hour. Rows of a table of
// their own take twice the room and ten times as long to read, and JSON more.
const packedForm = 1

const (
	hasFirst = 1 << iota
	hasLast
	hasMeasures
)

var errPacked = errors.New("the sums of an hour cannot be read: the file is damaged")

// A sum is a SensorHour with a number instead of names.
type sum struct {
	form int64
	activity.SensorHour
}

func pack(from time.Time, sums []sum) []byte {
	b := make([]byte, 0, 1+40*len(sums))
	b = append(b, packedForm)
	for _, s := range sums {
		b = s.pack(b, from)
	}
	return b
}

func (s sum) pack(b []byte, from time.Time) []byte {
	var flags int64
	var first, last time.Duration
	if !s.First.IsZero() {
		flags, first = flags|hasFirst, s.First.Sub(from)
	}
	if !s.Last.IsZero() {
		flags, last = flags|hasLast, s.Last.Sub(from)
	}
	if s.Min != 0 || s.Max != 0 || s.Sum != 0 {
		flags |= hasMeasures
	}
	for _, v := range [...]int64{s.form, flags, int64(s.Readings), int64(s.Activations), int64(s.ActiveFor), int64(first), int64(last)} {
		b = binary.AppendVarint(b, v)
	}
	if flags&hasMeasures != 0 {
		for _, v := range [...]float64{s.Min, s.Max, s.Sum} {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}

// unpack is the reverse of pack, with the names.
func (l *legend) unpack(tx *sqlite.Tx, dwelling int64, from time.Time, b []byte) ([]activity.SensorHour, error) {
	if len(b) == 0 || b[0] != packedForm {
		return nil, errPacked
	}
	var all []activity.SensorHour
	for b = b[1:]; len(b) > 0; {
		var s sum
		var intact bool
		if b, intact = s.unpack(b, from); !intact {
			return nil, errPacked
		}
		m, err := l.of(tx, dwelling, s.form)
		if err != nil {
			return nil, err
		}
		s.Sensor, s.Kind, s.Room, s.Unit = m.sensor, m.kind, m.room, m.unit
		all = append(all, s.SensorHour)
	}
	return all, nil
}

// unpack takes a sensor from the front of b.
func (s *sum) unpack(b []byte, from time.Time) (rest []byte, intact bool) {
	var v [7]int64
	for i := range v {
		n, width := binary.Varint(b)
		if width <= 0 {
			return nil, false
		}
		v[i], b = n, b[width:]
	}
	s.form, s.Readings, s.Activations, s.ActiveFor = v[0], int(v[2]), int(v[3]), time.Duration(v[4])
	if v[1]&hasFirst != 0 {
		s.First = from.Add(time.Duration(v[5]))
	}
	if v[1]&hasLast != 0 {
		s.Last = from.Add(time.Duration(v[6]))
	}
	if v[1]&hasMeasures == 0 {
		return b, true
	}
	if len(b) < 24 {
		return nil, false
	}
	for i, to := range [...]*float64{&s.Min, &s.Max, &s.Sum} {
		*to = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return b[24:], true
}
