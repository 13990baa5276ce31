package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/emergency/center"
	"github.com/ucare-project/ucare/language"
)

func newCenter() *cobra.Command {
	var config string
	var log logFlags
	cmd := &cobra.Command{
		Use:   "center",
		Short: "Run the reference alarm receiving centre",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configs.LoadCenter(config)
			if err != nil {
				return err
			}
			logger := log.logger(cmd.ErrOrStderr())
			for _, w := range c.Warnings() {
				logger.Warn(w)
			}
			return runCenter(cmd.Context(), c, logger)
		},
	}
	cmd.Flags().StringVarP(&config, "config", "c", "/etc/ucare/center.yaml", "configuration file")
	log.register(cmd)
	return cmd
}

// runCenter serves a centre until ctx ends.
func runCenter(ctx context.Context, c *configs.Center, logger *slog.Logger) (err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("data: the directory cannot be made: %w", err)
	}
	arc, err := center.Open(ctx, centerConfig(c), logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, arc.Close()) }()
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; is another program there?", c.Listen, err)
	}
	server := &http.Server{Handler: arc.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second}
	ended := make(chan error, 2)
	go func() { ended <- serveCenter(server, listener, c.TLS) }()
	go func() { ended <- arc.Run(ctx) }()
	logger.Info("receiving", "address", listener.Addr().String(), "gateways", len(c.Gateways))
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	// Reports under way are answered before the log is closed.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(bounded))
}

func serveCenter(server *http.Server, listener net.Listener, files configs.TLSFiles) error {
	err := error(nil)
	if files.CertFile != "" {
		err = server.ServeTLS(listener, files.CertFile, files.KeyFile)
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func centerConfig(c *configs.Center) center.Config {
	spoken, _ := language.Parse(c.Language) // the configuration is checked
	out := center.Config{
		Language: spoken,
		Name:     c.Name, DataFile: filepath.Join(c.Data, "center.db"),
		HeartbeatGrace: c.HeartbeatGrace, Location: c.TimeZone.Location,
	}
	for _, g := range c.Gateways {
		var secrets []string
		for _, s := range g.Secret.Secrets() {
			secrets = append(secrets, s.Reveal())
		}
		out.Gateways = append(out.Gateways, center.Gateway{ID: g.ID, Account: g.Account, Secrets: secrets})
	}
	for _, o := range c.Operators {
		out.Operators = append(out.Operators, center.Operator{ID: o.ID, Name: o.Name, Password: o.Password.Secret().Reveal()})
	}
	return out
}
