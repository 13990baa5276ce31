package mapping

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// values are the texts that a list of a mapping has.
type values struct {
	texts map[string]bool
	// numbers are those of them that are numbers, so that 1 is 1.0 too.
	numbers []float64
	any     bool
	fold    bool
}

func parseValues(list []string, fold bool) values {
	v := values{texts: map[string]bool{}, fold: fold}
	for _, text := range list {
		if text == "*" {
			v.any = true
			continue
		}
		if fold {
			text = strings.ToLower(text)
		}
		v.texts[text] = true
		if n, is := number(text); is {
			v.numbers = append(v.numbers, n)
		}
	}
	return v
}

// has reports whether the text is in the list. "*" does not count here.
func (v values) has(text string) bool {
	if v.fold {
		text = strings.ToLower(text)
	}
	if v.texts[text] {
		return true
	}
	n, is := number(text)
	return is && slices.Contains(v.numbers, n)
}

func (v values) empty() bool { return len(v.texts) == 0 && !v.any }

// number reads a decimal number, and nothing else that might pass for one.
func number(text string) (float64, bool) {
	if text == "" || strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
}

// textOf is a JSON value as text. An object, an array and null are none.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	default:
		return "", false
	}
}

// shown is a value as it is told in a fault.
func shown(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "a value that cannot be shown"
	}
	return string(text)
}

// timeOf reads a time: RFC 3339, or seconds or milliseconds since 1970 as a
// number or a text. Years before 2000 are a clock that was never set.
func timeOf(v any) (time.Time, bool) {
	text, is := textOf(v)
	if !is {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999999999Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), t.Year() >= 2000
		}
	}
	n, is := number(text)
	if !is || n <= 0 || n > 1e14 {
		return time.Time{}, false
	}
	if n < 1e11 { // seconds; as milliseconds it would be before 1973
		n *= 1000
	}
	t := time.UnixMilli(int64(n)).UTC()
	return t, t.Year() >= 2000
}
