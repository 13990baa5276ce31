package caregiver

import (
	"cmp"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

type apiSensors struct {
	Dwelling string      `json:"dwelling"`
	Sensors  []apiSensor `json:"sensors"`
	// Problem says why the sensors have no days, or not all.
	Problem string `json:"problem,omitempty"`
}

// apiSensor is what is known of a sensor now, and how it was heard in the last days. What is
// not known is not there.
type apiSensor struct {
	Sensor         string           `json:"sensor"`
	Room           string           `json:"room,omitempty"`
	Model          string           `json:"model,omitempty"`
	Kinds          []ucare.Kind     `json:"kinds,omitempty"`
	LastHeard      time.Time        `json:"last_heard,omitzero"`
	Reachable      *bool            `json:"reachable,omitempty"`
	BatteryLow     *bool            `json:"battery_low,omitempty"`
	BatteryPercent *float64         `json:"battery_percent,omitempty"`
	Supervised     ucare.Supervised `json:"supervised,omitempty"`
	FalseAlarms    int              `json:"false_alarms,omitempty"`
	Days           []sensorDay      `json:"days,omitempty"`
}

// sensorDay is how the sensor was heard on a day.
type sensorDay struct {
	Date        string         `json:"date"`
	Readings    int            `json:"readings"`
	Gap         *activity.Span `json:"longest_gap,omitempty"`
	Unreachable int            `json:"unreachable_seconds,omitempty"`
}

// apiSensors tells of the sensors that are known now, and of those that were heard in the
// last seven days.
func (s *site) apiSensors(v visit, sc scope) {
	s.Looked(v.person.ID, sc.dwelling.ID, "sensors", v.now)
	answer := apiSensors{Dwelling: sc.dwelling.ID, Sensors: []apiSensor{}}
	for _, now := range s.Watch.Now(sc.dwelling.ID).Sensors {
		answer.Sensors = append(answer.Sensors, apiSensor{
			Sensor: now.Sensor, Room: now.Room, Model: now.Model, Kinds: now.Kinds, LastHeard: now.LastHeard,
			Reachable: known(now.Reachable), BatteryLow: known(now.Battery), BatteryPercent: now.BatteryPercent,
			Supervised: now.Supervised, FalseAlarms: now.FalseAlarms,
		})
	}
	today := v.now.In(s.Location).Format(dateForm)
	days, problem := s.readDays(v, sc, daysBefore(today, withoutDates-1), today)
	answer.Problem = problem
	for _, d := range days {
		for _, heard := range d.Sensors {
			answer.of(heard).add(d.Date, heard)
		}
	}
	slices.SortFunc(answer.Sensors, func(a, b apiSensor) int { return cmp.Compare(a.Sensor, b.Sensor) })
	v.answer(answer)
}

// of finds the sensor of a day among those known now, or adds it.
func (a *apiSensors) of(heard activity.SensorDay) *apiSensor {
	i := slices.IndexFunc(a.Sensors, func(s apiSensor) bool { return s.Sensor == heard.Sensor })
	if i < 0 {
		i = len(a.Sensors)
		a.Sensors = append(a.Sensors, apiSensor{Sensor: heard.Sensor, Room: heard.Room, Kinds: heard.Kinds})
	}
	return &a.Sensors[i]
}

func (s *apiSensor) add(date string, heard activity.SensorDay) {
	s.LastHeard = ucare.Later(s.LastHeard, heard.LastHeard)
	s.Days = append(s.Days, sensorDay{date, heard.Readings, heard.Gap, heard.Unreachable})
}

// known is a state as a boolean, nil where nobody knows.
func known(s ucare.State) *bool {
	if s == ucare.Unknown {
		return nil
	}
	return new(s == ucare.Active)
}
