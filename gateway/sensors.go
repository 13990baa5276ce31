package gateway

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/caregiver"
	"github.com/ucare-project/ucare/sensors"
)

// SensorList is what GET /sensors says on the local listener: every sensor that
// was found or is configured.
type SensorList struct {
	At       time.Time      `json:"at"`
	Language string         `json:"language"` // the gateway's
	Sensors  []ListedSensor `json:"sensors"`
}

// A ListedSensor is a sensor, and whether it is supervised.
type ListedSensor struct {
	sensors.SensorState
	RoomName     string           `json:"room_name,omitempty"` // as the household names it; empty: a usual room
	MustBeTested bool             `json:"must_be_tested,omitempty"`
	Supervised   ucare.Supervised `json:"supervised"`
	Faults       []ucare.Fault    `json:"faults,omitempty"`       // those of the sensor itself
	FalseAlarms  int              `json:"false_alarms,omitempty"` // how often it raised one for nothing
}

// serveSensors lists the sensors of one dwelling (?dwelling=) or of all.
func (g *Gateway) serveSensors(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query().Get("dwelling")
	if asked != "" && !g.watches(asked) {
		http.Error(w, "dwelling \""+asked+"\" is not in the configuration", http.StatusNotFound)
		return
	}
	list := SensorList{At: time.Now(), Language: g.language, Sensors: []ListedSensor{}}
	for _, d := range g.dwellings {
		if asked == "" || asked == d.ID {
			list.Sensors = append(list.Sensors, g.board.sensors(d)...)
		}
	}
	writeJSON(w, http.StatusOK, list)
}

// sensors lists the sensors of a dwelling.
func (b *board) sensors(d ucare.Dwelling) []ListedSensor {
	standing := b.faults.Standing(d.ID)
	var all []ListedSensor
	last := b.last(d.ID)
	for _, s := range last.sensors {
		listed := ListedSensor{
			SensorState: s, MustBeTested: s.MustBeTested(), Supervised: s.Supervised(standing), FalseAlarms: last.falseAlarms(s.ID),
		}
		for _, room := range d.Rooms {
			if room.ID == s.Room {
				listed.RoomName = room.Name
			}
		}
		for _, f := range standing {
			if f.Dwelling == d.ID && f.Subject == s.ID {
				listed.Faults = append(listed.Faults, f)
			}
		}
		all = append(all, listed)
	}
	return all
}

// sensorForPage is a sensor as the caregivers' page shows it.
func sensorForPage(s sensors.SensorState, standing []ucare.Fault) caregiver.SensorState {
	out := caregiver.SensorState{
		Sensor: s.ID, Room: s.Room, Kinds: s.Kinds, Model: s.Model, LastHeard: s.LastHeard,
		Battery: s.Last[ucare.Battery].State, BatteryPercent: s.Battery, Reachable: s.Last[ucare.Link].State,
		MustBeTested: s.MustBeTested(), Tested: s.Tested, Supervised: s.Supervised(standing),
	}
	for _, kind := range slices.SortedFunc(maps.Keys(s.Last), cmp.Compare) {
		r := s.Last[kind]
		out.Says = append(out.Says, caregiver.Saying{Kind: kind, At: r.At, State: r.State, Value: r.Value, Unit: r.Unit})
	}
	return out
}
