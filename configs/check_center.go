package configs

import (
	"strings"
	"time"
)

// center checks a whole center.yaml.
func (c *checker) center(center *Center) {
	if strings.TrimSpace(center.Name) == "" {
		c.add("name", "", "is missing: write how operators and gateways know this centre")
	}
	c.listen(seen{}, "listen", center.Listen)
	c.keyPair("tls.cert_file", "tls.key_file", &center.TLS.CertFile, &center.TLS.KeyFile)
	c.dataDir("data", &center.Data)
	c.oneOf("language", center.Language, "ko", "en")
	c.between("heartbeat_grace", center.HeartbeatGrace, 20*time.Second, time.Hour)
	c.operators(center.Operators)
	c.centerGateways(center.Gateways)
}

func (c *checker) operators(operators []Operator) {
	if len(operators) == 0 {
		c.add("operators", "", "is missing: nobody could acknowledge an alarm; write at least one operator")
	}
	ids := seen{}
	for i := range operators {
		path := at("operators", i)
		c.id(ids, path+".id", operators[i].ID)
		if strings.TrimSpace(operators[i].Name) == "" {
			operators[i].Name = operators[i].ID
		}
		c.password(path, &operators[i].Password)
	}
}

func (c *checker) centerGateways(gateways []CenterGateway) {
	if len(gateways) == 0 {
		c.add("gateways", "", "is missing: nobody could report; write each gateway with its id, account and secret")
	}
	ids, accounts := seen{}, seen{}
	for i := range gateways {
		path := at("gateways", i)
		c.id(ids, path+".id", gateways[i].ID)
		c.account(accounts, path+".account", gateways[i].Account)
		c.signing(path, &gateways[i].Secret)
	}
}
