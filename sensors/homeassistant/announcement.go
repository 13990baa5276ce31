package homeassistant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxConfig bounds an announcement, in bytes. That of a device with all its entities is a few kilobytes.
const maxConfig = 64 << 10

// An announcement is one entity as it was announced, with its keys written out.
type announcement map[string]any

// place is what the topic of an announcement says.
type place struct {
	component string // "device" for a whole device
	object    string // the object id, after the node id and a space if there is one
}

// placeOf reads <component>/[<node>/]<object>/config, the topic below the prefix.
func placeOf(rest string) (p place, is bool) {
	levels := strings.Split(rest, "/")
	if (len(levels) != 3 && len(levels) != 4) || levels[len(levels)-1] != "config" || slices.Contains(levels, "") {
		return place{}, false
	}
	return place{component: levels[0], object: strings.Join(levels[1:len(levels)-1], " ")}, true
}

// announcements reads a message on an announcement's topic: the entities by their
// key in a device's announcement, "" when it is of one entity. moved: they move to another topic
// (migrate_discovery), so that they are not gone.
func announcements(p place, payload []byte) (all map[string]announcement, moved bool, err error) {
	all = map[string]announcement{}
	if len(bytes.TrimSpace(payload)) == 0 {
		return all, false, nil
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var a announcement
	if err := d.Decode(&a); err != nil {
		return nil, false, err
	}
	if a == nil || d.More() {
		return nil, false, errors.New("it is not one JSON object")
	}
	a.writeOut()
	if migrates, _ := a["migrate_discovery"].(bool); migrates {
		return all, true, nil
	}
	if p.component != "device" {
		a["platform"] = p.component
		a.resolve()
		all[""] = a
		return all, false, nil
	}
	components, is := a["components"].(map[string]any)
	if !is {
		return nil, false, errors.New(`an announcement of a device has no "components"`)
	}
	for _, key := range slices.Sorted(maps.Keys(components)) {
		c, is := components[key].(map[string]any)
		if !is {
			return nil, false, fmt.Errorf("component %q is not an object", key)
		}
		if one := announcement(c).inDevice(a); one != nil {
			all[key] = one
		}
	}
	return all, false, nil
}

// inDevice completes the announcement of a component with what its device says for
// all; a base "~" is not among that. One that has nothing but its platform is removed: nil.
func (a announcement) inDevice(device announcement) announcement {
	a.writeOut()
	if a.text("platform") == "" || len(a) == 1 {
		return nil
	}
	for _, key := range shared {
		_, own := a[key]
		if v, has := device[key]; has && !own {
			a[key] = v
		}
	}
	a.resolve()
	return a
}

// writeOut replaces short keys everywhere in the announcement.
func (a announcement) writeOut() {
	writeOut(a, abbreviations)
	if device, is := a["device"].(map[string]any); is {
		writeOut(device, deviceAbbreviations)
	}
	for _, one := range a.list("availability") {
		if o, is := one.(map[string]any); is {
			writeOut(o, abbreviations)
		}
	}
}

// resolve puts the base "~" into topics that begin or end with it. Where no base is
// given, "~" is a letter like any other.
func (a announcement) resolve() {
	base, given := a["~"].(string)
	if !given {
		return
	}
	resolve := func(o map[string]any) {
		for key, v := range o {
			topic, is := v.(string)
			if !is || !strings.HasSuffix(key, "topic") || topic == "" {
				continue
			}
			if rest, begins := strings.CutPrefix(topic, "~"); begins {
				topic = base + rest
			}
			if rest, ends := strings.CutSuffix(topic, "~"); ends {
				topic = rest + base
			}
			o[key] = topic
		}
	}
	resolve(a)
	// The components of a device share one list of availability, but not the base.
	var own []any
	for _, one := range a.list("availability") {
		if o, is := one.(map[string]any); is {
			copied := maps.Clone(o)
			resolve(copied)
			own = append(own, copied)
		}
	}
	if own != nil {
		a["availability"] = own
	}
}

// list is a key's value as a list; one thing alone is a list of it.
func (a announcement) list(key string) []any {
	switch v := a[key].(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// text is a key's value as Home Assistant makes text of it: a number as it is
// written, true and false as words.
func (a announcement) text(key string) string { return textOf(a[key]) }

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	default:
		return ""
	}
}

// texts are the texts in a list.
func (a announcement) texts(key string) []string {
	var all []string
	for _, v := range a.list(key) {
		if text := textOf(v); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// textOr is a key's text, or what it is when the key is not there.
func (a announcement) textOr(key, otherwise string) string {
	if v, has := a[key]; has && v != nil {
		return textOf(v)
	}
	return otherwise
}

// seconds is a key's value as a number of seconds, 0 when there is none.
func (a announcement) seconds(key string) float64 {
	n, is := a[key].(json.Number)
	if !is {
		return 0
	}
	s, err := n.Float64()
	if err != nil || s < 0 || s > 366*24*3600 {
		return 0
	}
	return s
}
