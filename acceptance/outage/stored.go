package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ucare-project/ucare"
)

// stored is what the server holds from one instant to another, as readings under the names
// that were published, in no order. It is read point by point with plain Flux over plain
// HTTP, and shares no code with the gateway. A reading that is stored twice is there twice.
func (h *home) stored(ctx context.Context, from, to time.Time) ([]ucare.Reading, error) {
	names, err := h.names()
	if err != nil {
		return nil, err
	}
	points := make(map[string]map[string]string)
	query := fmt.Sprintf(`from(bucket: %q) |> range(start: %s, stop: %s) |> filter(fn: (r) => r._measurement == "reading")`,
		bucket, from.UTC().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano))
	err = h.server.Query(ctx, query, func(row map[string]string) error {
		key := fmt.Sprintf("%q %q %q %q %q %q", row["_time"], row["dwelling"], row["sensor"], row["kind"], row["room"], row["n"])
		point, seen := points[key]
		if !seen {
			point = row
			points[key] = row
		}
		point["field "+row["_field"]] = row["_value"]
		return nil
	})
	if err != nil {
		return nil, err
	}
	readings := make([]ucare.Reading, 0, len(points))
	for _, point := range points {
		r, err := readingOf(point, names)
		if err != nil {
			return nil, fmt.Errorf("the server holds %v: %w", point, err)
		}
		readings = append(readings, r)
	}
	return readings, nil
}

// names are the published names by their pseudonyms.
func (h *home) names() (map[string]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := make(map[string]string)
	known := make(map[string]bool)
	for _, r := range h.published {
		for _, n := range [][2]string{{"d-", r.Dwelling}, {"s-", r.Sensor}} {
			if known[n[0]+n[1]] {
				continue
			}
			known[n[0]+n[1]] = true
			pseudonym, err := h.pseudonym(n[0], n[1])
			if err != nil {
				return nil, err
			}
			names[pseudonym] = n[1]
		}
	}
	return names, nil
}

func readingOf(p, names map[string]string) (r ucare.Reading, err error) {
	r = ucare.Reading{Dwelling: names[p["dwelling"]], Sensor: names[p["sensor"]], Room: p["room"], Kind: ucare.Kind(p["kind"])}
	if r.Dwelling == "" || r.Sensor == "" {
		return r, errors.New("nobody published anything under these names")
	}
	if r.At, err = time.Parse(time.RFC3339Nano, p["_time"]); err != nil {
		return r, err
	}
	if text, is := p["field active"]; is {
		active, err := strconv.ParseBool(text)
		if err != nil {
			return r, err
		}
		r.State = ucare.StateOf(active)
	}
	if text, is := p["field value"]; is {
		if r.Value, err = strconv.ParseFloat(text, 64); err != nil {
			return r, err
		}
		r.Unit = r.Kind.Unit()
	}
	if text, is := p["field samples"]; is {
		if err := json.Unmarshal([]byte(text), &r.Samples); err != nil {
			return r, err
		}
		if r.RateHz, err = strconv.ParseFloat(p["field rate_hz"], 64); err != nil {
			return r, err
		}
	}
	if unit, is := p["field unit"]; is {
		r.Unit = unit
	}
	r.UnknownAge, r.Drill = p["field unknown_age"] == "true", p["field drill"] == "true"
	return r, nil
}
