// Package configs reads the one file that sets up a gateway (ucare.yaml) or a
// centre (center.yaml) and refuses nonsense before anything starts.
//
// A mistake in these files can cost a life quietly: a misspelt key that
// silently means "default", a "10" that is read as ten nanoseconds, an account
// number that loses its leading zeros. So every key must be known, a length of
// time has a unit, a list has ids instead of map keys, a password stands in a
// file of its own, and all mistakes are told at once, each with its line, its
// key, the value and what to write instead. What is legal but unwise is a
// warning.
//
// viper reads the YAML and the environment; no other package knows it. A few
// settings can be given by the environment, which then goes before the file:
// UCARE_DATA (where data is kept), UCARE_LISTEN (the address listened on),
// UCARE_LANGUAGE and UCARE_INFLUXDB_URL (the server of the history).
package configs
