package sensors

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// commands decodes what people in the home say to the gateway itself, with a
// button or a switch of their home automation, on
//
//	ucare/<dwelling>/gateway/set/away    ON or OFF: the resident has gone out
//	ucare/<dwelling>/gateway/set/cancel  PRESS: I am all right
//	ucare/<dwelling>/gateway/set/checkin PRESS: today all is well
//	ucare/<dwelling>/gateway/set/test    PRESS: a drill
//
// The payloads are those of Home Assistant's MQTT switch and button. A command
// becomes a reading, so that it takes the way of every reading. To cancel is a
// sign of life like the use of an appliance: it ends what a sign of life ends,
// and no fire and no call for help. A check-in is one too, and so is to cancel a check-in.
type commands struct{ dwellings map[string]bool }

func newCommands(c Config) *commands {
	all := &commands{dwellings: map[string]bool{}}
	for _, d := range c.Dwellings {
		all.dwellings[d.Dwelling] = true
	}
	return all
}

// Filters implements Listener.
func (c *commands) Filters() []string {
	var filters []string
	for dwelling := range c.dwellings {
		filters = append(filters, CommandTopic(dwelling, "+"))
	}
	return filters
}

// CommandTopic is where the gateway takes a command about a dwelling.
func CommandTopic(dwelling, command string) string {
	return "ucare/" + dwelling + "/gateway/set/" + command
}

// Hear implements Ecosystem.
func (c *commands) Hear(m Message) (Heard, bool) {
	level := strings.Split(m.Topic, "/")
	if len(level) != 5 || level[0] != "ucare" || !c.dwellings[level[1]] || level[2] != "gateway" || level[3] != "set" {
		return Heard{}, false
	}
	if len(m.Payload) == 0 {
		return Heard{}, true // somebody removed a retained message
	}
	dwelling, command, said := level[1], level[4], string(m.Payload)
	fault := ucare.Fault{Code: ucare.FaultNotUnderstood, Subject: m.Topic, Dwelling: dwelling, Since: m.At}
	r, takes := commandReading(command, said)
	switch {
	case takes == "":
		fault.Code, fault.Subject = ucare.FaultUnknownTopic, CommandTopic(dwelling, "…")
		fault.Detail = fmt.Sprintf("there are the commands away, cancel, checkin and test, not %s", Excerpt([]byte(command)))
		return Heard{Faults: []ucare.Fault{fault}}, true
	case r.State == ucare.Unknown:
		fault.Detail = fmt.Sprintf("it takes %s, not %s", takes, Excerpt(m.Payload))
		return Heard{Faults: []ucare.Fault{fault}}, true
	case m.Retained:
		fault.Detail = fmt.Sprintf("%s was retained: nobody knows from when it is, so it was not obeyed; send commands without the retain flag", Excerpt(m.Payload))
		return Heard{Faults: []ucare.Fault{fault}}, true
	}
	r.At, r.Dwelling = m.At, dwelling
	return Heard{Readings: []ucare.Reading{r}, Cleared: []ucare.Fault{fault}}, true
}

// IsCommand reports whether this is no device but what somebody said to the
// gateway: a command of this file or a test alarm. A device that has the name of
// a command reports more than the command does, or something else.
func (s SensorState) IsCommand() bool {
	only := map[string]ucare.Kind{"away": ucare.Away, "cancel": ucare.Use, "checkin": ucare.Use, ucare.TestAlarm: ucare.HelpButton}
	kind, named := only[s.ID]
	return named && s.Model == "" && s.Bridge == "" && s.Battery == nil && s.Room == "" && slices.Equal(s.Kinds, []ucare.Kind{kind})
}

// commandReading is what a command says, and the payloads that it takes; none for
// a command that does not exist.
func commandReading(command, payload string) (r ucare.Reading, takes string) {
	switch command {
	case "away":
		r, takes = ucare.Reading{Sensor: "away", Kind: ucare.Away}, "ON or OFF"
	case "cancel":
		r, takes = ucare.Reading{Sensor: "cancel", Kind: ucare.Use}, "PRESS"
	case "checkin":
		r, takes = ucare.Reading{Sensor: "checkin", Kind: ucare.Use}, "PRESS"
	case "test":
		r, takes = ucare.Reading{Sensor: ucare.TestAlarm, Kind: ucare.HelpButton, Drill: true}, "PRESS"
	}
	switch {
	case takes == "PRESS" && payload == "PRESS", takes == "ON or OFF" && payload == "ON":
		r.State = ucare.Active
	case takes == "ON or OFF" && payload == "OFF":
		r.State = ucare.Inactive
	}
	return r, takes
}
