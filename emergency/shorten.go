package emergency

import (
	"encoding/json"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/ucare-project/ucare"
)

// largestReport is the most bytes a report's body has. Our centre reads 256 KiB;
// one that somebody else has built may read no more than 64.
const largestReport = 48 << 10

// What is kept of a report that is too large, in bytes of JSON.
const (
	firstEvidence, lastEvidence = 20, 5
	longestText                 = 1000
	longestAddress              = 1000
	longestName                 = 200
)

// freeze writes the report's body. A report that is too large for a centre is
// shortened until it is not: where help has to go and what for stay in it.
func freeze(r Report) []byte {
	body := write(r)
	for _, shorten := range []func(*Report){lessEvidence, shorterTexts, shorterNames, noTexts} {
		if len(body) <= largestReport {
			break
		}
		shorten(&r)
		body = write(r)
	}
	return body
}

// write makes the body. Only an instant that no calendar has can prevent it;
// then help is called without the instants.
func write(r Report) []byte {
	body, err := r.Marshal()
	if err != nil {
		a := r.Alarm
		r.At = time.Time{}
		r.Alarm = ucare.Alarm{ID: a.ID, Dwelling: a.Dwelling, Rule: a.Rule, Kind: a.Kind, Room: a.Room, Drill: a.Drill}
		body, _ = r.Marshal()
	}
	return body
}

// The shortenings below change copies: the alarm is in use elsewhere.

func lessEvidence(r *Report) {
	if all := r.Alarm.Because; len(all) > firstEvidence+lastEvidence {
		r.Alarm.Because = slices.Concat(all[:firstEvidence], all[len(all)-lastEvidence:])
	}
}

func shorterTexts(r *Report) {
	texts := make(map[string]string, len(r.Texts))
	for language, text := range r.Texts {
		texts[language] = clip(text, longestText)
	}
	r.Texts = texts
}

func noTexts(r *Report) { r.Texts = nil }

func shorterNames(r *Report) {
	d, a := &r.Dwelling, &r.Alarm
	d.Rooms = slices.Clone(d.Rooms)
	if len(d.Rooms) > firstEvidence { // only the name of where it happened is needed
		d.Rooms = slices.DeleteFunc(d.Rooms, func(room ucare.Room) bool { return room.ID != a.Room })
		d.Rooms = d.Rooms[:min(len(d.Rooms), 1)]
	}
	for i := range d.Rooms {
		clipAll(&d.Rooms[i].ID, &d.Rooms[i].Name)
	}
	d.Address = clip(d.Address, longestAddress)
	clipAll(&d.ID, &d.Account, &d.Resident.Name, &d.Resident.Phone)
	clipAll(&a.Dwelling, &a.Room, (*string)(&a.Kind), &a.ReceivedBy, &a.AcknowledgedBy, &a.ClosedBy, &a.Outcome)
	a.Because = slices.Clone(a.Because)
	for i := range a.Because {
		e := &a.Because[i]
		clipAll((*string)(&e.Fact), &e.Sensor, &e.Room, (*string)(&e.Kind))
	}
}

func clipAll(names ...*string) {
	for _, name := range names {
		*name = clip(*name, longestName)
	}
}

// clip shortens a text to a number of bytes that it takes in JSON, and marks it.
func clip(text string, most int) string {
	const mark = "…"
	size, fits := 0, 0
	for at, r := range text {
		if size+len(mark) <= most {
			fits = at
		}
		if size += sizeInJSON(r); size > most {
			return text[:fits] + mark
		}
	}
	return text
}

// sizeInJSON is how many bytes encoding/json takes for a rune; one that is not
// valid counts as what it is replaced by.
func sizeInJSON(r rune) int {
	switch {
	case r == '"' || r == '\\':
		return 2
	case r < 0x20 || r == '<' || r == '>' || r == '&' || r == '\u2028' || r == '\u2029' || r == utf8.RuneError:
		return 6
	default:
		return utf8.RuneLen(r)
	}
}

// inOrder makes the deliveries of a former process such that this one can hand
// them over. A body is frozen, but not with the id of a gateway that is called
// otherwise now, nor larger than a centre takes: it would be refused for ever.
// A raise that was refused is left out when the receiver took a later one.
func (p *Policy) inOrder(ds []Delivery) []Delivery {
	type told struct{ alarm, receiver string }
	taken := make(map[told]int) // the last round
	raise := func(d Delivery) (round int, ok bool) {
		verb, round, _ := parseReportID(d.Alarm, d.Report)
		return round, verb == ucare.Raise
	}
	for _, d := range ds {
		if round, ok := raise(d); ok && !d.AcceptedAt.IsZero() {
			taken[told{d.Alarm, d.Receiver}] = max(taken[told{d.Alarm, d.Receiver}], round)
		}
	}
	var ours []Delivery
	for _, d := range ds {
		if d.AcceptedAt.IsZero() {
			if round, ok := raise(d); ok && round < taken[told{d.Alarm, d.Receiver}] {
				continue
			}
			d.Body = p.frozenAgain(d.Body)
		}
		ours = append(ours, d)
	}
	return ours
}

func (p *Policy) frozenAgain(body []byte) []byte {
	var from struct {
		SentBy string `json:"sent_by"`
	}
	if json.Unmarshal(body, &from) == nil && from.SentBy == p.SentBy && len(body) <= largestReport {
		return body
	}
	var r Report
	if json.Unmarshal(body, &r) != nil {
		return body
	}
	r.SentBy = p.SentBy
	return freeze(r)
}
