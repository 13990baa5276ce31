package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// recentAlarms is how far back the local list of alarms reaches.
const recentAlarms = 24 * time.Hour

// A TestAlarm is the answer to POST /test-alarm/{dwelling}: a press is stored.
type TestAlarm struct {
	At time.Time `json:"at"`
	// Joins is when the drill was raised whose press this one repeats; zero: it
	// raises a drill of its own. Within is how long presses are one.
	Joins  time.Time     `json:"joins,omitzero"`
	Within time.Duration `json:"within,omitempty"`
}

// serveTestAlarm lets a help press come in that is marked as a drill. It takes
// the whole way of a reading, the journal and the centre included.
func (g *Gateway) serveTestAlarm(w http.ResponseWriter, r *http.Request) {
	dwelling := r.PathValue("dwelling")
	if !g.watches(dwelling) {
		http.Error(w, fmt.Sprintf("dwelling %q is not in the configuration", dwelling), http.StatusNotFound)
		return
	}
	now := time.Now()
	answer := TestAlarm{At: now}
	if earlier := g.drillAt(r.Context(), dwelling, now); !earlier.IsZero() {
		answer.Joins, answer.Within = earlier, g.policies.of(dwelling).Help.SamePress
	}
	payload, err := json.Marshal(ucare.Reading{
		At: now, Dwelling: dwelling, Sensor: ucare.TestAlarm, Kind: ucare.HelpButton, State: ucare.Active, Drill: true,
	})
	if err == nil {
		err = g.inbox.Commit(r.Context(), sensors.Message{
			At: now, Source: "gateway", Topic: "ucare/" + dwelling + "/" + ucare.TestAlarm, Payload: payload, QoS: 1,
		})
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("the test alarm could not be stored: %v", err), http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusAccepted, answer)
}

// drillAt is when the drill was raised that a test alarm of now repeats: the rules
// take presses that follow one another so closely for one.
func (g *Gateway) drillAt(ctx context.Context, dwelling string, now time.Time) (raised time.Time) {
	alarms, err := g.journal.Alarms(ctx, dwelling, now.Add(-g.policies.of(dwelling).Help.SamePress), now)
	if err != nil {
		return time.Time{} // the press itself tells of a disk that refuses
	}
	for _, a := range alarms {
		asked := func(e ucare.Evidence) bool { return e.Sensor == ucare.TestAlarm }
		if a.Drill && now.Sub(a.RaisedAt) < g.policies.of(dwelling).Help.SamePress && slices.ContainsFunc(a.Because, asked) && a.RaisedAt.After(raised) {
			raised = a.RaisedAt
		}
	}
	return raised
}

// serveAlarms lists the dwelling's alarms of the last day with their instants.
func (g *Gateway) serveAlarms(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	alarms, err := g.journal.Alarms(r.Context(), r.PathValue("dwelling"), now.Add(-recentAlarms), now.Add(time.Hour))
	if err != nil {
		http.Error(w, fmt.Sprintf("read the alarms: %v", err), http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, alarms)
}

func (g *Gateway) watches(dwelling string) bool {
	return slices.ContainsFunc(g.dwellings, func(d ucare.Dwelling) bool { return d.ID == dwelling })
}
