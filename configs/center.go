package configs

import "time"

// A Center is the content of center.yaml, the reference alarm receiving centre.
type Center struct {
	Name     string   `yaml:"name"`
	Listen   string   `yaml:"listen"`
	TLS      TLSFiles `yaml:"tls,omitempty"`
	Data     string   `yaml:"data"`
	Language string   `yaml:"language"`
	TimeZone TimeZone `yaml:"time_zone"`
	// HeartbeatGrace is how long a gateway may be silent before an operator is told.
	HeartbeatGrace time.Duration   `yaml:"heartbeat_grace"`
	Operators      []Operator      `yaml:"operators"`
	Gateways       []CenterGateway `yaml:"gateways"`
}

// TLSFiles are a certificate and its key. Both are empty where a proxy in front
// speaks TLS.
type TLSFiles struct {
	CertFile string `yaml:"cert_file,omitempty"`
	KeyFile  string `yaml:"key_file,omitempty"`
}

// An Operator acknowledges and closes alarms.
type Operator struct {
	ID       string   `yaml:"id"`
	Name     string   `yaml:"name"`
	Password Password `yaml:",inline"`
}

// A CenterGateway is a gateway that may report to the centre.
type CenterGateway struct {
	ID      string        `yaml:"id"`
	Account string        `yaml:"account"`
	Secret  SigningSecret `yaml:",inline"`
}

func defaultCenter() *Center {
	return &Center{
		Listen:         "127.0.0.1:8460",
		Data:           "/var/lib/ucare-center",
		Language:       "ko",
		TimeZone:       seoul(),
		HeartbeatGrace: 3 * time.Minute,
	}
}
