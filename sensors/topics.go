package sensors

import "strings"

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
