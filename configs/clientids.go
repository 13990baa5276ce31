package configs

import (
	"slices"
	"strings"
)

// A client id of a device account may be an id, or the beginning of some with a *
// behind it. The account's own name, and the name with one of - _ / : . behind it, are
// its client ids anyhow. The broker keeps a session for each client id, so none may
// be of two accounts.

// clientID checks the client id of the account with that index against all others.
func (c *checker) clientID(path string, devices []Device, index int) {
	id, key := devices[index].ClientID, at(path, index)+".client_id"
	switch {
	case id == "" && !c.doc.has(key):
		return
	case strings.Trim(id, "*") == "" || strings.Contains(strings.TrimSuffix(id, "*"), "*"):
		c.add(key, id, `is not a client id: write it as the device says it, or its beginning and a *, such as "ZWAVE_GATEWAY-*"`)
		return
	case clientIDsMeet(id, "inline"):
		c.add(key, id, `covers "inline", which is the broker's own: write more of it`)
	}
	for i, other := range devices {
		if i == index || other.ID == "" {
			continue
		}
		theirs := []string{other.ID}
		for _, separator := range "-_/:." {
			theirs = append(theirs, other.ID+string(separator)+"*")
		}
		if i < index && other.ClientID != "" { // the later one is told
			theirs = append(theirs, other.ClientID)
		}
		if slices.ContainsFunc(theirs, func(their string) bool { return clientIDsMeet(id, their) }) {
			c.add(key, id, "may be a client id of %s too (%s): each needs its own", other.ID, at(path, i))
		}
	}
}

// clientIDsMeet reports whether some client id is meant by both.
func clientIDsMeet(a, b string) bool {
	one, open := strings.CutSuffix(a, "*")
	two, wide := strings.CutSuffix(b, "*")
	return one == two || open && strings.HasPrefix(two, one) || wide && strings.HasPrefix(one, two)
}
