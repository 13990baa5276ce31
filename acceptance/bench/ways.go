package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/ucare-project/ucare/acceptance"
)

// A way is one path of an alarm from a sensor to a centre.
type way struct {
	name    string
	sensors mqtt.Client // where the home publishes
	centre  *acceptance.Ear
	took    []time.Duration

	place   *acceptance.Place // of a gateway
	gateway *acceptance.Process
}

// broker is where the home publishes.
func (w *way) broker() string {
	if w.place.Client != "" {
		return w.place.Client
	}
	return w.place.Broker
}

// roguePassword is "" for a household's broker, which asks nobody.
func (w *way) roguePassword() string {
	if w.place.Client != "" {
		return ""
	}
	return w.place.DevicePassword
}

// startWays starts everything; close ends what was started, also after an error.
func startWays(ctx context.Context, dir, binary string) (ways []*way, closeAll func(), err error) {
	var started []func()
	closeAll = func() {
		for _, stop := range started {
			stop()
		}
	}
	household, stop, err := startMosquitto(dir)
	if err != nil {
		return nil, closeAll, err
	}
	started = append(started, stop)
	for _, make := range []func() (*way, func(), error){
		func() (*way, func(), error) { return gatewayWay(ctx, dir, binary, "") },
		func() (*way, func(), error) { return gatewayWay(ctx, dir, binary, household) },
		func() (*way, func(), error) { return bareWay(household) },
	} {
		w, stop, err := make()
		if err != nil {
			return nil, closeAll, err
		}
		ways, started = append(ways, w), append(started, stop)
	}
	return ways, closeAll, nil
}

// gatewayWay is the real gateway: on its own broker, or behind the household's.
func gatewayWay(ctx context.Context, dir, binary, household string) (*way, func(), error) {
	name := "ucare on its own broker"
	if household != "" {
		name = "ucare behind mosquitto"
	}
	home := filepath.Join(dir, name)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, nil, err
	}
	place, err := acceptance.NewPlace(home, binary)
	if err != nil {
		return nil, nil, err
	}
	place.Client = household
	if err := place.Write(); err != nil {
		return nil, nil, err
	}
	centre, err := acceptance.Listen(place.Centre)
	if err != nil {
		return nil, nil, err
	}
	gateway, err := place.StartGateway(ctx)
	if err != nil {
		return nil, nil, err
	}
	options := mqtt.NewClientOptions().AddBroker("tcp://" + place.Broker).SetClientID(acceptance.Device).
		SetUsername(acceptance.Device).SetPassword(place.DevicePassword)
	if household != "" {
		options = mqtt.NewClientOptions().AddBroker("tcp://" + household).SetClientID("sensors-of-ucare")
	}
	sensors, err := connect(options)
	if err != nil {
		return nil, nil, err
	}
	return &way{name: name, sensors: sensors, centre: centre, place: place, gateway: gateway}, func() { _ = gateway.Kill() }, nil
}

// bareWay is the floor: a subscriber that posts each message as it comes.
func bareWay(household string) (*way, func(), error) {
	address, err := acceptance.FreeAddress()
	if err != nil {
		return nil, nil, err
	}
	centre, err := acceptance.Listen(address)
	if err != nil {
		return nil, nil, err
	}
	options := mqtt.NewClientOptions().AddBroker("tcp://" + household).SetClientID("bare").SetOrderMatters(false)
	bare, err := connect(options)
	if err != nil {
		return nil, nil, err
	}
	token := bare.Subscribe("bare/#", 1, func(_ mqtt.Client, m mqtt.Message) { postBare(address, m.Payload()) })
	if !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		return nil, nil, fmt.Errorf("subscribe: %w", token.Error())
	}
	sensors, err := connect(mqtt.NewClientOptions().AddBroker("tcp://" + household).SetClientID("sensors-of-bare"))
	if err != nil {
		return nil, nil, err
	}
	return &way{name: "bare paho subscriber", sensors: sensors, centre: centre}, func() { bare.Disconnect(0) }, nil
}

func connect(options *mqtt.ClientOptions) (mqtt.Client, error) {
	client := mqtt.NewClient(options)
	token := client.Connect()
	if !token.WaitTimeout(10 * time.Second) {
		return nil, errors.New("the broker does not answer")
	}
	return client, token.Error()
}

func startMosquitto(dir string) (address string, stop func(), err error) {
	mosquitto, err := exec.LookPath("mosquitto")
	if err != nil {
		if mosquitto, err = exec.LookPath("/usr/sbin/mosquitto"); err != nil {
			return "", nil, errors.New("the bench needs mosquitto (Debian: apt-get install mosquitto)")
		}
	}
	if address, err = acceptance.FreeAddress(); err != nil {
		return "", nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	config := filepath.Join(dir, "mosquitto.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, "listener %s 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n", port), 0o600); err != nil {
		return "", nil, err
	}
	cmd := exec.Command(mosquitto, "-c", config)
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	for range 500 {
		if connection, dialErr := net.Dial("tcp", address); dialErr == nil {
			return address, stop, connection.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	return "", nil, fmt.Errorf("mosquitto does not listen on %s", address)
}
