package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// A difference is between what was published and what the server holds.
type difference struct {
	published, stored int
	missing           []string // published, and not stored
	double            []string // stored more than once
	strange           []string // stored, and never published
	hashes            [2]string
}

// compare holds one against the other: all that a reading says, to the nanosecond and the last digit.
func compare(published, stored []ucare.Reading) difference {
	wanted := count(lines(published))
	there := count(lines(stored))
	d := difference{published: len(wanted), stored: len(stored)}
	for line := range wanted {
		if there[line] == 0 {
			d.missing = append(d.missing, line)
		}
	}
	for line, n := range there {
		switch {
		case wanted[line] == 0:
			d.strange = append(d.strange, line)
		case n > 1:
			d.double = append(d.double, line)
		}
	}
	for _, list := range [][]string{d.missing, d.double, d.strange} {
		slices.Sort(list)
	}
	unique := slices.Collect(maps.Keys(wanted)) // one that was published twice is one reading
	d.hashes = [2]string{hash(unique), hash(lines(stored))}
	return d
}

func count(lines []string) map[string]int {
	n := make(map[string]int, len(lines))
	for _, line := range lines {
		n[line]++
	}
	return n
}

// hash is of the lines in order.
func hash(lines []string) string {
	slices.Sort(lines)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))[:16]
}

// same reports that nothing is missing, double or strange, and that the hashes agree.
func (d difference) same() bool { return d.verdict() == nil }

// verdict is an error that shows some of what is wrong, nil when all is well.
func (d difference) verdict() error {
	var wrong []string
	for _, list := range []struct {
		what  string
		lines []string
	}{
		{"missing", d.missing}, {"double", d.double}, {"never published", d.strange},
	} {
		if n := len(list.lines); n > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s, such as %q", n, list.what, list.lines[0]))
		}
	}
	if d.hashes[0] != d.hashes[1] {
		wrong = append(wrong, fmt.Sprintf("the hashes are %s and %s", d.hashes[0], d.hashes[1]))
	}
	if d.published == 0 {
		wrong = append(wrong, "nothing was published: this run proves nothing")
	}
	if len(wrong) == 0 {
		return nil
	}
	return errors.New("of the readings: " + strings.Join(wrong, "; "))
}

// String is all of it in one line.
func (d difference) String() string {
	return fmt.Sprintf("%d readings published, %d in InfluxDB: %d missing, %d double, %d never published; hash %s and %s",
		d.published, d.stored, len(d.missing), len(d.double), len(d.strange), d.hashes[0], d.hashes[1])
}

// and is the difference of two times together. The hashes agree where both did.
func (d difference) and(e difference) difference {
	d.published += e.published
	d.stored += e.stored
	d.missing, d.double, d.strange = append(d.missing, e.missing...), append(d.double, e.double...), append(d.strange, e.strange...)
	for i := range d.hashes {
		d.hashes[i] += e.hashes[i]
	}
	return d
}
