package zwavejs

import (
	"strconv"
	"strings"
)

// A value id says which value of a node it is, in the words of the topics: the
// number of the command class, the endpoint, the property and its key.
type valueID struct {
	class         int
	endpoint      int
	property, key string // "Smoke_Alarm", "Sensor_status"
}

func (id valueID) known() bool { return id.class != 0 && id.property != "" }

// String is the id as in the topics of the form with numbers.
func (id valueID) String() string {
	s := strconv.Itoa(id.class) + "/" + strconv.Itoa(id.endpoint) + "/" + id.property
	if id.key != "" {
		s += "/" + id.key
	}
	return s
}

// parseID reads what String wrote.
func parseID(s string) valueID {
	part := strings.SplitN(s, "/", 4)
	if len(part) < 3 {
		return valueID{}
	}
	class, _ := strconv.Atoi(part[0])
	endpoint, _ := strconv.Atoi(part[1])
	id := valueID{class: class, endpoint: endpoint, property: part[2]}
	if len(part) == 4 {
		id.key = part[3]
	}
	return id
}

// The command classes that are decoded.
const (
	binarySensor     = 0x30
	multilevelSensor = 0x31
	centralScene     = 0x5b
	notification     = 0x71
	battery          = 0x80
	alarmSensor      = 0x9c
)

// classNames are the command classes by the names of named topics, and by those
// that the documentation has.
var classNames = map[string]int{
	"sensor_binary": binarySensor, "binary_sensor": binarySensor,
	"sensor_multilevel": multilevelSensor, "multilevel_sensor": multilevelSensor,
	"central_scene": centralScene, "notification": notification, "battery": battery,
	"sensor_alarm": alarmSensor, "alarm_sensor": alarmSensor,
}

// valueTopic splits the topic of a value, below the prefix, into the node's path
// (its location, where there is one, and its name) and the value's id. Both
// location and name may have slashes in them, so it is read from its end:
//
//	<path>/113/0/Smoke_Alarm/Sensor_status
//	<path>/notification/endpoint_0/Smoke_Alarm/Sensor_status
//	<path>/128/0/level
func valueTopic(rest string) (path string, id valueID, is bool) {
	level := strings.Split(rest, "/")
	for _, tail := range []int{3, 4} { // without and with a key
		at := len(level) - tail
		if at < 1 {
			return "", valueID{}, false
		}
		class, ok := classOf(level[at])
		endpoint, named := strings.CutPrefix(level[at+1], "endpoint_")
		n, err := strconv.Atoi(endpoint)
		if !ok || err != nil || n < 0 || n > 127 || named == isDigits(level[at]) {
			continue
		}
		id = valueID{class: class, endpoint: n, property: level[at+2]}
		if tail == 4 {
			id.key = level[at+3]
		}
		return strings.Join(level[:at], "/"), id, true
	}
	return "", valueID{}, false
}

// classOf is the command class that a level of a topic names. One that we do not
// decode, by its name, is 1.
func classOf(level string) (class int, ok bool) {
	if isDigits(level) {
		n, err := strconv.Atoi(level)
		return n, err == nil && n >= 0x20 && n <= 0xff
	}
	if n, known := classNames[strings.ToLower(level)]; known {
		return n, true
	}
	return 1, level != ""
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// sanitized is how Z-Wave JS UI writes a name in a topic: spaces become
// underscores, and whatever is not a Latin letter, a digit, "-", "_" or "/" is
// left out, all of a Korean name included (api/lib/utils.ts, sanitizeTopic).
func sanitized(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\t' || r == '\n' || r == '\u00a0' || r == '\u3000':
			return '_'
		case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_', r == '/':
			return r
		case r >= 'À' && r <= 'ÿ' && r != '×' && r != '÷':
			return r
		default:
			return -1
		}
	}, name)
}

// property is how a property or its key is written in a topic.
func property(name string) string { return sanitized(strings.ReplaceAll(name, "/", "-")) }

// isReadable reports whether the last part of a path has a letter or digit left, so
// that it can be somebody's name.
func isReadable(path string) bool {
	return strings.Trim(path[strings.LastIndexByte(path, '/')+1:], "_-") != ""
}
