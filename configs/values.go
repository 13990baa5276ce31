package configs

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads "60s", "5m", "12h": always with a unit, because a bare 10
// would be ten nanoseconds to Go and ten seconds to its writer.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err == nil && (d != 0 || strings.ContainsAny(s, "smh")) {
		return d, nil
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return 0, fmt.Errorf(`has no unit: write "%[1]ss" (or "%[1]sm", "%[1]sh")`, s)
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n < 10_000 {
			return 0, fmt.Errorf(`has a unit of unequal length: write "%dh"`, 24*n)
		}
	}
	return 0, fmt.Errorf(`is not a length of time: write for example "60s", "5m" or "12h"`)
}

// writeDuration is the shortest form that parseDuration reads: "12h" rather
// than "12h0m0s".
func writeDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// A ByteSize is a number of bytes, written "64KiB", "2MiB" or "1GiB".
type ByteSize int64

var byteUnits = [...]struct {
	name string
	size ByteSize
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// UnmarshalText reads a number and its unit.
func (b *ByteSize) UnmarshalText(text []byte) error {
	s := string(text)
	for _, unit := range byteUnits {
		number, ok := strings.CutSuffix(s, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(unit.size) {
			break
		}
		*b = ByteSize(n) * unit.size
		return nil
	}
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return fmt.Errorf(`has no unit: write "%sB", or use KiB, MiB or GiB`, s)
	}
	return fmt.Errorf(`is not a size: write for example "64KiB" or "2MiB"`)
}

// MarshalText writes the size in the largest unit that divides it.
func (b ByteSize) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// String is the form of MarshalText.
func (b ByteSize) String() string {
	for _, unit := range byteUnits {
		if b >= unit.size && b%unit.size == 0 {
			return fmt.Sprintf("%d%s", int64(b/unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%dB", int64(b))
}

// A ClockWindow is a time of day that comes every day, such as 22:00-07:00; it
// may pass over midnight. From and To count from midnight; both zero is no
// window at all, written "".
type ClockWindow struct {
	From, To time.Duration
}

// UnmarshalText reads "HH:MM-HH:MM" or "".
func (w *ClockWindow) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*w = ClockWindow{}
		return nil
	}
	from, to, found := strings.Cut(string(text), "-")
	start, errFrom := clock(from)
	end, errTo := clock(to)
	if !found || errFrom != nil || errTo != nil {
		return fmt.Errorf(`is not a time of day: write for example "22:00-07:00", or "" for none`)
	}
	if start == end {
		return fmt.Errorf(`begins when it ends: write for example "22:00-07:00", or "" for none`)
	}
	*w = ClockWindow{From: start, To: end}
	return nil
}

func clock(s string) (time.Duration, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, fmt.Errorf("%q is not HH:MM", s)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// MarshalText writes "HH:MM-HH:MM", or "" for no window.
func (w ClockWindow) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// String is the form of MarshalText.
func (w ClockWindow) String() string {
	if w == (ClockWindow{}) {
		return ""
	}
	hhmm := func(d time.Duration) string {
		return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
	}
	return hhmm(w.From) + "-" + hhmm(w.To)
}

// A ClockTime is a time of day, such as 10:00, counted from midnight; 0 is none at
// all, written "".
type ClockTime time.Duration

// UnmarshalText reads "HH:MM" or "".
func (t *ClockTime) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = 0
		return nil
	}
	at, err := clock(string(text))
	if err != nil || at == 0 {
		return fmt.Errorf(`is not a time of day: write for example "10:00", or "" for none`)
	}
	*t = ClockTime(at)
	return nil
}

// MarshalText writes "HH:MM", or "" for none.
func (t ClockTime) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// String is the form of MarshalText.
func (t ClockTime) String() string {
	if t == 0 {
		return ""
	}
	d := time.Duration(t)
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// A Value is something that a device sends, as text: "ON", "1", "true".
type Value string

// Values is a list of them; a single one needs no brackets.
type Values []Value

// Strings are the values as plain texts.
func (v Values) Strings() []string {
	var all []string
	for _, value := range v {
		all = append(all, string(value))
	}
	return all
}

// A Number is a number without a unit.
type Number float64

// textOf is a value of YAML as a device would send it.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// valuesFromScalars lets a device's values be written as numbers and as true
// and false, and a list of one without brackets.
func valuesFromScalars(_, to reflect.Type, value any) (any, error) {
	_, isList := value.([]any)
	switch {
	case to == reflect.TypeFor[Values]() && !isList && value != nil:
		return []any{value}, nil
	case to == reflect.TypeFor[Value]():
		return textOf(value), nil
	default:
		return value, nil
	}
}

// A TimeZone is where the clock on the resident's wall is read.
type TimeZone struct{ *time.Location }

// UnmarshalText reads a name of the IANA time zone database.
func (z *TimeZone) UnmarshalText(text []byte) error {
	name := string(text)
	if name == "" || name == "Local" {
		return fmt.Errorf(`is not a place: write for example "Asia/Seoul"`)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf(`is not in the time zone database: write for example "Asia/Seoul" or "Europe/Berlin"`)
	}
	z.Location = location
	return nil
}

// MarshalText writes the zone's name.
func (z TimeZone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

func seoul() TimeZone {
	var z TimeZone
	if err := z.UnmarshalText([]byte("Asia/Seoul")); err != nil {
		// No time zone database on this machine: Korea has had no summer time since 1988.
		z.Location = time.FixedZone("Asia/Seoul", 9*60*60)
	}
	return z
}
