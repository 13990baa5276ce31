package influx

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// days30 are readings of a busy home: 33,000 a day, of 30 sensors.
func days30(n int) []Point {
	points := make([]Point, n)
	begin := time.Now().Add(-30 * 24 * time.Hour)
	for i := range points {
		sensor := i % 30
		r := ucare.Reading{
			At: begin.Add(time.Duration(i) * 2618 * time.Millisecond), Dwelling: home, Sensor: fmt.Sprintf("s%d", sensor),
			Room: []string{"kitchen", "bedroom", "hall", "bathroom", "living"}[sensor%5], Kind: ucare.Motion, State: ucare.StateOf(i/30%2 == 0),
		}
		if sensor%3 == 0 {
			r.Kind, r.State, r.Value, r.Unit = ucare.Temperature, ucare.Unknown, 20+float64(i%100)/10, "°C"
		}
		points[i].Reading = r
	}
	return points
}

func sensors30() (names []string) {
	for i := range 30 {
		names = append(names, fmt.Sprintf("s%d", i))
	}
	return names
}

// BenchmarkWrite is 5000 readings in one call, and the same lines posted by hand.
func BenchmarkWrite(b *testing.B) {
	points := days30(5000)
	again := func(i int) []Point { // others each time
		for j := range points {
			points[j].Reading.At = points[j].Reading.At.Add(time.Duration(i+1) * time.Microsecond)
		}
		return points
	}
	b.Run("store", func(b *testing.B) {
		s := prepared(b, sensors30()...)
		n := 0
		for b.Loop() {
			n++
			store(b, s, again(n))
		}
		b.ReportMetric(float64(n)*5000/b.Elapsed().Seconds(), "readings/s")
	})
	b.Run("lines", func(b *testing.B) {
		s := prepared(b, sensors30()...)
		n := 0
		for b.Loop() {
			n++
			b.StopTimer()
			lines := asLines(s, again(n))
			b.StartTimer()
			postLines(b, s, lines)
		}
		b.ReportMetric(float64(n)*5000/b.Elapsed().Seconds(), "readings/s")
	})
}

// asLines is how somebody would write them by hand.
func asLines(s *Store, points []Point) []byte {
	var lines bytes.Buffer
	for _, p := range points {
		r := p.Reading
		fmt.Fprintf(&lines, "reading,dwelling=%s,kind=%s,room=%s,sensor=%s ", s.Dwelling(r.Dwelling), r.Kind, r.Room, s.Sensor(r.Sensor))
		if r.Unit != "" {
			fmt.Fprintf(&lines, "value=%v %d\n", r.Value, r.At.UnixNano())
		} else {
			fmt.Fprintf(&lines, "active=%v %d\n", r.State == ucare.Active, r.At.UnixNano())
		}
	}
	return lines.Bytes()
}

func postLines(b *testing.B, s *Store, lines []byte) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(lines)
	_ = w.Close()
	request, _ := http.NewRequest(http.MethodPost, s.c.URL+"/api/v2/write?precision=ns&bucket="+s.c.Bucket, &packed)
	request.Header.Set("Content-Encoding", "gzip")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		b.Fatal(answer.Status)
	}
}

// BenchmarkRead is a day and thirty days of a busy home, read through the store, and by
// Flux in one question, of which each row is only split at its commas.
func BenchmarkRead(b *testing.B) {
	s := prepared(b, sensors30()...)
	points := days30(990_000)
	store(b, s, points)
	last := points[len(points)-1].Reading.At
	for _, days := range []int{1, 30} {
		from, to := last.AddDate(0, 0, -days), last
		b.Run(fmt.Sprintf("store, %d days", days), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = 0
				for _, err := range s.Between(b.Context(), home, from, to) {
					if n++; err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(n), "readings")
		})
		b.Run(fmt.Sprintf("flux, %d days", days), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = rawFlux(b, s, from, to)
			}
			b.ReportMetric(float64(n), "readings")
		})
	}
}

func rawFlux(b *testing.B, s *Store, from, to time.Time) (rows int) {
	question := fmt.Sprintf("from(bucket: %q) |> range(start: %s, stop: %s) |> filter(fn: (r) => r._measurement == \"reading\" and r.dwelling == %q)",
		s.c.Bucket, instant(from), instant(to), s.Dwelling(home))
	answer, err := http.Post(s.c.URL+"/api/v2/query", "application/vnd.flux", bytes.NewReader([]byte(question)))
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	split := csv.NewReader(answer.Body)
	split.FieldsPerRecord, split.ReuseRecord = -1, true
	for {
		row, err := split.Read()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			b.Fatal(err)
		}
		if row[0] == "" && len(row) > 2 && row[2] != "table" {
			rows++
		}
	}
}
