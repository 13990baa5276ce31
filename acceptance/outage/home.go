package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance"
	"github.com/ucare-project/ucare/acceptance/influxd"
	"github.com/ucare-project/ucare/acceptance/load"
)

// A home is a real gateway, a centre, and a real InfluxDB behind a line.
type home struct {
	place   *acceptance.Place
	gateway *acceptance.Process
	centre  *acceptance.Ear
	server  *influxd.Server
	line    *influxd.Line
	alarms  mqtt.Client // the account of the smoke detectors; nil while the gateway is killed
	smoked  int         // rooms that burned so far
	// patience is how long the server may take to hold everything.
	patience time.Duration

	mu        sync.Mutex
	published []ucare.Reading
}

// start starts all of it in a folder of its own.
func start(ctx context.Context, dir, binary string) (h *home, err error) {
	h = &home{patience: settlePatience}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if dir, err = os.MkdirTemp(dir, "home-"); err != nil {
		return h, err
	}
	if h.server, err = influxd.Start(ctx); err != nil {
		return h, err
	}
	if h.line, err = influxd.NewLine(h.server.URL); err != nil {
		return h, err
	}
	if h.place, err = acceptance.NewPlace(dir, binary); err != nil {
		return h, err
	}
	h.place.Data = filepath.Join(dir, "data")
	h.place.History = fmt.Sprintf("store: influxdb, influxdb: {url: %q, bucket: %s, hours_bucket: %s}", h.line.URL, bucket, hoursBucket)
	if err = h.place.Write(); err != nil {
		return h, err
	}
	if h.centre, err = acceptance.Listen(h.place.Centre); err != nil {
		return h, err
	}
	if err = h.startGateway(ctx); err != nil {
		return h, err
	}
	return h, h.connectAlarms()
}

// The buckets of the server, as "database/retention policy".
const (
	bucket      = "ucare/raw"
	hoursBucket = "ucare/hours"
)

// close ends what was started.
func (h *home) close() {
	if h.alarms != nil {
		h.alarms.Disconnect(0)
	}
	var errs []error
	if h.gateway != nil {
		errs = append(errs, h.gateway.Kill())
	}
	if h.centre != nil {
		errs = append(errs, h.centre.Close())
	}
	if h.line != nil {
		errs = append(errs, h.line.Close())
	}
	if h.server != nil {
		errs = append(errs, h.server.Close())
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, "outage: after the end:", err)
	}
}

func (h *home) startGateway(ctx context.Context) (err error) {
	h.gateway, err = h.place.StartGateway(ctx)
	return err
}

func (h *home) killGateway() error {
	gateway := h.gateway
	h.gateway = nil
	return gateway.Kill()
}

func (h *home) connectAlarms() error {
	h.alarms = mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + h.place.Broker).
		SetClientID(acceptance.RogueID).SetUsername(acceptance.RogueID).SetPassword(h.place.DevicePassword))
	token := h.alarms.Connect()
	if !token.WaitTimeout(10 * time.Second) {
		return errors.New("the gateway's broker does not let the smoke detectors in")
	}
	return token.Error()
}

// publish publishes readings, so many a second, and notes them. Each hundredth is
// published twice: a device that was not sure.
func (h *home) publish(ctx context.Context, readings iter.Seq[ucare.Reading], perSecond float64) error {
	messages := func(yield func(acceptance.Message) bool) {
		n := 0
		for r := range readings {
			m, err := load.Message(r)
			if err != nil {
				panic(err) // a reading of ours is JSON
			}
			h.note(r)
			if !yield(m) {
				return
			}
			if n++; n%100 == 0 && !yield(m) {
				return
			}
		}
	}
	return acceptance.Publish(ctx, h.place.Broker, acceptance.Device, h.place.DevicePassword, perSecond, messages)
}

func (h *home) note(r ucare.Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.published = append(h.published, r)
}

// pseudonym is the name under which the server knows a dwelling or a sensor, worked out
// here once more: prefix is "d-" or "s-".
func (h *home) pseudonym(prefix, name string) (string, error) {
	key, err := os.ReadFile(filepath.Join(h.place.Data, "pseudonyms.key"))
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(prefix + name))
	return prefix + hex.EncodeToString(mac.Sum(nil)[:8]), nil
}
