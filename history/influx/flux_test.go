package influx

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// readLiteral reads a string literal as Flux does: it ends at the first quote that is not
// escaped, and "${" begins a piece of program.
func readLiteral(text string) (value, rest string, err error) {
	var b strings.Builder
	if text == "" || text[0] != '"' {
		return "", "", errors.New("no literal")
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:], nil
		case strings.HasPrefix(text[i:], "${"):
			return "", "", errors.New("a piece of program")
		case text[i] == '\\' && i+3 < len(text) && text[i+1] == 'x':
			var c byte
			if _, err := fmt.Sscanf(text[i+2:i+4], "%02x", &c); err != nil {
				return "", "", err
			}
			b.WriteByte(c)
			i += 3
		case text[i] == '\\':
			return "", "", errors.New("an escape that we do not use")
		case text[i] < ' ':
			return "", "", errors.New("a control character")
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", errors.New("no end")
}

// No value leaves its literal, and every value is the same when it is read.
func FuzzLiteral(f *testing.F) {
	for _, text := range odd {
		f.Add(text)
	}
	f.Add(`") |> drop() //`)
	f.Add(`\"`)
	f.Add("${\"x\"}")
	f.Fuzz(func(t *testing.T, value string) {
		got, rest, err := readLiteral(literal(value) + " tail")
		if err != nil || got != value || rest != " tail" {
			t.Errorf("%q is written as %s and read as %q, %q, %v", value, literal(value), got, rest, err)
		}
		question := fluxFrom(value).between(today, today.Add(1)).where(tagDwelling, value).String()
		if lines := strings.Count(question, "\n"); lines != 2 {
			t.Errorf("a question for %q has %d lines, not the 3 that were written:\n%s", value, lines+1, question)
		}
	})
}

// The same, read by the real thing: the server says what it took the literal for.
func TestTheServerReadsLiterals(t *testing.T) {
	s := prepared(t, "s1")
	store(t, s, motions(1))
	for _, value := range append([]string{`") |> yield() //`, `\`, `\"`, "${r.room}", `\${1}`, "$", "${"}, odd...) {
		question := s.ask(s.c.Bucket, measReading, home, today, today.Add(time.Hour)).
			then("map(fn: (r) => ({_time: r._time, said: " + literal(value) + "}))")
		rows := 0
		err := s.query(t.Context(), s.c.Bucket, question, func(row row) error {
			rows++
			said, _ := row.ValueByKey("said").(string)
			if said != value && value != "\r" { // which CSV cannot say
				t.Errorf("%q was taken for %q", value, said)
			}
			return nil
		})
		if err != nil || rows != 1 {
			t.Errorf("%q: %d rows, %v", value, rows, err)
		}
	}
}

func TestInstantsAreWithinWhatServersKnow(t *testing.T) {
	for _, test := range []struct {
		at   time.Time
		want string
	}{
		{time.Time{}, "1677-09-21T00:12:43.145224194Z"},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "2262-04-11T23:47:16.854775806Z"},
		{time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("KST", 9*3600)), "2026-01-01T18:04:05.000000006Z"},
	} {
		if got := instant(test.at); got != test.want {
			t.Errorf("%v is %s, want %s", test.at, got, test.want)
		}
	}
}
