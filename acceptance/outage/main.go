// Command outage shows what an InfluxDB that is down, held, slow or refusing does to a
// gateway: nothing to its alarms, and nothing to its readings.
//
// A real gateway sends its history to a real influxd over a line that can be made bad. For
// each way of being bad, in turns, an hour of a busy home is published over MQTT in less
// time than an hour, and meanwhile smoke, each measured from its publishing to the first byte of
// its alarm at the centre. Then the server is well again, and what it holds is read by plain
// Flux and compared with what was published: by count, by hash, and reading by reading.
//
// Afterwards the same with a gateway that is killed again and again while it sends what had
// piled up.
//
//	home.go      the gateway, the server, the line, the centre
//	modes.go     the ways of being bad
//	alarms.go    alarms, and how long they took
//	stored.go    what the server holds, read by Flux
//	compare.go   what is missing, double or strange
//	hours.go     one hour in each way, and its table
//	kills.go     the gateway is killed
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ucare-project/ucare/acceptance"
	"github.com/ucare-project/ucare/acceptance/load"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "outage:", err)
		os.Exit(1)
	}
}

func run() error {
	length := flag.Duration("hour", time.Minute, "how long an hour of readings takes")
	perHour := flag.Int("readings", 2*load.Busy, "readings in an hour; a busy home has 1,389")
	every := flag.Duration("alarms", 250*time.Millisecond, "the time from one smoke alarm to the next")
	rounds := flag.Int("rounds", 1, "how often each way of being bad has its turn")
	kills := flag.Int("kills", 50, "how often the gateway is killed afterwards; 0 for never")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	dir, err := os.MkdirTemp("", "ucare-outage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := acceptance.Build(ctx, dir, "")
	if err != nil {
		return err
	}
	if *rounds > 0 {
		if err := hours(ctx, dir, binary, plan{Length: *length, PerHour: *perHour, AlarmEvery: *every, Rounds: *rounds}); err != nil {
			return err
		}
	}
	if *kills > 0 {
		return killed(ctx, dir, binary, *kills)
	}
	return nil
}

// hours runs all ways of being bad and prints their table.
func hours(ctx context.Context, dir, binary string, p plan) error {
	h, err := start(ctx, dir, binary)
	if err != nil {
		return err
	}
	defer h.close()
	result, err := h.outages(ctx, p, os.Stderr)
	if err != nil {
		return err
	}
	result.print(os.Stdout, p)
	return result.verdict()
}

// killed runs the kills and prints what was found.
func killed(ctx context.Context, dir, binary string, kills int) error {
	h, err := start(ctx, dir, binary)
	if err != nil {
		return err
	}
	defer h.close()
	found, err := h.kills(ctx, kills, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Printf("\nThe gateway was killed %d times, %d of them while it sent what had piled up.\n", kills, found.midDrain)
	fmt.Printf("%s\n", found.difference)
	return found.difference.verdict()
}
