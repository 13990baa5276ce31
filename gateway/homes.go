package gateway

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/language"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/voice"
)

// This file hands over to the voice what it tells the homes.

// toldFile lists the topics on which brokers keep something of us.
const toldFile = "told.json"

// statusOf is the topic for which the household's broker has our last will: the
// only home's own; of several homes one for the gateway, which is told beside
// theirs. It is below what a broker's access list already allows us to write and
// the home to read, and is no topic of a dwelling that has our client id for its name.
func statusOf(c *configs.Gateway) (will, beside string) {
	if c.Sensors.Client == nil {
		return "", "" // our own broker: with the gateway it ends itself
	}
	if len(c.Dwellings) == 1 {
		return voice.StatusTopic(c.Dwellings[0].ID), ""
	}
	topic := "ucare/" + c.Sensors.Client.ClientID + "/gateway/connection"
	return topic, topic
}

// homesOf are the dwellings as they are spoken to.
func homesOf(c *configs.Gateway, version string) []voice.Home {
	spoken, _ := language.Parse(c.Box.Language) // the configuration is checked
	texts, rooms, judged := reportTexts(c), c.Homes(), policiesOf(c)
	var out []voice.Home
	for i, d := range topicsOf(c).Dwellings {
		out = append(out, voice.Home{
			Dwelling: d.Dwelling, Several: len(c.Dwellings) > 1, Prefixes: d.HomeAssistant,
			Speakers: speakersOf(c.Dwellings[i]), Siren: configs.LoudRules(),
			Commands: voice.Commands{
				Away:    sensors.CommandTopic(d.Dwelling, "away"),
				Cancel:  sensors.CommandTopic(d.Dwelling, "cancel"),
				Test:    sensors.CommandTopic(d.Dwelling, "test"),
				CheckIn: checkInTopic(judged.of(d.Dwelling), d.Dwelling),
			},
			Language: spoken, Version: version,
			AlarmTexts: func(a ucare.Alarm) map[string]string { return texts(ucare.Raise, a) },
			ConcernText: func(concern ucare.Concern) string {
				concern.Since = concern.Since.In(c.Box.TimeZone.Location)
				return spoken.Concern(concern, time.Time{}, spoken.Rooms(rooms[i]))
			},
		})
	}
	return out
}

// checkInTopic is where the resident checks in; "" where nobody awaits it.
func checkInTopic(p *rules.Policy, dwelling string) string {
	if p.Concern.CheckIn.By == 0 {
		return ""
	}
	return sensors.CommandTopic(dwelling, "checkin")
}

func speakersOf(d configs.Dwelling) []voice.Speaker {
	var out []voice.Speaker
	for _, s := range d.Speakers {
		speaker := voice.Speaker{Topic: s.Topic, PreAlarm: s.PreAlarm, Alarm: s.Alarm, Quiet: s.Quiet}
		for _, rule := range s.Rules {
			speaker.Rules = append(speaker.Rules, ucare.Rule(rule))
		}
		out = append(out, speaker)
	}
	return out
}

// showHomes shows the voice what holds in some dwellings, to be told at once, or in
// all when none is given: that is the regular look, and the tellers have their own.
func (w *watch) showHomes(dwellings ...string) {
	w.voice.Show(statesOf(w.fold, w.cases.open, dwellings))
	if len(dwellings) > 0 {
		w.voice.Wake()
	}
}

// statesOf is what holds in some dwellings, or in all when none is given.
func statesOf(f *fold, open map[string]ucare.Alarm, dwellings []string) map[string]voice.State {
	wanted := func(dwelling string) bool { return len(dwellings) == 0 || slices.Contains(dwellings, dwelling) }
	out := make(map[string]voice.State)
	for id, s := range f.states {
		if !wanted(id) {
			continue
		}
		state := voice.State{Concerns: slices.Clone(s.Concerns.Open), Away: voice.Away{Since: s.Away.Since, Until: s.Away.Until}, LastSign: s.Silence.Last}
		for _, p := range s.Pending() {
			state.PreAlarms = append(state.PreAlarms, voice.PreAlarm{Rule: p.Rule, Room: p.Room, Since: p.Since, Drill: p.Drill})
		}
		out[id] = state
	}
	for _, a := range open {
		if wanted(a.Dwelling) {
			state := out[a.Dwelling]
			state.Alarms = append(state.Alarms, a)
			out[a.Dwelling] = state
		}
	}
	return out
}

// about are the dwellings that decisions are about.
func about(decisions []ucare.Decision) []string {
	var ids []string
	for _, d := range decisions {
		if !slices.Contains(ids, d.Dwelling) {
			ids = append(ids, d.Dwelling)
		}
	}
	return ids
}
