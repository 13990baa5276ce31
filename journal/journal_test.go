package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// noon is when the tests take place.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func openAt(t testing.TB, path string, o Options) (*Journal, Opened) {
	t.Helper()
	j, opened, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j, opened
}

// fresh opens an empty journal without a ballast.
func fresh(t testing.TB) *Journal {
	t.Helper()
	j, _ := openAt(t, filepath.Join(t.TempDir(), "journal.db"), Options{BallastBytes: -1})
	return j
}

func message(topic string, at time.Time) Entry {
	return Entry{At: at, Kind: Message, Source: "broker:z2m", Topic: topic, Payload: []byte(`{"smoke":true}`), QoS: 1}
}

func mustAppend(t testing.TB, j *Journal, entries ...Entry) {
	t.Helper()
	for _, e := range entries {
		if _, err := j.Append(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
}

func all(t testing.TB, j *Journal) []Entry {
	t.Helper()
	entries, err := j.After(context.Background(), 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnEntryComesBackAsItWasAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, opened := openAt(t, path, Options{BallastBytes: -1})
	if !opened.LastAt.IsZero() || opened.Aside != "" {
		t.Errorf("an empty journal opened as %+v", opened)
	}
	seoul := time.FixedZone("KST", 9*3600)
	entries := []Entry{
		{At: noon.Add(123).In(seoul), Kind: Message, Source: "broker:z2m", Topic: "zigbee2mqtt/부엌", Payload: []byte{0, 1, 0xff}, QoS: 1, Retained: true},
		{At: noon.Add(time.Hour), Kind: Tick},
		{At: noon, Kind: ClockSet, Payload: []byte(`{"by":-3600}`), Duplicate: true, QoS: 2},
	}
	for i, e := range entries {
		stored, err := j.Append(t.Context(), e)
		if err != nil || stored.Seq != int64(i+1) {
			t.Fatalf("appended as %d: %v", stored.Seq, err)
		}
	}
	check(t, j.Close())
	j, opened = openAt(t, path, Options{BallastBytes: -1})
	if !opened.LastAt.Equal(noon) {
		t.Errorf("last entry at %v, want %v", opened.LastAt, noon)
	}
	got := all(t, j)
	if len(got) != len(entries) {
		t.Fatalf("%d entries, want %d", len(got), len(entries))
	}
	for i, want := range entries {
		if want.Seq = int64(i + 1); !same(got[i], want) {
			t.Errorf("entry %d is %+v, want %+v", i+1, got[i], want)
		}
	}
	if some, err := j.After(t.Context(), 1, 1); err != nil || len(some) != 1 || some[0].Seq != 2 {
		t.Errorf("one entry after the first: %+v, %v", some, err)
	}
}

func TestEntriesThatWaitShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := fresh(t)
		gate := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { _ = j.file.Write(context.Background(), func(*sqlite.Tx) error { <-gate; return nil }) })
		synctest.Wait()
		before := j.Commits()
		for i := range 60 {
			wg.Go(func() { mustAppend(t, j, message(fmt.Sprint(i), noon)) })
		}
		synctest.Wait()
		close(gate)
		wg.Wait()
		if n := j.Commits() - before; n != 2 {
			t.Errorf("one write and 60 entries beside it took %d commits, want 2", n)
		}
		seen := map[string]bool{}
		for i, e := range all(t, j) {
			if seen[e.Topic] = true; e.Seq != int64(i+1) {
				t.Errorf("entry %d has the number %d", i+1, e.Seq)
			}
		}
		if len(seen) != 60 {
			t.Errorf("%d entries stored", len(seen))
		}
		check(t, j.Close())
	})
}

func TestAReaderIsToldThatSomethingWasAppended(t *testing.T) {
	j := fresh(t)
	select {
	case <-j.Appended():
		t.Error("told of an append in an empty journal")
	default:
	}
	mustAppend(t, j, message("a", noon), message("b", noon)) // nobody listens, nobody blocks
	select {
	case <-j.Appended():
	default:
		t.Error("not told")
	}
}

func TestAppendAfterCloseIsRefused(t *testing.T) {
	j := fresh(t)
	check(t, j.Close())
	check(t, j.Close())
	if _, err := j.Append(t.Context(), message("late", noon)); !errors.Is(err, sqlite.ErrClosed) || !strings.Contains(err.Error(), "late") {
		t.Errorf("error %v", err)
	}
}

func TestAnyInstantCanBeStored(t *testing.T) {
	for at, want := range map[time.Time]time.Time{
		{}: {}, noon: noon,
		time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC): latest,
		time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC):    earliest,
	} {
		if got := instant(nanos(at)); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%v comes back as %v, want %v", at, got, want)
		}
	}
}

// raised is a fold that raises a fire alarm because of the entry at a place.
func raised(seq int64) Folded { return foldOf(seq) }

func TestDecidingTwiceChangesNothing(t *testing.T) {
	j := fresh(t)
	f := raised(1)
	f.Decisions = append(f.Decisions, ucare.Decision{At: f.Decisions[0].At, Dwelling: "home", Rule: ucare.Supervision, Verb: ucare.TellFault})
	check(t, j.Decide(t.Context(), f))
	f.Deliveries[0].Body = []byte("another body")
	check(t, j.Decide(t.Context(), f))
	decisions, err := j.Decisions(t.Context(), "home", noon.Add(-time.Hour*1e4), noon.Add(time.Hour*1e4))
	check(t, err)
	alarms, err := j.OpenAlarms(t.Context())
	check(t, err)
	queued, err := j.Unfinished(t.Context())
	check(t, err)
	if len(decisions) != 2 || len(alarms) != 1 || len(queued) != 1 {
		t.Fatalf("%d decisions, %d alarms, %d deliveries", len(decisions), len(alarms), len(queued))
	}
	want := raised(1)
	if !reflect.DeepEqual(alarms[0], want.Alarms[0]) {
		t.Errorf("alarm %+v, want %+v", alarms[0], want.Alarms[0])
	}
	if !reflect.DeepEqual(queued[0], want.Deliveries[0]) {
		t.Errorf("delivery %+v, want %+v", queued[0], want.Deliveries[0])
	}
	if other, err := j.Decisions(t.Context(), "another", time.Time{}, latest); err != nil || len(other) != 0 {
		t.Errorf("another dwelling has %d decisions (%v)", len(other), err)
	}
}

func TestAFoldIsStoredAsAWholeOrNotAtAll(t *testing.T) {
	j := fresh(t)
	f := raised(3)
	f.Deliveries = append(f.Deliveries, Delivery{Report: "without a receiver"})
	if err := j.Decide(t.Context(), f); err == nil || !strings.Contains(err.Error(), "without a receiver") {
		t.Fatalf("error %v", err)
	}
	var w wholes
	check(t, w.read(j))
	at, err := j.Position(t.Context())
	if n, _ := w.of(3, at); err != nil || n != 0 || at != 0 {
		t.Errorf("%d parts are stored, the position is %d (%v)", n, at, err)
	}
}

func TestThePositionOnlyGrows(t *testing.T) {
	j := fresh(t)
	for _, seq := range []int64{0, 5, 3, 0, 6} {
		check(t, j.Decide(t.Context(), Folded{Seq: seq}))
	}
	check(t, j.Decide(t.Context(), raised(2))) // a commit that the disk refused before
	if at, err := j.Position(t.Context()); err != nil || at != 6 {
		t.Errorf("position %d, %v", at, err)
	}
	if open, err := j.OpenAlarms(t.Context()); err != nil || len(open) != 1 {
		t.Errorf("%d alarms, %v", len(open), err)
	}
}

func TestAnAlarmKeepsWhatTheCentreAnswered(t *testing.T) {
	j := fresh(t)
	f := raised(1)
	alarm := f.Alarms[0]
	check(t, j.Decide(t.Context(), f))
	first := ucare.Answers{ReceivedAt: noon, ReceivedBy: "center", AcknowledgedAt: noon.Add(time.Minute), AcknowledgedBy: "Kim"}
	isNew, err := j.Answered(t.Context(), alarm.ID, noon.Add(time.Minute), first)
	if err != nil || !isNew {
		t.Fatalf("new %v, %v", isNew, err)
	}
	alarm.Confirmed, alarm.RestoredAt, alarm.RaisedAt = 2, noon.Add(time.Hour), time.Time{} // the rules know nothing of answers
	check(t, j.Decide(t.Context(), Folded{Seq: 2, Alarms: []ucare.Alarm{alarm}}))
	open, err := j.OpenAlarms(t.Context())
	check(t, err)
	want := f.Alarms[0]
	want.Confirmed, want.RestoredAt, want.Answers = 2, noon.Add(time.Hour), first
	if len(open) != 1 || !reflect.DeepEqual(open[0], want) {
		t.Errorf("alarms %+v, want %+v", open, want)
	}
	// The first answer stands; a later one adds what is missing.
	alarm.Answers = ucare.Answers{AcknowledgedAt: noon.Add(time.Hour), AcknowledgedBy: "Lee", ClosedAt: noon.Add(2 * time.Hour), ClosedBy: "Lee", Outcome: "toast"}
	check(t, j.Decide(t.Context(), Folded{Seq: 3, Alarms: []ucare.Alarm{alarm}}))
	if open, err := j.OpenAlarms(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("a closed alarm is open: %+v, %v", open, err)
	}
	closed, err := j.Alarms(t.Context(), "home", time.Time{}, latest)
	check(t, err)
	if a := closed[0]; a.AcknowledgedBy != "Kim" || a.ClosedBy != "Lee" || a.Outcome != "toast" {
		t.Errorf("answers %+v", a.Answers)
	}
}

func TestAnAnswerIsAnEntryOnce(t *testing.T) {
	j := fresh(t)
	f := raised(1)
	mustAppend(t, j, message("smoke", noon))
	check(t, j.Decide(t.Context(), f))
	<-j.Appended()
	a := ucare.Answers{AcknowledgedAt: noon, AcknowledgedBy: "Kim"}
	for i, want := range []bool{true, false, false} {
		if isNew, err := j.Answered(t.Context(), f.Alarms[0].ID, noon.Add(time.Second), a); err != nil || isNew != want {
			t.Errorf("answer %d: new %v, %v", i+1, isNew, err)
		}
	}
	select {
	case <-j.Appended():
	default:
		t.Error("the reader was not told")
	}
	entries := all(t, j)
	if len(entries) != 2 || entries[1].Kind != Answer || !entries[1].At.Equal(noon.Add(time.Second)) {
		t.Fatalf("entries %+v", entries)
	}
	var p AnswerPayload
	check(t, json.Unmarshal(entries[1].Payload, &p))
	if p.Alarm != f.Alarms[0].ID || p.Answers != a || !bytes.Contains(entries[1].Payload, []byte(`"acknowledged_by":"Kim"`)) {
		t.Errorf("payload %s", entries[1].Payload)
	}
}

// When the disk refused the alarm, the centre can have answered before it is
// stored.
func TestAnAnswerThatComesBeforeItsAlarmIsKept(t *testing.T) {
	j := fresh(t)
	f := raised(1)
	a := ucare.Answers{AcknowledgedAt: noon, AcknowledgedBy: "Kim"}
	if isNew, err := j.Answered(t.Context(), f.Alarms[0].ID, noon, a); err != nil || !isNew {
		t.Fatalf("new %v, %v", isNew, err)
	}
	if open, err := j.OpenAlarms(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("alarms %+v, %v", open, err)
	}
	check(t, j.Decide(t.Context(), f))
	if open, err := j.OpenAlarms(t.Context()); err != nil || len(open) != 1 || open[0].Answers != a {
		t.Errorf("alarms %+v, %v", open, err)
	}
}

func TestAlarmsOfADwellingInATime(t *testing.T) {
	j := fresh(t)
	var f Folded
	for i, dwelling := range []string{"a", "b", "a"} {
		at := noon.Add(time.Duration(i) * time.Hour)
		f.Alarms = append(f.Alarms, ucare.Alarm{ID: fmt.Sprint(i), Dwelling: dwelling, Rule: ucare.Fire, Onset: at, RaisedAt: at, Drill: i == 0})
	}
	check(t, j.Decide(t.Context(), f))
	for _, c := range []struct {
		dwelling string
		from, to time.Time
		want     string
	}{
		{"a", noon, noon.Add(2 * time.Hour), "0"},
		{"a", noon, noon.Add(3 * time.Hour), "02"},
		{"", noon.Add(time.Hour), noon.Add(3 * time.Hour), "12"},
		{"c", noon, noon.Add(3 * time.Hour), ""},
	} {
		alarms, err := j.Alarms(t.Context(), c.dwelling, c.from, c.to)
		var got []string
		for _, a := range alarms {
			got = append(got, a.ID)
		}
		if err != nil || strings.Join(got, "") != c.want {
			t.Errorf("%+v: alarms %q, %v", c, got, err)
		}
	}
	if err := j.Decide(t.Context(), Folded{Alarms: []ucare.Alarm{{Dwelling: "a"}}}); err == nil {
		t.Error("an alarm without a name was stored")
	}
}

func TestTheOutboxHoldsAReportUntilItIsAccepted(t *testing.T) {
	j := fresh(t)
	ctx := t.Context()
	d := func(report, receiver string, priority int, after time.Duration) Delivery {
		return Delivery{Report: report, Receiver: receiver, Alarm: "alarm", Body: []byte(`{"a":1}`), Priority: priority, CreatedAt: noon.Add(after)}
	}
	check(t, j.Queue(ctx, []Delivery{d("fall", "center", 3, 0), d("fire", "center", 1, 2), d("fire2", "center", 1, 1), d("fire", "son", 1, 3)}))
	again := d("fire", "center", 9, 9)
	again.Body = []byte("changed")
	check(t, j.Queue(ctx, []Delivery{again}))
	order := func() string {
		t.Helper()
		ds, err := j.Unfinished(ctx)
		check(t, err)
		var names []string
		for _, d := range ds {
			if !d.AcceptedAt.IsZero() && !d.AcceptedAt.Equal(noon) {
				t.Errorf("%s was accepted at %v, want the first time, %v", d.Report, d.AcceptedAt, noon)
			}
			accepted := map[bool]string{true: "✓"}[!d.AcceptedAt.IsZero()]
			names = append(names, fmt.Sprintf("%s>%s:%d%s%s", d.Report, d.Receiver, d.Attempts, d.LastError, accepted))
			if string(d.Body) != `{"a":1}` {
				t.Errorf("body %s of %s", d.Body, d.Report)
			}
		}
		return strings.Join(names, " ")
	}
	if got := order(); got != "fire2>center:0 fire>center:0 fire>son:0 fall>center:0" {
		t.Errorf("outbox %s", got)
	}
	check(t, j.Attempted(ctx, "fire", "center", noon, "timeout"))
	check(t, j.Attempted(ctx, "fire", "center", noon, "500"))
	check(t, j.Accepted(ctx, "fire2", "center", noon))
	check(t, j.Accepted(ctx, "fire2", "center", noon.Add(time.Hour)))
	check(t, j.Queue(ctx, []Delivery{d("fire2", "center", 1, 1)})) // accepted already
	if got := order(); got != "fire2>center:1✓ fire>center:2500 fire>son:0 fall>center:0" {
		t.Errorf("while the alarm is open, the outbox is %s", got)
	}
	if err := j.Accepted(ctx, "unknown", "center", noon); !errors.Is(err, ErrNoDelivery) {
		t.Errorf("accepting an unknown report: %v", err)
	}
	if err := j.Accepted(ctx, "fire", "center", time.Time{}); err == nil {
		t.Error("accepted at no time")
	}
	if _, err := j.Answered(ctx, "alarm", noon, ucare.Answers{ClosedAt: noon}); err != nil {
		t.Fatal(err)
	}
	if got := order(); got != "fire>center:2500 fire>son:0 fall>center:0" {
		t.Errorf("after the close, the outbox is %s", got)
	}
}

func TestACheckpointIsTheLastOneSaved(t *testing.T) {
	j := fresh(t)
	if c, err := j.LoadCheckpoint(t.Context()); err != nil || !reflect.DeepEqual(c, Checkpoint{}) {
		t.Errorf("an empty journal has the checkpoint %+v, %v", c, err)
	}
	check(t, j.Decide(t.Context(), Folded{Seq: 7}))
	for _, c := range []Checkpoint{{Seq: 3, Version: "1", State: []byte("three")}, {Seq: 7, Version: "2", State: []byte("seven")}} {
		check(t, j.SaveCheckpoint(t.Context(), c))
		if got, err := j.LoadCheckpoint(t.Context()); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("loaded %+v, %v, saved %+v", got, err, c)
		}
	}
	if err := j.SaveCheckpoint(t.Context(), Checkpoint{Seq: 8}); err == nil || !strings.Contains(err.Error(), "up to 7 only") {
		t.Errorf("a checkpoint beyond what is decided: %v", err)
	}
}

func TestTrimLeavesWhatARecoveryNeeds(t *testing.T) {
	j := fresh(t)
	const days = 2*trimBatch + 10
	for i := range days {
		mustAppend(t, j, message(fmt.Sprint(i+1), noon.AddDate(0, 0, i)))
	}
	trim := func(beforeDay int) int64 {
		t.Helper()
		n, err := j.Trim(t.Context(), Trimming{Before: noon.AddDate(0, 0, beforeDay), Read: 2 * days})
		check(t, err)
		return n.Entries
	}
	if n := trim(days); n != 0 {
		t.Errorf("%d entries trimmed without a checkpoint", n)
	}
	check(t, j.Decide(t.Context(), Folded{Seq: days}))
	check(t, j.SaveCheckpoint(t.Context(), Checkpoint{Seq: days - 4}))
	if n := trim(3); n != 3 || all(t, j)[0].Seq != 4 {
		t.Errorf("%d trimmed, the log begins at %d", n, all(t, j)[0].Seq)
	}
	if n := trim(days); n != days-5-3 || all(t, j)[0].Seq != days-4 {
		t.Errorf("%d trimmed, the log begins at %d", n, all(t, j)[0].Seq)
	}
	check(t, j.SaveCheckpoint(t.Context(), Checkpoint{Seq: days}))
	trim(2 * days)
	if left := all(t, j); len(left) != 1 || left[0].Seq != days {
		t.Errorf("left are %d entries", len(left))
	}
	if e, err := j.Append(t.Context(), message("next", noon)); err != nil || e.Seq != days+1 {
		t.Errorf("the next entry has the number %d, %v", e.Seq, err)
	}
}

func TestADamagedJournalIsMovedAsideAndAFreshOneWorks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, _ := openAt(t, path, Options{BallastBytes: -1})
	for i := range 300 {
		mustAppend(t, j, message(fmt.Sprint(i), noon))
	}
	check(t, j.Close())
	content, err := os.ReadFile(path)
	check(t, err)
	for i := len(content) / 2; i < len(content)/2+8192; i++ {
		content[i] ^= 0x5a
	}
	check(t, os.WriteFile(path, content, 0o600))
	j, opened := openAt(t, path, Options{BallastBytes: -1})
	if !strings.HasPrefix(opened.Aside, path+".corrupt-") || !opened.LastAt.IsZero() {
		t.Errorf("opened as %+v", opened)
	}
	if kept, err := os.ReadFile(opened.Aside); err != nil || !bytes.Equal(kept, content) {
		t.Errorf("the damaged journal was not kept (%v)", err)
	}
	mustAppend(t, j, message("again", noon))
}

func TestAJournalOfANewerProgramIsNotTouched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, _ := openAt(t, path, Options{BallastBytes: -1})
	check(t, j.file.Write(t.Context(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`PRAGMA user_version = 99`)
		return err
	}))
	check(t, j.Close())
	_, opened, err := Open(t.Context(), path, Options{BallastBytes: -1})
	if err == nil || opened.Aside != "" || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("opened %+v, %v", opened, err)
	}
}
