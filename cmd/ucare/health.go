package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/language"
)

func newHealth() *cobra.Command {
	var address, tag string
	var strict, asJSON bool
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the gateway on this machine how it is",
		Long: `Prints whether the gateway watches, and of every fault that stands what it is, what it
means, what to do, and since when; the technical detail comes last. It fails when the
gateway does not watch; with --strict also when any fault stands, for a monitor that
calls somebody. A container must not be restarted for a centre that is away.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := askHealth(cmd.Context(), address)
			if err != nil {
				return err
			}
			if err := tellHealth(cmd.OutOrStdout(), h, tag, asJSON); err != nil {
				return err
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
	cmd.Flags().StringVar(&tag, "language", "", "ko or en; otherwise as LANG says, or the gateway's own")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what the gateway says as JSON")
	return cmd
}

// tellHealth prints how the gateway is, for a person or for a program.
func tellHealth(out io.Writer, h gateway.Health, tag string, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(h)
	}
	l, err := chooseLanguage(tag, h.Language)
	if err != nil {
		return err
	}
	watching, hearing, faults := "health.watching", "health.hearing", "page.faults_none"
	if !h.Alive {
		watching = "health.not_watching"
	}
	if !h.Hearing {
		hearing = "health.not_hearing"
	}
	if len(h.Faults) > 0 {
		faults = "page.faults_count"
	}
	fmt.Fprintln(out, l.Text(watching, "version", h.Version))
	fmt.Fprintln(out, l.Text(hearing))
	fmt.Fprintln(out, l.Text(faults, "n", len(h.Faults)))
	for _, f := range h.Faults {
		fmt.Fprintln(out)
		tellFault(out, l, f, "", l.Fault(f).Title)
	}
	return nil
}

// tellFault prints a fault as people need it: the title, what it means, what to
// do, since when; and last what only an engineer needs, under the page's word for it.
func tellFault(out io.Writer, l language.Language, f ucare.Fault, indent, title string) {
	text := l.Fault(f)
	said := []string{title, "  " + text.Meaning, "  " + l.Text("page.fault_action") + ": " + text.Action}
	if !f.Since.IsZero() {
		said = append(said, "  "+l.Text("page.fault_since", "when", l.Moment(f.Since, time.Local)))
	}
	if f.Detail != "" {
		said = append(said, "  "+l.Text("page.fault_detail")+": "+f.Detail)
	}
	for _, line := range said {
		fmt.Fprintln(out, indent+printable(strings.ReplaceAll(line, "\n", " ")))
	}
}
