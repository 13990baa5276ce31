package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/language"
	"github.com/ucare-project/ucare/sensors"
)

// maxSample bounds what is read from a file or a pipe.
const maxSample = 8 << 20

// sampleFlags are the messages to try.
type sampleFlags struct {
	topic, payload, file string
	retained             bool
}

func (f *sampleFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.topic, "topic", "", "try a message on this topic …")
	cmd.Flags().StringVar(&f.payload, "payload", "", "… with this payload; - reads it from the standard input")
	cmd.Flags().BoolVar(&f.retained, "retained", false, "… as one that the broker has kept")
	cmd.Flags().StringVar(&f.file, "messages", "", `try the messages of this file before: one {"topic","payload","retained"} a line; - is the standard input`)
}

func (f sampleFlags) asked() bool {
	return f.topic != "" || f.file != "" || f.payload != "" || f.retained
}

// messages are those of the file and then the one of the flags.
func (f sampleFlags) messages(stdin io.Reader) ([]sensors.Message, error) {
	var all []sensors.Message
	if f.file != "" {
		from := stdin
		if f.file != "-" {
			file, err := os.Open(f.file)
			if err != nil {
				return nil, fmt.Errorf("read the messages: %w", err)
			}
			defer file.Close()
			from = file
		}
		var err error
		if all, err = readMessages(from); err != nil {
			return nil, fmt.Errorf("%s: %w", f.file, err)
		}
	}
	switch {
	case f.topic == "" && (f.payload != "" || f.retained):
		return nil, errors.New("a message needs its topic: say --topic")
	case f.topic == "":
		return all, nil
	}
	payload := []byte(f.payload)
	if f.payload == "-" {
		var err error
		if payload, err = io.ReadAll(io.LimitReader(stdin, maxSample)); err != nil {
			return nil, fmt.Errorf("read the payload: %w", err)
		}
		payload = []byte(strings.TrimSuffix(string(payload), "\n"))
	}
	return append(all, sensors.Message{Topic: f.topic, Payload: payload, Retained: f.retained}), nil
}

// readMessages reads one message a line. A payload that is JSON may stand there
// as it is, or as a text.
func readMessages(from io.Reader) ([]sensors.Message, error) {
	var all []sensors.Message
	lines := bufio.NewScanner(io.LimitReader(from, maxSample))
	lines.Buffer(nil, maxSample)
	for number := 1; lines.Scan(); number++ {
		if len(strings.TrimSpace(lines.Text())) == 0 {
			continue
		}
		var w struct {
			Topic    string          `json:"topic"`
			Payload  json.RawMessage `json:"payload"`
			Retained bool            `json:"retained"`
		}
		if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
			return nil, fmt.Errorf(`line %d is no message: %w; write {"topic":"…","payload":"…"}`, number, err)
		}
		if w.Topic == "" {
			return nil, fmt.Errorf("line %d has no topic", number)
		}
		payload := []byte(w.Payload)
		var text string
		if json.Unmarshal(w.Payload, &text) == nil {
			payload = []byte(text)
		}
		all = append(all, sensors.Message{Topic: w.Topic, Payload: payload, Retained: w.Retained})
	}
	return all, lines.Err()
}

// A trial hears messages as a gateway that has just started, and says in words
// what it makes of them.
type trial struct {
	decoder *sensors.Decoder
	words   language.Language
	homes   map[string]ucare.Dwelling
	client  bool // messages come from the household's broker
	out     io.Writer
}

func newTrial(c *configs.Gateway, words language.Language, out io.Writer) *trial {
	return &trial{decoder: gateway.NewDecoder(c), words: words, homes: c.HomesByID(), client: c.Sensors.Client != nil, out: out}
}

// hear hears the messages, a second apart.
func (t *trial) hear(messages []sensors.Message) {
	at := time.Now()
	for i, m := range messages {
		at = at.Add(time.Second)
		m.At, m.Source = at, "check"
		if i > 0 {
			t.say("")
		}
		retained := ""
		if m.Retained {
			retained = t.words.Text("check.retained")
		}
		t.say(t.words.Text("check.message", "topic", m.Topic, "retained", retained))
		listened := t.subscribed(m.Topic)
		t.explain(t.decoder.Hear(m), listened)
		if !listened && t.client {
			t.say("  " + t.words.Text("check.not_subscribed"))
		}
	}
}

// subscribed reports whether the household's broker is asked for the topic.
func (t *trial) subscribed(topic string) bool {
	return slices.ContainsFunc(t.decoder.Filters(), func(f string) bool { return sensors.Match(f, topic) }) || strings.HasPrefix(topic, "ucare/")
}

// explain says what was heard on a topic that is listened to or not.
func (t *trial) explain(h sensors.Heard, listened bool) {
	// Of a dwelling it is a command that the gateway does not have.
	unknown := func(f ucare.Fault) bool { return f.Code == ucare.FaultUnknownTopic && f.Dwelling == "" }
	if i := slices.IndexFunc(h.Faults, unknown); i >= 0 {
		t.nobody(h.Faults[i], listened)
		return
	}
	if len(h.Readings)+len(h.Faults)+len(h.Seen)+len(h.Cleared) == 0 {
		t.say("  " + t.words.Text("check.quiet"))
		return
	}
	spoken := map[string]bool{}
	for _, r := range h.Readings {
		spoken[r.Sensor] = true
		t.reading(r)
	}
	for _, s := range h.Seen {
		t.seen(s, spoken[s.Sensor])
	}
	for _, f := range h.Faults {
		t.fault(f)
	}
	for _, f := range h.Cleared {
		t.say("  " + t.words.Text("check.ended", "title", t.words.Fault(f).Title))
	}
}

func (t *trial) reading(r ucare.Reading) {
	state := t.words.State(r.Kind, r.State)
	if r.Unit != "" {
		state = t.words.Value(r.Value, r.Unit)
	}
	marks := ""
	if r.Drill {
		marks += t.words.Text("check.drill")
	}
	if r.UnknownAge {
		marks += t.words.Text("check.unknown_age")
	}
	t.say("  " + t.words.Text("check.reading", "sensor", r.Sensor, "room", t.room(r.Dwelling, r.Room), "kind", t.words.Kind(r.Kind), "state", state, "marks", marks))
}

func (t *trial) seen(s sensors.Seen, spoken bool) {
	room := t.room(s.Dwelling, s.Room)
	switch {
	case s.Battery != nil:
		t.say("  " + t.words.Text("check.battery", "sensor", s.Sensor, "room", room, "percent", fmt.Sprintf("%g", *s.Battery)))
	case spoken:
	case s.Heard.IsZero() && len(s.Kinds) > 0:
		kinds := make([]string, len(s.Kinds))
		for i, k := range s.Kinds {
			kinds[i] = t.words.Kind(k)
		}
		t.say("  " + t.words.Text("check.listed", "sensor", s.Sensor, "room", room, "kinds", strings.Join(kinds, ", ")))
	case !s.Heard.IsZero():
		t.say("  " + t.words.Text("check.heard", "sensor", s.Sensor, "room", room))
	}
}

func (t *trial) fault(f ucare.Fault) {
	f.Since = time.Time{} // it is now
	tellFault(t.out, t.words, f, "  ", t.words.Text("check.fault", "title", t.words.Fault(f).Title))
}

// nobody says what to write so that somebody listens.
func (t *trial) nobody(f ucare.Fault, listened bool) {
	if listened {
		t.say("  " + t.words.Text("check.nothing_found"))
	} else {
		t.say("  " + t.words.Text("check.nobody"))
	}
	t.say("  " + t.words.Text("check.nobody_try"))
	t.say(fmt.Sprintf("    mappings:\n      - {topic: %q, path: …, kind: …, room: …, on: …, off: …}", f.Subject))
	t.say("  " + t.words.Text("check.nobody_announced"))
}

func (t *trial) room(dwelling, id string) string { return t.words.Rooms(t.homes[dwelling])(id) }

func (t *trial) say(line string) { fmt.Fprintln(t.out, line) }
