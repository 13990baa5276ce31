package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
)

func newTestAlarm() *cobra.Command {
	var address, dwelling string
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "test-alarm",
		Short: "Send a drill through the whole chain and watch it arrive",
		Long: `Lets the running gateway take a help press that is marked as a drill. It goes
through the journal, the rules and the outbox to the first receivers of the help
route, and the command prints each step until an operator has acknowledged it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), patience)
			defer cancel()
			return followDrill(ctx, cmd.OutOrStdout(), address, dwelling)
		},
	}
	cmd.Flags().StringVar(&address, "address", defaultLocal, "the gateway's own listener (gateway.listen)")
	cmd.Flags().StringVar(&dwelling, "dwelling", "home", "the dwelling's id")
	cmd.Flags().DurationVar(&patience, "patience", 5*time.Minute, "how long to wait for the acknowledgement")
	return cmd
}

// followDrill starts a drill and prints its steps as they happen.
func followDrill(ctx context.Context, out io.Writer, address, dwelling string) error {
	var begun struct {
		At time.Time `json:"at"`
	}
	if err := ask(ctx, http.MethodPost, address, "/test-alarm/"+dwelling, &begun); err != nil {
		return err
	}
	fmt.Fprintln(out, "✓ the gateway has the drill on its disk")
	told := ucare.Answers{}
	for {
		drill, err := newestDrill(ctx, address, dwelling, begun.At)
		if err != nil {
			return err
		}
		if drill != nil {
			tellSteps(out, &told, *drill)
		}
		if !told.AcknowledgedAt.IsZero() {
			fmt.Fprintln(out, "The chain works from the gateway to a human.")
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the drill was not acknowledged in time: received by a centre: %v; ask the operators to acknowledge drills too", !told.ReceivedAt.IsZero())
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func newestDrill(ctx context.Context, address, dwelling string, since time.Time) (*ucare.Alarm, error) {
	var alarms []ucare.Alarm
	if err := ask(ctx, http.MethodGet, address, "/alarms/"+dwelling, &alarms); err != nil {
		return nil, err
	}
	for _, a := range alarms {
		if a.Drill && !a.RaisedAt.Before(since.Add(-time.Second)) {
			return &a, nil
		}
	}
	return nil, nil
}

// tellSteps prints the instants that are new and remembers them.
func tellSteps(out io.Writer, told *ucare.Answers, a ucare.Alarm) {
	before := *told
	if !told.Merge(a.Answers) {
		return
	}
	if before.ReceivedAt.IsZero() && !told.ReceivedAt.IsZero() {
		fmt.Fprintf(out, "✓ received by %s at %s\n", told.ReceivedBy, told.ReceivedAt.Local().Format(time.TimeOnly))
		fmt.Fprintln(out, "  … waiting for an operator to acknowledge it")
	}
	if before.AcknowledgedAt.IsZero() && !told.AcknowledgedAt.IsZero() {
		fmt.Fprintf(out, "✓ acknowledged by %s at %s\n", told.AcknowledgedBy, told.AcknowledgedAt.Local().Format(time.TimeOnly))
	}
}
