// Package influxd runs the real InfluxDB 1.8, for tests and benches: a server of
// their own on loopback, that can be killed, held and started again, and a line to
// it that can be made slow, refusing, hanging or broken.
package influxd
