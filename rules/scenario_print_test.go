package rules_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// name is an alarm's number, in the order in which they were decided.
func (c *scenario) name(alarm string) string {
	c.names = c.names[:0]
	for _, d := range c.got {
		if d.Alarm != "" && !slices.Contains(c.names, d.Alarm) {
			c.names = append(c.names, d.Alarm)
		}
	}
	return fmt.Sprintf("#%d", slices.Index(c.names, alarm)+1)
}

// print writes a decision as one line.
func (c *scenario) print(d ucare.Decision) string {
	words := []string{c.stamp(d.At, true), string(d.Verb), string(d.Rule)}
	if d.Kind != "" && string(d.Kind) != string(d.Rule) {
		words = append(words, string(d.Kind))
	}
	words = append(words, cmp.Or(d.Room, "-"))
	if d.Alarm != "" {
		words = append(words, c.name(d.Alarm), "since", c.stamp(d.Onset, false))
	}
	if d.UnknownAge {
		words = append(words, "unknown-age")
	}
	if d.Drill {
		words = append(words, "drill")
	}
	for i, e := range d.Because {
		sep := ","
		if i == 0 {
			sep = ":"
		}
		words[len(words)-1] += sep
		words = append(words, string(e.Fact))
		if e.Sensor != "" {
			words = append(words, e.Sensor)
		}
		if !e.At.IsZero() {
			words = append(words, c.stamp(e.At, false))
		}
		if e.Seconds != 0 {
			length := (time.Duration(e.Seconds) * time.Second).String()
			if strings.HasSuffix(length, "m0s") {
				length = strings.TrimSuffix(length, "0s")
			}
			if strings.HasSuffix(length, "h0m") {
				length = strings.TrimSuffix(length, "0m")
			}
			words = append(words, length)
		}
		if e.Value != 0 || e.Limit != 0 {
			words = append(words, fmt.Sprintf("%v%s/%v%s", e.Value, e.Unit, e.Limit, e.Unit))
		}
	}
	return strings.Join(words, " ")
}

// stamp is a time of the dwelling's clock, with its date where that is wanted.
func (c *scenario) stamp(t time.Time, date bool) string {
	t = t.In(c.policy.Location)
	layout := "15:04"
	if t.Second() != 0 || t.Nanosecond() != 0 {
		layout = "15:04:05.999999999"
	}
	if date {
		layout = "2006-01-02 " + layout
	}
	return t.Format(layout)
}
