package activity

import (
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// A device that floods fills an hour with readings, and not the memory of a small board.
func TestAnHourOfAFloodIsSummedUpInLittleMemory(t *testing.T) {
	const readings, most = 200_000, 1 << 20
	from := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	flood := iter.Seq2[ucare.Reading, error](func(yield func(ucare.Reading, error) bool) {
		for i := range readings {
			r := ucare.Reading{
				At: from.Add(time.Duration(i) * time.Millisecond), Dwelling: "home", Sensor: "meter", Room: "kitchen",
				Kind: ucare.Temperature, Value: float64(i % 30), Unit: "°C",
			}
			if !yield(r, nil) {
				return
			}
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	hour, err := HourOf("home", from, Hour{}, flood)
	runtime.ReadMemStats(&after)
	if err != nil || len(hour.Sensors) != 1 || hour.Sensors[0].Readings != readings {
		t.Fatalf("%+v, %v", hour, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > most {
		t.Errorf("%d readings took %d bytes, want %d at most", readings, took, most)
	}
}
