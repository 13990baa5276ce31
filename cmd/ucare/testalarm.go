package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/gateway"
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
	var begun gateway.TestAlarm
	if err := ask(ctx, http.MethodPost, address, "/test-alarm/"+dwelling, &begun); err != nil {
		return err
	}
	since := begun.At
	if begun.Joins.IsZero() {
		fmt.Fprintln(out, "✓ the gateway has the drill on its disk")
	} else {
		since = begun.Joins
		fmt.Fprintf(out, "✓ the gateway has the press on its disk; it is part of the drill that was raised at %s,\n"+
			"  because presses within %s are one (rules.help.repeat_within): no new drill is raised, and this one is followed\n",
			begun.Joins.Local().Format(time.TimeOnly), begun.Within)
	}
	told := ucare.Answers{}
	explained := false
	for {
		drill, err := newestDrill(ctx, address, dwelling, since)
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
		if told.ReceivedAt.IsZero() && !explained && time.Since(begun.At) > explainAfter {
			explained = true
			explain(ctx, out, address)
		}
		select {
		case <-ctx.Done():
			return notAcknowledged(told)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// explainAfter is how long a drill may be on its way before we say what is wrong.
const explainAfter = 5 * time.Second

// explain prints the faults that keep a drill from its receivers.
func explain(ctx context.Context, out io.Writer, address string) {
	h, err := askHealth(ctx, address)
	if err != nil {
		return // the next look at the alarms says what is wrong
	}
	fmt.Fprintln(out, "  … no centre has it yet")
	for _, f := range h.Faults {
		if f.Code == ucare.FaultReceiver {
			fmt.Fprintf(out, "  ✗ %s: %s\n", f.Subject, f.Detail)
		}
	}
}

func notAcknowledged(told ucare.Answers) error {
	if told.ReceivedAt.IsZero() {
		return errors.New("no centre received the drill in time; `ucare health` says what stands in the way")
	}
	return fmt.Errorf("%s received the drill, but nobody acknowledged it in time; ask the operators to acknowledge drills too", told.ReceivedBy)
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
