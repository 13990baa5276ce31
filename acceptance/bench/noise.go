package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ucare-project/ucare/acceptance"
)

// A storm is what a rogue device does while alarms of other devices come in.
type storm struct {
	name      string
	qos       byte
	perSecond int // 0: quiet
	noise     acceptance.Noise
}

// storms are the quiet before, and what breaks loose.
func storms(perSecond int) []storm {
	return []storm{
		{"quiet", 0, 0, nil},
		{"one topic, QoS 0", 0, perSecond, acceptance.OneTopic},
		{"one topic, QoS 1", 1, perSecond, acceptance.OneTopic},
		{"1,000 topics, QoS 0", 0, perSecond, acceptance.ManyTopics},
		{"1,000 topics, QoS 1", 1, perSecond, acceptance.ManyTopics},
		{"made-up topics, QoS 0", 0, perSecond, acceptance.NewTopics},
		{"made-up topics, QoS 1", 1, perSecond, acceptance.NewTopics},
	}
}

// noisy prints how long the alarms of one device take while another floods.
func noisy(ctx context.Context, dir, binary string, alarms, perSecond int, kind string) error {
	fmt.Printf("\nThe same while one rogue device sends %d messages a second:\n\n", perSecond)
	table := tabwriter.NewWriter(os.Stdout, 2, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "way\tnoise\tsent/s\talarms\tp50 ms\tp99 ms\tmax ms\tstored/s\tmemory MB\t")
	for _, s := range storms(perSecond) {
		if s.perSecond > 0 && !strings.Contains(s.name, kind) {
			continue
		}
		for _, behind := range []bool{false, true} {
			fmt.Fprintf(os.Stderr, "\r%-60s", s.name)
			if err := s.measure(ctx, table, dir, binary, behind, alarms); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	fmt.Fprintf(os.Stderr, "\r%60s\r", "")
	return table.Flush()
}

// unguarded builds the program without its guard against floods.
func unguarded(ctx context.Context, dir string) (binary string, err error) {
	dir, err = os.MkdirTemp(dir, "unguarded-")
	if err != nil {
		return "", err
	}
	overlay, err := acceptance.WithoutFloodGuard(dir)
	if err != nil {
		return "", err
	}
	return acceptance.Build(ctx, dir, overlay)
}

// measure runs a gateway of its own through the storm, and adds a line to the table.
func (s storm) measure(ctx context.Context, table io.Writer, dir, binary string, behind bool, alarms int) error {
	w, stop, err := freshWay(ctx, dir, binary, behind)
	if err != nil {
		return err
	}
	defer stop()
	before, err := stored(w.place)
	if err != nil {
		return err
	}
	began := time.Now()
	lost, sent, err := s.rage(ctx, w, alarms)
	if err != nil {
		return err
	}
	after, err := stored(w.place)
	if err != nil {
		return err
	}
	late := ""
	if lost > 0 {
		late = fmt.Sprintf(" (%d later than %v)", lost, patience)
	}
	fmt.Fprintf(table, "%s\t%s\t%.0f\t%d%s\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t\n", w.name, s.name, sent, len(w.took), late,
		acceptance.Milliseconds(w.took, .5), acceptance.Milliseconds(w.took, .99), acceptance.Milliseconds(w.took, 1),
		(after-before)/time.Since(began).Seconds(), float64(w.gateway.Memory())/1e6)
	return nil
}

// freshWay is a gateway that has just started and been through a few alarms, on
// its own broker or behind a mosquitto of its own.
func freshWay(ctx context.Context, dir, binary string, behind bool) (w *way, stop func(), err error) {
	dir, err = os.MkdirTemp(dir, "noise-")
	if err != nil {
		return nil, nil, err
	}
	household, stopBroker := "", func() {}
	if behind {
		if household, stopBroker, err = startMosquitto(dir); err != nil {
			return nil, nil, err
		}
	}
	w, stopGateway, err := gatewayWay(ctx, dir, binary, household)
	if err != nil {
		stopBroker()
		return nil, nil, err
	}
	stop = func() { w.sensors.Disconnect(0); stopGateway(); stopBroker() }
	if err := w.turn(ctx, 0, 5, 0); err != nil {
		stop()
		return nil, nil, err
	}
	w.took = nil
	return w, stop, nil
}

// rage publishes the alarms while the storm lasts.
func (s storm) rage(ctx context.Context, w *way, alarms int) (lost int, sent float64, err error) {
	if s.perSecond == 0 {
		lost, err = w.all(ctx, alarms)
		return lost, 0, err
	}
	rogue, err := acceptance.StartRogue(ctx, w.broker(), w.roguePassword(), s.qos, s.perSecond, s.noise)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = rogue.Stop() }()
	if err := acceptance.Rest(ctx, noiseBefore); err != nil {
		return 0, 0, err
	}
	lost, err = w.all(ctx, alarms)
	_, sent = rogue.Sent()
	return lost, sent, err
}

// noiseBefore is how long the noise goes on before the first alarm: what piles
// up has done so by then.
const noiseBefore = 5 * time.Second

// all publishes the alarms and gives up at the first that is lost.
func (w *way) all(ctx context.Context, alarms int) (lost int, err error) {
	err = w.turn(ctx, 1, alarms, 0)
	if errors.Is(err, errLate) {
		return 1, nil
	}
	return 0, err
}

// stored is how many messages the gateway has stored so far.
func stored(p *acceptance.Place) (messages float64, err error) {
	return p.Metric(`ucare_messages_total{outcome="committed"}`)
}
