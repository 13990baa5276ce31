package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/language"
)

// checkFlags say what to check: a configuration, messages by it, or the ready
// mappings that it may use.
type checkFlags struct {
	config   string
	asCenter bool
	mappings bool
	sample   sampleFlags
}

func newCheck() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration, try messages on it, or show the ready mappings",
		Long: `Check reads a configuration and names every mistake in it at once. Without
mistakes it prints what is in force, without secrets.

With --topic and --payload it tells what the gateway would make of a message:
which sensor, which room, what it says, and what it does not understand. With
--messages it hears several in their order, such as an announcement before the
states that follow it.

--mappings lists the ready mappings; with a name behind it the file is printed,
to be read and copied from.`,
		Example: `  ucare check --config ucare.yaml
  ucare check --config ucare.yaml --topic zigbee2mqtt/hall --payload '{"occupancy":true}'
  mosquitto_sub -C 1 -t home/fire | ucare check --topic home/fire --payload -
  ucare check --mappings rtl_433`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.mappings:
				return showMappings(cmd.OutOrStdout(), args)
			case len(args) > 0:
				return fmt.Errorf("%q stands there without a flag; a configuration is named with --config", args[0])
			case f.sample.asked():
				return f.trySample(cmd)
			default:
				return f.showConfiguration(cmd.Context(), cmd.OutOrStdout())
			}
		},
	}
	cmd.Flags().StringVarP(&f.config, "config", "c", defaultConfig, "configuration file")
	cmd.Flags().BoolVar(&f.asCenter, "center", false, "the file is a centre's")
	cmd.Flags().BoolVar(&f.mappings, "mappings", false, "list the ready mappings, or print the one that is named")
	f.sample.register(cmd)
	return cmd
}

// showConfiguration prints what is in force.
func (f checkFlags) showConfiguration(ctx context.Context, out io.Writer) error {
	checked, err := loadChecked(f.config, f.asCenter)
	if err != nil {
		return err
	}
	fmt.Fprint(out, checked)
	if c, is := checked.(*configs.Gateway); is {
		showBases(out, c)
	}
	for _, w := range checked.Warnings() {
		fmt.Fprintln(out, "# warning:", w)
	}
	if c, is := checked.(*configs.Gateway); is {
		noteInflux(ctx, out, c)
	}
	fmt.Fprintf(out, "# %s is good.\n", f.config)
	return nil
}

// serverPatience bounds how long check waits for a server.
const serverPatience = 3 * time.Second

// noteInflux says when the history's server does not answer. That is no mistake in the
// file: it may be away today.
func noteInflux(ctx context.Context, out io.Writer, c *configs.Gateway) {
	bounded, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	if err := gateway.AskInflux(bounded, c); err != nil {
		fmt.Fprintf(out, "# note: gateway.history.influxdb: %v; the gateway starts all the same and sends everything once the server takes it\n", err)
	}
}

// showBases prints where the ecosystems of each home are listened to, also those
// of which the file says nothing.
func showBases(out io.Writer, c *configs.Gateway) {
	for i, d := range c.Dwellings {
		fmt.Fprintf(out, "# %s is listened to on:\n", d.ID)
		for _, b := range c.Bases(i) {
			place := "wherever its devices speak"
			if b.Topic != "" {
				place = b.Topic
			}
			if b.Assumed {
				place += "  (assumed, the file does not say; " + b.Ecosystem + ": {off: true} ends it)"
			}
			fmt.Fprintf(out, "#   %-14s %s\n", b.Ecosystem, place)
		}
		fmt.Fprintf(out, "#   %-14s ucare/%s/<sensor>\n", "own form", d.ID)
	}
}

// trySample tells what the gateway would make of the messages.
func (f checkFlags) trySample(cmd *cobra.Command) error {
	if f.asCenter {
		return errors.New("a centre hears no sensors: leave --center out")
	}
	c, err := configs.Load(f.config)
	if err != nil {
		return err
	}
	messages, err := f.sample.messages(cmd.InOrStdin())
	if err != nil {
		return err
	}
	spoken, _ := language.Parse(c.Box.Language) // the configuration is checked
	newTrial(c, spoken, cmd.OutOrStdout()).hear(messages)
	return nil
}

// showMappings lists the ready mappings, or prints one.
func showMappings(out io.Writer, names []string) error {
	if len(names) > 0 {
		text, err := configs.ReadyText(names[0])
		if err == nil {
			fmt.Fprint(out, text)
		}
		return err
	}
	for _, name := range configs.ReadyNames() {
		ready, _ := configs.ReadyMapping(name)
		fmt.Fprintf(out, "%-18s %s\n%-18s %s\n", name, ready.Summary, "", ready.SummaryKo)
	}
	fmt.Fprintln(out, "\nucare check --mappings <name> prints one. Use it with: mappings: [{use: <name>}]")
	return nil
}

// checkable is a configuration that can be shown.
type checkable interface {
	fmt.Stringer
	Warnings() []string
}

func loadChecked(config string, asCenter bool) (checkable, error) {
	if asCenter {
		return configs.LoadCenter(config)
	}
	return configs.Load(config)
}
