package caregiver

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/language"
)

// A frame is what every page has around it.
type frame struct {
	L         language.Language
	Title     string
	Person    string
	Languages []language.Language // the other ones
	Back      string              // this page's own address
	Refresh   bool                // the page keeps itself up to date
	Stale     string              // what it says when it no longer can
}

func (s *site) frame(v visit, title string) frame {
	others := slices.DeleteFunc(language.All(), func(l language.Language) bool { return l.Tag() == v.l.Tag() })
	back := url.URL{Path: v.r.URL.Path, RawQuery: v.r.URL.RawQuery}
	if len(back.RawQuery) > 100 { // none of ours is
		back.RawQuery = ""
	}
	return frame{
		L: v.l, Title: title, Person: v.person.ID, Languages: others, Back: back.String(),
		Stale: v.l.Text("page.stale", "clock", v.l.Clock(v.now, s.Location)),
	}
}

type problemPage struct {
	frame
	Text string
}

type overviewPage struct {
	frame
	Dwellings []overviewItem
}

type overviewItem struct {
	Address, Name string
	status
}

// overview lists the person's dwellings, who needs attention first. With one
// dwelling it goes there.
func (s *site) overview(v visit) {
	scopes := s.scopes(v.person)
	if len(scopes) == 1 {
		http.Redirect(v.w, v.r, addressOf(scopes[0]), http.StatusSeeOther)
		return
	}
	page := overviewPage{frame: s.frame(v, v.l.Text("page.dwellings"))}
	page.Refresh = true
	for _, sc := range scopes {
		s.Looked(v.person.ID, sc.dwelling.ID, "overview", v.now)
		snapshot := s.Watch.Now(sc.dwelling.ID)
		st := s.status(v, sc, snapshot, snapshot.LastSign)
		page.Dwellings = append(page.Dwellings, overviewItem{addressOf(sc), nameOf(sc.dwelling), st})
	}
	slices.SortStableFunc(page.Dwellings, func(a, b overviewItem) int { return cmp.Compare(a.rank, b.rank) })
	s.render(v, http.StatusOK, "overview.html", page)
}

func addressOf(sc scope) string { return "/dwelling/" + url.PathEscape(sc.dwelling.ID) }

func nameOf(d ucare.Dwelling) string { return cmp.Or(d.Resident.Name, d.ID) }

type dwellingPage struct {
	frame
	Name   string
	Status status
	Open   []alarmItem
	Please []concernItem
	Faults []faultItem
	Day    dayItem
	Sensor []sensorItem
}

type dayItem struct {
	Heading    string
	Value      string // of the field for the date
	Before     string // address of the day before
	After      string // and of the day after; empty on today's page
	Today      string // address of today; empty there
	Unreadable bool
	Empty      string // why there is nothing to show
	Picture    picture
	Alarms     []alarmItem // raised on the day and closed since
	Concerns   []concernItem
}

const dateForm = "2006-01-02"

// dwelling is the page of one dwelling, with the day of ?day= or today.
func (s *site) dwelling(v visit, sc scope) {
	today := v.now.In(s.Location)
	date := today
	if asked := v.r.URL.Query().Get("day"); asked != "" {
		var ok bool
		if date, ok = s.date(v, asked); !ok {
			return
		}
	}
	s.Looked(v.person.ID, sc.dwelling.ID, "day "+date.Format(dateForm), v.now)

	ctx, cancel := context.WithTimeout(v.r.Context(), patience)
	defer cancel()
	snapshot := s.Watch.Now(sc.dwelling.ID)
	past, err := s.readDay(ctx, sc, newDay(date, v.now, roomsOf(sc.dwelling, snapshot)))
	if err != nil && v.r.Context().Err() == nil {
		s.Logger.Warn("the caregivers' page shows no history", "dwelling", sc.dwelling.ID, "error", err)
	}
	sign := snapshot.LastSign
	if sign.At.IsZero() && err == nil {
		sign = s.signOfToday(ctx, sc, past, today)
	}
	name := nameOf(sc.dwelling)
	page := dwellingPage{
		frame: s.frame(v, v.l.Text("page.title", "name", name)), Name: name,
		Status: s.status(v, sc, snapshot, sign),
		Open:   s.alarmItems(v, sc, openFirst(snapshot.Alarms)),
		Please: s.concernItems(v, sc, standing(snapshot.Concerns)),
		Faults: s.faultItems(v, snapshot.Faults),
		Day:    s.dayItem(v, sc, date, past, err, snapshot),
		Sensor: s.sensorItems(v, sc, snapshot.Sensors),
	}
	page.Refresh = true
	s.render(v, http.StatusOK, "dwelling.html", page)
}

// date reads the date of a request, or says what is wrong with it.
func (s *site) date(v visit, asked string) (at time.Time, ok bool) {
	at, err := time.ParseInLocation(dateForm, asked, s.Location)
	if err != nil || at.Year() < 2000 || at.Year() > 2200 {
		s.problem(v, http.StatusBadRequest, v.l.Text("page.bad_day", "day", shortened(asked, 40)))
		return at, false
	}
	return at, true
}

// signOfToday is the last sign of life that the history knows of today. It
// steps in where the watch knows of none.
func (s *site) signOfToday(ctx context.Context, sc scope, read pastDay, today time.Time) Sign {
	if !read.day.covers(today) {
		var err error
		if read, err = s.readDay(ctx, sc, newDay(today, today, nil)); err != nil {
			return Sign{}
		}
	}
	return Sign{At: read.day.last, Room: read.day.lastRoom}
}

// shortened keeps what somebody else wrote from filling the page.
func shortened(s string, most int) string {
	runes := []rune(s)
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// roomsOf are the rooms from top to bottom: as the dwelling lists them, then
// those that only sensors name.
func roomsOf(d ucare.Dwelling, now Snapshot) []string {
	var rooms []string
	for _, r := range d.Rooms {
		rooms = append(rooms, r.ID)
	}
	listed := len(rooms)
	for _, sensor := range now.Sensors {
		if !slices.Contains(rooms, sensor.Room) {
			rooms = append(rooms, sensor.Room)
		}
	}
	slices.Sort(rooms[listed:])
	return rooms
}

func (s *site) dayItem(v visit, sc scope, date time.Time, past pastDay, err error, now Snapshot) dayItem {
	item := dayItem{
		Heading: v.l.Day(date, s.Location), Value: date.Format(dateForm),
		Before: dayAddress(sc, date.AddDate(0, 0, -1)),
	}
	today := v.now.In(s.Location).Format(dateForm)
	if item.Value != today {
		item.Today = addressOf(sc)
	}
	if item.Value < today {
		item.After = dayAddress(sc, date.AddDate(0, 0, 1))
	}
	switch {
	case err != nil:
		item.Unreadable = true
		return item
	case item.Value > today:
		item.Empty = v.l.Text("page.day_future")
		return item
	case past.day.heard == 0 && len(past.alarms) == 0 && len(past.concerns) == 0:
		item.Empty = v.l.Text("page.day_empty")
		return item
	}
	alarms := merged(past.alarms, now.Alarms, past.day)
	p := painter{l: v.l, room: v.l.Rooms(sc.dwelling), loc: s.Location, day: past.day, order: past.day.order(roomsOf(sc.dwelling, now))}
	item.Picture = p.paint(alarms, v.now)
	item.Concerns = s.concernItems(v, sc, slices.DeleteFunc(past.concerns, func(c ToldConcern) bool {
		return slices.ContainsFunc(now.Concerns, func(open ucare.Concern) bool { return open.Name == c.Name })
	}))
	item.Alarms = s.alarmItems(v, sc, slices.DeleteFunc(alarms, func(a ucare.Alarm) bool {
		return slices.ContainsFunc(now.Alarms, func(open ucare.Alarm) bool { return open.ID == a.ID })
	}))
	return item
}

// merged are the alarms of the day and those open now, if they were raised by
// the end of it, each once.
func merged(past, open []ucare.Alarm, d *day) []ucare.Alarm {
	all := slices.Clone(past)
	for _, a := range open {
		known := slices.ContainsFunc(past, func(b ucare.Alarm) bool { return a.ID == b.ID })
		if !known && a.RaisedAt.Before(d.to) {
			all = append(all, a)
		}
	}
	slices.SortStableFunc(all, func(a, b ucare.Alarm) int { return a.RaisedAt.Compare(b.RaisedAt) })
	return all
}

func dayAddress(sc scope, date time.Time) string {
	return fmt.Sprintf("%s?day=%s", addressOf(sc), date.Format(dateForm))
}

// An alarmIn is an alarm together with the language of its page.
type alarmIn struct {
	L     language.Language
	Alarm alarmItem
}

// A concernIn is a concern together with the language of its page.
type concernIn struct {
	L       language.Language
	Concern concernItem
}

// Look hands a concern to its template.
func (f frame) Look(c concernItem) concernIn { return concernIn{f.L, c} }

// With hands an alarm to its template.
func (f frame) With(a alarmItem) alarmIn { return alarmIn{f.L, a} }
