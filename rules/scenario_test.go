package rules_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // scenarios in places with daylight saving

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

var update = flag.Bool("update", false, "rewrite what the scenarios expect; commit only changes whose cause you understand")

// A scenario is a file: comments, one policy line, timed lines of what
// happens, "----", and the decisions. testdata/README.md has the words.
type scenario struct {
	policy rules.Policy
	state  *rules.State
	now    time.Time // zone and date of the line before
	got    []ucare.Decision
	names  []string // the alarms in the order in which they were decided
	silent map[string]rules.Span
	off    rules.Span
	late   bool // nobody ticks: the deadlines are found by the next line
	reload bool // the state goes through JSON before each line
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 25 {
		t.Fatalf("found %d scenarios (%v), the specification has at least 25", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, want, ok := strings.Cut(string(text), "----\n")
			if !ok || !strings.HasPrefix(head, "# ") {
				t.Fatal("a scenario says in its first line why it exists, and has a line ----")
			}
			got := run(t, head, false, false)
			if late := run(t, head, true, false); late != got {
				t.Errorf("late ticks decide:\n%s\npunctual ticks decide:\n%s", late, got)
			}
			if reload := run(t, head, false, true); reload != got {
				t.Errorf("a state that was stored before each line decides:\n%s\na live one:\n%s", reload, got)
			}
			if *update {
				if err := os.WriteFile(file, []byte(head+"----\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("decided:\n%s\nexpected:\n%s", got, want)
			}
		})
	}
}

func run(t *testing.T, head string, late, reload bool) string {
	c := &scenario{policy: rules.Default(), state: rules.NewState("home"), silent: map[string]rules.Span{}, late: late, reload: reload}
	c.policy.Location = time.FixedZone("KST", 9*3600)
	c.now = time.Date(2025, 3, 3, 0, 0, 0, 0, c.policy.Location)
	for n, line := range strings.Split(head, "\n") {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			if err := c.line(words); err != nil {
				t.Fatalf("line %d: %q: %v", n+1, line, err)
			}
		}
	}
	var out strings.Builder
	for _, d := range c.got {
		out.WriteString(c.print(d) + "\n")
	}
	return out.String()
}

// line plays one line: the policy, "_ FROM..TO … off|silent", or "TIME words".
func (c *scenario) line(words []string) error {
	if words[0] == "policy" {
		return c.setPolicy(words[1:])
	}
	if words[0] == "_" {
		return c.missing(words[1], words[2:])
	}
	at, err := c.clock(words[0])
	if err != nil {
		return err
	}
	words = words[1:]
	if at.Before(c.now) {
		return fmt.Errorf("time goes back; only \"clock set\" may do that")
	}
	if c.reload {
		text, err := json.Marshal(c.state)
		if err != nil {
			return err
		}
		c.state = &rules.State{}
		if err := json.Unmarshal(text, c.state); err != nil {
			return err
		}
	}
	c.wait(at)
	return c.happens(words)
}

// wait lets time run on to at, with a tick whenever one is due.
func (c *scenario) wait(at time.Time) {
	for !c.late {
		due, ok := c.policy.Next(c.state)
		if !ok || due.After(at) {
			break
		}
		c.got = c.policy.Tick(c.state, due, c.got)
	}
	c.now = at
}

func (c *scenario) happens(words []string) error {
	if len(words) == 0 {
		c.got = c.policy.Tick(c.state, c.now, c.got)
		return nil
	}
	switch words[0] {
	case "acknowledge", "close":
		n, err := strconv.Atoi(strings.TrimPrefix(words[1], "#"))
		if err != nil {
			return err
		}
		c.got = c.policy.Tick(c.state, c.now, c.got)
		c.name("")
		a := ucare.Answers{AcknowledgedAt: c.now}
		if words[0] == "close" {
			a = ucare.Answers{ClosedAt: c.now}
		}
		c.got = c.policy.Answer(c.state, c.names[n-1], a, c.now, c.got)
		return nil
	case "clock": // clock set +1h
		by, err := time.ParseDuration(words[2])
		c.got = c.policy.Tick(c.state, c.now, c.got)
		c.policy.Shift(c.state, by)
		c.off = rules.Span{}
		c.now = c.now.Add(by)
		return err
	case "blind":
		blind := len(words) < 3 || words[2] != "off"
		c.got = c.policy.Blind(c.state, words[1], blind, c.now, c.got)
		return nil
	case "learn":
		return c.learn(words[1:])
	}
	if words[0] == "visits" { // visits bathroom last 20m
		length, err := time.ParseDuration(words[3])
		profile := c.state.Profile
		profile.Days = 28
		profile.Rooms = append(profile.Rooms, rules.RoomHabit{Room: words[1], Visits: 100, Longest: length})
		c.policy.Learn(c.state, profile)
		return err
	}
	return c.reading(words)
}
