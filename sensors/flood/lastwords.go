package flood

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

const (
	// lookEvery is how often the last words are stored and the floods counted.
	lookEvery = time.Second
	// storeFor bounds the storing of last words between two looks, commitWithin that
	// of one.
	storeFor     = 500 * time.Millisecond
	commitWithin = 2 * time.Second
	// overAfter is how long there must be no flood for one to be over.
	overAfter = time.Minute
	// faultFrom is how many messages within a look are a flood.
	faultFrom = 100
	// detailEvery is how often a fault is told anew.
	detailEvery = 10 * time.Second
	// maxReports bounds the floods that are told apart.
	maxReports = 100
)

// Run stores what waits, and tells of the floods, until the context ends.
func (g *Guard) Run(ctx context.Context) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			g.storeLastWords(context.WithoutCancel(ctx), true)
			return ctx.Err()
		case <-look.C:
			g.report(g.now())
			g.storeLastWords(ctx, false)
		}
	}
}

// A lastWord is a message that waits.
type lastWord struct {
	topic *topic
	storm *storm
	sensors.Message
}

// storeLastWords stores what waits, the oldest first, as far as the budgets go.
func (g *Guard) storeLastWords(ctx context.Context, all bool) {
	g.mu.Lock()
	now := g.now()
	var waiting []lastWord
	for t := range g.stormy {
		for _, m := range t.storm.held {
			waiting = append(waiting, lastWord{t, t.storm, m})
		}
		if len(t.storm.held) == 0 && now-t.storm.until > overAfter {
			t.storm = nil
			delete(g.stormy, t)
		}
	}
	g.mu.Unlock()
	slices.SortFunc(waiting, func(a, b lastWord) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Topic, b.Topic)) })
	for _, w := range waiting {
		if ctx.Err() != nil || !all && g.now()-now > storeFor {
			return
		}
		g.storeLastWord(ctx, w, all)
	}
}

// storeLastWord stores the newest message of its topic that waits by now.
func (g *Guard) storeLastWord(ctx context.Context, w lastWord, always bool) {
	ctx, cancel := context.WithTimeout(ctx, commitWithin)
	defer cancel()
	select {
	case w.storm.turn <- struct{}{}:
		defer func() { <-w.storm.turn }()
	case <-ctx.Done():
		return
	}
	g.mu.Lock()
	now := g.now()
	s := w.storm.source
	may := always || s.spentFor(now, g.config) == 0 || s.last.take(now, lastPerSecond, lastAtOnce)
	if !may {
		g.mu.Unlock()
		return
	}
	m, waits := g.drop(w.storm, w.Topic)
	if waits {
		w.topic.note(likeness(m.Payload), now)
		w.storm.storing = w.Topic
	}
	g.mu.Unlock()
	if !waits {
		return // something newer was stored
	}
	if err := g.inbox.Commit(ctx, m); err != nil {
		g.log.Error("the last word of a topic that floods was not stored", "topic", m.Topic, "error", err)
	}
	g.mu.Lock()
	w.storm.storing = ""
	s.stored(now, g.now(), g.config)
	g.mu.Unlock()
}

// A report is what is told of one flood.
type report struct {
	fault         ucare.Fault
	topic         string        // of the last message beyond the budget
	last          time.Duration // when that was
	from          time.Duration // since when it is counted
	heard, beyond int           // messages since then
	stands        bool
	told          time.Duration // when it was told, the last time
}

// count takes down messages that were heard, and such that were beyond the budget.
func (g *Guard) count(s *source, t *topic, m sensors.Message, heard, beyond int) {
	name := g.subject(s, t)
	if g.reports[name] == nil {
		if beyond == 0 {
			return
		}
		if len(g.reports) >= maxReports {
			name = "…"
		}
	}
	r := g.reports[name]
	if r == nil {
		r = &report{fault: ucare.Fault{Code: ucare.FaultFlood, Subject: name}, from: g.now()}
		g.reports[name] = r
	}
	r.heard += heard
	r.beyond += beyond
	if beyond > 0 {
		r.last, r.topic = g.now(), m.Topic
	}
}

// report tells what began, what it amounts to now, and what is over.
func (g *Guard) report(now time.Duration) {
	g.mu.Lock()
	var began, ended []ucare.Fault
	for name, r := range g.reports {
		if now-r.from < lookEvery/2 {
			continue // it has just begun
		}
		switch {
		case r.stands && now-r.told >= detailEvery && r.beyond > 0, !r.stands && r.beyond >= faultFrom:
			if !r.stands {
				r.fault.Since = time.Now()
			}
			r.stands, r.told = true, now
			seconds := (now - r.from).Seconds()
			r.fault.Detail = fmt.Sprintf("%.0f messages a second, %.0f of them beyond its budget; the last on %.100q",
				float64(r.heard)/seconds, float64(r.beyond)/seconds, r.topic)
			began = append(began, r.fault)
		case now-r.last > overAfter:
			if r.stands {
				ended = append(ended, r.fault)
			}
			delete(g.reports, name)
		}
		r.from, r.heard, r.beyond = now, 0, 0
	}
	g.mu.Unlock()
	for _, f := range began {
		g.config.Faults(f)
	}
	for _, f := range ended {
		g.config.Cleared(f)
	}
}
