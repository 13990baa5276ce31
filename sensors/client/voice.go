package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
)

// This file is the connection on which the gateway speaks. A broker may close a
// connection for a publication that its access list forbids. On the one that hears,
// that would be a deaf gateway, and with a client that sends again what was not
// acknowledged it would be one for ever.

const (
	// connectAgain is the least time between two attempts to connect.
	connectAgain = 5 * time.Second
	// cutWithin is how soon after a publication the connection has to end for the
	// broker to have ended it for that, and not the network. mosquitto sends its
	// acknowledgement before it does, so that the next publication may be under way.
	cutWithin = 2 * time.Second
	// staysFor is how long is waited for that, after each publication while one is suspected.
	staysFor = 500 * time.Millisecond
	// suspectFor is how long a topic is suspected that nobody publishes on any more.
	suspectFor = 10 * time.Minute
	// passedOver is how long a refused topic is not tried again, and remembered is how
	// long it is told after the last try.
	passedOver = time.Minute
	remembered = time.Hour
	// thrownWithin is how soon after we connect the alarm session has to lose its
	// connection for us to be who took it over.
	thrownWithin = 2 * time.Second
	// silentFor is how long we are silent for the alarm session's sake.
	silentFor = time.Hour
)

// errNotConnected is what a publication gets while there is no connection,
// errCut when the connection ended under it.
var (
	errNotConnected = errors.New("not connected to the broker")
	errCut          = errors.New("the connection ended before the broker acknowledged it")
)

// A voice keeps the connection open, and opens a new one for each that ends: so
// nothing of the old one is sent again. Whoever speaks knows what holds by then.
type voice struct {
	config Config
	alarm  *keeper
	log    *slog.Logger
	// connect opens a line; pahoVoice, or a test's.
	connect func(context.Context) (line, error)
	wake    chan struct{}

	speaking sync.Mutex // one publication at a time, to know for which one we were cut off

	mu      sync.Mutex
	line    line // nil: none
	opened  time.Time
	last    string               // the topic of the last publication on it that was acknowledged
	lastAt  time.Time            // when that was
	next    time.Time            // not before then is connecting tried
	why     string               // it failed
	downFor time.Time            // since when it cannot be opened, though the alarm session can
	thrown  int                  // in a row, that the alarm session lost its connection when we got ours
	busy    bool                 // a publication is under way
	suspect map[string]time.Time // topics for which the broker may have ended the connection, and since when
	refused map[string]time.Time // topics that are passed over, until then
	told    ucare.Fault          // Detail "": none
}

func newVoice(c Config, alarm *keeper, logger *slog.Logger) *voice {
	v := &voice{
		config: c, alarm: alarm, log: logger.With("session", "voice"), wake: make(chan struct{}, 1),
		suspect: map[string]time.Time{}, refused: map[string]time.Time{},
	}
	v.connect = v.pahoVoice
	return v
}

// run keeps the connection until the context ends.
func (v *voice) run(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		v.look(time.Now())
		if v.wants(time.Now()) {
			v.open(ctx)
		}
		select {
		case <-ctx.Done():
			v.hangUp()
			return
		case <-look.C:
		case <-v.wake:
		}
	}
}

// wants reports whether to connect now: after the alarm session only.
func (v *voice) wants(now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.line == nil && !now.Before(v.next) && v.alarm.open()
}

func (v *voice) open(ctx context.Context) {
	began := time.Now()
	l, err := v.connect(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.next = began.Add(connectAgain)
	if err != nil {
		v.why = err.Error()
		return
	}
	v.line, v.opened, v.why, v.last = l, began, "", ""
}

// hangUp gives the line up, with whatever is under way on it.
func (v *voice) hangUp() {
	v.mu.Lock()
	l := v.line
	v.line = nil
	v.mu.Unlock()
	if l != nil {
		l.Close()
	}
}

// look gives up a line that has ended or that harms the alarm session, and tells
// what is wrong.
func (v *voice) look(now time.Time) {
	v.mu.Lock()
	over := v.line != nil && ended(v.line)
	if over && !v.busy && v.last != "" && now.Sub(v.lastAt) <= cutWithin && v.alarm.open() {
		v.suspects(v.last, now)
		v.last = ""
	}
	if v.line != nil && v.alarm.lostSince(v.opened, thrownWithin) {
		over = true
		if v.thrown++; v.thrown >= 2 {
			v.next = now.Add(silentFor)
		}
	} else if v.line != nil && now.Sub(v.opened) > thrownWithin {
		v.thrown = 0
	}
	v.mu.Unlock()
	if over {
		v.hangUp()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.line != nil || v.why == "" || !v.alarm.open():
		v.downFor = time.Time{}
	case v.downFor.IsZero():
		v.downFor = now
	}
	maps.DeleteFunc(v.refused, func(_ string, until time.Time) bool { return now.Sub(until) > remembered })
	maps.DeleteFunc(v.suspect, func(_ string, since time.Time) bool { return now.Sub(since) > suspectFor })
	v.tell(now)
}

// tell tells what is wrong, once for each change of it.
func (v *voice) tell(now time.Time) {
	var all []string
	switch {
	case v.thrown >= 2:
		all = append(all, fmt.Sprintf("the broker ends the connection that hears whenever %s-voice connects, so the gateway does not speak: does the broker make user names client ids (use_username_as_clientid)? Give the gateway a listener without that", v.config.ID))
	case !v.downFor.IsZero() && now.Sub(v.downFor) >= downAfter:
		all = append(all, fmt.Sprintf("the gateway hears, but cannot connect as %s-voice to speak: %s", v.config.ID, v.why))
	}
	if len(v.refused) > 0 {
		all = append(all, fmt.Sprintf("the broker ends the connection when the gateway publishes on %s, so nothing is said there: may user %q write there?", strings.Join(slices.Sorted(maps.Keys(v.refused)), ", "), v.config.Username))
	}
	detail := strings.Join(all, "; ")
	if detail == v.told.Detail {
		return
	}
	before := v.told
	v.told = ucare.Fault{Code: ucare.FaultRefused, Subject: v.config.ID + "-voice", Since: now, Detail: detail}
	if detail == "" {
		v.config.Cleared(before)
		return
	}
	if before.Detail != "" {
		v.told.Since = before.Since
	}
	v.config.Faults(v.told)
}

// isOpen reports whether a publication has a chance.
func (v *voice) isOpen() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.line != nil && !ended(v.line)
}

func ended(l line) bool {
	select {
	case <-l.Ended():
		return true
	default:
		return false
	}
}

// publish sends one message. After a failure the line is given up, so that nothing
// of it is sent later.
func (v *voice) publish(topic string, payload []byte, retain bool) error {
	v.speaking.Lock()
	defer v.speaking.Unlock()
	began := time.Now()
	v.mu.Lock()
	l, until := v.line, v.refused[topic]
	alone := len(v.suspect) > 0 || !until.IsZero()
	v.busy = true
	v.mu.Unlock()
	defer v.idle()
	if began.Before(until) {
		return nil // it is a fault already; what comes behind it shall be heard
	}
	if l == nil || ended(l) {
		return fmt.Errorf("publish on %q: %w", topic, errNotConnected)
	}
	err := l.Publish(topic, payload, retain)
	if err == nil && alone {
		select {
		case <-l.Ended():
			err = fmt.Errorf("publish on %q: %w", topic, errCut)
		case <-time.After(staysFor):
		}
	}
	v.judge(topic, err, alone, began, time.Now())
	if err != nil {
		v.hangUp()
	}
	return err
}

func (v *voice) idle() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.busy = false
}

// judge notes what a publication tells about our rights. If it was not alone on the
// line, the one before may have been the reason as well.
func (v *voice) judge(topic string, err error, alone bool, began, now time.Time) {
	alarmStays := v.alarm.open()
	v.mu.Lock()
	defer v.mu.Unlock()
	before := v.last
	v.last = ""
	_, known := v.refused[topic]
	_, suspected := v.suspect[topic]
	switch {
	case err == nil:
		v.last, v.lastAt = topic, now
		if alone {
			delete(v.suspect, topic)
			delete(v.refused, topic)
		}
	case !errors.Is(err, errCut) || now.Sub(began) > cutWithin || !alarmStays:
	case alone && (known || suspected):
		delete(v.suspect, topic)
		v.refused[topic] = now.Add(passedOver)
		v.log.Warn("the broker ends the connection when we publish on a topic", "topic", topic)
	default:
		v.suspects(topic, now)
		if !alone && before != "" && began.Sub(v.lastAt) <= cutWithin {
			v.suspects(before, now)
		}
	}
	v.tell(now)
}

// suspects keeps a topic in mind; not those that somebody makes up without end.
func (v *voice) suspects(topic string, now time.Time) {
	if len(v.refused)+len(v.suspect) < faultsMost {
		v.suspect[topic] = now
	}
}

// overheard takes it that a message has come, though nothing was subscribed to: the
// broker takes this connection for the one that hears. The message is not
// acknowledged, so that it comes again to whom it was meant for.
func (v *voice) overheard() {
	v.mu.Lock()
	v.thrown = 2
	v.next = time.Now().Add(silentFor)
	v.mu.Unlock()
	go v.hangUp() // not from a handler
	v.nudge()
}

func (v *voice) nudge() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}
