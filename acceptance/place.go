package acceptance

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The names in every Place.
const (
	Dwelling  = "home"
	GatewayID = "gateway-1"
	Device    = "zigbee" // the account that the home's sensors use
	Operator  = "park"
)

// A Place is a directory with the configuration of one gateway and one centre
// on loopback, and the addresses they use.
type Place struct {
	Dir    string
	Binary string // the ucare program
	Data   string // the gateway's directory

	Broker string // the gateway's own broker; empty when Client is set
	Client string // the address of a broker that the household runs
	Local  string // the gateway's local listener
	Page   string // the caregiver's page
	Centre string // where the gateway sends to

	DevicePassword   string
	OperatorPassword string
	PersonPassword   string
	Secret           string // whsec_…

	// Steps is the YAML of the route's steps; empty is the centre alone.
	Steps string
	// History is the YAML of gateway.history, such as "keep: 720h"; empty is the default.
	History string
	// Receivers is YAML of further receivers.
	Receivers string
}

// Build compiles the ucare program into dir. Each overlay replaces a source
// file of the module by another, for programs that are broken on purpose.
func Build(ctx context.Context, dir, overlay string) (string, error) {
	binary := filepath.Join(dir, "ucare")
	args := []string{"build", "-o", binary}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	build := exec.CommandContext(ctx, "go", append(args, "github.com/ucare-project/ucare/cmd/ucare")...)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build ucare: %w\n%s", err, out)
	}
	return binary, nil
}

// NewPlace chooses free addresses and secrets. Change what you like, then Write.
func NewPlace(dir, binary string) (*Place, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	p := &Place{
		Dir: dir, Binary: binary, Data: "gateway", DevicePassword: rand.Text(), OperatorPassword: rand.Text(), PersonPassword: rand.Text(),
		Secret: "whsec_" + base64.StdEncoding.EncodeToString(secret),
	}
	for _, address := range []*string{&p.Broker, &p.Local, &p.Page, &p.Centre} {
		free, err := FreeAddress()
		if err != nil {
			return nil, err
		}
		*address = free
	}
	return p, nil
}

// FreeAddress is an address on loopback that nobody listens on.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// Write writes the configuration and secret files.
func (p *Place) Write() error {
	files := map[string]string{
		"centre.secret": p.Secret, "operator.password": p.OperatorPassword, "device.password": p.DevicePassword,
		"person.password": p.PersonPassword, "ucare.yaml": p.gatewayYAML(), "center.yaml": p.centerYAML(),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(p.Dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p *Place) gatewayYAML() string {
	steps := p.Steps
	if steps == "" {
		steps = "        - {receivers: [centre], within: 60s}\n"
	}
	return fmt.Sprintf(`gateway: {id: %s, data: %q, listen: %q, language: en, time_zone: UTC, journal: {ballast: 1MiB}, history: {%s}}
dwellings:
  - id: %s
    account: "110042"
    address: 12 Haengbok-ro
    rooms: [{id: kitchen}, {id: bedroom}]
    zigbee2mqtt: {base_topic: zigbee2mqtt}
sensors:
%srules:
  fire: {hold_off: 1s}
emergency:
  receivers:
    - id: centre
      webhook: {url: "http://%s", secret_file: centre.secret}
%s  routes:
    - id: everything
      rules: [fire, help, fall, inactivity]
      steps:
%scaregiver:
  listen: %q
  people: [{id: daughter, password_file: person.password, dwellings: [%s]}]
`, GatewayID, p.Data, p.Local, p.History, Dwelling, p.sensorsYAML(), p.Centre, p.Receivers, steps, p.Page, Dwelling)
}

func (p *Place) sensorsYAML() string {
	if p.Client != "" {
		return fmt.Sprintf("  client: {url: %q, client_id: %s}\n", "tcp://"+p.Client, GatewayID)
	}
	return fmt.Sprintf(`  broker:
    listen: %q
    devices:
      - {id: %s, password_file: device.password, publish: ["ucare/%s/+", "zigbee2mqtt/#"], subscribe: ["ucare/%s/gateway/#"]}
      - {id: %s, password_file: device.password, publish: ["ucare/%s/+"]}
`, p.Broker, Device, Dwelling, Dwelling, RogueID, Dwelling)
}

func (p *Place) centerYAML() string {
	return fmt.Sprintf(`name: Test Centre
listen: %q
data: center
language: en
time_zone: UTC
operators: [{id: %s, name: Operator Park, password_file: operator.password}]
gateways: [{id: %s, account: "110042", secret_file: centre.secret}]
`, p.Centre, Operator, GatewayID)
}

// A Process is one of the real programs, running.
type Process struct {
	cmd *exec.Cmd
	log *os.File
}

// StartGateway starts `ucare gateway` and waits until it is up.
func (p *Place) StartGateway(ctx context.Context) (*Process, error) {
	return p.start(ctx, "gateway", "http://"+p.Local+"/healthz", "--config", filepath.Join(p.Dir, "ucare.yaml"))
}

// StartCenter starts `ucare center` and waits until it is up.
func (p *Place) StartCenter(ctx context.Context) (*Process, error) {
	return p.start(ctx, "center", "http://"+p.Centre+"/healthz", "--config", filepath.Join(p.Dir, "center.yaml"))
}

func (p *Place) start(ctx context.Context, command, health string, args ...string) (*Process, error) {
	log, err := os.OpenFile(filepath.Join(p.Dir, command+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(p.Binary, append([]string{command}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	process := &Process{cmd, log}
	if err := AwaitUp(ctx, health, http.StatusOK, upPatience); err != nil {
		text, _ := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("ucare %s did not come up: %w\n%s", command, err, lastLines(text)), process.Kill())
	}
	return process, nil
}

func lastLines(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// upPatience bounds how long a program may take to come up.
const upPatience = 30 * time.Second

// AwaitUp polls an address until it answers with the status, for as long as it has patience.
func AwaitUp(ctx context.Context, address string, status int, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == status {
				return nil
			}
		}
		if err := Rest(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
}

// Kill ends the process with SIGKILL: nothing of it runs any more afterwards.
func (p *Process) Kill() error {
	err := p.cmd.Process.Kill()
	_ = p.cmd.Wait() // "killed" is what was wanted
	return errors.Join(err, p.log.Close())
}

// Stop ends the process as a terminal would, and returns how it ended.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return errors.Join(p.cmd.Wait(), p.log.Close())
}
