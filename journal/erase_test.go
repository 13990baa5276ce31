package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// twoHomes fills a journal with what is kim's and what is park's, turn about.
func twoHomes(t *testing.T, j *Journal) {
	t.Helper()
	for n := range 20 {
		mustAppend(t, j, message("ucare/kim/pir", noon), message("ucare/park/pir", noon))
		for _, home := range []string{"kim", "park"} {
			alarm := fmt.Sprintf("alarm-%s-%d", home, n)
			_, err := j.Answered(t.Context(), alarm, noon, ucare.Answers{ReceivedAt: noon, ReceivedBy: "centre of " + home})
			check(t, err)
			body, err := json.Marshal(map[string]any{"dwelling": map[string]any{"id": home}})
			check(t, err)
			check(t, j.Decide(t.Context(), Folded{
				Seq:        int64(2 * n),
				Decisions:  []ucare.Decision{{At: noon.Add(time.Duration(n)), Dwelling: home, Rule: ucare.Fire, Verb: ucare.Raise, Alarm: alarm}},
				Alarms:     []ucare.Alarm{{ID: alarm, Dwelling: home, Rule: ucare.Fire, Onset: noon, RaisedAt: noon}},
				Deliveries: []Delivery{{Report: "r-" + alarm, Receiver: "centre", Alarm: alarm, Body: body, CreatedAt: noon}},
			}))
		}
	}
	// A delivery of an alarm that the journal does not know, and an answer to one.
	check(t, j.Queue(t.Context(), []Delivery{
		{Report: "lost-kim", Receiver: "centre", Alarm: "lost", Body: []byte(`{"dwelling":{"id":"kim"}}`)},
		{Report: "lost-park", Receiver: "centre", Alarm: "lost", Body: []byte(`{"dwelling":{"id":"park"}}`)},
		{Report: "lost-nobody", Receiver: "centre", Alarm: "lost", Body: []byte(`of kim?`)},
	}))
	_, err := j.Answered(t.Context(), "lost", noon, ucare.Answers{ReceivedAt: noon, ReceivedBy: "centre of kim"})
	check(t, err)
}

func TestOneDwellingIsErasedAndNoOther(t *testing.T) {
	j := fresh(t)
	twoHomes(t, j)
	park, err := j.CountOf(t.Context(), "park")
	check(t, err)
	kim, err := j.CountOf(t.Context(), "kim")
	check(t, err)
	if want := (Counts{Decisions: 20, Alarms: 20, Answers: 21, Deliveries: 22}); kim != want {
		t.Errorf("counted %+v of kim, want %+v", kim, want)
	}
	erased, err := j.EraseDecided(t.Context(), "kim", Checkpoint{})
	check(t, err)
	if erased != kim {
		t.Errorf("erased %+v, of %+v", erased, kim)
	}
	left, err := j.CountOf(t.Context(), "kim")
	check(t, err)
	if left != (Counts{}) {
		t.Errorf("%+v are left of kim", left)
	}
	// What nobody can tell whose it is counts as kim's, and is gone.
	park.Answers, park.Deliveries = park.Answers-1, park.Deliveries-1
	if after, err := j.CountOf(t.Context(), "park"); err != nil || after != park {
		t.Errorf("of park there is %+v, want %+v (%v)", after, park, err)
	}
}

func TestErasedEntriesTakeNoNumberWithThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, _ := openAt(t, path, Options{BallastBytes: -1})
	mustAppend(t, j, message("ucare/park/pir", noon), message("ucare/kim/pir", noon), message("ucare/park/pir", noon), message("ucare/kim/last", noon.Add(time.Hour)))
	check(t, j.EraseEntries(t.Context(), []int64{2, 4}))
	entries := all(t, j)
	if len(entries) != 3 || entries[0].Seq != 1 || entries[1].Seq != 3 {
		t.Fatalf("left: %+v", entries)
	}
	if last := entries[2]; last.Seq != 4 || last.Kind != Tick || last.Topic != "" || string(last.Payload) != "{}" || !last.At.Equal(noon.Add(time.Hour)) {
		t.Errorf("the last entry became %+v", last)
	}
	check(t, j.Scrub(t.Context()))
	check(t, j.Close())
	j, opened := openAt(t, path, Options{BallastBytes: -1})
	if !opened.LastAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("the gateway was deaf since %s", opened.LastAt)
	}
	next, err := j.Append(t.Context(), message("ucare/park/smoke", noon.Add(2*time.Hour)))
	if err != nil || next.Seq != 5 {
		t.Errorf("the next entry has the number %d; one that was given before is passed over as decided (%v)", next.Seq, err)
	}
}

func TestNoByteOfADwellingIsLeft(t *testing.T) {
	dir := t.TempDir()
	j, _ := openAt(t, filepath.Join(dir, "journal.db"), Options{BallastBytes: -1})
	twoHomes(t, j)
	check(t, j.SaveCheckpoint(t.Context(), Checkpoint{Seq: 1, Version: "v", State: []byte("kim and park")}))
	if !inFolder(t, dir, "kim") {
		t.Fatal("there is nothing to be erased")
	}
	var its []int64
	for _, e := range all(t, j) {
		if bytes.Contains(append(e.Payload, e.Topic...), []byte("kim")) || bytes.Contains(e.Payload, []byte("lost")) {
			its = append(its, e.Seq)
		}
	}
	check(t, j.EraseEntries(t.Context(), its))
	_, err := j.EraseDecided(t.Context(), "kim", Checkpoint{Seq: 1, Version: "v", State: []byte("park")})
	check(t, err)
	check(t, j.Scrub(t.Context()))
	if inFolder(t, dir, "kim") {
		t.Error("kim is still in a file")
	}
	if c, err := j.LoadCheckpoint(t.Context()); err != nil || string(c.State) != "park" {
		t.Errorf("the checkpoint is %q (%v)", c.State, err)
	}
}

func inFolder(t *testing.T, dir, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	check(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		check(t, err)
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}
