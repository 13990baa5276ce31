package gateway

import (
	"slices"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/homeassistant"
	"github.com/ucare-project/ucare/sensors/mapping"
	"github.com/ucare-project/ucare/sensors/shelly"
	"github.com/ucare-project/ucare/sensors/tasmota"
	"github.com/ucare-project/ucare/sensors/zigbee2mqtt"
	"github.com/ucare-project/ucare/sensors/zwavejs"
)

// NewDecoder returns the decoder of everything that the configuration listens
// to. The ecosystems are asked in this order: what a household maps itself goes
// before what we know, and a native decoder before an announcement to Home
// Assistant.
func NewDecoder(c *configs.Gateway) *sensors.Decoder {
	topics := topicsOf(c)
	topics.Quiet = append(topics.Quiet, quietOf(c)...)
	return decoderOf(topics, mappingsOf(c))
}

// decoderOf returns the decoder of everything that some dwellings listen to.
func decoderOf(topics sensors.Config, mappings map[string][]mapping.Entry) *sensors.Decoder {
	return sensors.NewDecoder(topics, slices.Concat(
		mapping.All(topics, mappings),
		zigbee2mqtt.All(topics),
		zwavejs.All(topics),
		shelly.All(topics),
		tasmota.All(topics),
		homeassistant.All(topics),
	)...)
}
