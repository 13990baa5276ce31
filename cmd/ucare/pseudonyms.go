package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/history/embedded"
)

func newHistoryPseudonyms() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "pseudonyms",
		Short: "Say which home and sensor is behind which pseudonym in InfluxDB",
		Long: `Lists the homes of the configuration and of the gateway's file with the pseudonyms under
which InfluxDB and Grafana know them, and so the sensors of each. It reads the key of the
pseudonyms (pseudonyms.key in the gateway's data directory), so run it as the gateway's user.
The gateway may run meanwhile.`,
		Example: `  sudo -u ucare ucare history pseudonyms --config /etc/ucare/ucare.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configs.Load(config)
			if err != nil {
				return err
			}
			rows, err := pseudonyms(cmd.Context(), c)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), table(rows))
			return err
		},
	}
	cmd.Flags().StringVarP(&config, "config", "c", defaultConfig, "configuration file of the gateway")
	return cmd
}

// pseudonyms are the rows of the list, the head first.
func pseudonyms(ctx context.Context, c *configs.Gateway) ([][]string, error) {
	options, err := masks(c)
	if err != nil {
		return nil, err
	}
	known, err := knownNames(ctx, c, options.Path)
	if err != nil {
		return nil, err
	}
	rows := [][]string{{"pseudonym", "dwelling", "sensor"}}
	for _, d := range known {
		rows = append(rows, []string{options.Influx.Dwelling(d.dwelling), d.dwelling, ""})
		for _, sensor := range d.sensors {
			rows = append(rows, []string{options.Influx.Sensor(sensor), d.dwelling, sensor})
		}
	}
	return rows, nil
}

// masks are the options of the history, with the key that makes the pseudonyms. It makes
// no key: one of somebody else's would keep the gateway from reading it.
func masks(c *configs.Gateway) (o history.Options, err error) {
	const key = "pseudonyms.key"
	if c.Box.History.Influx == nil {
		return o, errors.New("the configuration names no InfluxDB (gateway.history.influxdb): there are no pseudonyms")
	}
	path := filepath.Join(c.Box.Data, key)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return o, fmt.Errorf("there is no %s yet: the gateway makes it when it starts with gateway.history.store: %s", path, configs.InfluxDB)
	}
	if o, err = gateway.HistoryOptions(c, true); err != nil {
		return o, fmt.Errorf("%w (run this as the gateway's user)", err)
	}
	return o, nil
}

// A knownHome is a home with the sensors that were heard of.
type knownHome struct {
	dwelling string
	sensors  []string
}

// knownNames are the homes of the configuration, and those that the file remembers.
func knownNames(ctx context.Context, c *configs.Gateway, path string) (known []knownHome, err error) {
	file, err := embedded.OpenToRead(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("read the names of the sensors in %s: %w", path, err)
	}
	defer file.Close()
	dwellings, err := file.Dwellings(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range c.Dwellings {
		dwellings = append(dwellings, d.ID)
	}
	slices.Sort(dwellings)
	for _, dwelling := range slices.Compact(dwellings) {
		sensors, err := file.Sensors(ctx, dwelling)
		if err != nil {
			return nil, err
		}
		known = append(known, knownHome{dwelling, sensors})
	}
	return known, nil
}
