package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ucare-project/ucare/history"
)

// historyMetrics say how the history stands.
type historyMetrics struct {
	waiting prometheus.Gauge
	oldest  prometheus.Gauge
	aside   *prometheus.GaugeVec // reason
	sent    prometheus.Gauge
	expired prometheus.Gauge
	failing prometheus.Gauge
}

func newHistoryMetrics() historyMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "ucare_history_" + name, Help: help})
	}
	return historyMetrics{
		waiting: gauge("waiting", "Readings that the InfluxDB has not taken yet."),
		oldest:  gauge("oldest_seconds", "How long the oldest of them has waited."),
		aside: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ucare_history_set_aside_total", Help: "Points that the InfluxDB refuses for good and that are set aside, by reason.",
		}, []string{"reason"}),
		sent:    gauge("sent_total", "Readings that the InfluxDB has taken since the start."),
		expired: gauge("expired_total", "Points that became older than the InfluxDB keeps while they waited."),
		failing: gauge("failing", "1 while the InfluxDB takes nothing."),
	}
}

func (m historyMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.waiting, m.oldest, m.aside, m.sent, m.expired, m.failing}
}

// show takes over how the sending to the InfluxDB stands.
func (m historyMetrics) show(s history.Standing, now time.Time) {
	m.waiting.Set(float64(s.Waiting))
	age := 0.0
	if !s.Oldest.IsZero() {
		age = max(0, now.Sub(s.Oldest).Seconds())
	}
	m.oldest.Set(age)
	m.aside.Reset()
	for reason, n := range s.Aside {
		m.aside.WithLabelValues(reason).Set(float64(n))
	}
	m.sent.Set(float64(s.Sent))
	m.expired.Set(float64(s.Expired))
	failing := 0.0
	if s.Failing != "" {
		failing = 1
	}
	m.failing.Set(failing)
}

// follow shows how many entries of the journal the history has not read. Whoever asks for
// metrics waits for no disk.
func (m *Metrics) follow(behind func() int64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ucare_history_lag_entries", Help: "Entries of the journal that the history has not read yet.",
	}, func() float64 { return float64(max(0, behind())) }))
}
