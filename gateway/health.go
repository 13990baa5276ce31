package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ucare-project/ucare"
)

// watchdogEvery is how long the watch may be without progress before the
// process counts as unhealthy.
const watchdogEvery = 10 * time.Second

// progress says when the watch last went round, and how far it is in the
// journal. It is set by the watch and read by whoever wants to know.
type progress struct{ last, folded atomic.Int64 }

func (p *progress) beat(folded int64) {
	p.last.Store(time.Now().UnixNano())
	p.folded.Store(folded)
}

func (p *progress) since() time.Duration { return time.Since(time.Unix(0, p.last.Load())) }

// Health is what /healthz says.
type Health struct {
	Alive    bool          `json:"alive"`
	Hearing  bool          `json:"hearing"` // sensors can reach us
	Version  string        `json:"version"`
	Language string        `json:"language"` // the gateway's
	Faults   []ucare.Fault `json:"faults"`
}

// localHandler serves the listener that only this machine reaches: health,
// metrics, the sensors and the test alarm.
func (g *Gateway) localHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", g.serveHealth)
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /sensors", g.serveSensors)
	mux.HandleFunc("POST /test-alarm/{dwelling}", g.serveTestAlarm)
	mux.HandleFunc("GET /alarms/{dwelling}", g.serveAlarms)
	return http.NewCrossOriginProtection().Handler(mux)
}

// serveHealth answers 200 while the watch makes progress. A dead broker, a dead
// centre or a full disk are faults and not ill health: starting again would
// mend none of them.
func (g *Gateway) serveHealth(w http.ResponseWriter, _ *http.Request) {
	h := Health{
		Alive: g.watch.progress.since() < watchdogEvery, Hearing: g.hearing.now(),
		Version: g.version, Language: g.language, Faults: g.faults.Standing(""),
	}
	status := http.StatusOK
	if !h.Alive {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, h)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, fmt.Sprintf("write the answer: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the asker may have gone
}
