package mapping

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/ucare-project/ucare"
)

// A template is a name with places to fill in:
//
//	{1}          what the first wildcard of the topic stands for; {-1} the last
//	{a.b}        what stands at a path of the payload
//	{a.b|c|1}    the first of them that is there
type template []part

// A part is a text, or one place with its alternatives.
type part struct {
	text string
	from []source
}

// A source is a wildcard (not 0) or a path.
type source struct {
	wildcard int
	path     choice
}

// parseTemplate reads a template that was checked before; a broken one is taken as text.
func parseTemplate(text string) template {
	t, err := readTemplate(text)
	if err != nil {
		return template{{text: text}}
	}
	return t
}

func readTemplate(text string) (template, error) {
	var t template
	for text != "" {
		before, after, opened := strings.Cut(text, "{")
		if before != "" {
			t = append(t, part{text: before})
		}
		if !opened {
			break
		}
		inside, rest, closed := strings.Cut(after, "}")
		if !closed || inside == "" {
			return nil, errors.New("has a { without what belongs in it: write for example {1} or {device.name}")
		}
		p := part{}
		for alternative := range strings.SplitSeq(inside, "|") {
			s, err := readSource(alternative)
			if err != nil {
				return nil, err
			}
			p.from = append(p.from, s)
		}
		t, text = append(t, p), rest
	}
	return t, nil
}

func readSource(text string) (source, error) {
	if n, err := strconv.Atoi(text); err == nil {
		if n == 0 {
			return source{}, errors.New("uses {0}: the first wildcard is {1}")
		}
		return source{wildcard: n}, nil
	}
	path, err := readPath(text)
	if err == nil && path == nil {
		err = errors.New("has an empty place: write for example {1|device.name}")
	}
	return source{path: path}, err
}

// ofPayload reports whether the name may depend on the payload.
func (t template) ofPayload() bool {
	return slices.ContainsFunc(t, func(p part) bool {
		return slices.ContainsFunc(p.from, func(s source) bool { return s.wildcard == 0 })
	})
}

// fill makes the name. It fails where a place has nothing to be filled with.
func (t template) fill(wild []string, root any) (string, bool) {
	var b strings.Builder
	for _, p := range t {
		if p.from == nil {
			b.WriteString(p.text)
			continue
		}
		i := slices.IndexFunc(p.from, func(s source) bool { return s.get(wild, root) != "" })
		if i < 0 {
			return "", false
		}
		b.WriteString(p.from[i].get(wild, root))
	}
	return b.String(), b.Len() > 0
}

func (s source) get(wild []string, root any) string {
	switch {
	case s.wildcard > 0 && s.wildcard <= len(wild):
		return wild[s.wildcard-1]
	case s.wildcard < 0 && -s.wildcard <= len(wild):
		return wild[len(wild)+s.wildcard]
	case s.wildcard != 0:
		return ""
	}
	found := s.path.find(root)
	if len(found) == 0 {
		return ""
	}
	text, _ := textOf(found[0])
	return text
}

// sensorOf finds out which sensor an entry speaks of. A payload that does not
// say so leaves the topic.
func (h *Home) sensorOf(e *entry, topic string, wild []string, root any) (s ucare.Sensor, listed bool) {
	name, filled := e.sensor.fill(wild, root)
	if !filled {
		name = h.nameFrom(topic)
	}
	name = clip(name)
	place := topic
	if e.Sensor != "" && filled && !e.fromTopic {
		place = "" // several sensors share the topic
	}
	s = h.home.Sensor(place, name)
	if id, known := h.byID(name); known && !h.isListed(s.ID) {
		s = h.home.Sensor("", id)
	}
	if e.Room != "" {
		s.Room = e.Room
	}
	return s, h.isListed(s.ID)
}

// byID finds the configured sensor whose ID is the name in the letters that an
// ID may have: "Honeywell-Security-39809" is honeywell-security-39809.
func (h *Home) byID(name string) (string, bool) {
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		default:
			return '-'
		}
	}, strings.ToLower(name))
	return id, h.isListed(id)
}

func (h *Home) isListed(id string) bool {
	return slices.ContainsFunc(h.home.Sensors, func(s ucare.Sensor) bool { return s.ID == id })
}

// nameFrom makes a name of a topic: below a bridge's base topic it is the rest,
// as the bridge names its devices; elsewhere it is the topic without its first
// level, which most systems share, and without what only says that this is a state.
// It keeps the rest, because two detectors called "smoke" must not become one.
func (h *Home) nameFrom(topic string) string {
	for _, bases := range [][]string{h.home.Zigbee2MQTT, h.home.ZWaveJS} {
		for _, base := range bases {
			if name, below := strings.CutPrefix(topic, strings.TrimSuffix(base, "/")+"/"); below && name != "" {
				return name
			}
		}
	}
	levels := strings.Split(strings.Trim(topic, "/"), "/")
	for len(levels) > 1 && slices.Contains([]string{"state", "status", "value", "data", "events"}, levels[len(levels)-1]) {
		levels = levels[:len(levels)-1]
	}
	if len(levels) > 1 {
		levels = levels[1:]
	}
	return strings.Join(levels, "/")
}
