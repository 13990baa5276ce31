// Command bench measures the way of an alarm: from the instant a sensor
// publishes smoke to the first byte of the report at a centre, while other
// readings come in.
//
// It runs the gateway on its own broker, the gateway behind a mosquitto, and,
// as the floor, a bare paho subscriber that posts what it hears without any
// journal, rules or retry. The three take turns in one run on one machine, so
// that their ratio means something where absolute times do not.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/ucare-project/ucare/acceptance"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	alarms := flag.Int("alarms", 500, "how many alarms each way gets")
	rounds := flag.Int("rounds", 5, "in how many turns")
	others := flag.Int("others", 50, "other readings a second beside them")
	noise := flag.Int("noise", 10_000, "messages a second of one rogue device, afterwards; 0 for none")
	noiseAlarms := flag.Int("noise-alarms", 60, "how many alarms each way gets among that noise")
	kind := flag.String("noise-kind", "", "only the kinds of noise that have this in their name, such as \"QoS 1\"")
	guarded := flag.Bool("noise-guard", true, "false takes the guard against floods out of the program, to see what it is for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	dir, err := os.MkdirTemp("", "ucare-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := acceptance.Build(ctx, dir, "")
	if err != nil {
		return err
	}
	if *alarms > 0 {
		if err := calm(ctx, dir, binary, *alarms, *rounds, *others); err != nil {
			return err
		}
	}
	if *noise == 0 {
		return nil
	}
	if !*guarded {
		if binary, err = unguarded(ctx, dir); err != nil {
			return err
		}
	}
	return noisy(ctx, dir, binary, *noiseAlarms, *noise, *kind)
}

// calm measures all ways in turns and prints their table.
func calm(ctx context.Context, dir, binary string, alarms, rounds, others int) error {
	ways, closeAll, err := startWays(ctx, dir, binary)
	defer closeAll()
	if err != nil {
		return err
	}
	perTurn := max(1, alarms/rounds)
	disk := &way{name: "two fsyncs and nothing else"}
	for round := range rounds {
		for _, w := range ways {
			fmt.Fprintf(os.Stderr, "\rround %d of %d: %-40s", round+1, rounds, w.name)
			if err := w.turn(ctx, round, perTurn, others); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
		if err := disk.sync(ctx, dir, perTurn); err != nil {
			return fmt.Errorf("%s: %w", disk.name, err)
		}
	}
	fmt.Fprintf(os.Stderr, "\r%60s\r", "")
	printTable(os.Stdout, append(ways, disk), ways[len(ways)-1].took, others)
	return nil
}

// printTable prints each way's figures and its ratio to the bare subscriber.
func printTable(out io.Writer, ways []*way, bare []time.Duration, others int) {
	fmt.Fprintf(out, "From publish to the first byte at the centre, among %d other readings a second:\n\n", others)
	table := tabwriter.NewWriter(out, 2, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "way\talarms\tp50 ms\tp99 ms\tmax ms\tp50 / bare\tp99 / bare\t")
	for _, w := range ways {
		fmt.Fprintf(table, "%s\t%d\t%.2f\t%.2f\t%.2f\t%.1f\t%.1f\t\n", w.name, len(w.took),
			acceptance.Milliseconds(w.took, .5), acceptance.Milliseconds(w.took, .99), acceptance.Milliseconds(w.took, 1),
			acceptance.Ratio(w.took, bare, .5), acceptance.Ratio(w.took, bare, .99))
	}
	_ = table.Flush()
	fmt.Fprint(out, `
Before the first byte leaves, the gateway has two things on its disk, one after the other: the message, and what
was decided. The last line is what this disk takes for two such writes in the same run; the bare subscriber waits
for none, and loses what it has when the power fails.
`)
}
