// Package sensors turns what devices say on MQTT into readings.
//
// A [Message] comes in from one of two packages: sensors/broker is the broker
// itself, sensors/client is a client of the broker the household already has.
// Both hand every message to an [Inbox] and acknowledge it only when the inbox
// has it on disk. Later, and away from the network, a [Decoder] asks each
// [Ecosystem] it knows whose message that was and what it says: readings, and
// faults where it says something that is not understood. Decoding is pure: no
// clock and no I/O, so that decoding the journal again gives the same readings.
//
// Decoding never guesses. A value that its table does not have is unknown, and
// unknown is a visible fault, never "safe".
package sensors

import (
	"context"
	"time"

	"github.com/ucare-project/ucare"
)

// A Message is one MQTT message as it was received.
type Message struct {
	At      time.Time // the gateway's wall clock when it came in
	Source  string    // which way it came: "broker:<client id>", "client:<broker url>"
	Topic   string
	Payload []byte
	QoS     byte
	// Retained marks a message that a broker delivered from its store: old news.
	// A live publish with the retain flag set is not Retained.
	Retained bool
	// Duplicate is the sender's remark that it may have sent this before. It
	// proves nothing either way.
	Duplicate bool
}

// An Inbox takes a message durably. When Commit returns nil the message is on
// disk and may be acknowledged; otherwise it must not be.
type Inbox interface {
	Commit(ctx context.Context, m Message) error
}

// Heard is what one message said.
type Heard struct {
	Readings []ucare.Reading
	// Repeated is what a report says again because it always says everything: a
	// status every five minutes, all attributes when one of them changed. The Decoder
	// makes a reading only of what the sensor has not said before, and of each "on"
	// of a detector (see repeated.go).
	Repeated []ucare.Reading
	Faults   []ucare.Fault // conditions that hold now, each time they are seen
	Cleared  []ucare.Fault // conditions that ended, by Fault.Key
	Seen     []Seen        // the devices that it spoke of
	// Relisten: what the ecosystem wants to hear (Listener) has changed.
	Relisten bool
}

// Seen is what a message tells about a device besides its readings.
type Seen struct {
	Dwelling, Sensor, Room, Model string
	// Bridge is what the device speaks through and shares with others, such as
	// the base topic of a Zigbee2MQTT; "" when it speaks for itself.
	Bridge  string
	Kinds   []ucare.Kind // what the device can report, where that is known
	Heard   time.Time    // when the device itself spoke; zero when it was only listed
	Battery *float64     // percent
	Gone    bool         // no longer one of the bridge's devices
	// Tested: the message shows a live test press of the device.
	Tested bool
}

// An Ecosystem decodes the messages of one kind of bridge or device. Hear
// reports mine=false for a topic that is none of its own; what it has heard all
// the same goes before what the others, which are then asked too, make of it. It does
// no I/O and has no clock: m.At is now.
type Ecosystem interface {
	Hear(m Message) (h Heard, mine bool)
}

// A Listener is an ecosystem that can say which topics it has to hear, for a
// broker that sends only what is subscribed to.
type Listener interface {
	Filters() []string
}

// A Ticker is an ecosystem in which time alone changes something: a state that
// expires, a contact that goes off by itself. Tick is called at Next or later.
type Ticker interface {
	Next() (time.Time, bool)
	Tick(now time.Time) Heard
}

// A Rememberer is an ecosystem with a memory that has to survive a restart. Name
// tells its memory from that of the others.
type Rememberer interface {
	Name() string
	MarshalJSON() ([]byte, error)
	UnmarshalJSON([]byte) error
}
