package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ucare-project/ucare/language"
)

// This file leads an erasure from the first count to the signed record.

// begun is what an erasure found when it began. It outlives a kill, so that the record
// of the erasure that finishes tells of the whole.
type begun struct {
	At     time.Time `json:"at"`
	Places []Place   `json:"places"`
}

// An Erasure is how an erasure ended.
type Erasure struct {
	Record     Record
	JSON, Text string // the files of the record, signed and to be read
	// Left is why not everything is erased; nil when it is.
	Left error
}

// Run erases the dwelling, counts what is left, and writes the signed record. An error
// says that there is no record; what could not be erased is in the Erasure.
func (e *Eraser) Run(ctx context.Context, by, version string) (Erasure, error) {
	var done Erasure
	key, err := pseudonymKey(e.c.Box.Data)
	if err != nil {
		return done, err
	}
	r := Record{
		Format: recordFormat, Gateway: e.c.Box.ID, Version: version, Dwelling: pseudonym(key, e.dwelling), By: by,
		Elsewhere: elsewhere(e.c), Texts: map[string]string{},
	}
	first, err := e.begin(ctx, r.Dwelling)
	if err != nil {
		return done, err
	}
	failed := e.Erase(ctx)
	if err := e.look(ctx); err != nil {
		return done, errors.Join(failed, err)
	}
	after, unreachable := e.Count(ctx)
	if after == nil {
		return done, errors.Join(failed, unreachable)
	}
	r.Begun, r.Ended, r.Places = first.At.UTC(), time.Now().UTC().Round(0), merged(first.Places, after)
	done.Left = errors.Join(failed, unreachable, leftIn(r.Places))
	r.Complete = done.Left == nil
	for _, l := range language.All() {
		r.Texts[l.Tag()] = r.textOf(l, e.c.Box.TimeZone.Location)
	}
	done.Record = r
	if done.JSON, done.Text, err = e.writeRecord(r); err != nil || !r.Complete {
		return done, err
	}
	return done, os.Remove(e.begunFile(r.Dwelling))
}

func leftIn(places []RecordPlace) error {
	var errs []error
	for _, p := range places {
		if p.After != nil && *p.After != 0 {
			errs = append(errs, fmt.Errorf("%d are left in %s", *p.After, p.Name))
		}
	}
	return errors.Join(errs...)
}

func (e *Eraser) begunFile(pseudonym string) string {
	return filepath.Join(e.c.Box.Data, erasuresDir, pseudonym+".begun")
}

// begin counts, and puts to it what an erasure found that did not come to its end.
func (e *Eraser) begin(ctx context.Context, pseudonym string) (begun, error) {
	now := begun{At: time.Now().Round(0)}
	places, err := e.Count(ctx)
	if places == nil {
		return now, err
	}
	now.Places = places
	var earlier begun
	if text, err := os.ReadFile(e.begunFile(pseudonym)); err == nil && json.Unmarshal(text, &earlier) == nil {
		now = now.after(earlier)
	}
	if err := os.MkdirAll(filepath.Join(e.c.Box.Data, erasuresDir), 0o700); err != nil {
		return now, fmt.Errorf("make the directory of the records: %w", err)
	}
	text, err := json.Marshal(now)
	if err == nil {
		err = writeWhole(e.begunFile(pseudonym), text)
	}
	if err != nil {
		return now, fmt.Errorf("write down what there is to be erased: %w", err)
	}
	return now, nil
}

// after is what there was in all, when part of it was erased since the earlier count.
func (b begun) after(earlier begun) begun {
	b.At = earlier.At
	for i := range b.Places {
		p := &b.Places[i]
		for _, before := range earlier.Places {
			if before.Name == p.Name && !before.Unknown && (p.Unknown || before.Count > p.Count) {
				*p = before
			}
		}
	}
	return b
}

// writeRecord writes the record, signed and to be read.
func (e *Eraser) writeRecord(r Record) (signed, readable string, err error) {
	key, err := recordKey(e.c.Box.Data)
	if err != nil {
		return "", "", err
	}
	content, err := r.sign(key)
	if err != nil {
		return "", "", err
	}
	name := filepath.Join(e.c.Box.Data, erasuresDir, r.Ended.Format("20060102T150405Z")+"-"+r.Dwelling)
	var texts strings.Builder
	for _, l := range language.All() {
		texts.WriteString(r.Texts[l.Tag()] + "\n")
	}
	if err = writeWhole(name+".json", content); err == nil {
		err = writeWhole(name+".txt", []byte(texts.String()))
	}
	if err != nil {
		return "", "", fmt.Errorf("write the record of the erasure: %w", err)
	}
	return name + ".json", name + ".txt", nil
}
