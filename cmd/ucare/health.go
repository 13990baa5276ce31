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
	var strict bool
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the gateway on this machine how it is",
		Long: `Prints whether the gateway watches, and every fault that stands. It fails when the
gateway does not watch; with --strict also when any fault stands, for a monitor that
calls somebody. A container must not be restarted for a centre that is away.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var h gateway.Health
			if err := ask(cmd.Context(), http.MethodGet, address, "/healthz", &h); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "watching: %v, hearing sensors: %v, version %s, faults: %d\n", h.Alive, h.Hearing, h.Version, len(h.Faults))
			for _, f := range h.Faults {
				fmt.Fprintf(cmd.OutOrStdout(), "  %s  %s %s %s\n", f.Since.Local().Format("2006-01-02 15:04"), f.Code, f.Subject, f.Detail)
			}
			if !h.Alive {
				return errors.New("the gateway runs but its watch does not go on")
			}
			if strict && (len(h.Faults) > 0 || !h.Hearing) {
				return fmt.Errorf("%d faults stand; hearing sensors: %v", len(h.Faults), h.Hearing)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&address, "address", defaultLocal, "the gateway's own listener (gateway.listen)")
	cmd.Flags().BoolVar(&strict, "strict", false, "fail when any fault stands")
	return cmd
}
