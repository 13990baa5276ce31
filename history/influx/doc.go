// Package influx remembers readings, hours and days in an InfluxDB: 2.x, or 1.8 with Flux.
//
// It only speaks with the server, and says exactly what became of each point: taken,
// refused for good with the reason, or to be offered again. Keeping what is not taken
// yet is the business of package history.
//
// The schema is in docs/history.md. Dwellings and sensors stand there under pseudonyms.
package influx
