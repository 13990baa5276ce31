package rules_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"iter"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// recordedHomes are days of people who live alone. They are not part of this repository.
const recordedHomes = "../../shared/recordings/activity/"

// A recordedHome is judged from the day on which Train days were learned.
type recordedHome struct {
	readings []ucare.Reading
	away     [][2]time.Time
}

func recorded(t *testing.T, name string) (h recordedHome) {
	f, err := os.Open(recordedHomes + name + ".jsonl.gz")
	if err != nil {
		t.Skipf("there is no recording of a home at %s%s", recordedHomes, name)
	}
	defer f.Close()
	var truth struct{ Away [][2]time.Time }
	data, err := os.ReadFile(recordedHomes + name + ".truth.json")
	if err == nil {
		err = json.Unmarshal(data, &truth)
	}
	z, zerr := gzip.NewReader(f)
	if err != nil || zerr != nil {
		t.Fatal(err, zerr)
	}
	h.away = truth.Away
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		var r ucare.Reading
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		h.readings = append(h.readings, r)
	}
	return h
}

func (h *recordedHome) isAway(at time.Time) bool {
	return slices.ContainsFunc(h.away, func(s [2]time.Time) bool { return !at.Before(s[0]) && !at.After(s[1].Add(time.Hour)) })
}

// A watch folds a home's readings and learns each night.
type watch struct {
	policy *rules.Policy
	state  *rules.State
	home   *recordedHome
	next   int // reading
	learns time.Time
	raised []ucare.Decision
}

func (w *watch) advance(to time.Time) {
	for !w.learns.After(to) {
		w.tick(w.learns)
		profile, _ := w.policy.LearnProfile(w.past(), w.learns)
		if profile.Days > 0 {
			w.policy.Learn(w.state, profile)
		}
		w.learns = w.learns.AddDate(0, 0, 1)
	}
	w.tick(to)
}

func (w *watch) past() iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		for _, r := range w.home.readings[:w.next] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (w *watch) tick(now time.Time) { w.take(w.policy.Tick(w.state, now, nil)) }

func (w *watch) take(decided []ucare.Decision) {
	for _, d := range decided {
		if d.Rule == ucare.Inactivity && d.Verb == ucare.Raise {
			w.raised = append(w.raised, d)
		}
	}
}

func (w *watch) hear() {
	r := w.home.readings[w.next]
	w.advance(r.At)
	w.next++
	w.take(w.policy.Observe(w.state, r, r.At, nil))
}

// collapse is how long it takes until the alarm is raised when nothing is heard from
// here on.
func (w *watch) collapse(at time.Time) (time.Duration, bool) {
	c := *w
	c.state, c.raised = restored(w.state), nil
	c.advance(at.Add(24 * time.Hour))
	for _, d := range c.raised {
		if !d.At.Before(at) {
			return d.At.Sub(at), true
		}
	}
	return 0, false
}

// TestRecordedHomes holds loose bounds; the scorer beside the recordings has the figures.
func TestRecordedHomes(t *testing.T) {
	for name, train := range map[string]int{"ordonez-b": 10, "kasteren-c": 7, "casas-tm000": 2} {
		t.Run(name, func(t *testing.T) {
			h := recorded(t, name)
			p := rules.Default()
			first := h.readings[0].At
			w := &watch{policy: &p, state: rules.NewState(name), home: &h}
			w.learns = time.Date(first.Year(), first.Month(), first.Day()+1, 3, 30, 0, 0, time.UTC)
			judged := first.AddDate(0, 0, train)
			falls := judged.Add(17 * time.Minute)
			var took []time.Duration
			for w.next < len(h.readings) {
				for ; !falls.After(h.readings[w.next].At); falls = falls.Add(2*time.Hour + 7*time.Minute) {
					if h.isAway(falls) {
						continue
					}
					d, found := w.collapse(falls)
					if !found {
						t.Errorf("who collapses at %v is not found in 24 h", falls)
					}
					took = append(took, d)
				}
				w.hear()
			}
			for _, d := range w.raised {
				// The one home without a contact at its door is empty for days.
				if d.At.After(judged) && !(name == "casas-tm000" && h.isAway(d.At)) {
					t.Errorf("false alarm: %+v", d)
				}
			}
			slices.Sort(took)
			if median, late := took[len(took)/2], took[len(took)*95/100]; median > 4*time.Hour+15*time.Minute || late > 10*time.Hour {
				t.Errorf("found after %v (median) and %v (95 %% of %d)", median, late, len(took))
			}
		})
	}
}
