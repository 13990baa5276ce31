package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare/gateway"
)

func newHealth() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the gateway on this machine how it is; fails when it is not well",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var h gateway.Health
			if err := ask(cmd.Context(), http.MethodGet, address, "/healthz", &h); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "alive: %v, version %s, faults: %d\n", h.Alive, h.Version, len(h.Faults))
			for _, f := range h.Faults {
				fmt.Fprintf(cmd.OutOrStdout(), "  %s  %s %s %s\n", f.Since.Local().Format("2006-01-02 15:04"), f.Code, f.Subject, f.Detail)
			}
			if !h.Alive {
				return errors.New("the gateway runs but its watch does not go on")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&address, "address", defaultLocal, "the gateway's own listener (gateway.listen)")
	return cmd
}
