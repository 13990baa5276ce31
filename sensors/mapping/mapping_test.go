package mapping

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

var kim = sensors.DwellingTopics{Dwelling: "kim", Rooms: []ucare.Room{{ID: "kitchen", Name: "부엌"}, {ID: "hall"}}}

// hears is what one entry makes of a live payload on home/a/b.
func hears(e Entry, payload string) sensors.Heard {
	if e.Topics == nil {
		e.Topics = []string{"home/+/b"}
	}
	h, _ := New([]Entry{e}, kim).Hear(sensors.Message{At: noon, Topic: "home/a/b", Payload: []byte(payload)})
	return h
}

// told writes what was heard as "kind state" and fault codes; ~ marks what only
// repeats, ? what is of unknown age, ! a drill.
func told(h sensors.Heard) string {
	var all []string
	for i, r := range slices.Concat(h.Readings, h.Repeated) {
		text := fmt.Sprintf("%s %s", r.Kind, r.State)
		if r.Unit != "" {
			text = fmt.Sprintf("%s %v%s", r.Kind, r.Value, r.Unit)
		}
		if r.Drill {
			text += "!"
		}
		if r.UnknownAge {
			text += "?"
		}
		if i >= len(h.Readings) {
			text += "~"
		}
		all = append(all, text)
	}
	for _, f := range h.Faults {
		all = append(all, string(f.Code))
	}
	return strings.Join(all, ", ")
}

func TestWhatAnEntrySays(t *testing.T) {
	smoke := Entry{Path: "s", Kind: ucare.Smoke, On: []string{"ON", "1"}, Off: []string{"OFF", "0"}, Drill: []string{"TEST"}, SaysNothing: []string{"WARMUP"}}
	press := Entry{Path: "s", Kind: ucare.HelpButton, Event: true, On: []string{"press"}, SaysNothing: []string{"release"}}
	folded := Entry{Kind: ucare.Door, On: []string{"true"}, Off: []string{"false"}, FoldCase: true}
	celsius := Entry{Path: "s", Kind: ucare.Temperature, Unit: "°C"}
	for name, test := range map[string]struct {
		e       Entry
		payload string
		want    string
	}{
		"on":                              {smoke, `{"s":"ON"}`, "smoke active~"},
		"a number for a text":             {smoke, `{"s":1}`, "smoke active~"},
		"a text for a number":             {smoke, `{"s":"1"}`, "smoke active~"},
		"another way to write the number": {smoke, `{"s":1.0}`, "smoke active~"},
		"off":                             {smoke, `{"s":"OFF"}`, "smoke inactive~"},
		"a drill":                         {smoke, `{"s":"TEST"}`, "smoke active!"},
		"nothing":                         {smoke, `{"s":"WARMUP"}`, ""},
		"another case is another value":   {smoke, `{"s":"on"}`, "unknown_value"},
		"null":                            {smoke, `{"s":null}`, "unknown_value"},
		"an empty text":                   {smoke, `{"s":""}`, "unknown_value"},
		"nan":                             {smoke, `{"s":"nan"}`, "unknown_value"},
		"an object":                       {smoke, `{"s":{"a":1}}`, "unknown_value"},
		"true is not 1":                   {smoke, `{"s":true}`, "unknown_value"},
		"a hexadecimal 1 is not 1":        {smoke, `{"s":"0x1"}`, "unknown_value"},
		"not there":                       {smoke, `{"t":"ON"}`, ""},
		"not JSON":                        {smoke, `{"s":"ON"`, "not_understood"},
		"more than JSON":                  {smoke, `{"s":"ON"} x`, "not_understood"},
		"removed":                         {smoke, ``, ""},
		"a press":                         {press, `{"s":"press"}`, "help active"},
		"no press":                        {press, `{"s":"release"}`, ""},
		"a press of another kind":         {press, `{"s":"hold"}`, "unknown_value"},
		"python's true":                   {folded, "True", "door active~"},
		"python's false":                  {folded, "False\n", "door inactive~"},
		"python's none":                   {folded, "None", "unknown_value"},
		"measured":                        {celsius, `{"s":21.5}`, "temperature 21.5°C~"},
		"measured as text":                {celsius, `{"s":"-3"}`, "temperature -3°C~"},
		"not a number":                    {celsius, `{"s":"nan"}`, "unknown_value"},
		"fahrenheit":                      {Entry{Path: "s", Kind: ucare.Temperature, Unit: "°F"}, `{"s":212}`, "temperature 100°C~"},
		"tenths":                          {Entry{Path: "s", Kind: ucare.Temperature, Unit: "°C", Scale: 0.1}, `{"s":215}`, "temperature 21.5°C~"},
		"battery":                         {Entry{Path: "s", Kind: ucare.Battery, Unit: "%"}, `{"s":64}`, "battery 64%~"},
		"battery that does not know":      {Entry{Path: "s", Kind: ucare.Battery, Unit: "%"}, `{"s":255}`, "unknown_value"},
		"the message itself":              {Entry{Kind: ucare.FallSensor, Event: true}, `{broken`, "fall active"},
		"the message itself, empty":       {Entry{Kind: ucare.FallSensor, Event: true}, ``, "unknown_value"},
		"the message itself, null":        {Entry{Path: "s", Kind: ucare.FallSensor, Event: true}, `{"s":null}`, "unknown_value"},
		"anything else":                   {Entry{Kind: ucare.Link, On: []string{""}, Off: []string{"*"}}, `lost since noon`, "link inactive~"},
		"an empty payload with a meaning": {Entry{Kind: ucare.Link, On: []string{""}, Off: []string{"*"}}, ``, "link active~"},
		"fresh":                           {Entry{Kind: ucare.Motion, On: []string{"1"}, Off: []string{"0"}, Fresh: true}, `1`, "motion active"},
		"on only, repeated":               {Entry{Kind: ucare.Motion, On: []string{"1"}, Repeats: true}, `1`, "motion active~"},
		"a bridge is away":                {Entry{Kind: ucare.Link, Bridge: true, On: []string{"2"}, Off: []string{"0", "1"}}, `1`, "bridge_offline"},
		"for the household to say":        {Entry{Path: "s", NeedsMapping: true}, `{"s":"single"}`, "needs_mapping"},
		"nothing to be said":              {Entry{Path: "s", NeedsMapping: true}, `{"s":""}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(hears(test.e, test.payload)); got != test.want {
				t.Errorf("%s: heard %q, want %q", test.payload, got, test.want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	e := Entry{Path: "v", Kind: ucare.Door, On: []string{"1"}, Off: []string{"0"}}
	for name, test := range map[string]struct {
		when    []Condition
		payload string
		want    bool
	}{
		"is":                    {[]Condition{{Path: "m", Is: []string{"A", "B"}}}, `{"m":"B","v":1}`, true},
		"is another":            {[]Condition{{Path: "m", Is: []string{"A"}}}, `{"m":"B","v":1}`, false},
		"is a number":           {[]Condition{{Path: "m", Is: []string{"1"}}}, `{"m":1,"v":1}`, true},
		"is absent":             {[]Condition{{Path: "m", Is: []string{"A"}}}, `{"v":1}`, false},
		"is not, absent":        {[]Condition{{Path: "m", IsNot: []string{"A"}}}, `{"v":1}`, true},
		"is not, and is":        {[]Condition{{Path: "m", IsNot: []string{"A"}}}, `{"m":"A","v":1}`, false},
		"is there":              {[]Condition{{Path: "m"}}, `{"m":null,"v":1}`, true},
		"is there, absent":      {[]Condition{{Path: "m"}}, `{"v":1}`, false},
		"all have to hold":      {[]Condition{{Path: "m", Is: []string{"A"}}, {Path: "n"}}, `{"m":"A","v":1}`, false},
		"the first alternative": {[]Condition{{Path: "x|m", Is: []string{"A"}}}, `{"m":"A","v":1}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			e.When = test.when
			if got := told(hears(e, test.payload)) != ""; got != test.want {
				t.Errorf("it applies: %v, want %v", got, test.want)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	var root any
	if err := json.Unmarshal([]byte(`{"a":{"b c":{"d.e":"1"}},"l":[{"v":2},{"v":3},{"w":4}],"t":"5, 6"}`), &root); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		`a.b c["d.e"]`: "[1]", `a["b c"]["d.e"]`: "[1]", `l[0].v`: "[2]", `l[*].v`: "[2 3]", `l[7].v`: "[]", `t[,]`: "[5 6]",
		`x|l[1].v`: "[3]", `x.y|z`: "[]", `a.b`: "[]", `t.x`: "[]", `l.v`: "[]",
	} {
		if got := fmt.Sprint(parsePath(path).find(root)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	for _, path := range []string{".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", `a["b]`, "a|", "|a", "a[0]b", "a.[0]"} {
		if _, err := readPath(path); err == nil {
			t.Errorf("%q is taken for a path", path)
		}
	}
}

func TestEachElementIsLookedAt(t *testing.T) {
	e := Entry{Each: "list", Path: "v", When: []Condition{{Path: "type", Is: []string{"fall"}}}, Kind: ucare.FallSensor, On: []string{"1"}, Off: []string{"0"}, Sensor: "radar {n}"}
	h := hears(e, `{"list":[{"type":"dwell","v":1,"n":1},{"type":"fall","v":1,"n":2},{"type":"fall","v":0,"n":3}]}`)
	if told(h) != "fall active~, fall inactive~" || h.Repeated[0].Sensor != "radar 2" || h.Repeated[1].Sensor != "radar 3" {
		t.Errorf("heard %+v", h.Repeated)
	}
}

func TestNamesAndRooms(t *testing.T) {
	home := kim
	home.Zigbee2MQTT = []string{"zigbee2mqtt"}
	home.Sensors = []ucare.Sensor{
		{ID: "stove", Room: "kitchen", Topic: "x/y/z"},
		{ID: "honeywell-security-7", Room: "hall"},
	}
	for name, test := range map[string]struct {
		e              Entry
		topic, payload string
		id, room       string
	}{
		"from the topic":                      {Entry{}, "home/kitchen/fire/state", `{}`, "kitchen/fire", "kitchen"},
		"as the bridge names it":              {Entry{}, "zigbee2mqtt/hall/pir", `{}`, "hall/pir", "hall"},
		"from the configuration":              {Entry{}, "x/y/z", `{}`, "stove", "kitchen"},
		"the first wildcard":                  {Entry{Topics: []string{"home/+/+"}, Sensor: "{1}-{-1}"}, "home/a/b", `{}`, "a-b", ""},
		"the base is not counted":             {Entry{Base: "+/x", Topics: []string{"+"}, Sensor: "{1}"}, "host/x/b", `{}`, "b", ""},
		"from the payload":                    {Entry{Sensor: "{m}-{id}"}, "home/a/b", `{"m":"M","id":7}`, "M-7", ""},
		"not in the payload: from the topic":  {Entry{Sensor: "{m}-{id}"}, "home/a/b", `{"m":"M"}`, "a/b", ""},
		"an alternative":                      {Entry{Topics: []string{"home/#"}, Sensor: "{name|1}"}, "home/a/b", `{}`, "a/b", ""},
		"an entry's room":                     {Entry{Room: "hall"}, "home/kitchen/fire", `{}`, "kitchen/fire", "hall"},
		"listed by an ID in small letters":    {Entry{Sensor: "{m}-{id}"}, "home/a/b", `{"m":"Honeywell-Security","id":7}`, "honeywell-security-7", "hall"},
		"a listed topic with several sensors": {Entry{Sensor: "{m}"}, "x/y/z", `{"m":"other"}`, "other", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := test.e
			e.Kind, e.Event = ucare.Motion, true
			if e.Topics == nil {
				e.Topics = []string{"#"}
			}
			e.When = []Condition{{Path: "never", IsNot: []string{"x"}}} // so that it reads the JSON
			h, _ := New([]Entry{e}, home).Hear(sensors.Message{At: noon, Topic: test.topic, Payload: []byte(test.payload)})
			if len(h.Readings) != 1 || h.Readings[0].Sensor != test.id || h.Readings[0].Room != test.room {
				t.Errorf("heard %+v, want %q in %q", h, test.id, test.room)
			}
		})
	}
}

// What comes from a store, or bears an old time, is old news.
func TestOldNews(t *testing.T) {
	state := Entry{Path: "s", Kind: ucare.Smoke, On: []string{"1"}, Off: []string{"0"}, At: "ts"}
	event := Entry{Path: "s", Kind: ucare.FallSensor, Event: true, At: "ts"}
	help := Entry{Path: "s", Kind: ucare.HelpButton, Event: true, At: "ts"}
	for name, test := range map[string]struct {
		e        Entry
		payload  string
		retained bool
		want     string
	}{
		"a live state":               {state, `{"s":1}`, false, "smoke active~"},
		"a state from the store":     {state, `{"s":1}`, true, "smoke active?~"},
		"a state of an hour ago":     {state, `{"s":1,"ts":"2026-03-04T11:00:00Z"}`, false, "smoke active?~"},
		"in milliseconds":            {state, `{"s":1,"ts":1772622000000}`, false, "smoke active?~"},
		"in seconds, as text":        {state, `{"s":1,"ts":"1772622000"}`, false, "smoke active?~"},
		"of a minute ago":            {state, `{"s":1,"ts":"2026-03-04T11:59:00Z"}`, false, "smoke active~"},
		"of a clock never set":       {state, `{"s":1,"ts":12}`, false, "smoke active~"},
		"from the future":            {state, `{"s":1,"ts":"2026-03-04T13:00:00Z"}`, false, "smoke active~, sensor_clock"},
		"an event":                   {event, `{"s":1}`, false, "fall active"},
		"an event from the store":    {event, `{"s":1}`, true, ""},
		"an event of an hour ago":    {event, `{"s":1,"ts":"2026-03-04T11:00:00Z"}`, false, ""},
		"a press from the store":     {help, `{"s":1}`, true, "help active?"},
		"a temperature of some time": {Entry{Path: "s", Kind: ucare.Temperature, Unit: "°C"}, `{"s":60}`, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.e.Topics = []string{"t"}
			h, _ := New([]Entry{test.e}, kim).Hear(sensors.Message{At: noon, Topic: "t", Payload: []byte(test.payload), Retained: test.retained})
			if got := told(h); got != test.want {
				t.Errorf("heard %q, want %q", got, test.want)
			}
			if old := test.retained || strings.Contains(test.want, "?"); old && len(h.Seen) > 0 && !h.Seen[0].Heard.IsZero() {
				t.Error("the sensor counts as heard")
			}
		})
	}
}

// A button that reports a state is pressed anew when it was not pressed before.
func TestAButtonWithAState(t *testing.T) {
	h := New([]Entry{{Topics: []string{"t"}, Kind: ucare.HelpButton, On: []string{"1"}, Off: []string{"0"}}}, kim)
	for i, step := range []struct{ payload, want string }{
		{"1", "help active"}, {"1", ""}, {"0", "help inactive"}, {"1", "help active"},
	} {
		heard, _ := h.Hear(sensors.Message{At: noon, Topic: "t", Payload: []byte(step.payload)})
		if got := told(heard); got != step.want {
			t.Errorf("%d: %s: heard %q, want %q", i, step.payload, got, step.want)
		}
	}
}

// A press that only the broker's store tells of is shown once, and the next live one
// is a press.
func TestAPressAfterOneFromTheStore(t *testing.T) {
	h := New([]Entry{{Topics: []string{"t"}, Kind: ucare.HelpButton, On: []string{"1"}, Off: []string{"0"}}}, kim)
	for i, step := range []struct {
		payload  string
		retained bool
		want     string
	}{
		{"0", false, "help inactive"},
		{"1", true, "help active?"},
		{"1", true, ""},
		{"1", false, "help active"},
		{"1", true, ""},
		{"1", false, ""},
		{"0", true, "help inactive?"},
		{"1", false, "help active"},
	} {
		heard, _ := h.Hear(sensors.Message{At: noon, Topic: "t", Payload: []byte(step.payload), Retained: step.retained})
		if got := told(heard); got != step.want {
			t.Errorf("%d: %s: heard %q, want %q", i, step.payload, got, step.want)
		}
	}
}

// A detector with two alarm bits is mapped by two entries, and each of them counts.
func TestOfTwoAlarmBitsEachCounts(t *testing.T) {
	bit := func(path string, kind ucare.Kind) Entry {
		return Entry{Topics: []string{"t"}, Path: path, Kind: kind, Sensor: "hall", On: []string{"true"}, Off: []string{"false"}, SaysNothing: []string{"self-test"}}
	}
	for _, c := range []struct{ payload, smoke, door, help string }{
		{`{"a":false,"b":true}`, "smoke active~", "door inactive~", "help active"},
		{`{"a":true,"b":false}`, "smoke active~", "door active~", "help active"},
		{`{"a":false,"b":false}`, "smoke inactive~", "door inactive~", "help inactive"},
		{`{"a":"self-test","b":true}`, "", "", ""}, // the first has the say
	} {
		for kind, want := range map[ucare.Kind]string{ucare.Smoke: c.smoke, ucare.Door: c.door, ucare.HelpButton: c.help} {
			heard, _ := New([]Entry{bit("a", kind), bit("b", kind)}, kim).Hear(sensors.Message{At: noon, Topic: "t", Payload: []byte(c.payload)})
			if got := told(heard); got != want {
				t.Errorf("%s of %s: heard %q, want %q", kind, c.payload, got, want)
			}
		}
	}
	h := New([]Entry{bit("a", ucare.HelpButton), bit("b", ucare.HelpButton)}, kim)
	for i, want := range []string{"help active", ""} {
		heard, _ := h.Hear(sensors.Message{At: noon, Topic: "t", Payload: []byte(`{"a":false,"b":true}`)})
		if got := told(heard); got != want {
			t.Errorf("help, message %d: heard %q, want %q", i, got, want)
		}
	}
}

// A detector that never says "clear" is clear some time after its last word, also
// when the program was started again in between.
func TestAnEventEndsByItself(t *testing.T) {
	entries := []Entry{{Topics: []string{"t"}, Kind: ucare.Smoke, Event: true, ClearAfter: time.Minute, Sensor: "gs"}}
	h := New(entries, kim)
	for _, after := range []time.Duration{0, 30 * time.Second} {
		h.Hear(sensors.Message{At: noon.Add(after), Topic: "t", Payload: []byte("x")})
	}
	kept, err := h.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	h = New(entries, kim)
	if err := h.UnmarshalJSON(kept); err != nil {
		t.Fatal(err)
	}
	if at, due := h.Next(); !due || !at.Equal(noon.Add(90*time.Second)) {
		t.Errorf("it ends at %v, %v", at, due)
	}
	if got := told(h.Tick(noon.Add(80 * time.Second))); got != "" {
		t.Errorf("too early: %q", got)
	}
	if got := told(h.Tick(noon.Add(90 * time.Second))); got != "smoke inactive" {
		t.Errorf("at its end: %q", got)
	}
	if _, due := h.Next(); due {
		t.Error("it ends twice")
	}
}

// A drill ends by itself as well, so that the next one is a drill again; it does not
// end the alarm that comes during it.
func TestADrillEndsByItself(t *testing.T) {
	h := New([]Entry{{Topics: []string{"t"}, Kind: ucare.Smoke, Event: true, ClearAfter: time.Minute, Sensor: "gs", On: []string{"fire"}, Drill: []string{"test"}}}, kim)
	h.Hear(sensors.Message{At: noon, Topic: "t", Payload: []byte("test")})
	h.Hear(sensors.Message{At: noon.Add(30 * time.Second), Topic: "t", Payload: []byte("fire")})
	if got := told(h.Tick(noon.Add(time.Minute))); got != "smoke inactive!" {
		t.Errorf("the end of the drill: %q", got)
	}
	if got := told(h.Tick(noon.Add(90 * time.Second))); got != "smoke inactive" {
		t.Errorf("the end of the alarm: %q", got)
	}
}

// A clock that is set back by a day does not make the alarm a day longer.
func TestAnEventEndsAfterTheClockWasSetBack(t *testing.T) {
	h := New([]Entry{{Topics: []string{"t"}, Kind: ucare.Smoke, Event: true, ClearAfter: time.Minute, Sensor: "gs"}}, kim)
	h.Hear(sensors.Message{At: noon, Topic: "t", Payload: []byte("x")})
	back := noon.Add(-24 * time.Hour)
	h.Hear(sensors.Message{At: back, Topic: "another", Payload: []byte("x")})
	if at, due := h.Next(); !due || !at.Equal(back.Add(time.Minute)) {
		t.Errorf("it ends at %v, %v", at, due)
	}
}

// Whatever number a sensor sends, the memory can be written down.
func TestANumberThatIsTooLarge(t *testing.T) {
	e := Entry{Path: "s", Kind: ucare.Temperature, Unit: "°C", Scale: 10}
	for payload, want := range map[string]string{`{"s":1e308}`: "unknown_value", `{"s":-1e308}`: "unknown_value", `{"s":2.5}`: "temperature 25°C~"} {
		if got := told(hears(e, payload)); got != want {
			t.Errorf("%s: heard %q, want %q", payload, got, want)
		}
	}
}

// The household's own entries go before the ready ones, and their name is the sensor's.
func TestTheHouseholdGoesFirst(t *testing.T) {
	ready := []Entry{
		{Topics: []string{"e"}, Path: "open", Kind: ucare.Door, On: []string{"1"}, Off: []string{"0"}, Sensor: "{id}", Ready: "r"},
		{Topics: []string{"e"}, Path: "bat", Kind: ucare.Battery, On: []string{"0"}, Off: []string{"1"}, Sensor: "{id}", Ready: "r"},
		{Topics: []string{"e"}, Path: "click", NeedsMapping: true, Sensor: "{id}", Ready: "r"},
	}
	own := Entry{Topics: []string{"e"}, When: []Condition{{Path: "id", Is: []string{"7"}}}, Path: "open", Kind: ucare.Door, On: []string{"0"}, Off: []string{"1"}, Sensor: "front door"}
	h := New(append(ready, own), kim)
	hear := func(payload string) sensors.Heard {
		heard, _ := h.Hear(sensors.Message{At: noon, Topic: "e", Payload: []byte(payload)})
		return heard
	}
	got := hear(`{"id":7,"open":1,"bat":0}`)
	if told(got) != "door inactive~, battery active~" || got.Repeated[0].Sensor != "front door" || got.Repeated[1].Sensor != "front door" {
		t.Errorf("heard %+v", got.Repeated)
	}
	if got := hear(`{"id":8,"open":1}`); told(got) != "door active~" || got.Repeated[0].Sensor != "8" {
		t.Errorf("another sensor: %+v", got.Repeated)
	}
	if got := told(hear(`{"id":8,"click":1}`)); got != "needs_mapping" {
		t.Errorf("a click that nobody maps: %q", got)
	}
	h = New(append(ready, Entry{Topics: []string{"e"}, Path: "click", Kind: ucare.HelpButton, Event: true, On: []string{"1"}, Sensor: "pendant"}), kim)
	if got := told(hear(`{"id":8,"click":1}`)); got != "help active" {
		t.Errorf("a click that the household maps: %q", got)
	}
}

func TestOnlyListedSensorsCount(t *testing.T) {
	home := kim
	home.Sensors = []ucare.Sensor{{ID: "mine", Room: "hall"}}
	h := New([]Entry{{Topics: []string{"e/+"}, Kind: ucare.Door, Event: true, Sensor: "{1}", ListedOnly: true}}, home)
	for topic, want := range map[string]string{"e/mine": "door active", "e/theirs": ""} {
		heard, mine := h.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte("1")})
		if told(heard) != want || !mine || want == "" && len(heard.Seen) > 0 {
			t.Errorf("%s: heard %+v, mine %v", topic, heard, mine)
		}
	}
}

// A value that is not understood is a fault until the same place says something
// that is; another place does not end it.
func TestAnUnknownValueStaysAFault(t *testing.T) {
	h := New([]Entry{
		{Topics: []string{"t"}, Path: "a", Kind: ucare.Smoke, On: []string{"1"}, Off: []string{"0"}, Sensor: "s"},
		{Topics: []string{"t"}, Path: "b", Kind: ucare.Gas, On: []string{"1"}, Off: []string{"0"}, Sensor: "s"},
	}, kim)
	cleared := func(heard sensors.Heard) bool {
		return slices.ContainsFunc(heard.Cleared, func(f ucare.Fault) bool { return f.Code == ucare.FaultUnknownValue && f.Subject == "s" })
	}
	for i, step := range []struct {
		payload, want string
		ends          bool
	}{
		{`{"a":"?"}`, "unknown_value", false},
		{`{"b":0}`, "gas inactive~, unknown_value", false},
		{`{"a":0}`, "smoke inactive~", true},
	} {
		heard, _ := h.Hear(sensors.Message{At: noon, Topic: "t", Payload: []byte(step.payload)})
		if told(heard) != step.want || cleared(heard) != step.ends {
			t.Errorf("%d: %s: heard %q, ended %v", i, step.payload, told(heard), cleared(heard))
		}
	}
}

// Who wrote the mapping is told that it lacks the value; of a ready one that is
// nothing that the household can mend.
func TestAFaultSaysWhoseMappingLacksTheValue(t *testing.T) {
	for ready, own := range map[string]bool{"": true, "hue": false} {
		heard := hears(Entry{Path: "s", Kind: ucare.Smoke, On: []string{"1"}, Off: []string{"0"}, Ready: ready}, `{"s":"?"}`)
		if told(heard) != "unknown_value" || strings.Contains(heard.Faults[0].Detail, ucare.ByOwnMapping) != own {
			t.Errorf("ready mapping %q: heard %+v", ready, heard.Faults)
		}
	}
}

// Null in place of an object is a message of this sensor that says nothing.
func TestANullIsOfItsSensor(t *testing.T) {
	smoke := Entry{Topics: []string{"t"}, Path: "s", Kind: ucare.Smoke, On: []string{"1"}, Off: []string{"0"}, Sensor: "hall"}
	for _, payload := range []string{`null`, `{"s":null}`} {
		heard, mine := New([]Entry{smoke}, kim).Hear(sensors.Message{At: noon, Topic: "t", Payload: []byte(payload)})
		if !mine || told(heard) != "unknown_value" || heard.Faults[0].Subject != "hall" {
			t.Errorf("%s: heard %+v, mine %v", payload, heard.Faults, mine)
		}
	}
}

// A rogue device cannot fill the memory.
func TestTheMemoryIsBounded(t *testing.T) {
	h := New([]Entry{
		{Topics: []string{"a/#"}, Kind: ucare.Smoke, On: []string{"1"}, Off: []string{"0"}, Sensor: "{1}"},
		{Topics: []string{"b/#"}, Kind: ucare.Smoke, Event: true, ClearAfter: time.Hour, Sensor: "{1}"},
		{Topics: []string{"c/#"}, Kind: ucare.HelpButton, On: []string{"1"}, Off: []string{"0"}, Sensor: "{1}"},
	}, kim)
	for i := range 2000 {
		for _, first := range []string{"a", "b", "c"} {
			heard, _ := h.Hear(sensors.Message{At: noon, Topic: fmt.Sprintf("%s/%d", first, i), Payload: []byte("x1")})
			if first == "a" && !strings.Contains(told(heard), "unknown_value") {
				t.Fatalf("fault %d is not told: %+v", i, heard)
			}
			h.Hear(sensors.Message{At: noon, Topic: fmt.Sprintf("%s/%d", first, i), Payload: []byte("1")})
			h.Hear(sensors.Message{At: noon, Topic: fmt.Sprintf("%s/%d", first, i), Payload: []byte("?")})
		}
	}
	if len(h.Bad) > maxRemembered || len(h.Pending) > maxRemembered || len(h.Pressed) > maxRemembered {
		t.Errorf("it remembers %d, %d and %d", len(h.Bad), len(h.Pending), len(h.Pressed))
	}
}

// Nor can one name be as long as a message.
func TestNamesAreBounded(t *testing.T) {
	h := New([]Entry{
		{Topics: []string{"a/#"}, Path: "s", Kind: ucare.Smoke, On: []string{"1"}, Off: []string{"0"}, Sensor: "{id}", Model: "{id}"},
		{Topics: []string{"a/#"}, Path: "s", Kind: ucare.HelpButton, On: []string{"1"}, Off: []string{"0"}, Sensor: "{id}"},
		{Topics: []string{"b/#"}, Path: "s", Kind: ucare.Smoke, Event: true, ClearAfter: time.Hour, Sensor: "{id}"},
		{Topics: []string{"c/#"}, Kind: ucare.Smoke, On: []string{"1"}, Off: []string{"0"}},
	}, kim)
	long := strings.Repeat("연기", 10_000)
	for _, topic := range []string{"a/", "b/", "c/"} {
		for _, state := range []string{"1", "?"} {
			heard, _ := h.Hear(sensors.Message{At: noon, Topic: topic + long, Payload: fmt.Appendf(nil, `{"id":%q,"s":%s}`, long, state)})
			for _, s := range heard.Seen {
				if len(s.Sensor) > maxName || len(s.Model) > maxName || !strings.HasPrefix(long, strings.TrimPrefix(s.Sensor, topic)) {
					t.Errorf("%s: a name of %d bytes, a model of %d", topic, len(s.Sensor), len(s.Model))
				}
			}
			h.Hear(sensors.Message{At: noon, Topic: topic + long, Payload: fmt.Appendf(nil, `{"id":%q,"s":"?"}`, long)})
		}
	}
	if kept, err := h.MarshalJSON(); err != nil || len(kept) > 10_000 {
		t.Errorf("it remembers %d bytes, %v", len(kept), err)
	}
}

// native stands for a bridge's own decoder.
type native struct{ heard sensors.Heard }

func (n *native) Hear(m sensors.Message) (sensors.Heard, bool) {
	return n.heard, strings.HasPrefix(m.Topic, "zigbee2mqtt/")
}

// On a bridge's topic a mapping adds its kind, and the rest is the bridge's to say.
func TestAMappingAddsToWhatABridgeSays(t *testing.T) {
	home := kim
	home.Zigbee2MQTT = []string{"zigbee2mqtt"}
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{home}}
	reading := func(kind ucare.Kind) ucare.Reading {
		return ucare.Reading{At: noon, Dwelling: "kim", Sensor: "button", Kind: kind, State: ucare.Active}
	}
	bridge := &native{sensors.Heard{
		Readings: []ucare.Reading{reading(ucare.Use), reading(ucare.Battery)},
		Faults:   []ucare.Fault{{Code: ucare.FaultNeedsMapping, Dwelling: "kim", Subject: "button", Detail: "action (single, double): which?; vibration: of what?"}},
	}}
	entries := map[string][]Entry{"kim": {{Topics: []string{"zigbee2mqtt/button"}, Path: "action", Kind: ucare.Use, Event: true, On: []string{"single"}, SaysNothing: []string{""}}}}
	hear := func(payload string) sensors.Heard {
		d := sensors.NewDecoder(c, append(All(c, entries), bridge)...)
		return d.Hear(sensors.Message{At: noon, Topic: "zigbee2mqtt/button", Payload: []byte(payload)})
	}
	if got := told(hear(`{"action":"single"}`)); got != "use active, battery active, needs_mapping, battery_low" {
		t.Errorf("both: %q", got)
	}
	if got := told(hear(`{"action":""}`)); got != "battery active, needs_mapping, battery_low" {
		t.Errorf("what the household says means nothing: %q", got)
	}
	h := hear(`{"battery":1}`)
	if got := told(h); got != "use active, battery active, needs_mapping, battery_low" {
		t.Errorf("the bridge alone: %q", got)
	}
	if got := h.Faults[0].Detail; got != "vibration: of what?" {
		t.Errorf("what is mapped is still asked for: %q", got)
	}
	bridge.heard.Faults[0].Detail = "action (single, double): which?"
	if got := told(hear(`{"battery":1}`)); got != "use active, battery active, battery_low" {
		t.Errorf("nothing is left to ask: %q", got)
	}
}

func TestTheMemorySurvivesJSON(t *testing.T) {
	entries := []Entry{{Topics: []string{"t/+"}, Kind: ucare.HelpButton, On: []string{"1"}, Off: []string{"0"}}}
	h := New(entries, kim)
	for _, payload := range []string{"1", "?"} {
		h.Hear(sensors.Message{At: noon, Topic: "t/" + payload, Payload: []byte(payload)})
	}
	kept, err := h.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	again := New(entries, kim)
	if err := again.UnmarshalJSON(kept); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(h.memory, again.memory) {
		t.Errorf("%+v became %+v", h.memory, again.memory)
	}
	if err := again.UnmarshalJSON([]byte("{")); err == nil {
		t.Error("a broken memory is taken")
	}
}

// Topics are matched as everywhere else in the program.
func TestFiltersMatchAsEverywhere(t *testing.T) {
	texts := []string{"#", "+", "a", "a/#", "a/+", "+/b", "a/b", "a/b/#", "a/+/c", "+/+", "+/#", "$SYS/#", "$SYS/a", "/a", "", "a/"}
	for _, filterText := range texts {
		for _, topic := range []string{"a", "a/b", "a/b/c", "$SYS", "$SYS/a", "/a", "", "a/", "b", "//"} {
			f := filter{levels: strings.Split(filterText, "/")}
			if got, want := f.matches(strings.Split(topic, "/")), sensors.Match(filterText, topic); got != want {
				t.Errorf("%q on %q: %v, want %v", filterText, topic, got, want)
			}
		}
	}
}

func FuzzHear(f *testing.F) {
	entries := []Entry{
		{Topics: []string{"s/+"}, Path: `a["b c"]|l[*].v`, At: "ts", Kind: ucare.Smoke, On: []string{"ALARM"}, Off: []string{"OK", "*"}, Sensor: "{id|1}"},
		{Topics: []string{"t/+"}, Kind: ucare.FallSensor, On: []string{"FALL"}, Off: []string{"UP"}, FoldCase: true},
		{Topics: []string{"u/#"}, Each: "list", Path: "v", Kind: ucare.HelpButton, Event: true, On: []string{"SOS"}, ClearAfter: time.Minute},
		{Topics: []string{"v/+"}, Path: "p[,]", Kind: ucare.Battery, Unit: "%"},
	}
	for _, seed := range []struct{ topic, payload string }{
		{"s/1", `{"a":{"b c":"ALARM"},"ts":1772622000}`},
		{"s/1", `{"l":[{"v":"ALARM"},{"v":null}],"id":{}}`},
		{"t/1", "fall"},
		{"t/1", "\xff\xfe"},
		{"u/1/2", `{"list":[{"v":"SOS"},7,[]]}`},
		{"v/1", `{"p":"1, 200, x"}`},
		{"v/1", `{"p":1e999}`},
		{"s/1", strings.Repeat("[", 5000)},
	} {
		f.Add(seed.topic, []byte(seed.payload), false)
	}
	words := map[ucare.Kind]string{ucare.Smoke: "alarm", ucare.FallSensor: "fall", ucare.HelpButton: "sos"}
	f.Fuzz(func(t *testing.T, topic string, payload []byte, retained bool) {
		h := New(entries, kim)
		for range 2 {
			heard, _ := h.Hear(sensors.Message{At: noon, Topic: topic, Payload: payload, Retained: retained})
			for _, r := range slices.Concat(heard.Readings, heard.Repeated) {
				word := words[r.Kind]
				plain := strings.ToLower(string(payload))
				if r.State == ucare.Active && word != "" && !strings.Contains(plain, word) && !strings.Contains(plain, `\u`) {
					t.Errorf("%s %q raises %s", topic, payload, r.Kind)
				}
			}
		}
		kept, err := h.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := New(entries, kim).UnmarshalJSON(kept); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkHear(b *testing.B) {
	h := New([]Entry{{Topics: []string{"home/+/fire"}, Path: "s", Kind: ucare.Smoke, On: []string{"1"}, Off: []string{"0"}}}, kim)
	m := sensors.Message{At: noon, Topic: "home/a/fire", Payload: []byte(`{"s":1}`)}
	for b.Loop() {
		h.Hear(m)
	}
}
