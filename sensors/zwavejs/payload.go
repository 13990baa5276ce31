package zwavejs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

// A payload is what one message says of a value, in whichever of the three forms:
//
//	{"time":1610009585743,"value":8}        JSON time-value, the usual one
//	{"commandClass":113,…,"value":8,…}      the entire value object
//	8                                       just the value
type payload struct {
	value    string    // canonical JSON; "null" where there was none
	at       time.Time // when the device reported it; zero where that is not said
	id       valueID   // only in the entire value object
	nodeID   int
	unit     string
	name     string // of the node, where the bridge is set to include it
	location string
	status   string
	removed  bool // somebody removed the retained value
}

// payloadJSON has the fields of the two forms with an object.
type payloadJSON struct {
	Value        json.RawMessage `json:"value"`
	Time         float64         `json:"time"`       // ms since 1970
	LastUpdate   float64         `json:"lastUpdate"` // ms since 1970
	CommandClass int             `json:"commandClass"`
	Endpoint     int             `json:"endpoint"`
	Property     any             `json:"property"`
	PropertyKey  any             `json:"propertyKey"`
	NodeID       int             `json:"nodeId"`
	Unit         string          `json:"unit"`
	NodeName     string          `json:"nodeName"`
	NodeLocation string          `json:"nodeLocation"`
	Status       string          `json:"status"`
}

// readPayload reads a payload of any of the forms. When a retained value is
// removed, "" is published, with its quotes.
func readPayload(raw []byte) (payload, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0, string(raw) == `""`:
		return payload{value: "null", removed: true}, nil
	case raw[0] != '{':
		if !json.Valid(raw) {
			return payload{}, errors.New("no JSON")
		}
		return payload{value: canonical(raw)}, nil
	}
	var w payloadJSON
	if err := readFields(raw, &w); err != nil {
		return payload{}, err
	}
	p := payload{
		value: canonical(w.Value), nodeID: w.NodeID, unit: w.Unit,
		name: w.NodeName, location: w.NodeLocation, status: w.Status,
	}
	if w.CommandClass != 0 {
		p.id = valueID{class: w.CommandClass, endpoint: w.Endpoint, property: property(text(w.Property)), key: property(text(w.PropertyKey))}
	}
	if ms := max(w.Time, w.LastUpdate); ms > 0 && ms < 1e14 {
		p.at = time.UnixMilli(int64(ms)).UTC()
	}
	return p, nil
}

// readFields reads an object. A field of another type than it should have is passed over:
// an alarm does not get lost because a time beside it is written in another way.
func readFields(raw []byte, to any) error {
	err := json.Unmarshal(raw, to)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return nil
	}
	return err
}

// text is a property as in a topic: it may be a number.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return ""
	}
}

// canonical is a value as compact JSON. Nothing and null are both "null".
func canonical(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "null"
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return strconv.Quote(string(raw))
	}
	return out.String()
}

const (
	// lag is how old the time in a payload may be for what it says to be of now.
	lag = 2 * time.Minute
	// republishedWithin is how long after its start the bridge may be publishing
	// its cache, and a value without a time is taken for part of it.
	republishedWithin = 2 * time.Minute
)

// isStale reports whether a value is old news, of which nobody can say since
// when it holds: from a broker's store or from the bridge's cache. The time in
// the payload is when the node reported it; from the future it is worth nothing,
// and of a bridge whose clock is behind it is put right.
func (b *Bridge) isStale(m sensors.Message, at time.Time) bool {
	if !at.IsZero() && !m.Retained {
		at = at.Add(b.Behind)
	}
	if !isTime(m, at) {
		since := m.At.Sub(b.StartedAt)
		return m.Retained || since >= 0 && since < republishedWithin
	}
	return m.At.Sub(at) > lag
}

// isTime reports whether a time in a message is one that can be used.
func isTime(m sensors.Message, at time.Time) bool { return !at.IsZero() && !at.After(m.At.Add(lag)) }

// isFirst reports whether a live value without a time is the first one since the bridge's
// start: only that can be the one in its cache.
func (b *Bridge) isFirst(m sensors.Message, n *node, key string) bool {
	heard, known := n.Timeless[key]
	if known || len(n.Timeless) < maxValues && len(key) <= maxName {
		put(&n.Timeless, key, m.At)
	}
	return heard.Before(b.StartedAt)
}
