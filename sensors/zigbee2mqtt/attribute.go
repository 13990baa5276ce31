package zigbee2mqtt

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/ucare-project/ucare/sensors"
)

// Attribute output (advanced.output: attribute or attribute_and_json): each
// attribute on a topic of its own below the device's, as plain text; null as
// nothing, a list joined with commas, an object's members as update-state.

// hearAttribute decodes one attribute on a topic of its own.
func (b *Bridge) hearAttribute(m sensors.Message, name, attribute string) sensors.Heard {
	d := b.Devices[name]
	said := map[string]json.RawMessage{attribute: plainToJSON(m.Payload)}
	h := b.decode(m, name, d, said, b.newsOf(m, d.AttributeAt[attribute], d, said), false)
	if d.says(attribute) && !m.Retained {
		put(&d.AttributeAt, attribute, m.At)
	}
	return h
}

// attributeOf splits rest into a known friendly name and the attribute behind it.
// The attribute is empty when there is no such name, or when what is behind it
// tells the device to do something.
func (b *Bridge) attributeOf(rest string) (name, attribute string) {
	cut := strings.LastIndexByte(rest, '/')
	if cut < 0 || b.Devices[rest[:cut]] == nil {
		return "", ""
	}
	name, attribute = rest[:cut], rest[cut+1:]
	if attribute == "set" || attribute == "get" {
		return "", ""
	}
	return name, attribute
}

// isAttribute reports whether a message on the topic of a device is an attribute of
// another one all the same: there are a device "hall" that says "smoke", and a device
// "hall/smoke". A state is an object; nothing else is.
func (b *Bridge) isAttribute(m sensors.Message, rest string) bool {
	name, attribute := b.attributeOf(rest)
	payload := bytes.TrimSpace(m.Payload)
	return attribute != "" && b.Devices[name].Listed && b.Devices[name].says(attribute) && len(payload) > 0 && payload[0] != '{'
}

// plainToJSON turns the plain text of attribute output into the JSON it was
// before.
func plainToJSON(payload []byte) json.RawMessage {
	p := bytes.TrimSpace(payload)
	switch {
	case len(p) == 0:
		return json.RawMessage("null")
	case json.Valid(p):
		return p
	default:
		text, _ := json.Marshal(string(payload)) // a string always has a JSON form
		return text
	}
}

func notObject(err error, payload []byte) string {
	if err == nil {
		err = errors.New("null where an object with the device's state is expected")
	}
	return sensors.NotUnderstood(err, payload)
}
