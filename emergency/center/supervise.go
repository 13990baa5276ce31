package center

import (
	"context"
	"time"

	"github.com/ucare-project/ucare/emergency"
)

const (
	superviseEvery = time.Second
	saveEvery      = time.Minute
)

// Run supervises the gateways' heartbeats until the context ends. What it last
// heard of each gateway goes to disk once a minute.
func (c *Center) Run(ctx context.Context) error {
	ticker := time.NewTicker(superviseEvery)
	defer ticker.Stop()
	savedAt := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := time.Now()
		c.raiseSilences(ctx, now)
		if now.Sub(savedAt) < saveEvery {
			continue
		}
		savedAt = now
		if err := c.saveGateways(ctx); err != nil {
			c.log.Error("what was heard of the gateways is not on disk", "error", err)
		}
	}
}

// raiseSilences puts gateways that are overdue on the operators' list.
func (c *Center) raiseSilences(ctx context.Context, now time.Time) {
	c.mu.Lock()
	silent := c.gateways.overdue(now)
	c.mu.Unlock()
	for _, g := range silent {
		c.log.Error("a gateway is silent", "gateway", g.ID, "last_heard", g.HeardAt, "expected_every", g.Every)
		// The list shows it from memory; the row is for the record.
		if err := c.store.silent(ctx, g); err != nil {
			c.log.Error("a silence is not on disk", "gateway", g.ID, "error", err)
		}
	}
}

// heard notes a heartbeat.
func (c *Center) heard(ctx context.Context, from verified, h emergency.Heartbeat) {
	c.mu.Lock()
	g, was := c.gateways.heard(from.Gateway, heartbeat{
		Every: time.Duration(h.Every) * time.Second, Version: h.Version, Faults: h.Faults,
		Dwellings: h.Dwellings, ClockAhead: from.ClockAhead,
	}, from.At)
	c.mu.Unlock()
	if was.SilentSince.IsZero() {
		return
	}
	c.log.Info("a silent gateway is heard again", "gateway", g.ID, "silent_for", from.At.Sub(was.SilentSince))
	if err := c.store.heardAgain(ctx, g, was); err != nil {
		c.log.Error("the end of a silence is not on disk", "gateway", g.ID, "error", err)
	}
}

func (c *Center) saveGateways(ctx context.Context) error {
	c.mu.Lock()
	unsaved := c.gateways.unsaved()
	c.mu.Unlock()
	if err := c.store.saveGateways(ctx, unsaved); err != nil {
		return err
	}
	c.mu.Lock()
	c.gateways.saved(unsaved)
	c.mu.Unlock()
	return nil
}

func (c *Center) gatewayStates() []gatewayState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gateways.all()
}
