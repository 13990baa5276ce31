package configs

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var clientIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// schemes are the ways to an address, and which of them are encrypted.
type schemes struct {
	encrypted, plain []string
	example          string
}

var (
	webSchemes  = schemes{[]string{"https"}, []string{"http"}, "https://centre.example.org"}
	mqttSchemes = schemes{
		[]string{"mqtts", "ssl", "tls", "wss"},
		[]string{"mqtt", "tcp", "ws"},
		"mqtt://192.168.0.10:1883",
	}
)

// url checks an address that reports or readings go to: what leaves the
// household goes encrypted.
func (c *checker) url(path, value string, s schemes) {
	if value == "" {
		c.add(path, "", "is missing: write for example %q", s.example)
		return
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" {
		c.add(path, withoutUser(value), "is not an address: write for example %q", s.example)
		return
	}
	plain, encrypted := slices.Contains(s.plain, u.Scheme), slices.Contains(s.encrypted, u.Scheme)
	switch {
	case u.User != nil:
		c.add(path, u.Redacted(), "holds a name or a password: take it out; secrets stand in files of their own")
	case !plain && !encrypted:
		c.add(path, value, "has an unknown scheme: write for example %q", s.example)
	case u.Port() != "" && !isPort(u.Port()):
		c.add(path, value, "has a port that is none: write 1 to 65535")
	case u.Fragment != "":
		c.add(path, value, "has a part after #: take it out")
	case plain && hostPlace(u.Hostname()) == elsewhere:
		c.add(path, value, "would send unencrypted over the Internet: write %s://…", s.encrypted[0])
	}
}

// baseAddress checks the address of a centre: what follows it is ours to add.
func (c *checker) baseAddress(path, value string) {
	c.url(path, value, webSchemes)
	u, err := url.Parse(value)
	if err != nil {
		return // told already
	}
	for _, ours := range []string{"/reports", "/heartbeats"} {
		if strings.HasSuffix(strings.TrimRight(u.Path, "/"), ours) {
			c.add(path, value, "ends in %s: give the base address; /v1/reports is added to it", ours)
		}
	}
}

// withoutUser cuts a name and password out of something that is no URL.
func withoutUser(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		return "…" + s[i:]
	}
	return s
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// A place is how far away a host is.
type place int

const (
	thisMachine place = iota
	thisNetwork       // private addresses, and names without a domain
	elsewhere
)

func hostPlace(host string) place {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		switch ip = ip.Unmap(); {
		case ip.IsLoopback():
			return thisMachine
		case ip.IsPrivate(), ip.IsLinkLocalUnicast():
			return thisNetwork
		}
		return elsewhere
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return thisMachine
	}
	for _, domain := range []string{".local", ".lan", ".internal", ".home.arpa"} {
		if strings.HasSuffix(host, domain) {
			return thisNetwork
		}
	}
	if !strings.Contains(host, ".") {
		return thisNetwork
	}
	return elsewhere
}

// listen checks an address to listen on.
func (c *checker) listen(listeners seen, path, value string) {
	host, port, err := net.SplitHostPort(value)
	switch {
	case value == "":
		c.add(path, "", `is empty: write for example "127.0.0.1:9464"`)
	case isPort(value):
		c.add(path, value, "has no colon: write %q", ":"+value)
	case err != nil || port != "0" && !isPort(port) || strings.ContainsAny(host, " /@"):
		c.add(path, value, `is not an address to listen on: write for example "127.0.0.1:9464", or ":9464" for all`)
	case port != "0": // 0 takes any free port
		c.once(listeners, path, value, eachItsOwn)
	}
}

func (c *checker) optionalListen(listeners seen, path, value string) {
	if value != "" {
		c.listen(listeners, path, value)
	}
}

// listensWide reports whether other machines can reach a listener.
func listensWide(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && (host == "" || hostPlace(host) != thisMachine)
}

// checkTopic checks the name of an MQTT topic.
func checkTopic(topic string) error {
	if strings.ContainsAny(topic, "+#") {
		return errors.New("is a filter, not a topic: write one topic without + and #")
	}
	return checkFilter(topic)
}

// checkFilter checks an MQTT topic filter: # only as the last level, + only as a whole one.
func checkFilter(filter string) error {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		switch {
		case strings.Contains(level, "#") && (level != "#" || i < len(levels)-1):
			return errors.New(`has a # that is not the whole last level: write for example "zigbee2mqtt/#"`)
		case strings.Contains(level, "+") && level != "+":
			return errors.New(`has a + that is not a whole level: write for example "zigbee2mqtt/+/availability"`)
		}
	}
	switch {
	case filter == "":
		return errors.New(`is empty: write for example "zigbee2mqtt/#"`)
	case strings.HasPrefix(filter, "$"):
		return errors.New("begins with $: those topics are the broker's own")
	case len(filter) > 65535 || !utf8.ValidString(filter) || strings.ContainsRune(filter, 0):
		return errors.New("is not something MQTT can carry")
	}
	return nil
}

// within reports whether topic is base or lies under it.
func within(topic, base string) bool {
	return topic == base || strings.HasPrefix(topic, base+"/")
}
