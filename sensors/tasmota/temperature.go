package tasmota

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// thermometers are the blocks of sensors that measure the air of a room. Not
// among them: the probe on a pipe or a chip that calls itself ESP32, ANALOG (in
// many plugs the inside of the plug), ENERGY or OPENTHERM, and what looks into an
// oven (MAX31855, MAX6675, MLX90614).
var thermometers = []string{
	"AHT10", "AHT1X", "AHT20", "AHT2X", "AHT30", "AM2301", "BME280", "BME680", "BME688", "BMP180", "BMP280", "BMP388", "BMP390",
	"DHT11", "DHT22", "DS18B20", "DS18S20", "DS1822", "ENS210", "HDC1080", "HDC2010", "HIH6130", "HP303B", "HTU21", "HYT221",
	"LM75AD", "MCP9808", "QMP6988", "SCD30", "SCD40", "SCD41", "SEN5X", "SHT1X", "SHT3X", "SHT4X", "SHTC3", "SI7013", "SI7020",
	"SI7021", "SPL06", "TC74",
}

// machines are words in a device's name that say its thermometer is not in the air.
var machines = []string{"boiler", "heater", "heating", "pipe", "oven", "stove", "freezer", "fridge", "refrigerator", "pool", "sauna", "solar", "tank", "aquarium", "보일러", "냉장고", "냉동고", "오븐"}

// temperatures decodes "AM2301":{"Temperature":21.4} with "TempUnit":"C" or "F"
// beside it. One thermometer is the device's; of several each is a sensor of
// its own, "<device>-DS18B20-1": two places in one sensor would be mixed up.
func (s statement) temperatures(said object) {
	if s.isEvent() || s.measuresMachine() {
		return
	}
	var blocks []string
	for _, key := range slices.Sorted(maps.Keys(said)) {
		if _, measures := asObject(said[key])["Temperature"]; measures && isThermometer(key) {
			blocks = append(blocks, key)
		}
	}
	for _, block := range blocks {
		raw := asObject(said[block])["Temperature"]
		celsius, ok := celsius(raw, asText(said["TempUnit"]), block)
		if !ok {
			s.bad(block+" Temperature", raw)
			continue
		}
		s.good(block + " Temperature")
		r := *s.report
		if len(blocks) > 1 {
			own := s.devices.sensor(s.name+"-"+block, s.name+"-"+block)
			if own.Room == "" {
				own.Room = s.sensor.Room
			}
			r.sensor = own
		}
		r.measured(ucare.Temperature, celsius, "°C")
	}
}

// isThermometer knows the block with or without its address or number behind it.
func isThermometer(block string) bool {
	name, _, _ := strings.Cut(block, "-")
	name, _, _ = strings.Cut(name, "_")
	return slices.Contains(thermometers, strings.ToUpper(name))
}

// measuresMachine reports whether the names say that this is not the air of a room.
func (s statement) measuresMachine() bool {
	for _, name := range append(s.device.Announced.names(), s.name) {
		for _, word := range wordsOf(name) {
			if slices.Contains(machines, word) {
				return true
			}
		}
	}
	return false
}

// celsius converts a value. Without a unit it is not known; a DS18B20 says 85 °C
// before its first measurement and -127 °C when its wire is broken.
func celsius(raw json.RawMessage, unit, block string) (float64, bool) {
	v, ok := asNumber(raw)
	switch {
	case !ok:
		return 0, false
	case unit == "F":
		v = (v - 32) / 1.8
	case unit != "C":
		return 0, false
	}
	if strings.HasPrefix(block, "DS18") && (v == 85 || v <= -126) {
		return 0, false
	}
	return v, v > -100 && v < 1000
}
