package caregiver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/language"
)

// A picture is a day as the page shows it: a strip for each room, and the same
// in a table.
type picture struct {
	Width  int    // of each strip, in slots
	Grid   string // paths of SVG
	Future string
	Now    string
	Hours  []hourMark
	Alarms *strip // nil without any
	Strips []strip
	Rows   []row

	Summary string // the first and last sign of life and the longest silence
}

// A strip is one row of the picture. Its paths are in slots and tenths of the
// row's height.
type strip struct {
	Name    string
	Text    string // what the strip shows, in words
	Active  string
	Rest    string
	Doors   string
	Unheard string
	Alarm   string
}

// An hourMark is a number under the picture.
type hourMark struct {
	Percent string // from the left
	Text    string
	Anchor  string
}

// A row is a line of the table.
type row struct{ From, To, Room, What string }

// mostRows bounds the table; above it, what lies close together is joined.
const mostRows = 200

// A painter makes the picture of a day in a language.
type painter struct {
	l     language.Language
	room  func(id string) string
	loc   *time.Location
	day   *day
	order []string // the rooms from top to bottom
}

func (p painter) paint(alarms []ucare.Alarm, now time.Time) picture {
	d := p.day
	pic := picture{Width: d.slots(), Hours: p.hours(), Summary: p.summary()}
	for _, h := range []int{6, 12, 18} {
		pic.Grid += fmt.Sprintf("M%d 0v10", d.slotOf(p.hour(h)))
	}
	if d.covers(now) {
		n := d.slotOf(now)
		pic.Now = fmt.Sprintf("M%d 0v10", n)
		pic.Future = fmt.Sprintf("M%d 5h%d", n, d.slots()-n)
	}
	pic.Alarms = p.alarmStrip(alarms)
	for _, id := range p.order {
		pic.Strips = append(pic.Strips, p.strip(id))
	}
	pic.Rows = p.table()
	return pic
}

// hour is when an hour of the clock begins on the day.
func (p painter) hour(h int) time.Time {
	from := p.day.from
	return time.Date(from.Year(), from.Month(), from.Day(), h, 0, 0, 0, from.Location())
}

func (p painter) hours() []hourMark {
	var marks []hourMark
	whole := p.day.to.Sub(p.day.from)
	for h := 0; h <= 24; h += 6 {
		m := hourMark{Text: p.l.Text("format.hour_of_day", "hour", h), Anchor: "middle"}
		m.Percent = fmt.Sprintf("%.2f%%", 100*float64(p.hour(h).Sub(p.day.from))/float64(whole))
		switch h {
		case 0:
			m.Anchor = "start"
		case 24:
			m.Anchor = "end"
		}
		marks = append(marks, m)
	}
	return marks
}

func (p painter) summary() string {
	d := p.day
	if d.first.IsZero() {
		return ""
	}
	text := p.l.Text("page.first_last", "first", p.clock(d.first), "last", p.clock(d.last))
	if d.silence.length() >= time.Minute {
		text += " " + p.l.Text("page.longest_silence", "duration", p.l.Duration(d.silence.length()),
			"from", p.clock(d.silence.from), "to", p.clock(d.silence.to))
	}
	return text
}

func (p painter) clock(t time.Time) string { return p.l.Clock(t, p.loc) }

func (p painter) strip(id string) strip {
	r := p.day.rooms[id]
	s := strip{
		Name: p.room(id), Active: bars(r.active, 5), Rest: bars(r.rest, 9),
		Doors: ticks(r.doors), Unheard: bars(r.unheard, 5),
	}
	active := runs(r.active, 1)
	if len(active) == 0 {
		s.Text = p.l.Text("page.row_empty", "room", s.Name)
		return s
	}
	length := 0
	for _, a := range active {
		length += a.to - a.from
	}
	s.Text = p.l.Text("page.row_summary", "room", s.Name, "duration", p.l.Duration(time.Duration(length)*slot),
		"first", p.clock(p.day.at(active[0].from)), "last", p.clock(p.day.at(active[len(active)-1].to)))
	return s
}

// alarmStrip shows from when to when each alarm of the day was open.
func (p painter) alarmStrip(alarms []ucare.Alarm) *strip {
	if len(alarms) == 0 {
		return nil
	}
	slots := make([]uint16, p.day.slots())
	for _, a := range alarms {
		from, to := ucare.Later(a.RaisedAt, p.day.from), p.day.end
		if !a.ClosedAt.IsZero() {
			to = ucare.Earlier(a.ClosedAt, to)
		}
		if !to.Before(from) {
			mark(slots, p.day.slotOf(from), p.day.slotOf(to))
		}
	}
	return &strip{
		Name: p.l.Text("page.legend_alarm"), Text: p.l.Text("page.row_alarms", "n", len(alarms)), Alarm: bars(slots, 5),
	}
}

// bars draws runs as horizontal strokes at a height.
func bars(slots []uint16, y int) string {
	var b strings.Builder
	for _, r := range runs(slots, 0) {
		fmt.Fprintf(&b, "M%d %dh%d", r.from, y, r.to-r.from)
	}
	return b.String()
}

// ticks draws each slot as an upright stroke.
func ticks(slots []uint16) string {
	var b strings.Builder
	for i, n := range slots {
		if n > 0 {
			fmt.Fprintf(&b, "M%d 0v10", i)
		}
	}
	return b.String()
}

// table says in words what the strips show, in the order of time.
func (p painter) table() []row {
	for _, gap := range []int{2, 6, 12, 24} {
		if rows := p.rows(gap); len(rows) <= mostRows || gap == 24 {
			return rows
		}
	}
	return nil
}

func (p painter) rows(gap int) []row {
	type timed struct {
		run
		row
	}
	var all []timed
	add := func(room string, slots []uint16, what func(run) string) {
		for _, r := range runs(slots, gap) {
			all = append(all, timed{r, row{
				p.clock(p.day.at(r.from)), p.clock(ucare.Earlier(p.day.at(r.to), p.day.end)), p.room(room), what(r),
			}})
		}
	}
	for _, id := range p.order {
		r := p.day.rooms[id]
		add(id, r.active, func(run) string { return p.l.Text("page.what_active") })
		add(id, r.rest, func(run) string { return p.l.Text("page.what_rest") })
		add(id, r.doors, func(r run) string { return p.l.Text("page.what_door", "n", r.count) })
		add(id, r.unheard, func(run) string { return p.l.Text("page.what_unheard") })
	}
	slices.SortStableFunc(all, func(a, b timed) int { return cmp.Compare(a.from, b.from) })
	rows := make([]row, len(all))
	for i, t := range all {
		rows[i] = t.row
	}
	return rows
}
