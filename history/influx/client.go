package influx

import influxdb2 "github.com/influxdata/influxdb-client-go/v2"

var _ influxdb2.Client
