package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/ucare-project/ucare"
)

// A message is one line of the corpus: what came, and what it means.
type message struct {
	ID        string `json:"id"`
	Ecosystem string `json:"ecosystem"`
	Topic     string `json:"topic"`
	Payload   string `json:"payload"`
	Encoding  string `json:"payload_encoding"` // "base64", or "" for text
	Retained  bool   `json:"retained"`
	// Kind is what the message is about, in the corpus's words; Active is its
	// state, nil when the message leaves it open.
	Kind   string `json:"kind"`
	Active *bool  `json:"active"`
	// Facts are what else it says.
	Facts []fact `json:"facts"`
	// Notes and Source name the device and where the message is from.
	Notes  string `json:"notes"`
	Source string `json:"source"`
	// TopicExact and PayloadExact: it was found as it is, and not rebuilt from a
	// program's source. Left out means exact.
	TopicExact   *bool `json:"topic_exact"`
	PayloadExact *bool `json:"payload_exact"`
}

// A fact is a further thing that a message says.
type fact struct {
	Kind   string   `json:"kind"`
	Active *bool    `json:"active"`
	Value  *float64 `json:"value"`
}

// exact reports whether the message was found as it is.
func (m message) exact() bool {
	return (m.TopicExact == nil || *m.TopicExact) && (m.PayloadExact == nil || *m.PayloadExact)
}

// kinds are ours for the kind of a label. The corpus calls a sensor that tells
// that somebody is there motion or presence, by what its maker calls it; the
// rules treat both as signs of life.
var kinds = map[string][]ucare.Kind{
	"smoke": {ucare.Smoke}, "co": {ucare.CarbonMonoxide}, "gas": {ucare.Gas}, "heat": {ucare.Heat},
	"fall": {ucare.FallSensor}, "sos": {ucare.HelpButton}, "leak": {ucare.WaterLeak}, "door": {ucare.Door},
	"motion": {ucare.Motion, ucare.Presence}, "presence": {ucare.Presence, ucare.Motion, ucare.Bed},
	"battery": {ucare.Battery}, "tamper": {ucare.Tamper}, "availability": {ucare.Link},
}

// labelOf is the corpus's word for one of our kinds, "" for one that it does not have.
func labelOf(k ucare.Kind) string {
	for label, ours := range kinds {
		if ours[0] == k {
			return label
		}
	}
	if k == ucare.Bed {
		return "presence"
	}
	return ""
}

// readMessages reads a corpus file.
func readMessages(file string) ([]message, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []message
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", file, n, err)
		}
		if _, known := kinds[m.Kind]; !known && m.Kind != "none" {
			return nil, fmt.Errorf("%s, line %d: kind %q is not one of the corpus's kinds", file, n, m.Kind)
		}
		if m.Encoding == "base64" {
			raw, err := base64.StdEncoding.DecodeString(m.Payload)
			if err != nil {
				return nil, fmt.Errorf("%s, line %d: the payload is not base64: %w", file, n, err)
			}
			m.Payload = string(raw)
		}
		all = append(all, m)
	}
	return all, lines.Err()
}
