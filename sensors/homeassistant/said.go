package homeassistant

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// said is one message, for the templates of all that read it.
type said struct {
	text   string
	parsed any // what value_json is; nil until somebody asks
}

func say(payload []byte) *said { return &said{text: string(payload)} }

// json is the payload as JSON, or what is absent when it is none.
func (s *said) json() any {
	if s.parsed == nil {
		s.parsed = parse(s.text)
	}
	return s.parsed
}

// maxNesting bounds how deep a message's JSON nests; to write such a list takes the square of it.
const maxNesting = 100

func parse(text string) any {
	if deepest(text) > maxNesting {
		return absent{"JSON that could be read (it nests too deep)"}
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return absent{"JSON (" + err.Error() + ")"}
	}
	if d.More() {
		return absent{"JSON (there is more behind it)"}
	}
	return toJinja(v)
}

// toJinja gives JSON in the types that templates know: objects and lists that can
// say what they do not have, and numbers as they are written.
func toJinja(v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := make(object, len(v))
		for name, value := range v {
			o[name] = toJinja(value)
		}
		return o
	case []any:
		l := make(list, len(v))
		for i, value := range v {
			l[i] = toJinja(value)
		}
		return l
	case json.Number:
		return number(v.String())
	case nil:
		return null{}
	default:
		return v
	}
}

// number is an int where it is written as one and fits, a float, else the digits.
func number(text string) any {
	if i, err := strconv.Atoi(text); err == nil {
		return i
	}
	if strings.ContainsAny(text, ".eE") {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	}
	return text
}

// object is a JSON object.
type object map[string]any

// GetAttribute gives o.name.
func (o object) GetAttribute(name string) (*exec.Value, bool) { return o.GetItem(name) }

// GetItem gives o["name"]; what is not there is absent.
func (o object) GetItem(key any) (*exec.Value, bool) {
	name, is := key.(string)
	if !is {
		return exec.AsValue(absent{"list to take an item by its number from"}), true
	}
	if value, has := o[name]; has {
		return exec.AsValue(value), true
	}
	return exec.AsValue(absent{strconv.Quote(name)}), true
}

// list is a JSON array.
type list []any

// GetItem gives l[0]; what is not there is absent.
func (l list) GetItem(key any) (*exec.Value, bool) {
	i, is := key.(int)
	if !is {
		return exec.AsValue(absent{"object to take a key from"}), true
	}
	if i < 0 {
		i += len(l)
	}
	if i < 0 || i >= len(l) {
		return exec.AsValue(absent{"item " + strconv.Itoa(i)}), true
	}
	return exec.AsValue(l[i]), true
}

// toJSON writes a value back, as the filter to_json does.
func toJSON(v any) (string, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(fromJinja(v)); err != nil {
		return "", err
	}
	if out.Len() > maxText {
		return "", errTooLong
	}
	return strings.TrimSpace(out.String()), nil
}

func fromJinja(v any) any {
	switch v := v.(type) {
	case null:
		return nil
	case object:
		m := make(map[string]any, len(v))
		for name, value := range v {
			m[name] = fromJinja(value)
		}
		return m
	case list:
		l := make([]any, len(v))
		for i, value := range v {
			l[i] = fromJinja(value)
		}
		return l
	default:
		return v
	}
}
