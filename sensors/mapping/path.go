package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxFound bounds how many values a path with [*] gives from one message.
const maxFound = 100

// A choice is a path with alternatives between bars: of
//
//	deviceInfo.deviceName|deviceName
//
// the first counts that leads somewhere. The steps of a path are
//
//	a.b        the keys a and b; a key may hold blanks
//	a["b.c"]   a key that holds dots, brackets or bars
//	a[0]       an element of an array, from 0
//	a[*]       each element of an array
//	a[,]       each part of a text between commas
//
// The empty path is the whole payload.
type choice [][]step

// A step is one key, one index, or all.
type step struct {
	key   string
	index int
	how   stepKind
}

type stepKind uint8

const (
	byKey stepKind = iota
	byIndex
	allElements
	allParts
)

// parsePath reads a path that was checked before; a broken one leads nowhere.
func parsePath(text string) choice {
	c, err := readPath(text)
	if err != nil {
		return choice{{{key: text}}}
	}
	return c
}

func readPath(text string) (choice, error) {
	if text == "" {
		return nil, nil
	}
	var all choice
	for rest, more := text, true; more; {
		var steps []step
		var err error
		if steps, rest, more, err = readSteps(rest); err != nil {
			return nil, err
		}
		all = append(all, steps)
	}
	return all, nil
}

// readSteps reads one alternative, up to a bar.
func readSteps(text string) (steps []step, rest string, more bool, err error) {
	for {
		switch {
		case strings.HasPrefix(text, "["):
			var s step
			if s, text, err = readBracket(text); err != nil {
				return nil, "", false, err
			}
			steps = append(steps, s)
		default:
			end := strings.IndexAny(text, ".[|")
			if end < 0 {
				end = len(text)
			}
			if end == 0 {
				return nil, "", false, errors.New(`has an empty key: write for example a.b or a["b c"]`)
			}
			steps = append(steps, step{key: text[:end]})
			text = text[end:]
		}
		switch {
		case text == "":
			return steps, "", false, nil
		case text[0] == '|':
			return steps, text[1:], true, nil
		case text[0] == '.':
			text = text[1:]
			if text == "" || text[0] == '[' {
				return nil, "", false, errors.New("ends a key with a dot and no key behind it: take the dot out")
			}
		case text[0] != '[':
			return nil, "", false, errors.New("goes on behind a ] without a dot: write for example a[0].b")
		}
	}
}

// readBracket reads ["key"], [0], [*] or [,].
func readBracket(text string) (step, string, error) {
	if strings.HasPrefix(text, `["`) {
		quoted, err := strconv.QuotedPrefix(text[1:])
		if err != nil || !strings.HasPrefix(text[1+len(quoted):], "]") {
			return step{}, "", errors.New(`has a ["… without "]: write for example a["b c"]`)
		}
		key, err := strconv.Unquote(quoted)
		if err != nil {
			return step{}, "", fmt.Errorf(`has a key that cannot be read: %s`, quoted)
		}
		return step{key: key}, text[2+len(quoted):], nil
	}
	inside, rest, closed := strings.Cut(text[1:], "]")
	if !closed {
		return step{}, "", errors.New("has a [ without a ]: write for example a[0]")
	}
	switch inside {
	case "*":
		return step{how: allElements}, rest, nil
	case ",":
		return step{how: allParts}, rest, nil
	}
	n, err := strconv.Atoi(inside)
	if err != nil || n < 0 {
		return step{}, "", fmt.Errorf(`has [%s]: write a number from 0, *, or a key in quotes: ["%s"]`, inside, inside)
	}
	return step{how: byIndex, index: n}, rest, nil
}

// A document is a payload: as it came, and as JSON where it is that.
type document struct {
	payload []byte
	root    any
	isJSON  bool
	tried   bool
}

// json reads the payload as JSON, once. Numbers keep their digits.
func (d *document) json() (any, error) {
	if d.tried {
		if !d.isJSON {
			return nil, errNotJSON
		}
		return d.root, nil
	}
	d.tried = true
	decoder := json.NewDecoder(bytes.NewReader(d.payload))
	decoder.UseNumber()
	if err := decoder.Decode(&d.root); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	d.isJSON = true
	return d.root, nil
}

var errNotJSON = errors.New("it is not JSON")

// find gives what stands at the path below from: nothing, one value, or several.
func (c choice) find(from any) []any {
	if len(c) == 0 {
		return []any{from}
	}
	for _, steps := range c {
		found := []any{from}
		for _, s := range steps {
			found = s.follow(found)
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func (s step) follow(all []any) []any {
	var found []any
	for _, v := range all {
		switch v := v.(type) {
		case map[string]any:
			if inner, has := v[s.key]; has && s.how == byKey {
				found = append(found, inner)
			}
		case []any:
			switch {
			case s.how == allElements:
				found = append(found, v...)
			case s.how == byIndex && s.index < len(v):
				found = append(found, v[s.index])
			}
		case string:
			if s.how == allParts {
				for part := range strings.SplitSeq(v, ",") {
					found = append(found, strings.TrimSpace(part))
				}
			}
		}
		if len(found) >= maxFound {
			return found[:maxFound]
		}
	}
	return found
}
