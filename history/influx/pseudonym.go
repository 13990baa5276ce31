package influx

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Dwelling is the pseudonym of a dwelling: "d-" and 16 hexadecimal digits.
func (s *Store) Dwelling(name string) string { return s.c.pseudonym("d-", name) }

// Sensor is the pseudonym of a sensor: "s-" and 16 hexadecimal digits.
func (s *Store) Sensor(name string) string { return s.c.pseudonym("s-", name) }

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
