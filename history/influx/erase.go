package influx

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Count is how many readings the server has of a dwelling. A reading that was sent with
// two rooms counts twice.
func (s *Store) Count(ctx context.Context, dwelling string) (int64, error) {
	fields, err := s.count(ctx, s.ask(s.c.Bucket, measReading, dwelling, earliest, latest), s.c.Bucket)
	if err != nil {
		return 0, fmt.Errorf("count the readings of %s: %w", dwelling, err)
	}
	return fields[fieldActive] + fields[fieldValue] + fields[fieldSamples] + fields[fieldUnknown] - fields[fieldTwo], nil
}

// count counts the values of each field.
func (s *Store) count(ctx context.Context, question *flux, bucket string) (fields map[string]int64, err error) {
	fields = map[string]int64{}
	question.then(`group(columns: ["_field"])`).then("count()")
	err = s.query(ctx, bucket, question, func(row row) error {
		n, _ := row.Value().(int64)
		fields[row.Field()] += n
		return nil
	})
	return fields, err
}

// Erase forgets a dwelling: its readings, hours and days. It returns without an error when
// the server finds none of them any more. Its files are rid of them when it next compacts
// them.
func (s *Store) Erase(ctx context.Context, dwelling string) error {
	s.mu.Lock()
	erase := map[version]func(context.Context, string, string) error{v1: s.erase1, v2: s.erase2}[s.version]
	s.mu.Unlock()
	if erase == nil {
		if err := s.Prepare(ctx); err != nil {
			return fmt.Errorf("erase %s: %w", dwelling, err)
		}
		return s.Erase(ctx, dwelling)
	}
	for _, bucket := range []string{s.c.Bucket, s.c.Hours} {
		if err := erase(ctx, bucket, s.Dwelling(dwelling)); err != nil {
			return fmt.Errorf("erase %s in the bucket %s: %w", dwelling, bucket, err)
		}
		fields, err := s.count(ctx, fluxFrom(bucket).between(earliest, latest).where(tagDwelling, s.Dwelling(dwelling)), bucket)
		if err != nil {
			return fmt.Errorf("count what is left of %s: %w", dwelling, err)
		}
		var left int64
		for _, n := range fields {
			left += n
		}
		if left > 0 {
			return &Later{Err: fmt.Errorf("erase %s: the bucket %s of the InfluxDB still has %d values of it after it said that they were gone; try again", dwelling, bucket, left)}
		}
	}
	return nil
}

// erase1 erases with InfluxDB 1.8. It erases in all retention policies of the database, so
// nothing is left where a policy was renamed.
func (s *Store) erase1(ctx context.Context, bucket, pseudonym string) error {
	var statements strings.Builder
	for _, measurement := range []string{measReading, measHour, measCourse, measDay, measDayRoom} {
		// A pseudonym is two letters and hexadecimal digits.
		fmt.Fprintf(&statements, "DROP SERIES FROM %s WHERE %s = '%s'; ", identifier(measurement), identifier(tagDwelling), pseudonym)
	}
	_, err := s.influxQL(ctx, bucket, statements.String())
	return err
}

// erase2 erases with InfluxDB 2.
func (s *Store) erase2(ctx context.Context, bucket, pseudonym string) error {
	what := map[string]string{
		"start": earliest.UTC().Format(time.RFC3339Nano), "stop": latest.UTC().Format(time.RFC3339Nano),
		"predicate": fmt.Sprintf(`%s="%s"`, tagDwelling, pseudonym),
	}
	path := "api/v2/delete?" + url.Values{"org": {s.c.Org}, "bucket": {bucket}}.Encode()
	if _, err := s.request(ctx, http.MethodPost, path, what, nil); err != nil {
		return s.later(ctx, bucket, err)
	}
	return nil
}
