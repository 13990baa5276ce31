package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
)

// defaultConfig is where an installed gateway has its configuration.
const defaultConfig = "/etc/ucare/ucare.yaml"

func newGateway() *cobra.Command {
	var config string
	var log logFlags
	cmd := &cobra.Command{
		Use:   "gateway",
		Short: "Watch over the dwellings of a configuration",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configs.Load(config)
			if err != nil {
				return err
			}
			logger := log.logger(cmd.ErrOrStderr())
			for _, w := range c.Warnings() {
				logger.Warn(w)
			}
			return runGateway(cmd.Context(), c, logger)
		},
	}
	cmd.Flags().StringVarP(&config, "config", "c", defaultConfig, "configuration file")
	log.register(cmd)
	return cmd
}

func runGateway(ctx context.Context, c *configs.Gateway, logger *slog.Logger) error {
	g, err := gateway.New(ctx, gateway.Options{Config: c, Version: versionText(), Logger: logger})
	if err != nil {
		return err
	}
	return g.Run(ctx)
}

// logFlags choose how the log looks.
type logFlags struct {
	json  bool
	debug bool
}

func (f *logFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.json, "log-json", false, "log as JSON, one object a line")
	cmd.Flags().BoolVar(&f.debug, "debug", false, "log more")
}

func (f *logFlags) logger(to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{}
	if f.debug {
		options.Level = slog.LevelDebug
	}
	if f.json {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}
