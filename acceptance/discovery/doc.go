// Package discovery tries what is heard of announcements to Home Assistant with a program
// that makes them: the published Zigbee2MQTT, whose radio is of paper.
//
// bridge.js starts the program with its own configuration, converters and MQTT connection, and only puts
// five devices in the place of zigbee-herdsman's controller. What they say over the air comes from the test, line
// by line. The base topic of the bridge is not configured natively here, so that all that is
// known of it are its announcements.
//
// It needs mosquitto, node and npm: npm ci --ignore-scripts in this folder fetches the pinned program.
package discovery
