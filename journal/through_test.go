package journal

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/ucare-project/ucare/sqlite"
)

// writtenBeforeACut opens a file that does not sync its commits, writes to it and through
// it, cuts the power, and returns how many rows are there afterwards.
func writtenBeforeACut(t *testing.T, seed uint64, through func(*sqlite.File) error) (rows int) {
	t.Helper()
	name := fmt.Sprintf("through-%s-%d", t.Name(), seed)
	disk := newCrashDisk(seed)
	vfs.Register(name, disk)
	open := func() *sqlite.File {
		f, _, err := sqlite.Open(t.Context(), "/"+name+"/history.db", sqlite.Options{
			Migrations: []string{"CREATE TABLE row (n INTEGER)"}, Driver: "sqlite3", Query: "vfs=" + name,
			Exclusive: true, Sync: sqlite.Normal, Check: time.Minute, SyncFolder: disk.SyncFolder,
		})
		check(t, err)
		return f
	}
	f := open()
	defer f.Close()
	for range 20 {
		check(t, f.Write(t.Context(), add))
	}
	check(t, through(f))
	disk.cut()
	again := open()
	defer again.Close()
	check(t, again.Read(context.Background(), func(tx *sqlite.Tx) error { return tx.QueryRow("SELECT count(*) FROM row").Scan(&rows) }))
	return rows
}

func add(tx *sqlite.Tx) error {
	_, err := tx.Exec("INSERT INTO row VALUES (1)")
	return err
}

// The journal forgets what the history says that it has.
func TestWhatIsWrittenThroughIsOnTheDiskWithAllBeforeIt(t *testing.T) {
	lost := 0
	for seed := range uint64(10) {
		rows := writtenBeforeACut(t, seed, func(f *sqlite.File) error { return f.WriteThrough(t.Context(), add) })
		if rows != 21 {
			t.Errorf("%d rows are left of 21", rows)
		}
		if writtenBeforeACut(t, seed+100, func(f *sqlite.File) error { return f.Write(t.Context(), add) }) < 21 {
			lost++
		}
	}
	if lost == 0 {
		t.Error("the power cuts find no commit that was not synced")
	}
}
