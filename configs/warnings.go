package configs

import (
	"fmt"
	"net/url"
	"slices"
)

// Warnings are sentences about what is legal in this configuration but unwise.
func (g *Gateway) Warnings() []string {
	var w warnings
	if listensWide(g.Box.Listen) {
		w.say("gateway.listen: %s shows health and metrics to other machines", g.Box.Listen)
	}
	w.history(g.Box.History)
	w.sensorTopics(g.Dwellings)
	w.mappings(g.Dwellings)
	if b := g.Sensors.Broker; b != nil {
		w.devices(b.Devices, g.Dwellings)
		if g.Sensors.Client == nil { // or Zigbee2MQTT may be at the household's broker
			w.bridges(b.Devices, g.Dwellings)
		}
	}
	if m := g.Sensors.Client; m != nil {
		w.plain("sensors.client.url", m.URL, mqttSchemes)
		if m.Username == "" {
			w.say("sensors.client: no username; whoever reaches that broker can take over our session and its queue")
		}
	}
	told := map[string]bool{}
	for _, route := range g.Emergency.Routes {
		for _, step := range route.Steps {
			for _, receiver := range step.Receivers {
				told[receiver] = true
			}
		}
	}
	for i, receiver := range g.Emergency.Receivers {
		w.plain(at("emergency.receivers", i)+".webhook.url", receiver.Webhook.URL, webSchemes)
		if !told[receiver.ID] {
			w.say("emergency.receivers[%d]: %s is in no route and hears of no alarm", i, receiver.ID)
		}
	}
	if g.Caregiver.Listen != "" && listensWide(g.Caregiver.Listen) {
		w.say("caregiver.listen: %s is not encrypted and can be reached from other machines; put a proxy with TLS in front", g.Caregiver.Listen)
	}
	return w
}

// Warnings are sentences about what is legal in this configuration but unwise.
func (c *Center) Warnings() []string {
	var w warnings
	if c.TLS.CertFile == "" && listensWide(c.Listen) {
		w.say("listen: %s is not encrypted and can be reached from other machines; give tls a certificate or put a proxy with TLS in front", c.Listen)
	}
	return w
}

type warnings []string

func (w *warnings) say(format string, args ...any) {
	*w = append(*w, fmt.Sprintf(format, args...))
}

// plain warns of an address in the own network that is not encrypted.
func (w *warnings) plain(key, address string, s schemes) {
	u, err := url.Parse(address)
	if err == nil && slices.Contains(s.plain, u.Scheme) && hostPlace(u.Hostname()) == thisNetwork {
		w.say("%s: %s is not encrypted; whoever is in the same network can read it", key, address)
	}
}
