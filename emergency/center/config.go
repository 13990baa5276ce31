package center

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/ucare-project/ucare/language"
)

// Config is what a centre needs to know. Where it listens is the command's
// business.
type Config struct {
	// Name is how the centre calls itself, on its page and as the receiver in
	// its answers.
	Name      string
	Gateways  []Gateway
	Operators []Operator
	// DataFile is the SQLite file with everything the centre has received and done.
	DataFile string
	// HeartbeatGrace is how long after a due heartbeat a gateway is called
	// silent, where the gateway has no grace of its own. Default 3 minutes.
	HeartbeatGrace time.Duration
	// ClockTolerance is how far a gateway's clock may differ before its reports
	// are marked. Default 5 minutes.
	ClockTolerance time.Duration
	// Location is the time zone of the operators. Default time.Local.
	Location *time.Location
	// Language is for operators whose browser names none that we have. Default English.
	Language language.Language
}

// A Gateway may report to the centre.
type Gateway struct {
	ID string
	// Account is shown where a report does not carry the dwelling's account.
	Account string
	// Secrets are the signing secrets ("whsec_…"); more than one while they
	// are being changed.
	Secrets []string
	// Grace overrides Config.HeartbeatGrace for a gateway on a poor line.
	Grace time.Duration
}

// An Operator may see, acknowledge and close alarms.
type Operator struct {
	ID       string // the name to sign in with
	Name     string // how answers and the log name the person; the ID when empty
	Password string
}

const (
	defaultHeartbeatGrace = 3 * time.Minute
	defaultClockTolerance = 5 * time.Minute
	leastSecretBytes      = 24 // as Standard Webhooks says
	leastPasswordLength   = 8
)

var gatewayID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Validate reports everything that is wrong with the configuration at once.
func (c Config) Validate() error {
	var wrong []error
	if c.Name == "" {
		wrong = append(wrong, errors.New("name: is empty: give the centre the name that gateways and operators shall see"))
	}
	if c.DataFile == "" {
		wrong = append(wrong, errors.New("data file: is empty: name the file in which the centre keeps its log"))
	}
	if c.HeartbeatGrace < 0 {
		wrong = append(wrong, fmt.Errorf("heartbeat grace: %s is negative: use a duration such as 3m", c.HeartbeatGrace))
	}
	if c.ClockTolerance < 0 {
		wrong = append(wrong, fmt.Errorf("clock tolerance: %s is negative: use a duration such as 5m", c.ClockTolerance))
	}
	wrong = append(wrong, validateGateways(c.Gateways)...)
	wrong = append(wrong, validateOperators(c.Operators)...)
	return errors.Join(wrong...)
}

func validateGateways(gateways []Gateway) (wrong []error) {
	if len(gateways) == 0 {
		wrong = append(wrong, errors.New("gateways: there is none: without one no report can be accepted"))
	}
	seen := make(map[string]bool)
	for n, g := range gateways {
		where := fmt.Sprintf("gateway %d (%q)", n+1, g.ID)
		if !gatewayID.MatchString(g.ID) {
			wrong = append(wrong, fmt.Errorf("%s: id: use 1 to 64 letters, digits, dots, dashes and underscores", where))
		}
		if seen[g.ID] {
			wrong = append(wrong, fmt.Errorf("%s: id: is there twice: each gateway needs its own", where))
		}
		seen[g.ID] = true
		if g.Grace < 0 {
			wrong = append(wrong, fmt.Errorf("%s: grace: %s is negative: use a duration such as 3m", where, g.Grace))
		}
		if len(g.Secrets) == 0 {
			wrong = append(wrong, fmt.Errorf("%s: secrets: there is none: without one no report can be verified", where))
		}
		for i, secret := range g.Secrets {
			if _, err := signingKey(secret); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: secret %d: %w", where, i+1, err))
			}
		}
	}
	return wrong
}

func validateOperators(operators []Operator) (wrong []error) {
	if len(operators) == 0 {
		wrong = append(wrong, errors.New("operators: there is none: without one nobody could acknowledge an alarm"))
	}
	seen := make(map[string]bool)
	for n, o := range operators {
		where := fmt.Sprintf("operator %d (%q)", n+1, o.ID)
		if o.ID == "" || strings.ContainsAny(o.ID, ":\r\n") {
			wrong = append(wrong, fmt.Errorf("%s: id: it must not be empty and must not contain a colon or a line break", where))
		}
		if seen[o.ID] {
			wrong = append(wrong, fmt.Errorf("%s: id: is there twice: each operator needs their own", where))
		}
		seen[o.ID] = true
		if len(o.Password) < leastPasswordLength {
			wrong = append(wrong, fmt.Errorf("%s: password: has %d characters: use at least %d", where, len(o.Password), leastPasswordLength))
		}
	}
	return wrong
}

// signingKey decodes a "whsec_…" secret. The error never shows the secret.
func signingKey(secret string) ([]byte, error) {
	encoded, found := strings.CutPrefix(secret, "whsec_")
	if !found {
		return nil, errors.New(`it does not begin with "whsec_": make one with: echo whsec_$(openssl rand -base64 32)`)
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf(`what follows "whsec_" is not base64: make one with: echo whsec_$(openssl rand -base64 32)`)
	}
	if len(key) < leastSecretBytes {
		return nil, fmt.Errorf("has %d bytes: Standard Webhooks wants %d to 64", len(key), leastSecretBytes)
	}
	return key, nil
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if c.HeartbeatGrace == 0 {
		c.HeartbeatGrace = defaultHeartbeatGrace
	}
	if c.ClockTolerance == 0 {
		c.ClockTolerance = defaultClockTolerance
	}
	if c.Location == nil {
		c.Location = time.Local
	}
	return c
}
