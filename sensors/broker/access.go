package broker

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"maps"
	"slices"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"

	"github.com/ucare-project/ucare/sensors"
)

// device is a Device with its password only as a hash.
type device struct {
	id, dwelling       string
	password           [sha256.Size]byte
	clientID           pattern // beside those that begin with its ID; empty: none
	publish, subscribe []string
}

func newDevice(d Device) device {
	publish := d.Publish
	if len(publish) == 0 {
		publish = []string{"ucare/" + d.Dwelling + "/" + d.ID}
	}
	return device{
		id: d.ID, dwelling: d.Dwelling, password: sha256.Sum256([]byte(d.Password)),
		clientID: patternOf(d.ClientID), publish: publish, subscribe: d.Subscribe,
	}
}

// A pattern is one client id, or all that begin with the text.
type pattern struct {
	text string
	open bool
}

func patternOf(s string) pattern {
	text, open := strings.CutSuffix(s, "*")
	return pattern{text, open}
}

// String is the pattern as it is written in a configuration.
func (p pattern) String() string {
	if p.open {
		return p.text + "*"
	}
	return p.text
}

// covers reports whether the client id is one of the pattern's.
func (p pattern) covers(id string) bool {
	return p.text == id || p.open && strings.HasPrefix(id, p.text)
}

// meets reports whether some client id is of both patterns.
func (p pattern) meets(q pattern) bool {
	return p.covers(q.text) || q.covers(p.text)
}

// separators are what may stand between a device's ID and the rest of its client id.
const separators = "-_/:."

// byItself are the client ids of whoever has the ID, without being told.
func byItself(id string) []pattern {
	all := []pattern{{text: id}}
	for _, s := range separators {
		all = append(all, pattern{text: id + string(s), open: true})
	}
	return all
}

// checkClientID says what is wrong with a device's own client id, given the others.
func (a access) checkClientID(d device) error {
	p := d.clientID
	if p == (pattern{}) {
		return nil
	}
	if p.text == "" || strings.Contains(p.text, "*") {
		return fmt.Errorf("the broker's device %q: client_id %q is a client id, or the beginning of one with a * behind it", d.id, p)
	}
	if p.covers(mqtt.InlineClientId) {
		return fmt.Errorf("the broker's device %q: client_id %q covers %q, which is the broker's own", d.id, p, mqtt.InlineClientId)
	}
	for _, other := range slices.Sorted(maps.Keys(a)) {
		if o := a[other]; other != d.id && (o.clientID.text != "" && p.meets(o.clientID) || slices.ContainsFunc(byItself(other), p.meets)) {
			return fmt.Errorf("the broker's device %q: client_id %q may be a client id of %q too; each needs its own", d.id, p, other)
		}
	}
	return nil
}

// access decides who is who and who may what.
type access map[string]device

// authenticate finds the device with the name and password. A name that does
// not exist takes as long as a wrong password.
func (a access) authenticate(name, password string) (device, bool) {
	d, known := a[name]
	given := sha256.Sum256([]byte(password))
	same := subtle.ConstantTimeCompare(given[:], d.password[:]) == 1
	return d, known && same
}

// owner is the device whose session a client id is: the one that names it in its
// own client id, the one with that ID, or the longest ID that the client id begins with
// before a separator. So "hall" cannot take over the session of "hall-2".
func (a access) owner(clientID string) string {
	for id, d := range a {
		if d.clientID.text != "" && d.clientID.covers(clientID) {
			return id // no other's: checkClientID
		}
	}
	if _, is := a[clientID]; is {
		return clientID
	}
	for cut := len(clientID) - 1; cut > 0; cut-- {
		if strings.IndexByte(separators, clientID[cut]) >= 0 {
			if _, is := a[clientID[:cut]]; is {
				return clientID[:cut]
			}
		}
	}
	return ""
}

// may reports whether one of the filters covers the topic or filter.
func may(filters []string, topic string) bool {
	for _, f := range filters {
		if sensors.Covers(f, topic) {
			return true
		}
	}
	return false
}
