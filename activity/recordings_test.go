package activity

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// recordedHomes are days of people who live alone. They are not part of this repository.
const recordedHomes = "../../shared/recordings/activity/"

type truth struct{ Away, Sleep [][2]time.Time }

func recording(t testing.TB, name string) ([]ucare.Reading, truth) {
	t.Helper()
	f, err := os.Open(recordedHomes + name + ".jsonl.gz")
	if err != nil {
		t.Skipf("there is no recording of a home at %s%s", recordedHomes, name)
	}
	defer f.Close()
	var known truth
	data, err := os.ReadFile(recordedHomes + name + ".truth.json")
	if err == nil {
		err = json.Unmarshal(data, &known)
	}
	z, zerr := gzip.NewReader(f)
	if err != nil || zerr != nil {
		t.Fatal(err, zerr)
	}
	var readings []ucare.Reading
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		var r ucare.Reading
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		readings = append(readings, r)
	}
	return readings, known
}

// TestCoursesStaySmall holds how much two years of hours take.
func TestCoursesStaySmall(t *testing.T) {
	for _, name := range []string{"ordonez-b", "kasteren-c", "casas-tm000"} {
		readings, _ := recording(t, name)
		var sizes []int
		for _, h := range hoursOf(t, name, readings) {
			text, err := json.Marshal(h.Course)
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, len(text))
		}
		slices.Sort(sizes)
		n := len(sizes)
		t.Logf("%s: a course takes %d bytes (median), %d (95 %%), %d at most", name, sizes[n/2], sizes[n*95/100], sizes[n-1])
		if sizes[n/2] > 1500 || sizes[n-1] > 8000 {
			t.Errorf("%s: a course takes %d bytes (median), %d at most", name, sizes[n/2], sizes[n-1])
		}
	}
}
