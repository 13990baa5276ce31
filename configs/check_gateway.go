package configs

import (
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// gateway checks a whole ucare.yaml.
func (c *checker) gateway(g *Gateway) {
	listeners := seen{}
	c.box(&g.Box, listeners)
	homes := c.dwellings(g.Dwellings)
	c.sensors(&g.Sensors, g.Box.ID, homes, listeners)
	c.allRules(g)
	c.emergency(&g.Emergency)
	c.caregiver(&g.Caregiver, homes, listeners)
}

func (c *checker) box(b *Box, listeners seen) {
	c.id(seen{}, "gateway.id", b.ID)
	c.dataDir("gateway.data", &b.Data)
	c.listen(listeners, "gateway.listen", b.Listen)
	c.oneOf("gateway.language", b.Language, "ko", "en")
	c.between("gateway.journal.keep", b.Journal.Keep, day, 400*day)
	c.size("gateway.journal.ballast", b.Journal.Ballast, 1<<20, 1<<30)
	c.history(&b.History)
}

// dwellings checks the homes and returns their ids.
func (c *checker) dwellings(dwellings []Dwelling) seen {
	if len(dwellings) == 0 {
		c.add("dwellings", "", "is missing: write at least one home, with id, account, address and rooms")
	}
	ids, accounts, topics, speakers := seen{}, seen{}, seen{}, seen{}
	for i := range dwellings {
		d, path := &dwellings[i], at("dwellings", i)
		c.id(ids, path+".id", d.ID)
		c.account(accounts, path+".account", d.Account)
		if strings.TrimSpace(d.Address) == "" {
			c.add(path+".address", "", "is missing: write where help has to go")
		}
		rooms := c.rooms(path, d.Rooms)
		c.bridges(path, dwellings, i)
		c.sensorsOf(path, d.Sensors, rooms, topics)
		c.mappings(path, dwellings, i)
		c.speakers(path, d.Speakers, speakers)
	}
	return ids
}

func (c *checker) rooms(dwelling string, rooms []Room) seen {
	if len(rooms) == 0 {
		c.add(dwelling+".rooms", "", "is missing: write at least one room, such as - {id: living-room, name: 거실}")
	}
	ids := seen{}
	for i, room := range rooms {
		c.id(ids, at(dwelling+".rooms", i)+".id", room.ID)
	}
	return ids
}

func (c *checker) sensorsOf(dwelling string, sensors []Sensor, rooms, topics seen) {
	ids := seen{}
	for i, sensor := range sensors {
		path := at(dwelling+".sensors", i)
		c.id(ids, path+".id", sensor.ID)
		c.known(path+".room", sensor.Room, rooms, "room of this dwelling")
		if sensor.Topic != "" {
			if err := checkTopic(sensor.Topic); err != nil {
				c.add(path+".topic", sensor.Topic, "%v", err)
			}
			c.once(topics, path+".topic", sensor.Topic, "one topic belongs to one sensor")
		}
	}
}

// bridges checks where the ecosystems speak in the home.
func (c *checker) bridges(home string, homes []Dwelling, index int) {
	for _, e := range ecosystems {
		said := e.of(&homes[index])
		if said == nil || said.Off {
			continue
		}
		before := func(other int) string {
			if b := e.of(&homes[other]); b != nil {
				return b.BaseTopic
			}
			return ""
		}
		c.baseTopic(home+"."+e.key+".base_topic", said.BaseTopic, before, index)
	}
}

// baseTopic checks that no message could belong to two homes: before are the
// homes listed before this one.
func (c *checker) baseTopic(path, topic string, of func(home int) string, before int) {
	if topic == "" {
		return
	}
	if err := checkTopic(topic); err != nil {
		c.add(path, topic, "%v", err)
		return
	}
	if trimmed := strings.Trim(topic, "/"); trimmed != topic {
		c.add(path, topic, "begins or ends with /: write %q", trimmed)
	}
	if within(topic, "ucare") {
		c.add(path, topic, "is where sensors speak to us directly: write for example \"zigbee2mqtt\"")
	}
	for other := range before {
		if base := of(other); base != "" && (within(topic, base) || within(base, topic)) {
			c.add(path, topic, "overlaps %q of %s: each home needs a base topic of its own", base, at("dwellings", other))
		}
	}
}

// known checks a reference to something that has its own id.
func (c *checker) known(path, value string, ids seen, what string) {
	if value == "" {
		c.add(path, "", "is missing: write a %s (%s)", what, ids)
	} else if _, ok := ids[value]; !ok {
		c.add(path, value, "is not a %s: there are %s", what, ids)
	}
}

// String lists the values in alphabetical order.
func (s seen) String() string {
	if len(s) == 0 {
		return "none"
	}
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (c *checker) sensors(s *Sensors, gateway string, homes, listeners seen) {
	if s.Client != nil && s.Client.URL == "" && !c.about("sensors.client.url") {
		s.Client = nil // an empty url switches it off
	}
	if s.Broker == nil && s.Client == nil {
		c.add("sensors", "", "hears nothing: give a broker (embedded, for sensors that connect to us) or a client (of the broker you have)")
	}
	if s.Broker != nil {
		c.broker(s.Broker, homes, listeners)
	}
	if s.Client != nil {
		c.client(s.Client, gateway)
	}
}

func (c *checker) broker(b *Broker, homes, listeners seen) {
	const path = "sensors.broker"
	if b.Listen == "" && b.TLS.Listen == "" {
		c.add(path+".listen", "", `is empty and so is tls.listen: write ":1883", or take the broker out`)
	}
	c.optionalListen(listeners, path+".listen", b.Listen)
	c.optionalListen(listeners, path+".tls.listen", b.TLS.Listen)
	c.keyPair(path+".tls.cert_file", path+".tls.key_file", &b.TLS.CertFile, &b.TLS.KeyFile)
	switch {
	case b.TLS.Listen != "" && b.TLS.CertFile == "" && b.TLS.KeyFile == "":
		c.add(path+".tls.cert_file", "", "is missing: TLS needs a certificate and its key")
	case b.TLS.Listen == "" && b.TLS.CertFile != "":
		c.add(path+".tls.listen", "", `is missing: write ":8883"`)
	}
	c.size(path+".max_message", b.MaxMessage, 16<<10, 64<<20)
	if len(b.Devices) == 0 {
		c.add(path+".devices", "", "is missing: nobody may connect without a name and a password; write one entry for each device or bridge")
	}
	ids := seen{}
	for i := range b.Devices {
		c.device(at(path+".devices", i), &b.Devices[i], ids, homes)
	}
	for i := range b.Devices {
		c.clientID(path+".devices", b.Devices, i)
	}
}

// device checks one account. In a gateway with one home it stands there; without
// publish it may use its own topic only.
func (c *checker) device(path string, d *Device, ids, homes seen) {
	c.id(ids, path+".id", d.ID)
	c.password(path, &d.Password)
	if d.Dwelling == "" && len(homes) == 1 {
		d.Dwelling = homes.String()
	}
	if d.Dwelling != "" {
		c.known(path+".dwelling", d.Dwelling, homes, "dwelling")
	}
	switch {
	case len(d.Publish) > 0:
		c.filters(path+".publish", d.Publish)
	case d.Dwelling != "" && d.ID != "":
		d.Publish = []string{"ucare/" + d.Dwelling + "/" + d.ID}
	case len(homes) > 1:
		c.add(path+".publish", "", "is missing: write which topics it may publish to, or which dwelling it stands in")
	}
	c.filters(path+".subscribe", d.Subscribe)
}

func (c *checker) client(m *Client, gateway string) {
	const path = "sensors.client"
	c.url(path+".url", m.URL, mqttSchemes)
	if m.ClientID == "" {
		m.ClientID = "ucare-" + gateway
	}
	if !clientIDForm.MatchString(m.ClientID) {
		c.add(path+".client_id", m.ClientID, "is not a client id: write 1 to 64 letters, digits, dots, dashes and underscores")
	}
	secret := m.Password.File != "" || m.Password.Env != ""
	switch {
	case m.Username != "" || secret:
		c.password(path, &m.Password)
		if m.Username == "" {
			c.add(path+".username", "", "is missing: the password needs its name")
		}
	}
	c.certificates(path+".ca_file", &m.CAFile)
	c.filters(path+".telemetry", m.Telemetry)
}

func (c *checker) filters(path string, filters []string) {
	once := seen{}
	for i, filter := range filters {
		if err := checkFilter(filter); err != nil {
			c.add(at(path, i), filter, "%v", err)
		}
		c.once(once, at(path, i), filter, takeOneOut)
	}
}

// routed are the rules that raise alarms. Supervision tells faults and may be
// routed too.
var routed = []ucare.Rule{ucare.Fire, ucare.Inactivity, ucare.Fall, ucare.Help}

func (c *checker) emergency(e *Emergency) {
	c.between("emergency.heartbeat", e.Heartbeat, 10*time.Second, 10*time.Minute)
	if len(e.Receivers) == 0 {
		c.add("emergency.receivers", "", "is missing: an alarm would reach nobody; write at least one centre")
	}
	receivers := seen{}
	for i := range e.Receivers {
		path := at("emergency.receivers", i)
		c.id(receivers, path+".id", e.Receivers[i].ID)
		c.webhook(path+".webhook", &e.Receivers[i].Webhook)
	}
	c.routes(e.Routes, receivers)
}

func (c *checker) webhook(path string, w *Webhook) {
	c.baseAddress(path+".url", w.URL)
	c.signing(path, &w.Secret)
	c.certificates(path+".ca_file", &w.CAFile)
	c.keyPair(path+".client_cert_file", path+".client_key_file", &w.ClientCertFile, &w.ClientKeyFile)
}

func (c *checker) routes(routes []Route, receivers seen) {
	ids, covered := seen{}, seen{}
	for i, route := range routes {
		path := at("emergency.routes", i)
		c.id(ids, path+".id", route.ID)
		if len(route.Rules) == 0 {
			c.add(path+".rules", "", "is missing: this route covers no rule; write some of %s", ruleNames())
		}
		for j, rule := range route.Rules {
			key := at(path+".rules", j)
			if rule != string(ucare.Supervision) && !slices.Contains(routed, ucare.Rule(rule)) {
				c.add(key, rule, "is not a rule: there are %s and %s", ruleNames(), ucare.Supervision)
				continue
			}
			c.once(covered, key, rule, "a rule has one route")
		}
		c.steps(path+".steps", routes[i].Steps, receivers)
	}
	var left []string
	for _, rule := range routed {
		if _, ok := covered[string(rule)]; !ok {
			left = append(left, string(rule))
		}
	}
	if len(left) > 0 {
		c.add("emergency.routes", "", "cover no %s: such an alarm would reach nobody; add to the rules of a route", strings.Join(left, ", "))
	}
}

func ruleNames() string {
	names := make([]string, len(routed))
	for i, rule := range routed {
		names[i] = string(rule)
	}
	return strings.Join(names, ", ")
}

func (c *checker) steps(path string, steps []Step, receivers seen) {
	if len(steps) == 0 {
		c.add(path, "", "is missing: write at least one step, such as - {receivers: [centre], within: 60s}")
	}
	for i := range steps {
		step, path := &steps[i], at(path, i)
		if len(step.Receivers) == 0 {
			c.add(path+".receivers", "", "is missing: this step tells nobody; there are %s", receivers)
		}
		once := seen{}
		for j, receiver := range step.Receivers {
			c.known(at(path+".receivers", j), receiver, receivers, "receiver")
			c.once(once, at(path+".receivers", j), receiver, takeOneOut)
		}
		if !c.doc.has(path + ".within") {
			step.Within = defaultWithin
		}
		c.between(path+".within", step.Within, 10*time.Second, time.Hour)
	}
}

func (c *checker) caregiver(g *Caregiver, homes, listeners seen) {
	c.optionalListen(listeners, "caregiver.listen", g.Listen)
	if g.Listen != "" && len(g.People) == 0 {
		c.add("caregiver.people", "", "is missing: nobody could sign in to the page; write people, or take listen out")
	}
	ids := seen{}
	for i := range g.People {
		p, path := &g.People[i], at("caregiver.people", i)
		c.id(ids, path+".id", p.ID)
		c.password(path, &p.Password)
		if len(p.Dwellings) == 0 {
			c.add(path+".dwellings", "", "is missing: write which homes they may see (%s)", homes)
		}
		once := seen{}
		for j, home := range p.Dwellings {
			c.known(at(path+".dwellings", j), home, homes, "dwelling")
			c.once(once, at(path+".dwellings", j), home, takeOneOut)
		}
	}
}
