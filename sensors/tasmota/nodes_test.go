package tasmota

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// zb puts attributes of a device into the bridge's usual form.
func zb(attributes string) string {
	return `{"ZbReceived":{"0x6172":{"Device":"0x6172","Name":"Hall",` + attributes + `,"Endpoint":1,"LinkQuality":50}}}`
}

func zigbeeLines(pairs ...string) [][3]string {
	var lines [][3]string
	for pair := range slices.Chunk(pairs, 2) {
		lines = append(lines, [3]string{"tele/zb/SENSOR", zb(pair[0]), pair[1]})
	}
	return lines
}

func TestWhatZigbeeDevicesSay(t *testing.T) {
	for _, c := range []conversation{
		{"each motion is motion, its end is said once", zigbeeLines(
			`"Occupancy":1`, "Hall:motion", `"Occupancy":1`, "Hall:motion", `"Occupancy":0`, "Hall:-motion", `"Occupancy":0`, "", `"Occupancy":true`, "Hall:motion")},
		{"motion of a zone", zigbeeLines(`"0500<00":"010000010000","ZoneStatusChange":1,"Occupancy":1`, "Hall:motion", `"ZoneStatusChange":0,"Occupancy":0`, "Hall:-motion",
			`"ZoneStatus":1,"Occupancy":1`, "Hall:motion", `"ZoneStatus":1,"Occupancy":1`, "")},
		{"contact 1 is open, and its repetition is no news", zigbeeLines(`"Contact":0`, "Hall:-door", `"Contact":1`, "Hall:door", `"Contact":1`, "", `"Contact":0`, "Hall:-door")},
		{"a magnet that talks like a lamp", zigbeeLines(`"Power":true`, "", `"ModelId":"lumi.sensor_magnet.aq2"`, "", `"Power":true`, "Hall:door?", `"Power":false`, "Hall:-door")},
		{"fire, each time", zigbeeLines(`"ZoneStatusChange":1,"Fire":1`, "Hall:smoke", `"ZoneStatusChange":1,"Fire":1`, "Hall:smoke", `"ZoneStatusChange":0,"Fire":0`, "Hall:-smoke")},
		{"one of two alarms is enough", zigbeeLines(`"ZoneStatusChange":2,"Fire":0,"Fire2":1`, "Hall:smoke", `"ZoneStatusChange":0,"Fire":0`, "Hall:-smoke")},
		{"the second alarm of a CO zone looks like carbon dioxide", zigbeeLines(`"ModelId":"COSensor-EM","ZoneStatusChange":0,"CO":0`, "Hall:-carbon_monoxide", `"ZoneStatusChange":2,"CO":0,"CO2":1`, "Hall:carbon_monoxide", `"CO2":650`, "")},
		{"gas detectors call their zone CO", zigbeeLines(`"ModelId":"GASSensor-EM","ZoneStatusChange":1,"CO":1`, "Hall:gas", `"ZoneStatusChange":0,"CO":0`, "Hall:-gas")},
		{"water", zigbeeLines(`"Water":1`, "Hall:water_leak", `"Water":0`, "Hall:-water_leak")},
		{"calls for help have no end", zigbeeLines(`"PersonalAlarm":1`, "Hall:help", `"PersonalAlarm":1`, "Hall:help", `"PersonalAlarm":0`, "", `"Panic":1`, "Hall:help",
			`"0501!02":""`, "Hall:help", `"0501!04":""`, "Hall:help", `"0501!00":"00"`, "")},
		{"a zone with the emergency type", zigbeeLines(`"ZoneType":44`, "", `"0500<00":"010000FF0000"`, "Hall:help", `"0500<00":"000000FF0000"`, "")},
		{"objects that move or break are no persons", zigbeeLines(`"ZoneStatusChange":1,"Movement":1`, "", `"ZoneStatusChange":1,"GlassBreak":1`, "", `"AqaraVibrationMode":"drop"`, "",
			`"AqaraCube":"fall"`, "", `"0000/FF0D":1`, "")},
		{"what is not in the table is unknown, and never the end of an alarm", zigbeeLines(
			`"Fire":1`, "Hall:smoke", `"Fire":null`, "!unknown_value", `"Fire":""`, "!unknown_value", `"Fire":"0"`, "!unknown_value", `"Fire":2`, "!unknown_value", `"Fire":"nan"`, "!unknown_value",
			`"Fire":[0]`, "!unknown_value", `"Fire":0,"Fire2":null`, "!unknown_value", `"Occupancy":1`, "Hall:motion !unknown_value", `"Fire":0,"Fire2":0`, "Hall:-smoke ~unknown_value")},
		{"a raw alarm of an unknown zone is a riddle until the type is known", zigbeeLines(
			`"0500!00":"010000FF0000"`, "!needs_mapping", `"LinkQuality":3`, "", `"ModelId":"lumi.sensor_wleak.aq1"`, "", `"0500!00":"010000FF0000"`, "Hall:water_leak ~needs_mapping",
			`"0500!00":"000000FF0000"`, "Hall:-water_leak", `"0500<00":"01"`, "!unknown_value", `"0500<00":"xy00"`, "!unknown_value", `"0500<00":null`, "!unknown_value")},
		{"the name of an earlier message tells the zone", zigbeeLines(`"ZoneStatusChange":0,"Fire":0`, "Hall:-smoke", `"0500!00":"010000FF0000"`, "Hall:smoke")},
		{"an alarm zone without a type", zigbeeLines(`"ZoneStatusChange":1,"CIE":1`, "!needs_mapping")},
		{"its battery, case, mains and trouble", zigbeeLines(
			`"ZoneStatusChange":12,"Fire":0,"Tamper":1,"BatteryLow":1`, "Hall:tamper? Hall:-smoke Hall:battery? !tamper !battery_low",
			`"BatteryPercentage":100`, "", // it says so of the last it knew
			`"ZoneStatusChange":0,"Fire":0`, "~tamper ~battery_low",
			`"ZoneStatusChange":192,"Fire":0`, "Hall:-mains !sensor_trouble !mains_lost", `"ZoneStatusChange":0,"Fire":0`, "Hall:mains ~sensor_trouble ~mains_lost",
			`"ZoneStatusChange":512,"Fire":0`, "!sensor_trouble", `"Tamper":1`, "Hall:tamper !tamper", `"BatteryLow":"x"`, "!unknown_value")},
		{"battery in percent", zigbeeLines(`"BatteryPercentage":8`, "Hall:battery? !battery_low", `"BatteryVoltage":0,"BatteryPercentage":0`, "", `"Battery":98,"Voltage":2.9`, "~battery_low",
			`"BatteryPercentage":200`, "!unknown_value", `"BatteryPercentage":null`, "!unknown_value", `"BatteryPercentage":97`, "~unknown_value")},
		{"a remote control is used", zigbeeLines(`"0006!01":"","Power":1`, "Hall:use", `"Click":"double"`, "Hall:use", `"Click":"release"`, "", `"Click":null`, "", `"Power":true`, "", `"0004<00":"006400"`, "")},
		{"temperature is in °C", zigbeeLines(`"Temperature":21.01,"Humidity":50`, "Hall:temperature=21.01", `"Temperature":null`, "!unknown_value", `"LocalTemperature":40`, "")},
		{"what a plug-in calls smoke", zigbeeLines(`"Smoke":0`, "!needs_mapping", `"SmokeDensity":3`, "")},
		{"what tells nothing", zigbeeLines(`"ConfigResponse":{}`, "", `"ModelId":"TH01","Manufacturer":"eWeLink"`, "", `"GetGroup":[]`, "")},
	} {
		c.run(t)
	}
}

func TestATestAlarmIsADrill(t *testing.T) {
	h := newHome(t)
	if got := h.says("tele/zb/SENSOR", zb(`"ZoneStatusChange":257,"Fire":1,"Test":1`)); got != "Hall:smoke*" {
		t.Errorf("the test: %q", got)
	}
	h.now = h.now.Add(time.Hour)
	if got := h.says("tele/zb/SENSOR", zb(`"ZoneStatusChange":257,"Fire":1,"Test":1`)); got != "Hall:smoke" {
		t.Errorf("an hour later the flag is stuck: %q", got)
	}
	h.says("tele/zb/SENSOR", zb(`"ZoneStatusChange":0,"Fire":0`))
	if got := h.says("tele/zb/SENSOR", zb(`"ZoneStatusChange":1,"Fire":1`)); got != "Hall:smoke" {
		t.Errorf("the fire: %q", got)
	}
}

func TestOldNewsFromTheBroker(t *testing.T) {
	h := newHome(t)
	for attributes, want := range map[string]string{
		`"Fire":1`: "Hall:smoke?", `"Occupancy":1`: "Hall:motion?", `"PersonalAlarm":1`: "Hall:help? !old_help_press", `"Click":"single"`: "", `"0501!02":""`: "Hall:help? !old_help_press",
	} {
		if got := short(h.hear("tele/zb/SENSOR", zb(attributes), true)); got != want {
			t.Errorf("%s: %q, want %q", attributes, got, want)
		}
	}
	if s := h.sensor("Hall"); s.LastHeard.Before(noon) || s.LastHeard.After(noon.Add(5*time.Minute)) {
		t.Errorf("%+v", s)
	}
}

// All these say that the same device saw somebody.
func TestTheFormsOfAZigbeeMessage(t *testing.T) {
	for _, c := range []struct{ topic, payload, sensor string }{
		{"tele/zb/SENSOR", `{"ZbReceived":{"0x6172":{"Device":"0x6172","Name":"Hall","Occupancy":1,"LinkQuality":5}}}`, "Hall"},
		{"tele/zb/RESULT", `{"ZbReceived":{"0x6172":{"Name":"Hall","Occupancy":1,"LinkQuality":5}}}`, "Hall"},
		{"zb/tele/SENSOR", `{"Time":"x","ZbReceived":{"0x6172":{"Device":"0x6172","Name":"Hall","Occupancy":1,"LinkQuality":5}}}`, "Hall"},
		{"tele/zb/SENSOR", `{"ZbReceived":{"Hall":{"Device":"0x6172","Occupancy":1,"LinkQuality":5}}}`, "Hall"},          // SetOption83
		{"tele/zb/6172/SENSOR", `{"ZbReceived":{"0x6172":{"Device":"0x6172","Occupancy":1,"LinkQuality":5}}}`, "0x6172"}, // 89
		{"tele/zb/Hall/SENSOR", `{"ZbReceived":{"Hall":{"Device":"0x6172","Name":"Hall","Occupancy":1,"LinkQuality":5}}}`, "Hall"},
		{"tele/zb/Front_Hall_1/SENSOR", `{"ZbReceived":{"Front Hall":{"Device":"0x6172","Name":"Front Hall","Occupancy":1,"LinkQuality":5}}}`, "Front Hall"},
		{"tele/zb/SENSOR", `{"0x6172":{"Device":"0x6172","Name":"Hall","Occupancy":1,"LinkQuality":5}}`, "Hall"}, // 100
		{"tele/zb/SENSOR", `{"Hall":{"Device":"0x6172","Name":"Hall","Occupancy":1,"LinkQuality":5}}`, "Hall"},
		{"tele/zb/Hall/ZbReceived", `{"Hall":{"Device":"0x6172","Occupancy":1,"LinkQuality":5}}`, "Hall"},                       // 118
		{"tele/zb/Hall/ZbReceived", `{"Device":"0x6172","Name":"Hall","Occupancy":1,"LinkQuality":5}`, "Hall"},                  // 118, 119
		{"tele/zb/6172/SENSOR", `{"ZbReceived":{"Device":"0x6172","Name":"Hall","Occupancy":1,"LinkQuality":5}}`, "Hall"},       // 119
		{"tele/zb/6172/SENSOR", `{"Device":"0x6172","Name":"Hall","Occupancy":1,"LinkQuality":5}`, "Hall"},                      // 100, 119
		{"tele/Hall/SENSOR", `{"ZbReceived":{"Hall":{"Device":"0x6172","Name":"Hall","Occupancy":1,"LinkQuality":5}}}`, "Hall"}, // 125
	} {
		for _, announced := range []bool{false, true} {
			h := newHome(t)
			if announced {
				order := map[bool]string{true: "%prefix%/%topic%/", false: "%topic%/%prefix%/"}[strings.HasPrefix(c.topic, "tele/")]
				h.hear("tasmota/discovery/01/config", `{"t":"zb","ft":"`+order+`"}`, true)
			}
			if got := h.says(c.topic, c.payload); got != c.sensor+":motion" {
				t.Errorf("%s %s is heard as %q, want motion of %s (announced: %v)", c.topic, c.payload, got, c.sensor, announced)
			}
			for name := range h.own.Devices {
				if name != "zb" && name != "Hall" {
					t.Errorf("%s: the bridge is called %q (announced: %v)", c.topic, name, announced)
				}
			}
		}
	}
}

// A household's own order of the levels, with the Zigbee devices on topics of their own.
func TestADeviceBehindABridgeOnATopicOfItsOwn(t *testing.T) {
	for order, topic := range map[string]string{
		"%prefix%/%topic%/": "tele/zb/6172/SENSOR", "%topic%/%prefix%/": "zb/6172/tele/SENSOR",
		"%prefix%/home/%topic%/": "tele/home/zb/6172/SENSOR", "home/%topic%/%prefix%/": "home/zb/6172/tele/SENSOR", "home/%prefix%/%topic%/": "home/tele/zb/6172/SENSOR",
	} {
		h := newHome(t)
		h.hear("tasmota/discovery/01/config", `{"t":"zb","ft":"`+order+`"}`, true)
		if got := h.says(topic, zb(`"ZoneStatusChange":1,"Fire":1`)); got != "Hall:smoke" {
			t.Errorf("%s: %s is heard as %q", order, topic, got)
		}
		if len(h.own.Devices) != 1 {
			t.Errorf("%s: the devices are %v", order, h.own.Devices)
		}
		if !slices.ContainsFunc(h.own.Filters(), func(f string) bool { return sensors.Match(f, topic) }) {
			t.Errorf("%s: %s is not listened to", order, topic)
		}
	}
}

func TestWhatTheBridgeSaysOfItsDevices(t *testing.T) {
	h := newHome(t)
	for _, line := range [][3]string{
		{"tele/zb/SENSOR", `{"ZbState":{"Status":30,"IEEEAddr":"0x00158D00036B50AE","ShortAddr":"0x6172"}}`, ""},
		{"tele/zb/SENSOR", `{"ZbResponse":{"Device":"0x6172","Name":"Hall","Command":"0004!04","Status":0,"LinkQuality":80}}`, ""},
		{"tele/zb/RESULT", `{"ZbInfo":{"0x6172":{"Device":"0x6172","Name":"Hall","Config":["A01.3"],"Fire":1,"Reachable":true}}}`, ""},
		{"tele/zb/SENSOR", `{"ZbReceived":{"0x6172":{"0500<00":"010000FF0000","LinkQuality":4}}}`, "0x6172:smoke"},
		{"stat/zb/RESULT", `{"ZbStatus3":[{"Device":"0x7777","ModelId":"lumi.sensor_wleak.aq1","Config":["T01","A01.4",7]},{"Device":"0x8888","Config":["A01.6","A0","A01.Z"]},{"Device":"0x9999","Config":"A01.6"}]}`, ""},
		{"tele/zb/SENSOR", `{"ZbReceived":{"0x8888":{"0500<00":"010000FF0000","LinkQuality":4}}}`, "0x8888:help"},
		{"tele/zb/SENSOR", `{"ZbReceived":{"0x9999":{"0500<00":"010000FF0000","LinkQuality":4}}}`, "!needs_mapping"},
	} {
		if got := h.says(line[0], line[1]); got != line[2] {
			t.Errorf("%s is heard as %q, want %q", line[1], got, line[2])
		}
	}
}

func TestABridgeThatIsAway(t *testing.T) {
	h := newHome(t)
	if got := short(h.hear("tele/zb/LWT", "Online", true)); got != "zb:link?" {
		t.Errorf("before anything spoke through it: %q", got)
	}
	h.hear("tele/zb/SENSOR", zb(`"Occupancy":0`), false)
	got := h.hear("tele/zb/LWT", "Offline", false)
	if short(got) != "zb:-link !bridge_offline !sensor_unreachable" || got.Faults[0].Subject != "zb" {
		t.Errorf("away: %+v", got)
	}
	if got := h.says("tele/zb/LWT", "Online"); got != "zb:link ~bridge_offline ~sensor_unreachable" {
		t.Errorf("back: %q", got)
	}
}

func TestSignsOfLifeOfZigbeeDevices(t *testing.T) {
	h := newHome(t)
	h.hear("tele/zb/SENSOR", zb(`"ModelId":"RH3040","Manufacturer":"TUYA","BatteryPercentage":77,"ZoneType":13`), false)
	at := h.now
	s := h.sensor("Hall")
	if !s.LastHeard.Equal(at) || s.Model != "TUYA RH3040" || s.Battery == nil || *s.Battery != 77 || !slices.Contains(s.Kinds, ucare.Motion) {
		t.Errorf("%+v", s)
	}
	got := h.hear("tele/zb/SENSOR", `{"ZbReceived":{"0x6172":{"Device":"0x6172","Name":"Hall","Occupancy":0}}}`, false)
	if i := slices.IndexFunc(got.Seen, func(s sensors.Seen) bool { return s.Sensor == "Hall" }); i < 0 || got.Seen[i].Bridge != "zb" || !got.Seen[i].Heard.IsZero() {
		t.Errorf("a timer of the bridge: %+v", got.Seen)
	}
	if got := h.says("tele/zb/SENSOR", `{"ZbReceived":{"0x6172":{"Device":"0x6172","Name":"Hall","Reachable":false}}}`); got != "Hall:-link !sensor_unreachable" {
		t.Errorf("not reached: %q", got)
	}
	if got := h.says("tele/zb/SENSOR", zb(`"Occupancy":0`)); got != "Hall:link ~sensor_unreachable" {
		t.Errorf("heard again: %q", got)
	}
	got = h.hear("tele/zb/SENSOR", `{"ZbReceived":{"0x6172":{"Device":"0x6172","Name":"Kitchen PIR","Occupancy":1,"LinkQuality":9}}}`, false)
	if s := h.sensor("Kitchen PIR"); short(got) != "Kitchen PIR:motion" || s.Room != "kitchen" {
		t.Errorf("renamed: %+v", got)
	}
	if slices.ContainsFunc(h.d.Sensors(), func(s sensors.SensorState) bool { return s.ID == "Hall" }) {
		t.Error("its old name is still there")
	}
	if got := h.says("tele/zb/SENSOR", `{"ZbReceived":{"0x00AA":{"Device":"0x00AA","Name":"wet","Water":1,"LinkQuality":9}}}`); got != "leak-1:water_leak" {
		t.Errorf("configured by the topic it would have: %q", got)
	}
}

func TestDamagedTelemetryOfABridge(t *testing.T) {
	h := newHome(t)
	h.hear("tele/zb/6172/SENSOR", zb(`"Occupancy":0`), false)
	for _, payload := range []string{`{„ZbReceived":{"0x6172":{"Fire":1}}}`, `{"ZbReceived":`, `[1]`, `null`, "\xff\xfe"} {
		if got := h.says("tele/zb/6173/SENSOR", payload); got != "!not_understood" {
			t.Errorf("%q: %q", payload, got)
		}
	}
	if got := h.says("tele/zb/6172/SENSOR", zb(`"Occupancy":0`)); got != "~not_understood" {
		t.Errorf("once it is right: %q", got)
	}
	if len(h.own.Devices) != 1 {
		t.Errorf("devices: %v", h.own.Devices)
	}
	for _, payload := range []string{`{"ZbReceived":null}`, `{"ZbReceived":[]}`, `{"ZbReceived":{"0x1111":7,"":{"Fire":1}}}`, `{"ZbReceived":{"Device":"x"}}`} {
		if got := h.says("tele/zb/SENSOR", payload); got != "" {
			t.Errorf("%s: %q", payload, got)
		}
	}
}

func TestWhatLoRaWANDevicesSay(t *testing.T) {
	lw := func(bracket, key, said string) string {
		return fmt.Sprintf(`{"%s":{"%s":{"Node":1,"RSSI":-50,"SNR":12,%s}}}`, bracket, key, said)
	}
	for _, c := range []conversation{
		{"a door, and volts that are no percent", [][3]string{
			{"tele/lora/SENSOR", lw("LwReceived", "0x4AD6", `"Device":"0x4AD6","DoorOpen":1,"Alarm":1,"Battery":3.000`), "0x4AD6:door?"},
			{"tele/lora/SENSOR", lw("LwReceived", "0x4AD6", `"Device":"0x4AD6","DoorOpen":1,"Alarm":0,"Battery":2.0`), ""},
			{"tele/lora/SENSOR", lw("LwReceived", "0x4AD6", `"Device":"0x4AD6","DoorOpen":false`), "0x4AD6:-door"},
			{"tele/lora/SENSOR", lw("LwReceived", "0x4AD6", `"Device":"0x4AD6","DoorOpen":null`), "!unknown_value"},
			{"tele/lora/SENSOR", lw("LwReceived", "0x4AD6", `"Device":"0x4AD6","DoorOpen":2`), "!unknown_value"},
		}},
		{"decoded in Berry, under a name", [][3]string{
			{"tele/lora/SENSOR", lw("LwReceived", "Front", `"Decoder":"DW10","Payload":[1,2]`), ""},
			{"tele/lora/SENSOR", lw("LwDecoded", "Front", `"Device":"MerryIoT DW10","DoorOpen":true,"TamperDetect":true,"TemperatureC":21,"BattV":3.1`), "Front:door? Front:tamper? Front:temperature=21 !tamper"},
			{"tele/lora/SENSOR", lw("LwDecoded", "Bath", `"pir_status":true,"occupancy":"Occupied","battery_pct":9`), "Bath:motion? Bath:battery? !battery_low"},
			{"tele/lora/SENSOR", lw("LwDecoded", "Sos", `"button_type":"Long Press","button_press":true`), "!needs_mapping"},
			{"tele/lora/SENSOR", lw("LwDecoded", "Sink", `"water_leak":true`), "!needs_mapping"},
		}},
		{"without the bracket, and on a topic of its own", [][3]string{
			{"tele/lora/SENSOR", `{"0x4AD6":{"Node":1,"Device":"0x4AD6","RSSI":-50,"DoorOpen":0}}`, "0x4AD6:-door"},
			{"tele/lora/0x4AD6/LwReceived", `{"Node":1,"Device":"0x4AD6","RSSI":-50,"DoorOpen":1}`, "0x4AD6:door"},
		}},
		{"not decoded at all", [][3]string{
			{"tele/lora/SENSOR", lw("LwReceived", "X", `"FPort":2,"Payload":[1]`), "!needs_mapping"},
			{"tele/lora/SENSOR", lw("LwDecoded", "X", `"DoorOpen":0`), "X:-door ~needs_mapping"},
		}},
	} {
		c.run(t)
	}
}

func TestWhatBluetoothSensorsSay(t *testing.T) {
	for _, c := range []conversation{{"behind an ESP32", [][3]string{
		{"tele/esp/SENSOR", `{"MJYD2S-1a2b3c":{"mac":"x","PIR":1,"Battery":88}}`, "MJYD2S-1a2b3c:motion"},
		{"tele/esp/SENSOR", `{"MJYD2S-1a2b3c":{"mac":"x","PIR":0}}`, "MJYD2S-1a2b3c:-motion"},
		{"tele/esp/SENSOR", `{"MJYD2S-1a2b3c":{"mac":"x","Events":3}}`, ""},
		{"tele/esp/SENSOR", `{"MJYD2S-1a2b3c":{"mac":"x","PIR":"yes"}}`, "!unknown_value"},
		{"tele/esp/SENSOR", `{"ATC-99":{"mac":"y","Temperature":20.5,"Battery":7},"TempUnit":"C"}`, "ATC-99:temperature=20.5 ATC-99:battery? !battery_low"},
		{"tele/esp/SENSOR", `{"ATC-99":{"mac":"y","Temperature":20.5}}`, "!unknown_value"},
		{"tele/esp/SENSOR", `{"MCCGQ02-1":{"mac":"z","DOOR":1}}`, "!needs_mapping"},
		{"tele/tasmota_ble/NLIGHT010203", `{"mac":"x","PIR":1}`, "NLIGHT010203:motion"},
	}}} {
		c.run(t)
	}
}
