package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
)

func newDemo() *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole chain on this machine, with a simulated home that burns its toast",
		Long: `Runs a gateway with its MQTT broker, an alarm receiving centre and the caregiver's
page in this one process, all on loopback. A simulated home lives through its last
24 hours in a few seconds, and then burns its toast. You are the operator: open the
centre's page and acknowledge the alarm. Everything is in a temporary directory,
which is removed at the end.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.out, d.errors = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&d.unattended, "unattended", false, "acknowledge and close the alarm without you, then end")
	cmd.Flags().DurationVar(&d.dayTakes, "day-takes", 8*time.Second, "how long the day may take")
	cmd.Flags().BoolVar(&d.showLog, "log", false, "show the programs' log too")
	return cmd
}

// A demo is one run of the whole chain on one machine.
type demo struct {
	unattended bool
	dayTakes   time.Duration
	showLog    bool

	out, errors io.Writer
	place       demoPlace
}

func (d *demo) run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "ucare-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if d.place, err = newDemoPlace(dir); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 2)
	parts, err := d.start(ctx, ended)
	if err != nil {
		return err
	}
	story := make(chan error, 1)
	go func() { story <- d.tell(ctx) }()
	select {
	case err = <-story:
	case err = <-ended:
		parts--
	case <-ctx.Done():
	}
	cancel()
	for range parts {
		err = errors.Join(err, <-ended)
	}
	if errors.Is(err, context.Canceled) || err == nil {
		fmt.Fprintln(d.out, "\nEverything is stopped and cleaned up. / 모두 정리하고 끝냈습니다.")
		return nil
	}
	return err
}

// start starts the centre and the gateway and returns how many parts will end.
func (d *demo) start(ctx context.Context, ended chan<- error) (parts int, err error) {
	centre, err := configs.LoadCenter(d.place.centerConfig)
	if err != nil {
		return 0, fmt.Errorf("the demo's own configuration: %w", err)
	}
	home, err := configs.Load(d.place.gatewayConfig)
	if err != nil {
		return 0, fmt.Errorf("the demo's own configuration: %w", err)
	}
	logger := slog.New(slog.DiscardHandler)
	if d.showLog {
		logger = slog.New(slog.NewTextHandler(d.errors, nil))
	}
	go func() { ended <- runCenter(ctx, centre, logger.With("program", "center")) }()
	go func() { ended <- runGateway(ctx, home, logger.With("program", "gateway")) }()
	return 2, nil
}

// tell lives the day, burns the toast and follows the alarm.
func (d *demo) tell(ctx context.Context) error {
	home, err := d.place.connect(ctx)
	if err != nil {
		return err
	}
	defer home.leave()
	d.printPlaces()
	if err := d.liveTheDay(ctx, home); err != nil {
		return err
	}
	toast := seoulTime()
	fmt.Fprintf(d.out, "\n%s  Now the toast burns: the kitchen's smoke detector says so on MQTT.\n", toast.Format(time.TimeOnly))
	fmt.Fprintln(d.out, "          지금 토스트가 탑니다. 부엌 연기 감지기가 MQTT로 알립니다.")
	if err := home.say(ctx, demoBaseTopic+"/"+demoSmoke, smokeMessage(true, toast), false); err != nil {
		return err
	}
	return d.followToast(ctx, home, toast)
}

func (d *demo) printPlaces() {
	fmt.Fprintf(d.out, `u-Care demo: one home, one centre, one caregiver, on this machine only.

  The centre's page (you are the operator) / 관제센터 화면
      %s
  The daughter's page / 보호자 화면
      %s
  The home's MQTT broker: %s (user %s, password %s)
  Its configuration: %s

Mrs Kim's last 24 hours, at speed (Seoul time) / 김순자 님의 지난 24시간:
`, d.place.centerPage(), d.place.caregiverPage(), d.place.broker, demoDevice, d.place.devicePassword, d.place.gatewayConfig)
}

// liveTheDay publishes the day's readings, evenly spread over dayTakes.
func (d *demo) liveTheDay(ctx context.Context, home *demoVoice) error {
	if err := home.say(ctx, demoBaseTopic+"/bridge/state", []byte(`{"state":"online"}`), true); err != nil {
		return err
	}
	if err := home.say(ctx, demoBaseTopic+"/bridge/devices", []byte(smokeDetectors), true); err != nil {
		return err
	}
	day, err := lastDay(seoulTime())
	if err != nil {
		return err
	}
	pace := time.NewTicker(max(time.Millisecond, d.dayTakes/time.Duration(len(day)+1)))
	defer pace.Stop()
	for _, step := range day {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C:
		}
		if err := home.say(ctx, step.topic, step.payload, false); err != nil {
			return err
		}
		if step.says != "" {
			fmt.Fprintf(d.out, "  %s  %s\n", step.at.Format("15:04"), step.says)
		}
	}
	return nil
}

// followToast prints the alarm's steps as they happen, until a human has closed it.
func (d *demo) followToast(ctx context.Context, home *demoVoice, toast time.Time) error {
	said := map[string]bool{}
	once := func(step, format string, args ...any) (first bool) {
		if first = !said[step]; first {
			said[step] = true
			fmt.Fprintf(d.out, "%s  "+format+"\n", append([]any{seoulTime().Format(time.TimeOnly)}, args...)...)
		}
		return first
	}
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
		alarm, err := d.place.fire(ctx, toast)
		if err != nil || alarm == nil {
			continue // not there yet; a gateway that went wrong ends the demo by itself
		}
		once("raise", "Fire alarm raised. What was heard and what was decided is on the gateway's disk.")
		if err := d.step(ctx, home, alarm, once); err != nil {
			return err
		}
		if d.unattended && !alarm.ClosedAt.IsZero() {
			return nil
		}
	}
}

// step tells how far the alarm is and does what is due then.
func (d *demo) step(ctx context.Context, home *demoVoice, alarm *ucare.Alarm, once func(step, format string, args ...any) bool) error {
	if !alarm.ReceivedAt.IsZero() {
		once("receive", "The centre's machine has it. Nobody has seen it yet: the gateway goes on until somebody has.")
		wait := once("wait", "→ Open the centre's page and press “Acknowledge”. / 관제센터 화면에서 “확인”을 누르세요.")
		if wait && d.unattended {
			return d.place.operate(ctx, alarm.ID, "acknowledge")
		}
	}
	if !alarm.AcknowledgedAt.IsZero() {
		once("acknowledge", "%s has acknowledged it. The escalation stops; the home is told that help has heard.", alarm.AcknowledgedBy)
		if once("clear", "The window is open, the smoke is gone.") {
			if err := home.say(ctx, demoBaseTopic+"/"+demoSmoke, smokeMessage(false, time.Now()), false); err != nil {
				return err
			}
		}
	}
	if !alarm.RestoredAt.IsZero() {
		restored := once("restore", "The detector has been clear for %s: restored, and the centre knows.", demoHoldOff)
		if restored && d.unattended {
			return d.place.operate(ctx, alarm.ID, "close")
		}
	}
	if !alarm.ClosedAt.IsZero() {
		end := " Ctrl-C ends the demo. / Ctrl-C를 누르면 끝납니다."
		if d.unattended {
			end = ""
		}
		once("close", "%s has closed the case. That was the whole chain.%s", alarm.ClosedBy, end)
	}
	return nil
}

// path of a file in the demo's directory.
func (p demoPlace) path(name string) string { return filepath.Join(p.dir, name) }
