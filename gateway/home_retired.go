package gateway

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
)

// toldFile lists the topics on which brokers keep something of us.
const toldFile = "told.json"

// retired are topics on which a broker may still keep something from a former
// configuration: a dwelling that is gone would stay in Home Assistant for good.
// They are written down until every broker has forgotten them.
type retired struct {
	topics []string // left over from before

	path   string
	valid  []string // what the configuration tells
	logger *slog.Logger
	mu     sync.Mutex
	voices int // that still have to take something back
}

// retire reads which topics are left over, and notes down the new ones.
func (h *homes) retire(path string) {
	r := &h.retired
	r.path, r.logger = path, h.logger
	for _, t := range h.tellers {
		r.valid = append(r.valid, t.topics()...)
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
}

// done notes that a voice has taken everything back; the last one ends it.
func (r *retired) done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.voices--; r.voices == 0 {
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
