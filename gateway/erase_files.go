package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// This file erases a dwelling from the files beside the journal and the history.

// subscriptionsFile lists what a broker may keep for our session.
const subscriptionsFile = "subscriptions.json"

// A namingFile is a file in the data directory that names the dwelling.
type namingFile struct {
	path string
	// rest is what stays in it, nil: it goes as a whole. Foreign files are those that
	// no gateway wrote.
	rest    []byte
	foreign bool
}

// files finds the files in the data directory that name the dwelling.
func (e *Eraser) files() ([]namingFile, error) {
	var found []namingFile
	err := filepath.WalkDir(e.c.Box.Data, func(path string, entry fs.DirEntry, err error) error {
		name := filepath.Base(path)
		switch {
		case err != nil || ours(name):
			return err
		case entry.IsDir() && name == erasuresDir:
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		file, names, err := e.lookInto(path, name)
		if names {
			found = append(found, file)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look which files name the dwelling: %w", err)
	}
	return found, nil
}

// ours reports whether the file is one of those whose content is erased in another way,
// or that hold no names: noise, keys, numbers.
func ours(name string) bool {
	for _, store := range []string{journalFile, historyFile} {
		if rest, is := strings.CutPrefix(name, store); is {
			return slices.Contains([]string{"", "-wal", "-shm", "-journal", ".lock", ".ballast", ".ballast.new"}, rest)
		}
	}
	return slices.Contains([]string{aliveFile, erasureKeyFile, pseudonymKeyFile}, name)
}

// lookInto looks into a file.
func (e *Eraser) lookInto(path, name string) (file namingFile, is bool, err error) {
	if strings.Contains(name, ".db.corrupt-") {
		// Nobody can say what a damaged file holds.
		return namingFile{path: path}, true, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return file, false, err
	}
	if list := strings.TrimSuffix(name, ".new"); list == toldFile || list == subscriptionsFile {
		rest, its := e.othersIn(text)
		return namingFile{path: path, rest: rest}, its, nil
	}
	return namingFile{path: path, foreign: true}, e.namedIn(text) || names([]byte(name), e.dwelling), nil
}

// othersIn is a list of topics as others need it; nil if nothing is left of it. Its: there
// is something else in it.
func (e *Eraser) othersIn(list []byte) (rest []byte, its bool) {
	var topics []string
	if json.Unmarshal(list, &topics) != nil {
		return nil, len(list) > 0
	}
	all := len(topics)
	topics = slices.DeleteFunc(topics, func(topic string) bool {
		ours := strings.HasPrefix(topic, "ucare/") && !names([]byte(topic), e.dwelling)
		return e.alone || !ours && !e.others.match(topic)
	})
	if len(topics) == 0 {
		return nil, all > 0
	}
	rest, err := json.Marshal(topics)
	return rest, err != nil || len(topics) < all
}

// namedIn reports whether a text names the dwelling or who lives there.
func (e *Eraser) namedIn(text []byte) bool {
	if names(text, e.dwelling) {
		return true
	}
	for _, d := range e.c.Dwellings {
		if d.ID != e.dwelling {
			continue
		}
		for _, personal := range []string{d.Resident.Name, d.Resident.Phone, d.Address} {
			if personal != "" && bytes.Contains(text, []byte(personal)) {
				return true
			}
		}
	}
	return false
}

// names reports whether a text has the ID of a dwelling as a word in it.
func names(text []byte, id string) bool {
	part := func(b byte) bool { return b == '-' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' }
	for from := 0; ; {
		at := bytes.Index(text[from:], []byte(id))
		if at < 0 {
			return false
		}
		at += from
		end := at + len(id)
		if (at == 0 || !part(text[at-1])) && (end == len(text) || !part(text[end])) {
			return true
		}
		from = at + 1
	}
}

// ErrForeign says that files in the data directory that no gateway wrote name the
// dwelling, and that others may need them.
var ErrForeign = errors.New("files that the gateway did not write name the dwelling: look into them, remove them or take them elsewhere, and try again")

// eraseFiles erases what files() finds. A file that no gateway wrote may hold what
// others need: it stays where there are others, which is an error.
func (e *Eraser) eraseFiles() error {
	files, err := e.files()
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range files {
		switch {
		case f.foreign && !e.alone:
			errs = append(errs, fmt.Errorf("%w: %s", ErrForeign, f.path))
		case f.rest != nil:
			errs = append(errs, replace(f.path, f.rest))
		default:
			errs = append(errs, overwrite(f.path))
		}
	}
	return errors.Join(errs...)
}

// overwrite removes a file whose bytes it overwrites before.
func overwrite(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("erase %s: %w", path, err)
	}
	info, err := file.Stat()
	zeros := make([]byte, 64<<10)
	for left := int64(0); err == nil && left < info.Size(); left += int64(len(zeros)) {
		_, err = file.Write(zeros[:min(int64(len(zeros)), info.Size()-left)])
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("erase %s: %w", path, err)
	}
	return nil
}

// replace gives a file new content, and overwrites the old.
func replace(path string, content []byte) error {
	fresh := path + ".fresh"
	if err := writeSynced(fresh, content); err != nil {
		return err
	}
	if err := overwrite(path); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// Files are the further files that would be erased.
func (e *Eraser) Files() ([]string, error) {
	found, err := e.files()
	var paths []string
	for _, f := range found {
		paths = append(paths, f.path)
	}
	return paths, err
}
