package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ucare-project/ucare"
)

// The steps of an alarm's life that are counted and timed, beside those that
// the dispatcher reports.
const (
	stepReceived  = "received"  // the message that raised it came in
	stepCommitted = "committed" // its decision is on disk
)

// Metrics count every step of an alarm's life, and what stands in its way. No
// label names a resident, a dwelling or a sensor.
type Metrics struct {
	registry *prometheus.Registry

	alarms     *prometheus.CounterVec   // step, rule
	alarmTime  *prometheus.HistogramVec // step: seconds since the message came in
	messages   *prometheus.CounterVec   // outcome
	commitTime prometheus.Histogram
	decisions  *prometheus.CounterVec // rule, verb
	faults     *prometheus.GaugeVec   // code
	history    historyMetrics
}

func newMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		alarms: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ucare_alarms_total",
			Help: "Alarms that passed a step of their life: received, committed, first_attempt, accepted, acknowledged, closed.",
		}, []string{"step", "rule"}),
		alarmTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "ucare_alarm_seconds",
			Help:    "Time from the message that raised an alarm to each step of its life.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 15, 60, 180, 600},
		}, []string{"step"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ucare_messages_total",
			Help: "MQTT messages by outcome: committed, or refused by the disk.",
		}, []string{"outcome"}),
		commitTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "ucare_commit_seconds",
			Help:    "Time to have a message on disk.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .5, 2},
		}),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ucare_decisions_total",
			Help: "Decisions of the rules.",
		}, []string{"rule", "verb"}),
		faults: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ucare_faults",
			Help: "Technical conditions that hold now.",
		}, []string{"code"}),
	}
	m.history = newHistoryMetrics()
	m.registry.MustRegister(m.history.all()...)
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "ucare_build_info", Help: "Always 1; the version is in the label.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.alarms, m.alarmTime, m.messages, m.commitTime, m.decisions, m.faults, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// passed notes that an alarm reached a step, since the instant its message came in.
func (m *Metrics) passed(step string, rule ucare.Rule, since, at time.Time) {
	m.alarms.WithLabelValues(step, string(rule)).Inc()
	m.alarmTime.WithLabelValues(step).Observe(max(0, at.Sub(since).Seconds()))
}

// committed notes the outcome of taking one message.
func (m *Metrics) committed(took time.Duration, err error) {
	if err != nil {
		m.messages.WithLabelValues("refused").Inc()
		return
	}
	m.messages.WithLabelValues("committed").Inc()
	m.commitTime.Observe(took.Seconds())
}

func (m *Metrics) fault(f ucare.Fault, active bool) {
	by := 1.0
	if !active {
		by = -1
	}
	m.faults.WithLabelValues(string(f.Code)).Add(by)
}
