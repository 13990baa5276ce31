package journal

import (
	"testing"
)

func seqs(entries []Entry) []int64 {
	var out []int64
	for _, e := range entries {
		out = append(out, e.Seq)
	}
	return out
}

func TestTheTailNeverSkipsAnEntry(t *testing.T) {
	tail := newTail()
	for _, seq := range []int64{7, 9, 8, 11} { // concurrent appends come back in any order
		tail.add(Entry{Seq: seq})
	}
	if got := seqs(tail.after(6, 10)); len(got) != 3 || got[0] != 7 || got[2] != 9 {
		t.Errorf("after 6: %v, want 7 8 9: 10 is on disk and not here yet", got)
	}
	if got := seqs(tail.after(5, 10)); got != nil {
		t.Errorf("after 5: %v, want none: 6 has to come from disk", got)
	}
	if got := seqs(tail.after(6, 2)); len(got) != 2 {
		t.Errorf("at most two after 6: %v", got)
	}
	tail.add(Entry{Seq: 10})
	if got := seqs(tail.after(9, 10)); len(got) != 2 {
		t.Errorf("after 9: %v, want 10 11", got)
	}
}

func TestTheTailStaysSmall(t *testing.T) {
	tail := newTail()
	for seq := range int64(3 * tailEntries) {
		tail.add(Entry{Seq: seq + 1, Payload: make([]byte, 64<<10)})
	}
	if tail.bytes > tailBytes || len(tail.by) > tailEntries {
		t.Errorf("%d entries with %d bytes are kept", len(tail.by), tail.bytes)
	}
	if got := tail.after(3*tailEntries-1, 10); len(got) != 1 {
		t.Errorf("the newest entry is not kept: %v", got)
	}
}

func TestAnEntryIsReadWhileTheDiskCannotBe(t *testing.T) {
	j := fresh(t)
	first, err := j.Append(t.Context(), Entry{At: noon, Kind: Message, Topic: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.file.Close(); err != nil { // nothing can be read from it any more
		t.Fatal(err)
	}
	got, err := j.After(t.Context(), first.Seq-1, 10)
	if err != nil || len(got) != 1 || got[0].Topic != "a" || !got[0].At.Equal(noon) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := j.After(t.Context(), first.Seq, 10); err == nil {
		t.Error("beyond the tail, a disk that cannot be read is no error")
	}
}
