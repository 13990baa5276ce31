// Command ucare is the whole of u-Care in one program: the gateway that watches
// over a dwelling, the reference alarm receiving centre, and the tools around
// them. `ucare demo` runs everything on one machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a gateway must know its time zone on any image

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program: arguments in, exit code out. The first signal ends
// the context, a second one ends the process at once.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	fmt.Fprintln(stderr, "ucare:", err)
	return 1
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "ucare",
		Short:         "Watches over an older person who lives alone, and gets an alarm to people who help",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newDemo(), newGateway(), newCenter(), newCheck(), newReplay(), newSensors(), newTestAlarm(), newHealth(),
		newExport(), newImport(), newErase(), newHistory(), newVersion(),
	)
	return root
}
