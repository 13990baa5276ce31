package influx

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/influxdata/influxdb-client-go/v2/api/write"

	"github.com/ucare-project/ucare"
)

// The measurements, tags and fields are told in docs/history.md.
const (
	measReading = "reading"
	measHour    = "hour"
	measCourse  = "course"
	measDay     = "day"
	measDayRoom = "day_room"
	measProbe   = "probe"

	tagDwelling = "dwelling"
	tagKind     = "kind"
	tagN        = "n"
	tagRoom     = "room"
	tagSensor   = "sensor"

	fieldActive     = "active"
	fieldValue      = "value"
	fieldSamples    = "samples"
	fieldUnknown    = "unknown" // only with none of the three above: a point has to have a field
	fieldTwo        = "two"     // only with two of the three above: a count of points needs it
	fieldRate       = "rate_hz"
	fieldUnit       = "unit"
	fieldUnknownAge = "unknown_age"
	fieldDrill      = "drill"
)

// Expired is the reason for not taking a reading that the bucket would forget at once.
const Expired = "it is older than the InfluxDB keeps"

// Further reasons for not sending a reading at all.
const (
	noTime   = "its time is outside of what an InfluxDB can store"
	noNumber = "it has a value that is no number, which an InfluxDB cannot store"
	tooMany  = "its sensor said more than 16 different things of one kind at one instant"
)

// mostN bounds the series that one sensor can make by saying many things at one instant.
const mostN = 15

// The instants that the servers can store.
var (
	earliest = time.Unix(0, math.MinInt64+2)
	latest   = time.Unix(0, math.MaxInt64-1)
)

func clamp(t time.Time) time.Time {
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	default:
		return t
	}
}

// encode makes of a reading what is written, or says why it cannot be.
func (s *Store) encode(p Point) (point *write.Point, reason string) {
	r := p.Reading
	switch {
	case r.At.Before(earliest) || r.At.After(latest):
		return nil, noTime
	case p.N < 0 || p.N > mostN:
		return nil, tooMany
	case s.expired(r.At):
		return nil, Expired
	}
	point = write.NewPointWithMeasurement(measReading).SetTime(r.At)
	point.AddTag(tagDwelling, s.Dwelling(r.Dwelling))
	point.AddTag(tagKind, plain(string(r.Kind)))
	if p.N > 0 {
		point.AddTag(tagN, strconv.Itoa(p.N))
	}
	if r.Room != "" {
		point.AddTag(tagRoom, plain(r.Room))
	}
	point.AddTag(tagSensor, s.Sensor(r.Sensor))
	return point, addFields(point, r)
}

// addFields adds what the reading says. The same fields come back by readFields.
func addFields(point *write.Point, r ucare.Reading) (reason string) {
	says := 0
	if r.State != ucare.Unknown {
		point.AddField(fieldActive, r.State == ucare.Active)
		says++
	}
	if r.Samples != nil {
		samples, err := json.Marshal(r.Samples)
		if err != nil {
			return noNumber
		}
		point.AddField(fieldSamples, string(samples))
		says++
	} else if r.Unit != "" {
		if !finite(r.Value) {
			return noNumber
		}
		point.AddField(fieldValue, r.Value)
		says++
	}
	switch says {
	case 0:
		point.AddField(fieldUnknown, true)
	case 2:
		point.AddField(fieldTwo, true)
	}
	if !finite(r.RateHz) {
		return noNumber
	}
	if r.RateHz != 0 {
		point.AddField(fieldRate, r.RateHz)
	}
	if r.Unit != "" && (r.Samples != nil || r.Unit != r.Kind.Unit()) {
		point.AddField(fieldUnit, plain(r.Unit))
	}
	if r.UnknownAge {
		point.AddField(fieldUnknownAge, true)
	}
	if r.Drill {
		point.AddField(fieldDrill, true)
	}
	return ""
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// readField puts one field of a point back into its reading. What nobody of us wrote is
// passed over.
func readField(r *ucare.Reading, field string, value any) error {
	switch value := value.(type) {
	case bool:
		switch field {
		case fieldActive:
			r.State = ucare.StateOf(value)
		case fieldUnknownAge:
			r.UnknownAge = value
		case fieldDrill:
			r.Drill = value
		}
	case float64:
		switch field {
		case fieldValue:
			if r.Value = value; r.Unit == "" {
				r.Unit = r.Kind.Unit()
			}
		case fieldRate:
			r.RateHz = value
		}
	case string:
		switch field {
		case fieldUnit:
			r.Unit = unplain(value)
		case fieldSamples:
			if err := json.Unmarshal([]byte(value), &r.Samples); err != nil {
				return fmt.Errorf("read the samples of %s at %s: %w", r.Sensor, r.At.Format(time.RFC3339Nano), err)
			}
		}
	}
	return nil
}

// expired is whether the server would not keep something of that time.
func (s *Store) expired(at time.Time) bool {
	s.mu.Lock()
	keep := s.readings.keep
	s.mu.Unlock()
	return keep > 0 && at.Before(s.now().Add(-keep))
}

// plain writes a text so that it comes back from each version as it was: line protocol has
// no way to write a line end, or a backslash before a comma. Other texts stay as they are.
func plain(text string) string {
	if !strings.ContainsFunc(text, special) {
		return text
	}
	var b strings.Builder
	for i, size := 0, 0; i < len(text); i += size {
		var c rune
		if c, size = utf8.DecodeRuneInString(text[i:]); !special(c) {
			b.WriteString(text[i : i+size])
			continue
		}
		for _, one := range []byte(text[i : i+size]) {
			fmt.Fprintf(&b, "%%%02X", one)
		}
	}
	return b.String()
}

func special(c rune) bool {
	return c < ' ' || c == 0x7f || c == '%' || c == '\\' || c == utf8.RuneError
}

// unplain reads what plain wrote.
func unplain(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(code))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
