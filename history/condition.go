package history

import (
	"log/slog"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
)

// A condition tells of one thing that can fail: once when it begins to and once when it
// works again, however often it is tried in between.
type condition struct {
	subject      string // what can fail
	fails, works string // for the log
	tell         func(ucare.Fault, bool)
	logger       *slog.Logger

	mu    sync.Mutex
	fault ucare.Fault // as it was told last
	now   error       // what is wrong at present
}

// note takes what became of the last attempt.
func (c *condition) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.now
	c.now = err
	switch {
	case err != nil && before == nil:
		c.fault = ucare.Fault{Code: ucare.FaultHistory, Subject: c.subject, Since: time.Now(), Detail: err.Error()}
		c.logger.Warn(c.fails, "subject", c.subject, "error", err)
		c.tell(c.fault, true)
	case err != nil && err.Error() != before.Error():
		c.logger.Warn(c.fails, "subject", c.subject, "error", err)
	case err == nil && before != nil:
		c.logger.Info(c.works, "subject", c.subject)
		c.tell(c.fault, false)
	}
}

// why is what is wrong at present, "" for nothing.
func (c *condition) why() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil {
		return ""
	}
	return c.now.Error()
}
