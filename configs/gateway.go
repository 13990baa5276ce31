package configs

import (
	"time"

	"github.com/ucare-project/ucare"
)

// A Gateway is the content of ucare.yaml: checked, with every default filled
// in, every path absolute and every secret read.
type Gateway struct {
	Box       Box        `yaml:"gateway"`
	Dwellings []Dwelling `yaml:"dwellings"`
	Sensors   Sensors    `yaml:"sensors"`
	Rules     Rules      `yaml:"rules"`
	Emergency Emergency  `yaml:"emergency"`
	Caregiver Caregiver  `yaml:"caregiver"`
}

// A Box is the gateway itself: its name, where it keeps its data, where it
// tells how it is.
type Box struct {
	ID string `yaml:"id"`
	// Data is the directory of the journal and the history.
	Data string `yaml:"data"`
	// Listen is where health and metrics are served, "host:port".
	Listen   string   `yaml:"listen"`
	Language string   `yaml:"language"` // "ko" or "en"
	TimeZone TimeZone `yaml:"time_zone"`
	Journal  Journal  `yaml:"journal"`
	History  History  `yaml:"history"`
}

// A Journal sets how long received messages are kept and how much disk is held
// back for the day the disk is full.
type Journal struct {
	Keep    time.Duration `yaml:"keep"`
	Ballast ByteSize      `yaml:"ballast"`
}

// A History sets where readings are remembered, and how long: the readings themselves
// for Keep, what their hours and days came to for KeepHours.
type History struct {
	Store     string        `yaml:"store"` // Embedded or InfluxDB
	Keep      time.Duration `yaml:"keep"`
	KeepHours time.Duration `yaml:"keep_hours"`
	// Influx is the server; nil without one. It is used when Store says so.
	Influx *Influx `yaml:"influxdb,omitempty"`
}

// The stores of a History.
const (
	Embedded = "embedded"
	InfluxDB = "influxdb"
)

// Influx is an InfluxDB 2.x, or a 1.8 with Flux: then Org is empty and the buckets
// are "database/retention policy".
type Influx struct {
	URL         string `yaml:"url"`
	Org         string `yaml:"org,omitempty"`
	Bucket      string `yaml:"bucket"`       // of the readings
	HoursBucket string `yaml:"hours_bucket"` // of the hours and days
	Token       Token  `yaml:",inline"`
	CAFile      string `yaml:"ca_file,omitempty"`
}

// A Dwelling is one supervised home.
type Dwelling struct {
	ID       string   `yaml:"id"`
	Account  string   `yaml:"account"`
	Address  string   `yaml:"address"`
	Resident Resident `yaml:"resident,omitempty"`
	Rooms    []Room   `yaml:"rooms"`
	// Where the ecosystems speak. Of a gateway's only home each one is listened to
	// at its usual place when nothing is said.
	Zigbee2MQTT   *Bridge  `yaml:"zigbee2mqtt,omitempty"`
	HomeAssistant *Bridge  `yaml:"homeassistant,omitempty"`
	ZWaveJS       *Bridge  `yaml:"zwavejs,omitempty"`
	Shelly        *Bridge  `yaml:"shelly,omitempty"`
	Tasmota       *Bridge  `yaml:"tasmota,omitempty"`
	Sensors       []Sensor `yaml:"sensors,omitempty"`
	// Mappings say what everything else means.
	Mappings []Mapping `yaml:"mappings,omitempty"`
	// Speakers are the sirens, speakers and lamps that sound in the home.
	Speakers []Speaker `yaml:"speakers,omitempty"`
	// Rules are those of this home: what it does not say is as for all homes. Nil: all
	// of it is.
	Rules *Rules `yaml:"rules,omitempty"`
}

// Homes are the dwellings in the words of package ucare.
func (g *Gateway) Homes() []ucare.Dwelling {
	var out []ucare.Dwelling
	for _, d := range g.Dwellings {
		rooms := make([]ucare.Room, 0, len(d.Rooms))
		for _, r := range d.Rooms {
			rooms = append(rooms, ucare.Room{ID: r.ID, Name: r.Name})
		}
		out = append(out, ucare.Dwelling{
			ID: d.ID, Account: d.Account, Address: d.Address, Rooms: rooms,
			Resident: ucare.Resident{Name: d.Resident.Name, Phone: d.Resident.Phone},
		})
	}
	return out
}

// HomesByID are the Homes by their ID.
func (g *Gateway) HomesByID() map[string]ucare.Dwelling {
	homes := make(map[string]ucare.Dwelling)
	for _, d := range g.Homes() {
		homes[d.ID] = d
	}
	return homes
}

// A Resident is the person who lives there.
type Resident struct {
	Name  string `yaml:"name,omitempty"`
	Phone string `yaml:"phone,omitempty"`
}

// A Room is where a sensor is.
type Room struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name,omitempty"`
}

// A Bridge says where an ecosystem speaks: below which base topic, or, for
// Home Assistant's discovery, with which prefix. Shelly and Tasmota devices need
// none. Off switches off what would be listened to by itself.
type Bridge struct {
	BaseTopic string `yaml:"base_topic,omitempty"`
	Off       bool   `yaml:"off,omitempty"`
}

// A Sensor is one device of a dwelling. Topic is empty where the device says
// itself who it is (ucare/<dwelling>/<sensor>).
type Sensor struct {
	ID    string `yaml:"id"`
	Room  string `yaml:"room"`
	Topic string `yaml:"topic,omitempty"`
}

// Sensors says how MQTT is heard: as the broker, as a client of the
// household's broker, or both. Nil means not that way; one of them is set.
type Sensors struct {
	Broker *Broker `yaml:"broker,omitempty"`
	Client *Client `yaml:"client,omitempty"`
}

// A Broker is the embedded MQTT broker. An empty Listen means TLS only.
type Broker struct {
	Listen     string    `yaml:"listen"`
	TLS        TLSListen `yaml:"tls,omitempty"`
	MaxMessage ByteSize  `yaml:"max_message"`
	Devices    []Device  `yaml:"devices"`
}

// TLSListen is a listener with a certificate. An empty Listen means none.
type TLSListen struct {
	Listen   string `yaml:"listen,omitempty"`
	CertFile string `yaml:"cert_file,omitempty"`
	KeyFile  string `yaml:"key_file,omitempty"`
}

// A Device is one account of the embedded broker: its user name, its password
// and the topic filters it may publish and subscribe to. Dwelling is the home it
// stands in; it is empty for a bridge that serves several. ClientID is for a
// client id that cannot be set in the device: the id, or its beginning and a *.
type Device struct {
	ID        string   `yaml:"id"`
	Password  Password `yaml:",inline"`
	ClientID  string   `yaml:"client_id,omitempty"`
	Dwelling  string   `yaml:"dwelling,omitempty"`
	Publish   []string `yaml:"publish,omitempty"`
	Subscribe []string `yaml:"subscribe,omitempty"`
}

// A Client is the connection to a broker that the household already runs.
type Client struct {
	URL      string   `yaml:"url"`
	ClientID string   `yaml:"client_id"`
	Username string   `yaml:"username,omitempty"`
	Password Password `yaml:",inline"`
	CAFile   string   `yaml:"ca_file,omitempty"`
	// Telemetry are the filters of chatty topics that carry no alarm: heard
	// with QoS 0 in a session of their own, so that they never fill the queue
	// an alarm waits in.
	Telemetry []string `yaml:"telemetry,omitempty"`
}

// Rules are the settings of what decides.
type Rules struct {
	Fire       Fire       `yaml:"fire"`
	Help       Help       `yaml:"help"`
	Fall       Fall       `yaml:"fall"`
	Inactivity Inactivity `yaml:"inactivity"`
	Away       Away       `yaml:"away"`
	Concerns   Concerns   `yaml:"concerns"`
}

// Fire: an alarm is restored when its detector has been clear for HoldOff. The
// temperature of the sensors in NotRooms raises no alarm.
type Fire struct {
	HoldOff  time.Duration `yaml:"hold_off"`
	NotRooms []string      `yaml:"not_rooms,omitempty"`
}

// Help: presses within RepeatWithin of the last one are the same call.
type Help struct {
	RepeatWithin time.Duration `yaml:"repeat_within"`
}

// Fall: after a device's verdict somebody has to lie for Confirm before the resident
// is asked, and has PreAlarm to answer. Inferred is when a visit to the bathroom or the
// hall is so long that somebody may have fallen there; 0 switches that off.
type Fall struct {
	Confirm          time.Duration `yaml:"confirm"`
	PreAlarm         time.Duration `yaml:"prealarm"`
	Inferred         time.Duration `yaml:"inferred"`
	InferredPreAlarm time.Duration `yaml:"inferred_prealarm"`
}

// Inactivity: silence of Caution concerns the caregivers; of After, not counting the
// night, begins a pre-alarm, and of AtMost, night included, too. From AtLeast on one
// that is not usual for the resident does; 0: what is usual only explains. After
// PreAlarm without a sign of life the alarm is raised.
type Inactivity struct {
	Caution  time.Duration `yaml:"caution"`
	After    time.Duration `yaml:"after"`
	AtLeast  time.Duration `yaml:"at_least"`
	AtMost   time.Duration `yaml:"at_most"`
	Night    ClockWindow   `yaml:"night"`
	PreAlarm time.Duration `yaml:"prealarm"`
	Out      Out           `yaml:"out"`
}

// Out is how long the resident may be out by the front door.
type Out struct {
	Caution time.Duration `yaml:"caution"`
	After   time.Duration `yaml:"after"`
}

// Concerns are what caregivers are told and no centre is.
type Concerns struct {
	MostADay int      `yaml:"most_a_day"`
	CheckIn  CheckIn  `yaml:"check_in"`
	NightOut NightOut `yaml:"night_out"`
	Climate  Climate  `yaml:"climate"`
	Leak     Leak     `yaml:"water_leak"`
}

// CheckIn: by an hour of the day the resident says that all is well, with the button of
// the home automation or one of the Sensors. No hour switches it off.
type CheckIn struct {
	By      ClockTime `yaml:"by"`
	Sensors []string  `yaml:"sensors,omitempty"`
}

// NightOut: who left home in that time is awaited for Within; 0 switches it off.
type NightOut struct {
	Within  time.Duration `yaml:"within"`
	Between ClockWindow   `yaml:"between"`
}

// Climate: a room that is colder or hotter for so long.
type Climate struct {
	Off   bool          `yaml:"off"`
	Cold  Number        `yaml:"cold"` // °C
	Hot   Number        `yaml:"hot"`  // °C
	Lasts time.Duration `yaml:"lasts"`
}

// Leak: water is over when its sensors have been dry for DryFor.
type Leak struct {
	Off    bool          `yaml:"off"`
	DryFor time.Duration `yaml:"dry_for"`
}

// Emergency says who receives alarms, in which order and how fast.
type Emergency struct {
	Receivers []Receiver    `yaml:"receivers"`
	Routes    []Route       `yaml:"routes"`
	Heartbeat time.Duration `yaml:"heartbeat"`
}

// A Receiver is a centre.
type Receiver struct {
	ID      string  `yaml:"id"`
	Webhook Webhook `yaml:"webhook"`
}

// A Webhook is the way to a centre. CAFile replaces the system's certificate
// authorities; the client certificate is for centres that want one.
type Webhook struct {
	URL            string        `yaml:"url"`
	Secret         SigningSecret `yaml:",inline"`
	CAFile         string        `yaml:"ca_file,omitempty"`
	ClientCertFile string        `yaml:"client_cert_file,omitempty"`
	ClientKeyFile  string        `yaml:"client_key_file,omitempty"`
}

// A Route is the order in which the receivers of some rules are told. After
// the last step it starts over, until somebody acknowledges.
type Route struct {
	ID    string   `yaml:"id"`
	Rules []string `yaml:"rules"`
	Steps []Step   `yaml:"steps"`
}

// A Step tells its receivers, and gives them Within to acknowledge.
type Step struct {
	Receivers []string      `yaml:"receivers"`
	Within    time.Duration `yaml:"within"`
}

// Caregiver is the page for the people who care. An empty Listen means none.
type Caregiver struct {
	Listen string   `yaml:"listen"`
	People []Person `yaml:"people,omitempty"`
}

// A Person may see the days of some dwellings.
type Person struct {
	ID        string   `yaml:"id"`
	Password  Password `yaml:",inline"`
	Dwellings []string `yaml:"dwellings"`
}

// What holds when the file is silent. The thresholds are those of fielded
// services: 8 to 12 h of silence, a pre-alarm of 1 to 10 minutes.
func defaultGateway() *Gateway {
	return &Gateway{
		Box: Box{
			Data:     "/var/lib/ucare",
			Listen:   "127.0.0.1:9464",
			Language: "ko",
			TimeZone: seoul(),
			Journal:  Journal{Keep: 35 * day, Ballast: 16 << 20},
			History:  History{Store: Embedded, Keep: 90 * day, KeepHours: 730 * day},
		},
		Rules: Rules{
			Fire: Fire{HoldOff: 60 * time.Second},
			Help: Help{RepeatWithin: 10 * time.Second},
			Fall: Fall{PreAlarm: time.Minute, Inferred: 90 * time.Minute, InferredPreAlarm: 5 * time.Minute},
			Inactivity: Inactivity{
				Caution:  8 * time.Hour,
				After:    12 * time.Hour,
				AtLeast:  4 * time.Hour,
				AtMost:   16 * time.Hour,
				Night:    ClockWindow{From: 22 * time.Hour, To: 7 * time.Hour},
				PreAlarm: 5 * time.Minute,
				Out:      Out{Caution: 16 * time.Hour, After: 24 * time.Hour},
			},
			Away: Away{AtMost: 72 * time.Hour},
			Concerns: Concerns{
				MostADay: 6,
				NightOut: NightOut{Between: ClockWindow{From: 23 * time.Hour, To: 4 * time.Hour}},
				Climate:  Climate{Cold: 16, Hot: 32, Lasts: 2 * time.Hour},
				Leak:     Leak{DryFor: 10 * time.Minute},
			},
		},
		Emergency: Emergency{Heartbeat: 60 * time.Second},
	}
}

const (
	day            = 24 * time.Hour
	defaultWithin  = 60 * time.Second
	defaultMessage = 2 << 20 // the retained bridge/devices of a large Zigbee network fits
	// The profile of a resident is learned from 28 days.
	leastHistory = 28 * day
	mostHistory  = 3660 * day
)
