package influx

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/query"
)

// A flux is a question in Flux. It is made only of what is written here, of instants, of
// numbers and of string literals: no value can become a part of the question itself.
type flux struct{ text strings.Builder }

// fluxFrom begins a question to a bucket.
func fluxFrom(bucket string) *flux {
	f := &flux{}
	f.text.WriteString("from(bucket: " + literal(bucket) + ")")
	return f
}

// then adds a step of the package's own.
func (f *flux) then(step string) *flux {
	f.text.WriteString("\n  |> " + step)
	return f
}

// between asks for from ≤ time < to; from has to be before to.
func (f *flux) between(from, to time.Time) *flux {
	return f.then("range(start: " + instant(from) + ", stop: " + instant(to) + ")")
}

// where asks for what has a value in a column; column is one of the package's own.
func (f *flux) where(column, value string) *flux {
	return f.then("filter(fn: (r) => r." + column + " == " + literal(value) + ")")
}

// limit asks for the first ones of each series only.
func (f *flux) limit(n int) *flux { return f.then(fmt.Sprintf("limit(n: %d)", n)) }

func (f *flux) String() string { return f.text.String() }

// literal is a string in Flux. What has a meaning in one version or another (quotes,
// backslashes, ${…}, line ends) is written as the bytes that it is, and so is everything
// else that is not plain.
func literal(value string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(value) {
		if c := value[i]; plainByte(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func plainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '/' || c == '.' || c == ' '
}

// instant is a time in Flux, within what the servers know.
func instant(t time.Time) string { return clamp(t).UTC().Format(time.RFC3339Nano) }

// A row is one row of an answer.
type row = *query.FluxRecord

// query asks, and hands over the rows one by one. What it hands over may be incomplete
// when it returns an error.
func (s *Store) query(ctx context.Context, bucket string, f *flux, each func(row) error) error {
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	answer, err := s.client.QueryAPI(s.c.Org).Query(ctx, f.String())
	if err != nil {
		return s.later(ctx, bucket, err)
	}
	for answer.Next() {
		if err := each(answer.Record()); err != nil {
			giveUp() // closing reads what is left
			_ = answer.Close()
			return err
		}
	}
	if err := answer.Err(); err != nil {
		return s.later(ctx, bucket, fmt.Errorf("in the middle of an answer: %w", err))
	}
	return nil
}
