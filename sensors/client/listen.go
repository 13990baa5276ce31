package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

// This file keeps the subscriptions of a session as they are wanted: what is new
// is asked for on the running connection, what is gone is given back, and each
// new connection asks for everything.

// subscriptions are what a session hears on its connection.
type subscriptions struct {
	connection int               // counts the connections; 0 before the first
	granted    map[string]bool   // on this connection
	refused    map[string]string // and why not
	askAgain   time.Time         // when to ask for the refused ones again
	busy       bool              // somebody is asking
}

// hears sets what is to be heard beside the canary.
func (k *keeper) hears(filters []string) {
	wanted := distinct(append([]string{"ucare/" + k.config.ID + "/canary/+"}, filters...))
	is := map[string]bool{}
	for _, f := range wanted {
		is[f] = true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wanted, k.isWanted = wanted, is
	k.nudge()
}

// distinct drops the filters that another one covers: overlapping ones bring a
// message twice. There may be thousands, of which few have a wildcard.
func distinct(filters []string) []string {
	wild := slices.DeleteFunc(slices.Clone(filters), func(f string) bool { return !strings.ContainsAny(f, "+#") })
	var kept []string
	seen := map[string]bool{}
	for _, f := range filters {
		covered := slices.ContainsFunc(wild, func(g string) bool { return g != f && sensors.Covers(g, f) })
		if !covered && !seen[f] {
			kept = append(kept, f)
		}
		seen[f] = true
	}
	return kept
}

// connected notes that a new connection has begun, which hears nothing yet.
func (s *session) connected() {
	s.keeper.config.Connected()
	s.keeper.mu.Lock()
	s.heard = subscriptions{connection: s.heard.connection + 1, granted: map[string]bool{}, refused: map[string]string{}, busy: s.heard.busy}
	s.keeper.mu.Unlock()
	s.listen()
	s.keeper.mu.Lock()
	if s.keeper.canaryCuts < cutsMost {
		s.sentAt = time.Time{} // a canary now
	}
	s.keeper.mu.Unlock()
	s.keeper.nudge()
}

// relisten sees to it that the session's subscriptions are brought up to date,
// if they are not.
func (k *keeper) relisten(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.now
	if s.heard.connection == 0 || s.heard.busy || !s.line.Open() {
		return
	}
	if add, drop := s.changes(now); len(add)+len(drop) > 0 {
		k.sending.Go(s.listen)
	}
}

// changes are the filters to ask for, and those to give back.
func (s *session) changes(now time.Time) (add, drop []string) {
	k := s.keeper
	again := !now.Before(s.heard.askAgain)
	for _, f := range k.wanted {
		if _, refused := s.heard.refused[f]; !s.heard.granted[f] && (!refused || again) {
			add = append(add, f)
		}
	}
	for _, f := range slices.Sorted(maps.Keys(k.asked)) {
		if !k.isWanted[f] && again {
			drop = append(drop, f)
		}
	}
	return add, drop
}

// listen brings the subscriptions up to date. New ones come first, so that
// nothing is missed where one filter takes the place of another.
func (s *session) listen() {
	k := s.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	if s.heard.busy {
		return // whoever is at it looks again
	}
	s.heard.busy = true
	defer func() { s.heard.busy = false }()
	for {
		connection := s.heard.connection
		add, drop := s.changes(time.Now())
		for _, f := range add {
			k.asked[f] = true
		}
		k.mu.Unlock() // neither the disk nor the broker holds up a message
		k.saveAsked()
		var refused map[string]string
		var err error
		if len(add)+len(drop) > 0 {
			refused, err = s.line.Listen(add, drop)
		}
		k.mu.Lock()
		switch {
		case len(add)+len(drop) == 0, err != nil && !s.line.Open():
			return // the next connection asks for everything
		case connection == s.heard.connection: // else it was said on one that is gone
			s.listened(add, drop, refused, err, time.Now())
		}
	}
}

// listened notes what the broker said.
func (s *session) listened(add, drop []string, refused map[string]string, err error, now time.Time) {
	if err != nil {
		s.keeper.log.Warn("subscribing failed, trying again", "error", err)
		s.heard.askAgain = now.Add(subscribeNext)
		refused = map[string]string{}
		for _, f := range add {
			refused[f] = "no answer"
		}
		drop = nil
	}
	for _, f := range add {
		if why, is := refused[f]; is {
			s.heard.refused[f], s.heard.askAgain = why, now.Add(subscribeNext)
		} else {
			s.heard.granted[f] = true
			delete(s.heard.refused, f)
		}
	}
	for _, f := range drop {
		delete(s.heard.granted, f)
		delete(s.heard.refused, f)
		delete(s.keeper.asked, f)
	}
	s.keeper.nudge()
}

// refusal says which filters that are wanted the broker does not grant.
func (s *session) refusal() string {
	var all []string
	for _, f := range slices.Sorted(maps.Keys(s.heard.refused)) {
		if s.keeper.isWanted[f] {
			all = append(all, fmt.Sprintf("%s (%s)", f, s.heard.refused[f]))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf("the broker does not let %q subscribe to %s", s.keeper.config.Username, strings.Join(all, ", "))
}

// The broker keeps the subscriptions of a kept session, also those that an
// earlier run of ours asked for and that nobody wants any more. MQTT cannot be asked for
// them, so they are written down.

// saveAsked writes down what the broker may keep for us, before it is asked for.
func (k *keeper) saveAsked() {
	k.saving.Lock()
	defer k.saving.Unlock()
	k.mu.Lock()
	filters := slices.Sorted(maps.Keys(k.asked))
	k.mu.Unlock()
	if k.file == "" || slices.Equal(filters, k.saved) {
		return
	}
	text, err := json.Marshal(filters)
	if err == nil {
		err = os.WriteFile(k.file+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(k.file+".new", k.file)
	}
	if err != nil {
		k.log.Warn("the subscriptions were not written down; old ones may stay at the broker", "error", err)
	}
	k.saved = filters
}

func (k *keeper) loadAsked() {
	text, err := os.ReadFile(k.file)
	var filters []string
	if err == nil {
		err = json.Unmarshal(text, &filters)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		k.log.Warn("the subscriptions of earlier runs are not known; old ones may stay at the broker", "error", err)
	}
	for _, f := range filters {
		k.asked[f] = true
	}
}
