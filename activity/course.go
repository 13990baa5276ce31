package activity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ucare-project/ucare"
)

// A Course is what happened in an hour, as days are made of it, and how the contacts
// stood at its end. It is stored as JSON and is the same after a round trip. The JSON is
// short, for there are two years of it: contacts, runs and times held are arrays, and
// instants are seconds since the beginning of the hour.
type Course struct {
	// Contacts are those that runs and times held speak of, and those whose state is
	// known, ordered by sensor, kind and room.
	Contacts []Contact `json:"contacts,omitempty"`
	// Runs are the signs of life, in order. Consecutive ones of one room, or of one door
	// that may lead out, are one run. A run is cut at the quarters of the hour, for
	// midnight somewhere on earth is at each of them.
	Runs []Run `json:"runs,omitempty"`
	// Held are the times of the hour in which somebody lay in a bed, sat on a seat or was
	// said to be in a room or away, and in which a sensor was out of reach or the mains
	// were off, ordered by From and contact.
	Held []Held `json:"held,omitempty"`
	// Last is the last sign of life up to the end of the hour, the Into of it negative
	// where it was earlier; nil: there was none yet.
	Last *Mark `json:"last,omitempty"`
	// Left is the last use of a door that leads out, where nobody was surely noticed
	// inside since; nil: somebody was, or no door leads out.
	Left *Left `json:"left,omitempty"`
}

// Left is the last use of a door that leads out.
type Left struct {
	At Into `json:"at"`
	// Seen is a sign of life from inside since, which alone shows nothing; nil: there was
	// none.
	Seen *Mark `json:"seen,omitempty"`
}

// Into is how far from the beginning of the hour an instant is; negative: before it. In
// JSON it is a number of seconds with up to nine decimals.
type Into time.Duration

// A Contact is one sensor as far as it speaks of one kind: what it said last.
type Contact struct {
	Sensor string
	Kind   ucare.Kind
	Room   string
	State  ucare.State
	Since  Into // when it became active; 0 unless it is
	Clears bool // it has said "inactive" before
	// Lost is whether its sensor has been out of reach since it said so.
	Lost bool
	// Gone is whether it is only here to be spoken of: its sensor is in another room
	// since, or it has no state.
	Gone bool
	// Hours is for how many hours before this one it has not been heard.
	Hours int
}

// A Run is a row of signs of life in one room, or of one door that may lead out. In JSON it is
// [contact, first], or [contact, first, last, signs], or with a 1 behind that if Sure.
type Run struct {
	Contact     int // of the first sign: its index in Contacts
	First, Last Into
	Signs       int
	// Sure is whether the run alone shows that somebody is inside: two sensors, or a
	// motion or presence sensor twice with a minute between.
	Sure bool
}

// A Held is a time in which a contact went on being active; mains and link: inactive. In
// JSON it is [contact, from, to].
type Held struct {
	Contact  int // its index in Contacts
	From, To Into
}

// A Mark is a sign of life. In JSON it is [sensor, kind, room, instant].
type Mark struct {
	Sensor string
	Kind   ucare.Kind
	Room   string
	At     Into
}

// MarshalJSON writes seconds, exactly.
func (i Into) MarshalJSON() ([]byte, error) {
	sign, ns := "", uint64(i)
	if i < 0 {
		sign, ns = "-", uint64(-i)
	}
	text := sign + strconv.FormatUint(ns/1e9, 10)
	if ns%1e9 != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%09d", ns%1e9), "0")
	}
	return []byte(text), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (i *Into) UnmarshalJSON(data []byte) error {
	text, negative := strings.CutPrefix(string(data), "-")
	whole, decimals, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(decimals) > 9 || seconds > maxSeconds || seconds < 0 {
		return fmt.Errorf("%q is no number of seconds with at most nine decimals", data)
	}
	nanoseconds := int64(0)
	if decimals != "" {
		if nanoseconds, err = strconv.ParseInt(decimals+strings.Repeat("0", 9-len(decimals)), 10, 64); err != nil || nanoseconds < 0 {
			return fmt.Errorf("%q is no number of seconds with at most nine decimals", data)
		}
	}
	*i = Into(seconds*1e9 + nanoseconds)
	if negative {
		*i = -*i
	}
	return nil
}

const maxSeconds = int64(math.MaxInt64)/1e9 - 1

// The flags of a contact in JSON, beside its state in the lowest two bits.
const (
	stateBits = 3
	clears    = 4
	lost      = 8
	gone      = 16
)

// MarshalJSON writes [sensor, kind, room, flags, since, hours] without the zeros at its end.
func (c Contact) MarshalJSON() ([]byte, error) {
	flags := int(c.State)
	for flag, set := range map[int]bool{clears: c.Clears, lost: c.Lost, gone: c.Gone} {
		if set {
			flags |= flag
		}
	}
	all := []any{c.Sensor, c.Kind, c.Room, flags, c.Since, c.Hours}
	switch {
	case c.Hours != 0:
	case c.Since != 0:
		all = all[:5]
	default:
		all = all[:4]
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Contact) UnmarshalJSON(data []byte) error {
	var all struct {
		sensor, kind, room string
		flags, hours       int
		since              Into
	}
	err := array(data, 4, &all.sensor, &all.kind, &all.room, &all.flags, &all.since, &all.hours)
	*c = Contact{
		Sensor: all.sensor, Kind: ucare.Kind(all.kind), Room: all.room, Since: all.since, Hours: all.hours,
		State: ucare.State(all.flags & stateBits), Clears: all.flags&clears != 0, Lost: all.flags&lost != 0, Gone: all.flags&gone != 0,
	}
	return err
}

// MarshalJSON writes [contact, first, last, signs, sure] without what the first two say.
func (r Run) MarshalJSON() ([]byte, error) {
	all := []any{r.Contact, r.First, r.Last, r.Signs, 1}
	switch {
	case r.Sure:
	case r.Signs == 1 && r.Last == r.First:
		all = all[:2]
	default:
		all = all[:4]
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Run) UnmarshalJSON(data []byte) error {
	*r = Run{}
	sure := 0
	if err := array(data, 2, &r.Contact, &r.First, &r.Last, &r.Signs, &sure); err != nil {
		return err
	}
	if r.Signs == 0 { // nothing behind the first
		r.Last, r.Signs = r.First, 1
	}
	r.Sure = sure != 0
	return nil
}

// MarshalJSON writes [contact, from, to].
func (h Held) MarshalJSON() ([]byte, error) { return json.Marshal([]any{h.Contact, h.From, h.To}) }

// UnmarshalJSON reads what MarshalJSON writes.
func (h *Held) UnmarshalJSON(data []byte) error { return array(data, 3, &h.Contact, &h.From, &h.To) }

// MarshalJSON writes [sensor, kind, room, instant].
func (m Mark) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{m.Sensor, m.Kind, m.Room, m.At})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Mark) UnmarshalJSON(data []byte) error {
	return array(data, 4, &m.Sensor, (*string)(&m.Kind), &m.Room, &m.At)
}

// array reads a JSON array of texts and numbers into to, of which at least the first ones
// must be there. It is called by package json, which has seen that data is JSON; it does not
// call that again for each value, for hours are read a thousand at a time.
func array(data []byte, first int, to ...any) error {
	all, err := elements(data, len(to))
	if err != nil {
		return err
	}
	if len(all) < first {
		return fmt.Errorf("an array of %d to %d values of a course has %d", first, len(to), len(all))
	}
	for i, raw := range all {
		if err := value(raw, to[i]); err != nil {
			return err
		}
	}
	return nil
}

// elements splits an array that holds neither arrays nor objects, of at most most values.
func elements(data []byte, most int) ([][]byte, error) {
	data = bytes.TrimSpace(data)
	if len(data) < 2 || data[0] != '[' {
		return nil, fmt.Errorf("%.100q is no array of a course", data)
	}
	all := make([][]byte, 0, most)
	begin, inText := 1, false
	for i := 1; i < len(data); i++ {
		switch c := data[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case !inText && (c == '[' || c == '{'):
			return nil, fmt.Errorf("%.100q is in an array of a course, which holds texts and numbers", data[i:])
		case !inText && (c == ',' || c == ']'):
			if raw := bytes.TrimSpace(data[begin:i]); c == ',' || len(all) > 0 || len(raw) > 0 {
				all = append(all, raw)
			}
			begin = i + 1
			if len(all) > most {
				return nil, fmt.Errorf("an array of at most %d values of a course has more", most)
			}
		}
	}
	return all, nil
}

// value reads one value of an array.
func value(raw []byte, to any) (err error) {
	switch to := to.(type) {
	case *string:
		if len(raw) >= 2 && raw[0] == '"' && !bytes.ContainsRune(raw, '\\') && utf8.Valid(raw) {
			*to = string(raw[1 : len(raw)-1])
			return nil
		}
		return json.Unmarshal(raw, to)
	case *int:
		*to, err = strconv.Atoi(string(raw))
		return err
	case *Into:
		return to.UnmarshalJSON(raw)
	default:
		return json.Unmarshal(raw, to)
	}
}
