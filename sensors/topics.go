package sensors

import (
	"strings"
	"unicode/utf8"
)

// IsFilter reports whether a broker can be asked for the filter. Some devices
// say themselves where they speak, and a broker ends the connection of a client that
// subscribes to what is no filter: one announcement would make the gateway deaf.
func IsFilter(filter string) bool {
	if filter == "" || len(filter) > 65_535 || filter[0] == '$' || !utf8.ValidString(filter) || strings.ContainsRune(filter, 0) {
		return false
	}
	for level := range strings.SplitSeq(filter, "/") {
		if len(level) > 1 && strings.ContainsAny(level, "+#") {
			return false
		}
	}
	hash := strings.IndexByte(filter, '#')
	return hash < 0 || hash == len(filter)-1
}

// Match reports whether the MQTT topic filter matches the topic. As the
// specification has it, a filter that begins with a wildcard does not match a
// topic that begins with "$".
func Match(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
		return false
	}
	return Covers(filter, topic)
}

// Covers reports whether every topic that the filter asked for can match is
// also matched by the filter granted. A topic is a filter without wildcards.
func Covers(granted, asked string) bool {
	if strings.HasPrefix(asked, "$") != strings.HasPrefix(granted, "$") {
		return false
	}
	for {
		g, gRest, gMore := strings.Cut(granted, "/")
		a, aRest, aMore := strings.Cut(asked, "/")
		switch {
		case g == "#":
			return true
		case a == "#":
			return false
		case g != "+" && g != a:
			return false
		case !gMore && !aMore:
			return true
		case !aMore:
			return gRest == "#" // "home/#" matches "home" too
		case !gMore:
			return false
		}
		granted, asked = gRest, aRest
	}
}
