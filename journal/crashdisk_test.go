package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// A crashDisk is a disk under SQLite that forgets, in a power cut, what was not
// synced. It knows what POSIX promises and takes away everything else:
//
//   - Of the writes to a file since its last sync any subset survives, in part
//     torn at 512-byte sectors. Of a write that made the file longer the new
//     length can survive without the content: zeros or junk are there then.
//   - A truncation survives or does not.
//   - A file that was created or deleted is so after the cut only for sure when
//     its folder was synced. SQLite's own layer for Unix, which the production
//     driver uses, syncs the folder at the first sync of a new log or rollback
//     journal and in a deletion that asks for it; so does this one.
//
// What it does not model: a sector that is damaged beside the one being
// written, and a disk that lies about a sync, unless lies is set.
type crashDisk struct {
	lies bool // syncs do nothing: a disk that the journal's promise excludes
	// failing is how often a sync fails, of 1. As on ext4 and XFS, the pages
	// that it should have written count as clean afterwards: a later sync does
	// not write them, though everybody reads them.
	failing float64

	mu    sync.Mutex
	rand  *rand.Rand
	power *power
}

// power is the time from one power cut to the next. Files opened in it are
// dead after it.
type power struct {
	off     bool
	until   cutAt
	names   map[string]*node
	durable map[string]*node // the names as of the last sync of the folder
	renames []rename         // since then
}

// cutAt says when the power is cut: with the n-th change from now, or with the
// n-th of them that is a creation or deletion; with 0 not by itself.
type cutAt struct{ change, rename int }

// rename is a creation, or with no node a deletion, that is not yet synced.
type rename struct {
	name string
	node *node
}

// node is the content of a file.
type node struct {
	now     []byte // as the running system sees it
	synced  []byte
	changes []change // since the last sync
	lone    bool     // newly created, and the first sync of it syncs the folder
}

// change is a write or, with nil data, a truncation to size at.
type change struct {
	at   int64
	data []byte
}

const diskSector = 512

var errPower = errors.New("the power is off")

func newCrashDisk(seed uint64) *crashDisk {
	return &crashDisk{
		rand:  rand.New(rand.NewPCG(seed, 1)),
		power: &power{names: map[string]*node{}, durable: map[string]*node{}},
	}
}

func (d *crashDisk) cutLater(at cutAt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.power.until = at
}

// mend lets every sync succeed from now on.
func (d *crashDisk) mend() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing = 0
}

// empty takes all files away, as if they had been moved aside.
func (d *crashDisk) empty() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.power.names, d.power.durable, d.power.renames = map[string]*node{}, map[string]*node{}, nil
}

// isOff reports whether the power was cut.
func (d *crashDisk) isOff() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.power.off
}

// cut cuts the power, if it is still on, and turns it on again with what the
// disk has kept.
func (d *crashDisk) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.power
	old.off = true
	luck := []float64{0, 0.1, 0.5, 0.9, 1}[d.rand.IntN(5)]
	kept := map[string]*node{}
	maps.Copy(kept, old.durable)
	for _, r := range old.renames {
		if d.rand.IntN(2) == 0 {
			continue
		}
		if r.node == nil {
			delete(kept, r.name)
		} else {
			kept[r.name] = r.node
		}
	}
	next := &power{names: map[string]*node{}, durable: map[string]*node{}}
	// In a fixed order, so that a seed gives the same luck each time.
	names := make([]string, 0, len(kept))
	for name := range kept {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		content := d.survive(kept[name], luck)
		n := &node{now: content, synced: slices.Clone(content)}
		next.names[name], next.durable[name] = n, n
	}
	d.power = next
}

// survive is what a power cut leaves of a file.
func (d *crashDisk) survive(n *node, luck float64) []byte {
	content := slices.Clone(n.synced)
	for _, c := range n.changes {
		switch {
		case d.rand.Float64() < luck:
			content = c.apply(content)
		case c.data != nil && d.rand.IntN(2) == 0:
			content = d.tear(content, c)
		}
	}
	return content
}

// tear applies some sectors of a write, or only its length.
func (d *crashDisk) tear(content []byte, c change) []byte {
	end := c.at + int64(len(c.data))
	if grown := end - int64(len(content)); grown > 0 {
		filler := make([]byte, grown)
		if d.rand.IntN(2) == 0 {
			for i := range filler {
				filler[i] = byte(d.rand.Uint32())
			}
		}
		content = append(content, filler...)
	}
	for at := c.at; at < end; {
		sectorEnd := min(end, (at/diskSector+1)*diskSector)
		if d.rand.IntN(2) == 0 {
			copy(content[at:sectorEnd], c.data[at-c.at:])
		}
		at = sectorEnd
	}
	return content
}

func (c change) apply(content []byte) []byte {
	if c.data == nil {
		return resize(content, c.at)
	}
	if end := c.at + int64(len(c.data)); end > int64(len(content)) {
		content = resize(content, end)
	}
	copy(content[c.at:], c.data)
	return content
}

func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// spend counts a change. It returns false when the power fails with it; the
// change itself may still be under way then.
func (p *power) spend() bool {
	p.until.change--
	p.off = p.off || p.until.change == 0
	return !p.off
}

// change creates or deletes a name, and returns false when the power fails
// with that.
func (p *power) change(r rename) bool {
	if r.node == nil {
		delete(p.names, r.name)
	} else {
		p.names[r.name] = r.node
	}
	p.renames = append(p.renames, r)
	p.until.rename--
	p.off = p.off || p.until.rename == 0
	return p.spend()
}

// SyncFolder is the journal's own sync of its folder.
func (d *crashDisk) SyncFolder() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.power.off || !d.power.spend() {
		return errPower
	}
	d.syncFolder(d.power)
	return nil
}

func (d *crashDisk) syncFolder(p *power) {
	if d.lies {
		return
	}
	for _, r := range p.renames {
		if r.node == nil {
			delete(p.durable, r.name)
		} else {
			p.durable[r.name] = r.node
		}
	}
	p.renames = nil
}

// Open is part of [vfs.VFS].
func (d *crashDisk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.power
	if p.off {
		return nil, flags, sqlite3.CANTOPEN
	}
	if name == "" { // a temporary file dies with the power anyway
		return &crashFile{disk: d, power: p, node: &node{}}, flags, nil
	}
	n, ok := p.names[name]
	if !ok {
		if flags&vfs.OPEN_CREATE == 0 {
			return nil, flags, sqlite3.CANTOPEN
		}
		n = &node{lone: flags&(vfs.OPEN_WAL|vfs.OPEN_MAIN_JOURNAL|vfs.OPEN_SUPER_JOURNAL) != 0}
		if !p.change(rename{name, n}) {
			return nil, flags, sqlite3.CANTOPEN
		}
	}
	return &crashFile{disk: d, power: p, node: n}, flags, nil
}

// Delete is part of [vfs.VFS].
func (d *crashDisk) Delete(name string, syncDir bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.power
	if p.off {
		return sqlite3.IOERR_DELETE
	}
	if _, ok := p.names[name]; !ok {
		return sqlite3.IOERR_DELETE_NOENT
	}
	if !p.change(rename{name, nil}) {
		return sqlite3.IOERR_DELETE
	}
	if syncDir {
		if !p.spend() {
			return sqlite3.IOERR_DIR_FSYNC
		}
		d.syncFolder(p)
	}
	return nil
}

// Access is part of [vfs.VFS].
func (d *crashDisk) Access(name string, _ vfs.AccessFlag) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, ok := d.power.names[name]
	return ok && len(n.now) > 0, nil
}

// FullPathname is part of [vfs.VFS].
func (d *crashDisk) FullPathname(name string) (string, error) { return name, nil }

// A crashFile is a file opened on a crashDisk.
type crashFile struct {
	disk  *crashDisk
	power *power
	node  *node
	level vfs.LockLevel
}

func (f *crashFile) Close() error { return nil }

func (f *crashFile) ReadAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.power.off {
		return 0, sqlite3.IOERR_READ
	}
	if at >= int64(len(f.node.now)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.now[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *crashFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.change(change{at, slices.Clone(b)}); err != nil {
		return 0, sqlite3.IOERR_WRITE
	}
	return len(b), nil
}

func (f *crashFile) Truncate(size int64) error {
	if err := f.change(change{at: size}); err != nil {
		return sqlite3.IOERR_TRUNCATE
	}
	return nil
}

func (f *crashFile) change(c change) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.power.off {
		return errPower
	}
	f.node.now = c.apply(f.node.now)
	f.node.changes = append(f.node.changes, c)
	if !f.power.spend() {
		return errPower
	}
	return nil
}

func (f *crashFile) Sync(vfs.SyncFlag) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.power.off || !f.power.spend() {
		return sqlite3.IOERR_FSYNC
	}
	if f.disk.lies {
		return nil
	}
	if f.disk.failing > 0 && f.disk.rand.Float64() < f.disk.failing {
		f.node.changes = nil
		return sqlite3.IOERR_FSYNC
	}
	for _, c := range f.node.changes {
		f.node.synced = c.apply(f.node.synced)
	}
	f.node.changes = nil
	if f.node.lone {
		if !f.power.spend() {
			return sqlite3.IOERR_DIR_FSYNC
		}
		f.disk.syncFolder(f.power)
		f.node.lone = false
	}
	return nil
}

func (f *crashFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.power.off {
		return 0, sqlite3.IOERR_FSTAT
	}
	return int64(len(f.node.now)), nil
}

// One connection uses the disk, so locks need only be believed.
func (f *crashFile) Lock(l vfs.LockLevel) error       { f.level = max(f.level, l); return nil }
func (f *crashFile) Unlock(l vfs.LockLevel) error     { f.level = min(f.level, l); return nil }
func (f *crashFile) CheckReservedLock() (bool, error) { return f.level >= vfs.LOCK_RESERVED, nil }

// SectorSize and DeviceCharacteristics are those of the production driver: it
// takes for granted that a write harms nothing beside it.
func (f *crashFile) SectorSize() int { return 4096 }

func (f *crashFile) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE
}

// The crashDisk itself: what was synced stays, what was not need not.
func TestTheCrashDiskKeepsWhatWasSyncedAndForgetsTheRest(t *testing.T) {
	outcomes := map[string]int{}
	for seed := range uint64(200) {
		d := newCrashDisk(seed)
		file, _, err := d.Open("log", vfs.OPEN_CREATE|vfs.OPEN_WAL)
		if err != nil {
			t.Fatal(err)
		}
		synced := bytes.Repeat([]byte("s"), 1024)
		if _, err := file.WriteAt(synced, 0); err != nil {
			t.Fatal(err)
		}
		if err := file.Sync(vfs.SYNC_FULL); err != nil {
			t.Fatal(err)
		}
		file.WriteAt(bytes.Repeat([]byte("u"), 1024), 512)
		d.Open("new", vfs.OPEN_CREATE|vfs.OPEN_WAL)
		d.Delete("log", false)
		d.cut()
		if _, err := file.WriteAt(synced, 0); err == nil {
			t.Fatal("a file from before the power cut can be written")
		}
		for name := range maps.Keys(d.power.names) {
			outcomes["has "+name]++
		}
		if n, ok := d.power.names["log"]; ok {
			if !bytes.Equal(n.now[:512], synced[:512]) {
				t.Fatalf("a synced sector has changed to %q", n.now[:512])
			}
			outcomes[fmt.Sprintf("%c", n.now[512])]++
			outcomes[fmt.Sprint("length ", len(n.now))]++
		}
	}
	for _, want := range []string{"has log", "has new", "s", "u", "length 1024", "length 1536"} {
		if n := outcomes[want]; n == 0 || n == 200 {
			t.Errorf("%q came out in %d of 200 power cuts", want, n)
		}
	}
}
