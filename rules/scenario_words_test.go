package rules_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// reading plays "KIND ROOM[/SENSOR] [off|?|NUMBER UNIT] [retained] [drill] [made=TIME] [twice]".
func (c *scenario) reading(words []string) error {
	kind := ucare.Kind(words[0])
	if !kind.Known() || len(words) < 2 {
		return fmt.Errorf("not a kind and a room")
	}
	room, sensor, named := strings.Cut(words[1], "/")
	if room == "-" {
		room = ""
	}
	if !named {
		sensor = room + "-" + words[0]
	}
	r := ucare.Reading{At: c.now, Dwelling: "home", Sensor: sensor, Room: room, Kind: kind, State: ucare.Active}
	times := 1
	if kind == ucare.Acceleration {
		r.State, r.Unit, r.RateHz = ucare.Unknown, "g", 50
		r.Samples, words = rules.Moves(words)
	}
	for i, word := range words[2:] {
		made, isTime := strings.CutPrefix(word, "made=")
		switch {
		case isTime:
			at, err := c.clock(made)
			if err != nil {
				return err
			}
			r.At = at
		case word == "on", isUnit(word) && i > 0:
		case isNumber(word) && len(words) > i+3 && isUnit(words[i+3]):
			r.State, r.Unit = ucare.Unknown, words[i+3]
			r.Value, _ = strconv.ParseFloat(word, 64)
		case word == "off":
			r.State = ucare.Inactive
		case word == "?":
			r.State = ucare.Unknown
		case word == "retained" || word == "republished":
			r.UnknownAge = true
		case word == "drill":
			r.Drill = true
		case word == "twice":
			times = 2
		default:
			return fmt.Errorf("%q is not a word of a reading", word)
		}
	}
	if c.silent[words[0]+" "+words[1]].To.After(c.now) || c.off.To.After(c.now) {
		return fmt.Errorf("it is silent at that time")
	}
	for range times {
		c.got = c.policy.Observe(c.state, r, c.now, c.got)
	}
	return nil
}

func isNumber(word string) bool {
	_, err := strconv.ParseFloat(word, 64)
	return err == nil
}

func isUnit(word string) bool {
	return slices.Contains([]string{"°C", "°F", "ppm", "%/m", "%LEL"}, word)
}

// between reads LOW..HIGH.
func between(word string) (low, high float64, err error) {
	from, to, _ := strings.Cut(word, "..")
	if low, err = strconv.ParseFloat(from, 64); err == nil {
		high, err = strconv.ParseFloat(to, 64)
	}
	return low, high, err
}

// days plays "_ FROM..TO temperature ROOM[/SENSOR] LOW..HIGH °C", a reading each hour
// that is lowest at 4 and highest at 16.
func (c *scenario) days(from, to time.Time, words []string) error {
	low, high, err := between(words[2])
	if err != nil {
		return err
	}
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		hour := float64(at.In(c.policy.Location).Hour() - 4)
		value := (high+low)/2 - (high-low)/2*math.Cos(hour/12*math.Pi)
		c.wait(at)
		if err := c.reading([]string{words[0], words[1], strconv.FormatFloat(value, 'f', 2, 64), words[3]}); err != nil {
			return err
		}
	}
	c.wait(to)
	return nil
}

// learn plays "learn FROM..TO is LONGEST [limit LIMIT] [in PLACE]", or of an outing
// "learn outing is LONGEST", or "learn kitchen is CLOCK" as the time since midnight. What was learned in this scenario before is kept.
func (c *scenario) learn(words []string) error {
	p := c.state.Profile
	p.Days, p.At = 28, c.now.UTC()
	longest, err := time.ParseDuration(words[2])
	switch words[0] {
	case "outing":
		p.Outing = longest
		c.policy.Learn(c.state, p)
		return err
	case "kitchen":
		p.Kitchen = longest
		c.policy.Learn(c.state, p)
		return err
	}
	begin, end, _ := strings.Cut(words[0], "..")
	from, err1 := sinceMidnight(begin)
	to, err2 := sinceMidnight(cmp.Or(end, begin))
	limit, place := time.Duration(0), 0
	for i := 3; i+1 < len(words); i += 2 {
		switch words[i] {
		case "limit":
			limit, err = time.ParseDuration(words[i+1])
		case "in":
			place = slices.Index([]string{"anywhere", "bed", "seat", "about"}, words[i+1])
		}
	}
	const slot, step = 30 * time.Minute, 5 * time.Minute
	for at := from; at < max(to, from+slot); at += slot {
		p.Silences[place].Longest[at/slot] = uint8(longest / step)
		p.Silences[place].Limit[at/slot] = uint8(limit / step)
	}
	c.policy.Learn(c.state, p)
	return errors.Join(err, err1, err2)
}

// missing plays "_ FROM..TO gateway off" and what days plays, or checks "_ FROM..TO KIND ROOM silent".
func (c *scenario) missing(span string, words []string) error {
	begin, end, _ := strings.Cut(span, "..")
	from, err := c.clock(begin)
	if err != nil {
		return err
	}
	to, err := c.clock(end)
	if err != nil {
		return err
	}
	if len(words) == 4 {
		return c.days(from, to, words)
	}
	if words[0] != "gateway" {
		c.silent[words[0]+" "+words[1]] = rules.Span{From: from, To: to}
		return nil
	}
	c.wait(from)
	c.off = rules.Span{From: from, To: to}
	c.policy.Gap(c.state, from, to)
	c.now = to
	c.got = c.policy.Tick(c.state, to, c.got)
	return nil
}

func (c *scenario) setPolicy(words []string) error {
	durations := map[string]*time.Duration{
		"hold": &c.policy.Fire.HoldOff, "after": &c.policy.Silence.After, "caution": &c.policy.Silence.Caution,
		"soonest": &c.policy.Silence.Soonest, "out": &c.policy.Out.After,
		"at-most": &c.policy.Silence.AtMost, "grace": &c.policy.Silence.Grace,
		"away": &c.policy.Away.AtMost, "confirm": &c.policy.Fall.Confirm, "fall-grace": &c.policy.Fall.Grace, "visit": &c.policy.Fall.Visit.AtLeast, "unlearned": &c.policy.Fall.Visit.Unlearned,
		"night-out": &c.policy.Concern.NightOut.Within, "lasts": &c.policy.Concern.Climate.Lasts, "dry": &c.policy.Concern.Leak.HoldOff,
	}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch d := durations[key]; {
		case d != nil:
			*d, err = time.ParseDuration(value)
		case key == "check-in":
			c.policy.Concern.CheckIn.By, err = sinceMidnight(value)
		case key == "told":
			c.policy.Concern.MostADay, err = strconv.Atoi(value)
		case key == "climate":
			c.policy.Concern.Climate.Cold, c.policy.Concern.Climate.Hot, err = between(value)
		case key == "zone":
			c.policy.Location, err = time.LoadLocation(value)
		case key == "night":
			from, to, _ := strings.Cut(value, "-")
			c.policy.Silence.NightFrom, err = sinceMidnight(from)
			if err == nil {
				c.policy.Silence.NightTo, err = sinceMidnight(to)
			}
		default:
			err = fmt.Errorf("%q is not a word of a policy", key)
		}
		if err != nil {
			return err
		}
	}
	return c.policy.Validate()
}

func sinceMidnight(clock string) (time.Duration, error) {
	t, err := time.Parse("15:04", clock)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

// clock reads HH:MM or HH:MM:SS of the day that the scenario has come to, or
// of another one: 2025-03-04/08:00.
func (c *scenario) clock(word string) (time.Time, error) {
	date, clock, dated := strings.Cut(word, "/")
	if !dated {
		date, clock = c.now.In(c.policy.Location).Format(time.DateOnly), word
	}
	if len(clock) == len("15:04") {
		clock += ":00"
	}
	return time.ParseInLocation(time.DateTime, date+" "+clock, c.policy.Location)
}
