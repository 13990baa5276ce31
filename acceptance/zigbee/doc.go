// Package zigbee tries the decoder of Zigbee2MQTT on what real devices say.
//
// Zigbee2MQTT cannot run without a radio. But what it publishes of a device comes
// from the converters of zigbee-herdsman-converters, and these run anywhere. So
// emit.js loads all of them, plays the devices by the messages of their radio
// (bits of a zone status, reports of attributes, commands of a keypad, datapoints
// of Tuya), and prints what Zigbee2MQTT would publish, each with what has to be
// heard of it. What has to be heard follows from what was done to the device:
// a contact is open because its alarm bit is set, whatever its converter makes
// of that. The test hears every line through the decoder.
//
// It needs node and npm: npm ci in this folder fetches the pinned converters.
package zigbee
