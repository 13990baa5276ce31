package broker

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/ucare-project/ucare/sensors"
)

// device is a Device with its password only as a hash.
type device struct {
	id, dwelling       string
	password           [sha256.Size]byte
	publish, subscribe []string
}

func newDevice(d Device) device {
	publish := d.Publish
	if len(publish) == 0 {
		publish = []string{"ucare/" + d.Dwelling + "/" + d.ID}
	}
	return device{id: d.ID, dwelling: d.Dwelling, password: sha256.Sum256([]byte(d.Password)), publish: publish, subscribe: d.Subscribe}
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

// owner is the device whose session a client id is: the one with that ID, or
// the longest ID that the client id begins with before a separator. So "hall"
// cannot take over the session of "hall-2".
func (a access) owner(clientID string) string {
	if _, is := a[clientID]; is {
		return clientID
	}
	for cut := len(clientID) - 1; cut > 0; cut-- {
		if strings.IndexByte("-_/:.", clientID[cut]) >= 0 {
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
