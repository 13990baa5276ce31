package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/language"
)

// A backtest is what would have been decided under some settings, beside what would
// have been under others.
type backtest struct {
	rows     []tested
	compared bool
	location *time.Location
	names    map[string]ucare.Dwelling
	from, to time.Time
}

// A tested is one decision that people would have heard of.
type tested struct {
	gateway.Happening
	until       time.Time // when it was over; zero: not in that time
	now, before bool      // under the settings, and under those compared with
}

// told are the verbs that people hear of; what ends one of them is in its row.
var told = []ucare.Verb{ucare.PreAlarm, ucare.Raise, ucare.TellConcern}

// ends says what an ending verb ends.
var ends = map[ucare.Verb][]ucare.Verb{
	ucare.Raise: {ucare.PreAlarm}, ucare.Cancel: {ucare.PreAlarm}, ucare.Restore: {ucare.Raise}, ucare.Settled: {ucare.TellConcern},
}

// backtest replays by both settings in one pass.
func (p replaying) backtest() (backtest, error) {
	b := backtest{compared: p.against != nil, location: time.UTC, names: map[string]ucare.Dwelling{}, from: p.from, to: p.until}
	replays := []*gateway.Replay{gateway.NewReplay(p.config)}
	if b.compared {
		replays = append(replays, gateway.NewReplay(p.against))
	}
	if p.config != nil {
		b.location, b.names = p.config.Box.TimeZone.Location, p.config.HomesByID()
	}
	readings := p.readings
	p.readings = func(yield func(ucare.Reading, error) bool) {
		for r, err := range readings {
			if b.from.IsZero() {
				b.from = r.At
			}
			if r.At.After(b.to) {
				b.to = r.At
			}
			if !yield(r, err) {
				return
			}
		}
	}
	err := p.foldAll(replays, func(i int, h gateway.Happening) error {
		b.add(h, i == 0)
		return nil
	})
	slices.SortStableFunc(b.rows, func(x, y tested) int { return x.At.Compare(y.At) })
	return b, err
}

// add takes a decision down, or the end of one.
func (b *backtest) add(h gateway.Happening, now bool) {
	for i := range b.rows {
		row := &b.rows[i]
		mine := row.now && now || row.before && !now
		if mine && row.Alarm == h.Alarm && row.Dwelling == h.Dwelling && slices.Contains(ends[h.Verb], row.Verb) {
			row.until = h.At
		}
		if row.Alarm == h.Alarm && row.Dwelling == h.Dwelling && row.Verb == h.Verb && row.At.Equal(h.At) {
			row.now, row.before = row.now || now, row.before || !now
			return
		}
	}
	if slices.Contains(told, h.Verb) {
		b.rows = append(b.rows, tested{Happening: h, now: now, before: !now})
	}
}

// table is what a person reads: each decision with its reasons, and how many there
// were.
func (b *backtest) table(l language.Language) string {
	var out strings.Builder
	if len(b.rows) > 0 {
		out.WriteString(b.list(l) + "\n")
	}
	days := max(b.to.Sub(b.from).Hours()/24, 0)
	fmt.Fprintln(&out, l.Text("replay.span", "from", l.Moment(b.from, b.location), "to", l.Moment(b.to, b.location), "days", fmt.Sprintf("%.1f", days)))
	out.WriteString(b.summary(l, "replay.now", func(t tested) bool { return t.now }))
	if b.compared {
		out.WriteString(b.summary(l, "replay.before", func(t tested) bool { return t.before }))
	}
	out.WriteString(l.Text("replay.unanswered") + "\n")
	return out.String()
}

// list is a table with the reasons under each row.
func (b *backtest) list(l language.Language) string {
	var out strings.Builder
	lines := strings.SplitAfter(table(b.lines(l)), "\n")
	out.WriteString(lines[0] + lines[1])
	for i, t := range b.rows {
		out.WriteString(lines[i+2])
		for _, e := range t.Because {
			out.WriteString("    " + printable(l.Evidence(e, l.Rooms(b.names[t.Dwelling]), b.location)) + "\n")
		}
	}
	return out.String()
}

func (b *backtest) lines(l language.Language) [][]string {
	head := []string{l.Text("replay.when"), l.Text("page.dwelling"), l.Text("replay.what"), "", l.Text("page.room"), l.Text("replay.until")}
	if b.compared {
		head = slices.Insert(head, 0, "")
	}
	rows := [][]string{head}
	for _, t := range b.rows {
		until := "–"
		if !t.until.IsZero() {
			until = l.Moment(t.until, b.location)
		}
		room := ""
		if t.Room != "" {
			room = l.Rooms(b.names[t.Dwelling])(t.Room)
		}
		row := []string{l.Moment(t.At, b.location), t.Dwelling, l.Rule(t.Rule), l.Verb(t.Verb), room, until}
		if b.compared {
			row = slices.Insert(row, 0, l.Text(t.mark()))
		}
		rows = append(rows, row)
	}
	return rows
}

// mark says under which of two settings it happened.
func (t tested) mark() string {
	switch {
	case t.now && t.before:
		return "replay.both"
	case t.now:
		return "replay.only_now"
	default:
		return "replay.only_before"
	}
}

// summary counts the verbs by rule.
func (b *backtest) summary(l language.Language, key string, counts func(tested) bool) string {
	var parts []string
	for _, verb := range told {
		n, rules := 0, map[ucare.Rule]int{}
		for _, t := range b.rows {
			if t.Verb == verb && counts(t) {
				n++
				rules[t.Rule]++
			}
		}
		part := fmt.Sprintf("%s %d", l.Verb(verb), n)
		var each []string
		for _, rule := range []ucare.Rule{ucare.Fire, ucare.Help, ucare.Fall, ucare.Inactivity, ucare.CheckIn, ucare.NightOut, ucare.Climate, ucare.Leak} {
			if rules[rule] > 0 {
				each = append(each, fmt.Sprintf("%s %d", l.Rule(rule), rules[rule]))
			}
		}
		if len(each) > 0 {
			part += " (" + strings.Join(each, ", ") + ")"
		}
		parts = append(parts, part)
	}
	return l.Text(key, "counts", strings.Join(parts, "; ")) + "\n"
}
