package influx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/write"

	"github.com/ucare-project/ucare/activity"
)

const (
	fieldJSON     = "json" // the whole hour or day, its names pseudonyms
	fieldReadings = "readings"
)

// WriteHours sends hours, instead of what the server has of them. Those that are older
// than the server keeps hours are left out. An error says that nothing is known: send all
// again.
func (s *Store) WriteHours(ctx context.Context, hours []activity.Hour) error {
	var points []*write.Point
	for _, h := range hours {
		course, err := s.course(h)
		if err != nil {
			return err
		}
		points = append(points, course)
		for _, one := range h.Sensors {
			if p := s.sensorHour(h, one); p != nil {
				points = append(points, p)
			}
		}
	}
	return s.writeSums(ctx, "hours", points)
}

// writeSums sends what is summed up. There is nothing to set aside: what is refused stays
// where it comes from, and is a fault.
func (s *Store) writeSums(ctx context.Context, what string, points []*write.Point) error {
	w := &writing{store: s, bucket: s.c.Hours}
	for chunk := range slices.Chunk(points, mostPoints/5) { // each has a long text
		batch := make([]sent, len(chunk))
		for i, p := range chunk {
			batch[i] = sent{i, p}
		}
		if err := w.offer(ctx, batch); err != nil {
			return err
		}
	}
	for _, r := range w.refused {
		if r.Reason != Expired {
			return &Later{
				Fault: fmt.Sprintf("the InfluxDB at %s does not take %s into the bucket %s: %s", s.c.URL, what, s.c.Hours, r.Reason),
				Err:   errors.New(r.Reason),
			}
		}
	}
	return nil
}

// course is the point that has all of an hour.
func (s *Store) course(h activity.Hour) (*write.Point, error) {
	text, err := json.Marshal(masked(s, h))
	if err != nil {
		return nil, fmt.Errorf("write the hour of %s at %s: %w", h.Dwelling, h.From.Format(time.RFC3339), err)
	}
	readings, signs := 0, 0
	for _, one := range h.Sensors {
		readings += one.Readings
	}
	for _, run := range h.Course.Runs {
		signs += run.Signs
	}
	return write.NewPointWithMeasurement(measCourse).SetTime(h.From).AddTag(tagDwelling, s.Dwelling(h.Dwelling)).
		AddField(fieldJSON, string(text)).AddField(fieldReadings, readings).AddField("sensors", len(h.Sensors)).
		AddField("signs_of_life", signs), nil
}

// sensorHour is the point of one sensor and kind, for charts; nil if it has a figure that
// cannot be stored.
func (s *Store) sensorHour(h activity.Hour, one activity.SensorHour) *write.Point {
	p := write.NewPointWithMeasurement(measHour).SetTime(h.From).AddTag(tagDwelling, s.Dwelling(h.Dwelling)).AddTag(tagKind, plain(string(one.Kind)))
	if one.Room != "" {
		p.AddTag(tagRoom, plain(one.Room))
	}
	p.AddTag(tagSensor, s.Sensor(one.Sensor)).AddField(fieldReadings, one.Readings)
	if one.Unit == "" {
		return p.AddField("activations", one.Activations).AddField("active_seconds", one.ActiveFor.Seconds())
	}
	if !finite(one.Min) || !finite(one.Max) || !finite(one.Sum) {
		return nil
	}
	if one.Unit != one.Kind.Unit() {
		p.AddField(fieldUnit, plain(one.Unit))
	}
	p.AddField("min", one.Min).AddField("max", one.Max).AddField("sum", one.Sum)
	if one.Readings > 0 {
		p.AddField("mean", one.Sum/float64(one.Readings))
	}
	return p
}

// Hours returns the dwelling's hours that begin with from ≤ begin < to, ordered by time.
func (s *Store) Hours(ctx context.Context, dwelling string, from, to time.Time) ([]activity.Hour, error) {
	unmask, err := s.unmask(ctx, dwelling)
	if err != nil {
		return nil, err
	}
	if from, to = clamp(from), clamp(to); !from.Before(to) {
		return nil, nil
	}
	var hours []activity.Hour
	question := s.ask(s.c.Hours, measCourse, dwelling, from, to).where("_field", fieldJSON).then(`keep(columns: ["_time", "_value"])`)
	err = s.query(ctx, s.c.Hours, question, func(row row) error {
		if !row.Time().Before(to) {
			return nil
		}
		var h activity.Hour
		text, _ := row.Value().(string)
		if err := json.Unmarshal([]byte(text), &h); err != nil {
			return fmt.Errorf("the hour at %s: %w", row.Time().Format(time.RFC3339), err)
		}
		hours = append(hours, renamed(h, func(string) string { return dwelling }, unmask))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the hours of %s: %w", dwelling, err)
	}
	slices.SortFunc(hours, func(a, b activity.Hour) int { return a.From.Compare(b.From) })
	return hours, nil
}

// WriteDays sends days, instead of what the server has of them, as WriteHours does.
func (s *Store) WriteDays(ctx context.Context, days []activity.Day) error {
	var points []*write.Point
	for _, d := range days {
		p, err := s.day(d)
		if err != nil {
			return err
		}
		points = append(points, p)
		for _, room := range d.Rooms {
			points = append(points, write.NewPointWithMeasurement(measDayRoom).SetTime(d.From).AddTag(tagDwelling, s.Dwelling(d.Dwelling)).
				AddTag(tagRoom, plain(room.Room)).AddField("seconds", room.Seconds))
		}
	}
	return s.writeSums(ctx, "days", points)
}

// day is the point of a day: all of it, and its figures for charts.
func (s *Store) day(d activity.Day) (*write.Point, error) {
	text, err := json.Marshal(masked(s, d))
	if err != nil {
		return nil, fmt.Errorf("write the day of %s on %s: %w", d.Dwelling, d.Date, err)
	}
	p := write.NewPointWithMeasurement(measDay).SetTime(d.From).AddTag(tagDwelling, s.Dwelling(d.Dwelling)).
		AddField(fieldJSON, string(text)).AddField("date", d.Date).AddField("running", d.Running).
		AddField(fieldReadings, d.Readings).AddField("unknown_seconds", d.Unknown.Seconds)
	if d.First != nil {
		p.AddField("first_hour", d.First.At.Sub(d.From).Hours())
	}
	if d.Last != nil {
		p.AddField("last_hour", d.Last.At.Sub(d.From).Hours())
	}
	if d.Out != nil {
		p.AddField("out_seconds", d.Out.Seconds)
	}
	if d.Night != nil {
		p.AddField("resting_seconds", d.Night.Resting).AddField("ups_at_night", len(d.Night.Ups))
	}
	if d.Bathroom != nil {
		p.AddField("bathroom_visits", d.Bathroom.Visits).AddField("bathroom_seconds", d.Bathroom.Seconds)
		if d.Bathroom.AtNight != nil {
			p.AddField("bathroom_visits_at_night", *d.Bathroom.AtNight)
		}
	}
	if d.Outings != nil {
		p.AddField("outings", d.Outings.Count)
	}
	if d.Silence != nil {
		p.AddField("longest_silence_seconds", d.Silence.Seconds)
	}
	if d.Daytime != nil {
		p.AddField("longest_silence_by_day_seconds", d.Daytime.Seconds)
	}
	return p, nil
}
