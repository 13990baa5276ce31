package homeassistant

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Bounds on what is kept of one entity.
const (
	maxTopic        = 1_000 // bytes
	maxNames        = 200   // bytes of a name
	maxAvailability = 4
	maxTypes        = 50 // event types or options
)

// An entity is one announced thing that matters to us: a contact, a measurement,
// a button. Several may belong to one device, which is one sensor of ours.
type entity struct {
	Key       string   `json:"key,omitempty"` // in the announcement of a device
	Component string   `json:"component"`
	Name      string   `json:"name,omitempty"`
	Object    string   `json:"object,omitempty"` // object id
	Unique    string   `json:"unique,omitempty"` // unique id
	Class     string   `json:"class,omitempty"`
	Unit      string   `json:"unit,omitempty"`
	Measures  bool     `json:"measures,omitempty"` // has a state_class
	Aside     bool     `json:"aside,omitempty"`    // a diagnosis, a setting, or not enabled
	Types     []string `json:"types,omitempty"`    // event types, or the options of an enum
	Trigger   string   `json:"trigger,omitempty"`  // type and subtype of a device_automation
	Device    device   `json:"device"`

	Topic     string         `json:"topic"`
	Template  string         `json:"template,omitempty"`
	On        string         `json:"on,omitempty"` // also the payload of a trigger
	Off       string         `json:"off,omitempty"`
	Expire    float64        `json:"expire,omitempty"`    // seconds
	OffDelay  float64        `json:"off_delay,omitempty"` // seconds
	Available []availability `json:"available,omitempty"`
	Mode      string         `json:"mode,omitempty"` // of availability: all, any, latest

	condition
	meaning  meaning   // derived from the above
	compiled *template // nil where there is none
	broken   string    // why the template cannot be used
	sensor   *sensor
}

// A condition is what an entity last said.
type condition struct {
	State     ucare.State `json:"state,omitempty"`
	Old       bool        `json:"old,omitempty"` // it is on, as only a broker's store has told
	Value     *float64    `json:"value,omitempty"`
	Heard     bool        `json:"heard,omitempty"`
	OffAt     time.Time   `json:"off_at,omitzero"`     // when it goes off by itself
	ExpiresAt time.Time   `json:"expires_at,omitzero"` // when its state is too old to hold
	Expired   bool        `json:"expired,omitempty"`
	Bad       string      `json:"bad,omitempty"`   // the value that was not understood
	Fails     string      `json:"fails,omitempty"` // the error of its template
}

// A device is what an entity says of the device it belongs to.
type device struct {
	Key   string `json:"key"` // an identifier or connection, else the topic of the announcement
	Name  string `json:"name,omitempty"`
	Model string `json:"model,omitempty"`
	Area  string `json:"area,omitempty"`
}

// newEntity takes over an announcement. An entity without a meaning for us has
// none here either; an error is about one that would have one.
func newEntity(a announcement, p place, key, topic string) (*entity, error) {
	e := &entity{
		Key: key, Component: a.text("platform"), Name: a.text("name"), Unique: a.text("unique_id"), Class: a.text("device_class"),
		Object: cmp.Or(a.text("object_id"), a.text("default_entity_id"), key, p.object),
		Unit:   a.text("unit_of_measurement"), Measures: a.text("state_class") != "",
		Aside: a.text("entity_category") != "" || a.text("enabled_by_default") == "false",
		Topic: a.text("state_topic"), Template: a.text("value_template"),
		On: a.textOr("payload_on", "ON"), Off: a.textOr("payload_off", "OFF"),
		Expire: a.seconds("expire_after"), OffDelay: a.seconds("off_delay"),
		Device: deviceOf(a, topic), Available: availabilityOf(a), Mode: a.textOr("availability_mode", "latest"),
	}
	switch e.Component {
	case "event":
		e.Types = a.texts("event_types")
	case "sensor":
		e.Types = a.texts("options")
	case "device_automation":
		e.Topic, e.On, e.Off = a.text("topic"), a.text("payload"), ""
		e.Trigger = a.text("type") + " " + a.text("subtype")
	}
	e.meaning = meaningOf(e)
	if e.meaning.how == nothing && e.meaning.unclear == "" {
		return e, nil
	}
	return e, e.check()
}

// check says why an entity that has a meaning cannot be heard.
func (e *entity) check() error {
	switch {
	case e.Topic == "":
		return errors.New("it has no topic to hear it on")
	case len(e.Topic) > maxTopic || len(e.Template) > maxTemplate || len(e.Types) > maxTypes:
		return errors.New("its topic, its template or its list of values is too long")
	case max(len(e.Name), len(e.Object), len(e.Unique), len(e.Class), len(e.Unit), len(e.Mode), len(e.On), len(e.Off), len(e.Trigger)) > maxNames ||
		slices.ContainsFunc(e.Types, func(t string) bool { return len(t) > maxNames }):
		return errors.New("one of its names is too long")
	case strings.Contains(e.Topic, "#") || strings.HasSuffix(e.Topic, "+"):
		return fmt.Errorf("its topic %q is that of other devices as well", e.Topic)
	case !canBeHeard(e.Topic):
		return fmt.Errorf("its topic %q cannot be subscribed to", e.Topic)
	case e.meaning.how == contact && e.On == e.Off:
		return fmt.Errorf("on and off are both %q", e.On)
	default:
		return nil
	}
}

// canBeHeard reports whether a topic can be subscribed to. A broker ends the connection of who asks for one that
// cannot, and with it everything that is heard. Those that begin with $ are the broker's own.
func canBeHeard(topic string) bool {
	return !strings.HasPrefix(topic, "$") && !strings.ContainsRune(topic, 0) &&
		!slices.ContainsFunc(strings.Split(topic, "/"), func(level string) bool { return strings.Contains(level, "+") && level != "+" })
}

// deviceOf reads who the device is: its first identifier, else its first connection.
func deviceOf(a announcement, topic string) device {
	o, is := a["device"].(map[string]any)
	if !is {
		return device{Key: topic, Name: clip(cmp.Or(a.text("name"), a.text("object_id"), a.text("unique_id")))}
	}
	d := announcement(o)
	key := topic
	for _, v := range d.list("connections") {
		if pair, is := v.([]any); is && len(pair) == 2 {
			key = textOf(pair[0]) + " " + textOf(pair[1])
		}
	}
	if ids := d.texts("identifiers"); len(ids) > 0 {
		key = ids[0]
	}
	return device{
		Key: clip(key), Name: clip(d.text("name")), Area: clip(d.text("suggested_area")),
		Model: clip(strings.TrimSpace(d.text("manufacturer") + " " + d.text("model"))),
	}
}

// clip bounds a text that is only shown or compared.
func clip(s string) string {
	if len(s) <= maxNames {
		return s
	}
	return strings.ToValidUTF8(s[:maxNames], "")
}

// learn compiles the templates and derives the meaning.
func (e *entity) learn(compiled compiledTemplates) {
	e.meaning, e.broken = meaningOf(e), ""
	t, err := compiled.of(e.Template)
	if err != nil {
		e.broken = e.templateFails(err)
	}
	e.compiled = t
	for i := range e.Available {
		a := &e.Available[i]
		if a.compiled, err = compiled.of(a.Template); err != nil {
			e.broken = fmt.Sprintf("%s: the template for its availability %s: %v", e.label(), sensors.Excerpt([]byte(a.Template)), err)
		}
	}
}

func (e *entity) templateFails(err error) string {
	return fmt.Sprintf("%s: template %s: %v", e.label(), sensors.Excerpt([]byte(e.Template)), err)
}

// label is what people know the entity by.
func (e *entity) label() string { return cmp.Or(e.Name, e.Object, e.Unique, e.Component) }

// same reports whether what was known of an entity still holds for its new announcement.
func (e *entity) same(as *entity) bool {
	return e.Key == as.Key && e.Topic == as.Topic && e.Template == as.Template && e.On == as.On && e.Off == as.Off &&
		e.meaning.kind == as.meaning.kind && e.meaning.how == as.meaning.how
}
