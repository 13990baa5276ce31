package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// A statement is a kind of the corpus and a state of it.
type statement struct {
	label  string
	active bool
}

// A verdict is what came of one message.
type verdict struct {
	message message
	heard   sensors.Heard
	right   bool
	why     string // it is not right
	// alarms are the false ones: active readings of a detector that the label
	// does not have.
	alarms []statement
	// wrong are the statements that contradict the label, the false alarms among them.
	wrong []statement
	// besides are further statements: the label says nothing about them.
	besides []statement
}

// judge compares what was heard with the label.
func judge(m message, h sensors.Heard) verdict {
	v := verdict{message: m, heard: h}
	said := statements(h)
	for _, s := range said {
		if m.means(s) {
			continue
		}
		if s.active && sensors.IsDetector(kinds[s.label][0]) {
			v.alarms = append(v.alarms, s)
		}
		if m.contradicts(s) {
			v.wrong = append(v.wrong, s)
		} else {
			v.besides = append(v.besides, s)
		}
	}
	switch {
	case len(v.alarms) > 0:
		v.why = fmt.Sprintf("a false alarm: %s", v.alarms[0].label)
	case m.Kind != "none" && m.Active != nil && !m.heardAs(said, h):
		v.why = fmt.Sprintf("not heard as %s %v", m.Kind, *m.Active)
	case len(v.wrong) > 0:
		v.why = fmt.Sprintf("heard as %s, which the label leaves open or does not have", v.wrong[0].label)
	}
	v.right = v.why == ""
	return v
}

// statements are the readings in the corpus's words, each once.
func statements(h sensors.Heard) []statement {
	var all []statement
	for _, r := range h.Readings {
		if label := labelOf(r.Kind); label != "" && r.State != ucare.Unknown && !r.Drill {
			all = append(all, statement{label, r.State == ucare.Active})
		}
	}
	for _, f := range h.Faults {
		if f.Code == ucare.FaultBridge {
			all = append(all, statement{"availability", false})
		}
	}
	return all
}

// same reports whether two of the corpus's kinds mean the same to the rules.
func same(a, b string) bool {
	return a == b || len(kinds[a]) > 0 && len(kinds[b]) > 0 && slices.Contains(kinds[a], kinds[b][0])
}

// means reports whether the label has the statement.
func (m message) means(s statement) bool {
	if same(m.Kind, s.label) && m.Active != nil && *m.Active == s.active {
		return true
	}
	return slices.ContainsFunc(m.Facts, func(f fact) bool {
		if f.Active != nil {
			return same(f.Kind, s.label) && *f.Active == s.active
		}
		return f.Kind == s.label // a value: battery percent
	})
}

// heardAs reports whether the label's own statement was heard. That a bridge is
// there is no reading: it is told by no fault.
func (m message) heardAs(said []statement, h sensors.Heard) bool {
	if slices.ContainsFunc(said, func(s statement) bool { return same(m.Kind, s.label) && s.active == *m.Active }) {
		return true
	}
	return m.Kind == "availability" && *m.Active && len(h.Faults) == 0 && len(said) == 0
}

// contradicts reports whether a statement that the label does not have is wrong:
// a false alarm, the other state of the labelled kind, or a meaning where there is
// none. What a sensor says of its own battery or case besides is no contradiction.
func (m message) contradicts(s statement) bool {
	ofItself := s.label == "battery" || s.label == "tamper" || s.label == "availability"
	return same(m.Kind, s.label) && m.Active != nil && *m.Active != s.active && m.Kind == s.label ||
		same(m.Kind, s.label) && m.Active == nil ||
		s.active && sensors.IsDetector(kinds[s.label][0]) ||
		m.Kind == "none" && !ofItself
}

// A tally counts the messages of one kind.
type tally struct{ labelled, right, meant, wrong, besides, exact, exactRight int }

// A score is the sum over the corpus.
type score struct{ verdicts []verdict }

func (s *score) add(v verdict) { s.verdicts = append(s.verdicts, v) }

// tallies counts by kind.
func (s score) tallies() map[string]*tally {
	all := map[string]*tally{}
	of := func(label string) *tally {
		if all[label] == nil {
			all[label] = &tally{}
		}
		return all[label]
	}
	for _, v := range s.verdicts {
		t := of(v.message.Kind)
		t.labelled++
		if v.right {
			t.right++
		}
		if v.message.exact() {
			t.exact++
			if v.right {
				t.exactRight++
			}
		}
		for _, said := range statements(v.heard) {
			switch t := of(said.label); {
			case slices.Contains(v.wrong, said):
				t.wrong++
			case slices.Contains(v.besides, said):
				t.besides++
			default:
				t.meant++
			}
		}
	}
	return all
}

// print writes the table, then each message that is not right.
func (s score) print(out io.Writer, verbose bool) {
	all := s.tallies()
	fmt.Fprintf(out, "%-13s %8s %6s %8s   %6s %6s %10s %8s   %s\n", "kind", "messages", "right", "recall", "meant", "wrong", "precision", "besides", "exact messages")
	for _, label := range slices.Sorted(maps.Keys(all)) {
		t := all[label]
		fmt.Fprintf(out, "%-13s %8d %6d %8s   %6d %6d %10s %8d   %d of %d right\n", label, t.labelled, t.right,
			percent(t.right, t.labelled), t.meant, t.wrong, percent(t.meant, t.meant+t.wrong), t.besides, t.exactRight, t.exact)
	}
	fmt.Fprintln(out)
	for _, v := range s.verdicts {
		if v.right && !verbose {
			continue
		}
		fmt.Fprintf(out, "%-8s %-10s %-24s %s\n", mark(v), v.message.ID, v.message.Ecosystem, v.message.Topic)
		fmt.Fprintf(out, "         labelled %s, heard %s%s\n", label(v.message), spell(v.heard), prefixed("; ", v.why))
		for _, s := range v.besides {
			fmt.Fprintf(out, "         besides its label: %s %v\n", s.label, s.active)
		}
	}
	exact, exactRight, alarms := s.sums()
	fmt.Fprintf(out, "exact messages right: %d of %d. False alarms: %d.\n", exactRight, exact, alarms)
}

func (s score) sums() (exact, exactRight, alarms int) {
	for _, v := range s.verdicts {
		alarms += len(v.alarms)
		if v.message.exact() {
			exact++
			if v.right {
				exactRight++
			}
		}
	}
	return exact, exactRight, alarms
}

// failed says what must not be.
func (s score) failed() error {
	switch exact, right, alarms := s.sums(); {
	case len(s.verdicts) == 0:
		return fmt.Errorf("the corpus has no message")
	case alarms > 0:
		return fmt.Errorf("%d false alarms", alarms)
	case right < exact:
		return fmt.Errorf("%d of %d exact messages are not right", exact-right, exact)
	default:
		return nil
	}
}

func mark(v verdict) string {
	switch {
	case v.right:
		return "right"
	case v.message.exact():
		return "WRONG"
	default:
		return "wrong" // rebuilt from a program's source, or with a placeholder in its topic
	}
}

func label(m message) string {
	if m.Active == nil {
		return m.Kind
	}
	return fmt.Sprintf("%s %v", m.Kind, *m.Active)
}

// spell writes what was heard, readings and faults.
func spell(h sensors.Heard) string {
	var parts []string
	for _, r := range h.Readings {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s", r.Kind, r.State)))
	}
	for _, f := range h.Faults {
		parts = append(parts, string(f.Code))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

func percent(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
