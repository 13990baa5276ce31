package influx

import "context"

// Answers asks whether an InfluxDB of a version that can be used answers there. It
// changes nothing on the server; the error says what to put right.
func (s *Store) Answers(ctx context.Context) error {
	_, err := s.findVersion(ctx)
	return err
}
