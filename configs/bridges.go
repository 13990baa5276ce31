package configs

// The ecosystems that a home may have, and where they usually speak.
var ecosystems = []struct {
	key, usual string
	needsBase  bool // without a base topic it is not listened to
	of         func(*Dwelling) *Bridge
}{
	{"zigbee2mqtt", "zigbee2mqtt", true, func(d *Dwelling) *Bridge { return d.Zigbee2MQTT }},
	{"homeassistant", "homeassistant", true, func(d *Dwelling) *Bridge { return d.HomeAssistant }},
	{"zwavejs", "zwave", true, func(d *Dwelling) *Bridge { return d.ZWaveJS }},
	{"shelly", "", false, func(d *Dwelling) *Bridge { return d.Shelly }},
	{"tasmota", "", false, func(d *Dwelling) *Bridge { return d.Tasmota }},
}

// A Base is one place where an ecosystem speaks in a home.
type Base struct {
	Ecosystem string // "zigbee2mqtt", "homeassistant", "zwavejs", "shelly", "tasmota"
	Topic     string // base topic or prefix; "" where the ecosystem needs none
	// Assumed: the file says nothing, and this is the only home.
	Assumed bool
}

// Bases are where the ecosystems speak in the home with that index.
func (g *Gateway) Bases(home int) []Base { return bases(g.Dwellings, home) }

func bases(homes []Dwelling, home int) []Base {
	var all []Base
	for _, e := range ecosystems {
		said := e.of(&homes[home])
		switch {
		case said == nil && len(homes) == 1:
			all = append(all, Base{Ecosystem: e.key, Topic: e.usual, Assumed: true})
		case said == nil, said.Off, said.BaseTopic == "" && e.needsBase:
		default:
			all = append(all, Base{Ecosystem: e.key, Topic: said.BaseTopic})
		}
	}
	return all
}
