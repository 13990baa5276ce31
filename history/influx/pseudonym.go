package influx

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"sync"
)

const (
	ofDwelling = "d-"
	ofSensor   = "s-"
)

// Dwelling is the pseudonym of a dwelling: "d-" and 16 hexadecimal digits.
func (c Config) Dwelling(name string) string { return c.pseudonym(ofDwelling, name) }

// Sensor is the pseudonym of a sensor: "s-" and 16 hexadecimal digits.
func (c Config) Sensor(name string) string { return c.pseudonym(ofSensor, name) }

// Dwelling is the pseudonym of a dwelling, as [Config.Dwelling] works it out.
func (s *Store) Dwelling(name string) string { return s.masks.of(ofDwelling, name, s.c.pseudonym) }

// Sensor is the pseudonym of a sensor, as [Config.Sensor] works it out.
func (s *Store) Sensor(name string) string { return s.masks.of(ofSensor, name, s.c.pseudonym) }

// masks are the pseudonyms that were worked out already: a code for each reading would be
// a good part of what writing it costs.
type masks struct {
	mu    sync.RWMutex
	known map[string]string
}

// mostMasks bounds them: a sensor that changes its name is no reason to grow.
const mostMasks = 10_000

func (m *masks) of(prefix, name string, mask func(prefix, name string) string) string {
	m.mu.RLock()
	pseudonym, ok := m.known[prefix+name]
	m.mu.RUnlock()
	if ok {
		return pseudonym
	}
	pseudonym = mask(prefix, name)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= mostMasks {
		m.known = map[string]string{}
	}
	m.known[prefix+name] = pseudonym
	return pseudonym
}

// pseudonym is what a name becomes for the server: always the same, and nobody without
// the key can say whose it is. The prefix is part of what is hashed, so that a sensor
// with the name of a dwelling does not give it away.
func (c Config) pseudonym(prefix, name string) string {
	const bytes = 8
	code := hmac.New(sha256.New, c.Key)
	code.Write([]byte(prefix + name))
	return prefix + hex.EncodeToString(code.Sum(nil)[:bytes])
}

// unmask returns what turns the pseudonyms of a dwelling's sensors into their names. One
// that nobody knows any more stays as it is.
func (s *Store) unmask(ctx context.Context, dwelling string) (func(pseudonym string) string, error) {
	names, err := s.known(ctx, dwelling)
	if err != nil {
		return nil, fmt.Errorf("find the names of the sensors of %s: %w", dwelling, err)
	}
	real := make(map[string]string, len(names))
	for _, name := range names {
		real[s.Sensor(name)] = name
	}
	return func(pseudonym string) string {
		if name, ok := real[pseudonym]; ok {
			return name
		}
		return pseudonym
	}, nil
}

// masked is a copy of an hour or a day with pseudonyms for names.
func masked[T any](s *Store, v T) T { return renamed(v, s.Dwelling, s.Sensor) }

// renamed is a copy with other names in all fields called Dwelling and Sensor, however
// deep: a part that is added to an hour some day cannot be forgotten here.
func renamed[T any](v T, dwelling, sensor func(string) string) T {
	rename := map[string]func(string) string{"Dwelling": dwelling, "Sensor": sensor}
	value := reflect.ValueOf(&v).Elem()
	value.Set(copied(value, rename))
	return v
}

func copied(v reflect.Value, rename map[string]func(string) string) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		to := reflect.New(v.Type().Elem())
		to.Elem().Set(copied(v.Elem(), rename))
		return to
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		to := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			to.Index(i).Set(copied(v.Index(i), rename))
		}
		return to
	case reflect.Struct:
		to := reflect.New(v.Type()).Elem()
		to.Set(v)
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if name, ok := rename[field.Name]; ok && field.Type.Kind() == reflect.String {
				to.Field(i).SetString(name(v.Field(i).String()))
			} else if field.IsExported() {
				to.Field(i).Set(copied(v.Field(i), rename))
			}
		}
		return to
	default:
		return v
	}
}
