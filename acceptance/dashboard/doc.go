// Package dashboard holds the dashboard for Grafana (deploy/grafana) against what the
// gateway stores: each of its questions is put to a real InfluxDB that the history has
// filled with a home.
package dashboard
