package voice

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
)

// retired are topics on which a broker may still keep something from a former
// configuration: a dwelling that is gone would stay in Home Assistant for good.
// They are written down until every broker has forgotten them.
type retired struct {
	topics []string // left over from before

	path   string   // "": nothing is written down
	valid  []string // what the configuration tells
	logger *slog.Logger

	mu      sync.Mutex
	tellers int // that still have to take something back
}

// newRetired reads which topics are left over, and notes down the valid ones.
func newRetired(path string, valid []string, logger *slog.Logger) *retired {
	r := &retired{path: path, valid: valid, logger: logger}
	if path == "" {
		return r
	}
	var before []string
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, &before) // a damaged file: nothing is known to be left over
	}
	for _, topic := range before {
		if !slices.Contains(r.valid, topic) {
			r.topics = append(r.topics, topic)
		}
	}
	r.write(append(slices.Clone(r.valid), r.topics...))
	return r
}

// done notes that a teller has taken everything back; the last one ends it.
func (r *retired) done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tellers--; r.tellers == 0 {
		r.write(r.valid)
	}
}

func (r *retired) write(topics []string) {
	text, err := json.Marshal(topics)
	if err == nil {
		err = os.WriteFile(r.path, text, 0o600)
	}
	if err != nil {
		r.logger.Debug("which topics brokers keep could not be written down", "error", fmt.Errorf("%s: %w", r.path, err))
	}
}
