package zigbee2mqtt

import (
	"encoding/json"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// What is new in a message, and since when.
//
// The best witness is last_seen, the bridge's own stamp of the last radio
// contact; it is in each message when the household switched it on
// (advanced.last_seen: ISO_8601). Without it only a change of a value proves
// that something happened, and a repeated "occupancy":true is taken for an echo
// of another attribute's report: it proves no motion. So without last_seen a
// person who keeps moving in front of one sensor is heard when its occupancy
// clears and comes again (90 s for most).

// lag is how far last_seen may be behind the message's arrival and still be
// called now; beyond it the message waited somewhere, or a timer sent it.
const lag = 2 * time.Minute

// republishedWithin is how long after a live "online" the first state of a
// device may be the bridge's cache. The bridge sends the whole cache at once when it
// starts; two minutes are for many devices on a slow link. It must not be longer: the
// bridge says "online" after each of its connections, so also when only the
// broker was restarted, and then sends no cache at all. What comes later is news.
const republishedWithin = 2 * time.Minute

// news is how old what a message says is.
type news struct {
	at time.Time // the time that its readings bear
	// stale: a state from somebody's store, of which nobody can say since when it holds.
	stale bool
	// retained: stale because it is from the broker's store.
	retained bool
	// fresh: last_seen proves a radio contact just now.
	fresh bool
	// seen is last_seen, zero where there is none or none to be used.
	seen time.Time
	// first: nothing was ever heard live here before.
	first bool
	// ahead is a last_seen from the future, as it came.
	ahead string
}

// The instant that last_seen gives is when the device itself was last heard, so it
// is also what supervision lives from (sensors.Seen.Heard): where it stands
// still while messages come, those are timers of the bridge, and the radio is dead
// (github.com/Koenkk/zigbee2mqtt/issues/15965).

// newsOf tells the age of what a device says. heardAt is when this state was
// last heard.
func (b *Bridge) newsOf(m sensors.Message, heardAt time.Time, d *device, said map[string]json.RawMessage) news {
	n := news{at: m.At, retained: m.Retained, first: heardAt.IsZero() && !m.Retained}
	seen, ok := lastSeen(said["last_seen"], m, d.LastSeen)
	if ok && seen.After(m.At.Add(lag)) {
		n.ahead, ok = seen.Format(time.RFC3339), false
	}
	if ok {
		n.seen = seen
	}
	// The first state soon after the bridge came online may be its cache, published again.
	republished := b.justStarted(m.At) && heardAt.Before(b.StartedAt) && (!ok || !seen.After(b.StartedAt))
	old := ok && m.At.Sub(seen) > lag
	known := d.LastSeen // until when we know what the device said
	if known.IsZero() {
		known = heardAt
	}
	switch {
	case m.Retained, republished, old && known.IsZero():
		n.stale = true
	case old && seen.After(known):
		n.at = d.after(seen, m.At) // the message was on its way for long, and is news of then
	case old: // no radio contact since: a timer of the bridge cleared something
	case ok && seen.After(d.LastSeen):
		n.fresh = true
	}
	return n
}

// after is the instant of news of then that comes now: not before what was told already.
// A bridge whose clock is behind by almost the lag would else clear an alarm before it began.
func (d *device) after(then, now time.Time) time.Time {
	if next := d.ToldAt.Add(time.Nanosecond); next.After(then) && !next.After(now) {
		return next
	}
	return then
}

// heardIn is when the device itself was heard, as far as a message tells.
func (d *device) heardIn(m sensors.Message, n news, whole bool) time.Time {
	switch {
	case !n.seen.IsZero():
		return n.seen
	case n.stale:
		return time.Time{}
	case !whole && !d.LastSeen.IsZero():
		return d.LastSeen // on a topic of its own, behind the other attributes
	default:
		return m.At
	}
}

// lastSeenAfter is the newest last_seen when the message is taken in. A live state
// without one shows that the household switched it off.
func (d *device) lastSeenAfter(m sensors.Message, n news, whole bool) time.Time {
	switch {
	case n.seen.After(d.LastSeen):
		return n.seen
	case whole && !m.Retained && n.seen.IsZero() && n.ahead == "":
		return time.Time{}
	default:
		return d.LastSeen
	}
}

// justStarted reports whether the bridge may still be publishing its cache. A
// clock that was set back to before the start is no reason to doubt what is heard.
func (b *Bridge) justStarted(now time.Time) bool {
	since := now.Sub(b.StartedAt)
	return since >= 0 && since <= republishedWithin
}

// lastSeen reads last_seen in each of the bridge's formats: ISO 8601 in UTC or with
// an offset, milliseconds since 1970, or the age in words (lib/util/utils.ts of
// Zigbee2MQTT). known is the one so far.
func lastSeen(raw json.RawMessage, m sensors.Message, known time.Time) (time.Time, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
			if t, err := time.Parse(layout, text); err == nil {
				return t.UTC(), true
			}
		}
		return relative(text, m, known)
	}
	var ms int64
	if json.Unmarshal(raw, &ms) == nil && ms > 0 && ms < maxMillis {
		return time.UnixMilli(ms).UTC(), true
	}
	return time.Time{}, false
}

// maxMillis is the last millisecond of the year 9999, beyond which a time has no
// JSON form.
const maxMillis = 253_402_300_799_999

// relative reads an age in words: "2 minutes, 3 seconds ago". It is rounded to its
// smallest unit, so an instant that is within that of the known one is the
// known one, and stands still. From a broker's store it tells nothing: it
// was true when it was written.
func relative(text string, m sensors.Message, known time.Time) (time.Time, bool) {
	units := map[string]time.Duration{
		"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour,
		"month": 30*24*time.Hour + 10*time.Hour + 30*time.Minute, "year": 365*24*time.Hour + 6*time.Hour,
	}
	ages, is := strings.CutSuffix(text, " ago")
	if !is || m.Retained {
		return time.Time{}, false
	}
	var age, precision time.Duration
	for part := range strings.SplitSeq(ages, ", ") {
		count, unit, _ := strings.Cut(part, " ")
		n, err := strconv.ParseUint(count, 10, 16)
		length, is := units[strings.TrimSuffix(unit, "s")]
		if err != nil || !is || time.Duration(n) > 100*units["year"]/length {
			return time.Time{}, false
		}
		age, precision = age+time.Duration(n)*length, length
	}
	at := m.At.Add(-age)
	if since := at.Sub(known).Abs(); !known.IsZero() && since < precision {
		return known, true
	}
	return at, true
}

// othersHash condenses the attributes that have no meaning for us, without
// those that change by themselves, so that a repeat can be told from the report of
// another attribute.
func (d *device) othersHash(said map[string]json.RawMessage) uint64 {
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if name == "linkquality" || name == "last_seen" || name == "device" || name == "elapsed" || strings.HasPrefix(name, "update") ||
			d.isSignOfLife(name) {
			continue
		}
		h.Write([]byte(name))
		h.Write([]byte{'='})
		h.Write([]byte(canonical(said[name])))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// isSignOfLife reports whether the attribute is one of those whose repeats are in question.
func (d *device) isSignOfLife(name string) bool {
	return slices.ContainsFunc(d.meanings[name], func(m meaning) bool {
		return m.kind == ucare.Motion || m.kind == ucare.HelpButton
	})
}
