package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
)

// The simulated home of `ucare demo`: Mrs Kim's flat, its rooms, its sensors,
// and an ordinary day in it.

const (
	demoDwelling  = "home"
	demoBaseTopic = "zigbee2mqtt"
	demoSmoke     = "kitchen/smoke"
)

func demoHome() ucare.Dwelling {
	return ucare.Dwelling{
		ID: demoDwelling, Account: "110042",
		Resident: ucare.Resident{Name: "Kim Sun-ja (김순자)", Phone: "+82 2 555 0142"},
		Address:  "101-1204, Haengbok-ro 12, Seodaemun-gu, Seoul",
		Rooms: []ucare.Room{
			{ID: "bedroom"}, {ID: "bathroom"}, {ID: "kitchen"}, {ID: "living_room"}, {ID: "hall"},
		},
	}
}

// seoulTime is now where Mrs Kim lives. The time zones are in the program.
func seoulTime() time.Time {
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		return time.Now()
	}
	return time.Now().In(seoul)
}

// A moment is something that happens at a time of day, as the sensors see it.
type moment struct {
	clock  string // HH:MM
	says   string // for the terminal; empty where it is not worth a line
	sensor string
	room   string
	kind   ucare.Kind
	active bool
}

// ordinaryDay is Mrs Kim's day by the clock.
var ordinaryDay = []moment{
	{"00:40", "", "bed", "bedroom", ucare.Bed, true},
	{"03:12", "up for the bathroom", "bed", "bedroom", ucare.Bed, false},
	{"03:13", "", "bath-motion", "bathroom", ucare.Motion, true},
	{"03:19", "back in bed", "bed", "bedroom", ucare.Bed, true},
	{"06:52", "gets up", "bed", "bedroom", ucare.Bed, false},
	{"06:55", "", "bath-motion", "bathroom", ucare.Motion, true},
	{"07:10", "puts the kettle on", "kettle", "kitchen", ucare.Use, true},
	{"07:12", "", "kitchen-motion", "kitchen", ucare.Motion, true},
	{"07:31", "", "kitchen-motion", "kitchen", ucare.Motion, true},
	{"08:05", "listens to the radio", "living-motion", "living_room", ucare.Motion, true},
	{"08:40", "", "living-motion", "living_room", ucare.Motion, true},
	{"09:30", "goes out to the market", "front-door", "hall", ucare.Door, true},
	{"09:31", "", "front-door", "hall", ucare.Door, false},
	{"11:04", "comes home", "front-door", "hall", ucare.Door, true},
	{"11:05", "", "front-door", "hall", ucare.Door, false},
	{"11:06", "", "hall-motion", "hall", ucare.Motion, true},
	{"11:20", "", "kitchen-motion", "kitchen", ucare.Motion, true},
	{"12:10", "cooks and eats", "kitchen-motion", "kitchen", ucare.Motion, true},
	{"12:48", "", "kitchen-motion", "kitchen", ucare.Motion, true},
	{"13:20", "a nap on the sofa", "sofa", "living_room", ucare.Seat, true},
	{"14:25", "", "sofa", "living_room", ucare.Seat, false},
	{"14:27", "", "bath-motion", "bathroom", ucare.Motion, true},
	{"15:40", "waters the plants", "living-motion", "living_room", ucare.Motion, true},
	{"16:30", "", "living-motion", "living_room", ucare.Motion, true},
	{"18:05", "makes supper", "kitchen-motion", "kitchen", ucare.Motion, true},
	{"18:40", "", "kitchen-motion", "kitchen", ucare.Motion, true},
	{"19:30", "watches the evening drama", "sofa", "living_room", ucare.Seat, true},
	{"21:50", "", "sofa", "living_room", ucare.Seat, false},
	{"21:58", "", "bath-motion", "bathroom", ucare.Motion, true},
	{"22:20", "goes to bed", "bed", "bedroom", ucare.Bed, true},
}

// A step of the simulated day: what the home says on MQTT, and when it is
// supposed to have happened.
type demoStep struct {
	at      time.Time
	says    string
	topic   string
	payload []byte
}

// lastDay is the ordinary day laid over the 24 hours before now, so that it
// ends at this very moment whenever the demo is run.
func lastDay(now time.Time) ([]demoStep, error) {
	var steps []demoStep
	for _, back := range []int{1, 0} {
		midnight := time.Date(now.Year(), now.Month(), now.Day()-back, 0, 0, 0, 0, now.Location())
		for _, m := range ordinaryDay {
			clock, err := time.Parse("15:04", m.clock)
			if err != nil {
				return nil, fmt.Errorf("the simulated day: %w", err)
			}
			at := midnight.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
			if at.Before(now.Add(-24*time.Hour)) || at.After(now.Add(-time.Minute)) {
				continue
			}
			said, err := m.said(at)
			if err != nil {
				return nil, err
			}
			steps = append(steps, said...)
		}
	}
	return steps, nil
}

// clearsAfter is how long after a movement a motion sensor says that it is over.
const clearsAfter = 40 * time.Second

// said is what the moment's sensor says: a motion sensor and a kettle also say
// when it is over.
func (m moment) said(at time.Time) ([]demoStep, error) {
	first, err := m.step(at, m.active)
	if err != nil || m.kind != ucare.Motion && m.kind != ucare.Use {
		return []demoStep{first}, err
	}
	over, err := m.step(at.Add(clearsAfter), false)
	over.says = ""
	return []demoStep{first, over}, err
}

func (m moment) step(at time.Time, active bool) (demoStep, error) {
	payload, err := json.Marshal(ucare.Reading{
		At: at.UTC(), Dwelling: demoDwelling, Sensor: m.sensor, Room: m.room, Kind: m.kind, State: ucare.StateOf(active),
	})
	if err != nil {
		return demoStep{}, fmt.Errorf("write a reading of %s: %w", m.sensor, err)
	}
	return demoStep{at: at, says: m.says, topic: "ucare/" + demoDwelling + "/" + m.sensor, payload: payload}, nil
}

// smokeDetectors is the retained bridge/devices of the home's Zigbee network:
// one smoke detector in the kitchen.
const smokeDetectors = `[{"ieee_address":"0x00124b0024c0ffee","type":"EndDevice","friendly_name":"` + demoSmoke + `",
"supported":true,"disabled":false,"interview_completed":true,"definition":{"model":"HS1SA-E","vendor":"Heiman",
"description":"Smoke detector","exposes":[
{"type":"binary","name":"smoke","property":"smoke","access":1,"value_on":true,"value_off":false},
{"type":"binary","name":"battery_low","property":"battery_low","access":1,"value_on":true,"value_off":false},
{"type":"numeric","name":"battery","property":"battery","access":1,"unit":"%","value_min":0,"value_max":100}]}}]`

// smokeMessage is what Zigbee2MQTT publishes for that detector.
func smokeMessage(smoke bool, now time.Time) []byte {
	return fmt.Appendf(nil, `{"battery":97,"battery_low":false,"last_seen":%q,"linkquality":132,"smoke":%t}`,
		now.UTC().Format("2006-01-02T15:04:05.000Z"), smoke)
}
