package journal

import (
	"path/filepath"
	"testing"
	"time"
)

func readerOf(t *testing.T, path string) *Reader {
	t.Helper()
	r, err := OpenToRead(t.Context(), path)
	check(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestAReaderFollowsTheLogBesideItsWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	if _, err := OpenToRead(t.Context(), path); err == nil {
		t.Error("a journal that is not there was opened")
	}
	j, _ := openAt(t, path, Options{BallastBytes: -1})
	r := readerOf(t, path)
	if oldest, newest, err := r.Extent(t.Context()); oldest != 0 || newest != 0 || err != nil {
		t.Errorf("an empty log goes from %d to %d, %v", oldest, newest, err)
	}
	var position int64
	for i := range 10 {
		mustAppend(t, j, message("a", noon), message("b", noon.Add(time.Duration(i))))
		entries, err := r.After(t.Context(), position, 500)
		check(t, err)
		if len(entries) != 2 || entries[1].Seq != position+2 || entries[1].Topic != "b" || !entries[1].At.Equal(noon.Add(time.Duration(i))) {
			t.Fatalf("after %d come %+v", position, entries)
		}
		position = entries[1].Seq
	}
	if some, err := r.After(t.Context(), 3, 4); err != nil || len(some) != 4 || some[0].Seq != 4 {
		t.Errorf("four after the third are %+v, %v", some, err)
	}
	if oldest, newest, err := r.Extent(t.Context()); oldest != 1 || newest != 20 || err != nil || j.LastPlace() != 20 {
		t.Errorf("the log goes from %d to %d, or its last is %d, %v; want 1 to 20", oldest, newest, j.LastPlace(), err)
	}
	check(t, r.Close())
	check(t, j.Close())
	if j, _ = openAt(t, path, Options{BallastBytes: -1}); j.LastPlace() != 20 {
		t.Errorf("opened again its last is %d", j.LastPlace())
	}
}

// A bridge's list of devices may have megabytes: five hundred of them are too much for
// a small board.
func TestAReaderTakesNotTooMuchAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, _ := openAt(t, path, Options{BallastBytes: -1})
	large := message("large", noon)
	large.Payload = make([]byte, readerBytes/2+1)
	huge := message("huge", noon)
	huge.Payload = make([]byte, 2*readerBytes)
	mustAppend(t, j, large, large, large, huge, huge)
	r := readerOf(t, path)
	for _, step := range []struct {
		after int64
		want  int
	}{{0, 2}, {2, 2}, {3, 1}, {4, 1}, {5, 0}} {
		if entries, err := r.After(t.Context(), step.after, 500); err != nil || len(entries) != step.want {
			t.Errorf("after %d: %d entries at once, %v; want %d", step.after, len(entries), err, step.want)
		}
	}
}

func TestEachJournalHasAnIdentityOfItsOwn(t *testing.T) {
	identity := func(path string) string {
		t.Helper()
		j, _ := openAt(t, path, Options{BallastBytes: -1})
		defer j.Close()
		r := readerOf(t, path)
		defer r.Close()
		id, err := r.Identity(t.Context())
		check(t, err)
		return id
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	first, again, other := identity(path), identity(path), identity(filepath.Join(t.TempDir(), "journal.db"))
	if len(first) != 32 || again != first || other == first {
		t.Errorf("a journal is %q and then %q, another one %q", first, again, other)
	}
}
