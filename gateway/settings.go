package gateway

import (
	"path/filepath"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/language"
	"github.com/ucare-project/ucare/sensors"
)

// This file turns the configuration into what each part asks for.

func topicsOf(c *configs.Gateway) sensors.Config {
	var out sensors.Config
	for i, d := range c.Homes() {
		topics := sensors.DwellingTopics{Dwelling: d.ID, Rooms: d.Rooms}
		for _, s := range c.Dwellings[i].Sensors {
			topics.Sensors = append(topics.Sensors, ucare.Sensor{ID: s.ID, Room: s.Room, Topic: s.Topic})
		}
		listenTo(&topics, c.Bases(i))
		out.Dwellings = append(out.Dwellings, topics)
		out.Quiet = append(out.Quiet, "ucare/"+d.ID+"/gateway/#")
		for _, s := range c.Dwellings[i].Speakers {
			out.Quiet = append(out.Quiet, s.Topic)
		}
		for _, prefix := range topics.HomeAssistant {
			out.Quiet = append(out.Quiet, prefix+"/status")
		}
	}
	if _, status := statusOf(c); status != "" {
		out.Quiet = append(out.Quiet, status)
	}
	return out
}

// listenTo writes down where the ecosystems speak in a home.
func listenTo(home *sensors.DwellingTopics, bases []configs.Base) {
	of := map[string]*[]string{
		"zigbee2mqtt": &home.Zigbee2MQTT, "homeassistant": &home.HomeAssistant, "zwavejs": &home.ZWaveJS,
		"shelly": &home.Shelly, "tasmota": &home.Tasmota,
	}
	for _, b := range bases {
		*of[b.Ecosystem] = append(*of[b.Ecosystem], b.Topic)
		if b.Assumed {
			home.Assumed = append(home.Assumed, b.Topic)
		}
	}
}

func routesOf(c *configs.Gateway) *emergency.Policy {
	p := &emergency.Policy{SentBy: c.Box.ID, Dwellings: c.HomesByID(), Texts: reportTexts(c)}
	for _, r := range c.Emergency.Routes {
		route := emergency.Route{ID: r.ID}
		for _, rule := range r.Rules {
			route.Rules = append(route.Rules, ucare.Rule(rule))
		}
		for _, s := range r.Steps {
			route.Steps = append(route.Steps, emergency.Step{Receivers: s.Receivers, Deadline: s.Within})
		}
		p.Routes = append(p.Routes, route)
	}
	return p
}

// reportTexts says in every language what happened, by the clock of the home and
// with the names that the household gives its rooms.
func reportTexts(c *configs.Gateway) func(ucare.Verb, ucare.Alarm) map[string]string {
	homes := c.HomesByID()
	return func(verb ucare.Verb, a ucare.Alarm) map[string]string {
		a.Onset = a.Onset.In(c.Box.TimeZone.Location)
		texts := make(map[string]string)
		for _, l := range language.All() {
			texts[l.Tag()] = l.Verb(verb) + ": " + l.Alarm(a, l.Rooms(homes[a.Dwelling]))
		}
		return texts
	}
}

func (g *Gateway) path(name string) string { return filepath.Join(g.dataDir, name) }
