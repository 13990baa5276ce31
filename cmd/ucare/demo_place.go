package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/ucare-project/ucare"
)

const (
	demoGateway   = "demo-gateway"
	demoDevice    = "demo-home"
	demoOperator  = "operator"
	demoCaregiver = "daughter"
	demoHoldOff   = 5 * time.Second // shorter than in a real home, so that one can watch it
)

// A demoPlace is where the demo runs: a directory with real configuration and
// secret files, and addresses on loopback.
type demoPlace struct {
	dir                         string
	broker, local, centre, page string // addresses
	devicePassword              string
	operatorPassword            string
	caregiverPassword           string
	centerConfig, gatewayConfig string // files
}

// newDemoPlace chooses addresses, makes up secrets and writes the files.
func newDemoPlace(dir string) (demoPlace, error) {
	p := demoPlace{
		dir: dir, devicePassword: rand.Text(), operatorPassword: rand.Text()[:12], caregiverPassword: rand.Text()[:12],
	}
	p.centerConfig, p.gatewayConfig = p.path("center.yaml"), p.path("ucare.yaml")
	for preferred, address := range map[string]*string{
		"127.0.0.1:1883": &p.broker, "127.0.0.1:9464": &p.local, "127.0.0.1:8460": &p.centre, "127.0.0.1:8461": &p.page,
	} {
		free, err := freeAddress(preferred)
		if err != nil {
			return p, err
		}
		*address = free
	}
	return p, p.writeFiles()
}

// freeAddress is the preferred address, or another on loopback when that is taken.
func freeAddress(preferred string) (string, error) {
	listener, err := net.Listen("tcp", preferred)
	if err != nil {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", fmt.Errorf("find a free address on this machine: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

func (p demoPlace) writeFiles() error {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	files := map[string]string{
		"centre.secret":      "whsec_" + base64.StdEncoding.EncodeToString(secret),
		"operator.password":  p.operatorPassword,
		"caregiver.password": p.caregiverPassword,
		"device.password":    p.devicePassword,
		"center.yaml":        fmt.Sprintf(demoCenterYAML, p.centre, p.path("center"), demoOperator, demoGateway),
		"ucare.yaml":         p.gatewayYAML(),
	}
	for name, content := range files {
		if err := os.WriteFile(p.path(name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("write the demo's files: %w", err)
		}
	}
	return nil
}

const demoCenterYAML = `name: Demo Centre
listen: %q
data: %q
language: en
time_zone: Asia/Seoul
operators:
  - id: %s
    name: Operator Park
    password_file: operator.password
gateways:
  - id: %s
    account: "110042"
    secret_file: centre.secret
`

func (p demoPlace) gatewayYAML() string {
	home := demoHome()
	var rooms strings.Builder
	for _, r := range home.Rooms {
		fmt.Fprintf(&rooms, "      - id: %s\n", r.ID)
	}
	return fmt.Sprintf(`gateway:
  id: %s
  data: %q
  listen: %q
  language: en
  time_zone: Asia/Seoul
  journal:
    ballast: 1MiB
dwellings:
  - id: %s
    account: %q
    address: %q
    resident: {name: %q, phone: %q}
    rooms:
%s    zigbee2mqtt:
      base_topic: %s
sensors:
  broker:
    listen: %q
    devices:
      - id: %s
        password_file: device.password
        publish: ["ucare/%s/+", "%s/#"]
        subscribe: ["ucare/%s/gateway/#"]
rules:
  fire:
    hold_off: %s
emergency:
  receivers:
    - id: centre
      webhook:
        url: http://%s
        secret_file: centre.secret
  routes:
    - id: everything
      rules: [fire, help, fall, inactivity]
      steps:
        - receivers: [centre]
          within: 60s
caregiver:
  listen: %q
  people:
    - id: %s
      password_file: caregiver.password
      dwellings: [%s]
`, demoGateway, p.path("gateway"), p.local, home.ID, home.Account, home.Address, home.Resident.Name, home.Resident.Phone,
		rooms.String(), demoBaseTopic, p.broker, demoDevice, home.ID, demoBaseTopic, home.ID, demoHoldOff, p.centre,
		p.page, demoCaregiver, home.ID)
}

// centerPage is the operator's page with the way in.
func (p demoPlace) centerPage() string {
	return fmt.Sprintf("http://%s:%s@%s/", demoOperator, p.operatorPassword, p.centre)
}

// caregiverPage is the daughter's page with the way in.
func (p demoPlace) caregiverPage() string {
	return fmt.Sprintf("http://%s:%s@%s/", demoCaregiver, p.caregiverPassword, p.page)
}

// fire returns the home's fire alarm that was raised since then, or nil.
func (p demoPlace) fire(ctx context.Context, since time.Time) (*ucare.Alarm, error) {
	var alarms []ucare.Alarm
	if err := ask(ctx, http.MethodGet, p.local, "/alarms/"+demoDwelling, &alarms); err != nil {
		return nil, err
	}
	for _, a := range alarms {
		if a.Rule == ucare.Fire && !a.RaisedAt.Before(since) {
			return &a, nil
		}
	}
	return nil, nil
}

// operate presses a button of the centre's page as the operator would.
func (p demoPlace) operate(ctx context.Context, alarm, button string) error {
	form := url.Values{"gateway": {demoGateway}, "alarm": {alarm}, "outcome": {"cooking"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.centre+"/"+button, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(demoOperator, p.operatorPassword)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("press %q on the centre's page: %w", button, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK { // after the redirect
		return fmt.Errorf("press %q on the centre's page: it answers %s", button, response.Status)
	}
	return nil
}

// A demoVoice is the simulated home on MQTT.
type demoVoice struct{ client mqtt.Client }

// connectPatience bounds how long the demo waits for its own gateway.
const connectPatience = 15 * time.Second

// connect waits until the gateway's broker lets the home in.
func (p demoPlace) connect(ctx context.Context) (*demoVoice, error) {
	options := mqtt.NewClientOptions().AddBroker("tcp://" + p.broker).SetClientID(demoDevice).
		SetUsername(demoDevice).SetPassword(p.devicePassword).SetConnectRetry(true).SetConnectRetryInterval(100 * time.Millisecond)
	v := &demoVoice{client: mqtt.NewClient(options)}
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	if err := wait(ctx, v.client.Connect()); err != nil {
		v.leave()
		return nil, fmt.Errorf("the demo's home cannot reach the gateway's broker on %s: %w", p.broker, err)
	}
	return v, nil
}

// say publishes with QoS 1 and returns when the gateway has it on disk.
func (v *demoVoice) say(ctx context.Context, topic string, payload []byte, retained bool) error {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	if err := wait(ctx, v.client.Publish(topic, 1, retained, payload)); err != nil {
		return fmt.Errorf("publish on %s: %w", topic, err)
	}
	return nil
}

func (v *demoVoice) leave() { v.client.Disconnect(100) }

func wait(ctx context.Context, token mqtt.Token) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-token.Done():
		return token.Error()
	}
}
