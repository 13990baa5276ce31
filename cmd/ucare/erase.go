package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/language"
)

type eraseFlags struct {
	config, dwelling, by string
	yes, evenOpen        bool
	verify               string
	language             string
}

func newErase() *cobra.Command {
	var f eraseFlags
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Erase everything that is known of a dwelling, and prove it",
		Long: `Erase removes a dwelling from all that the gateway keeps: the journal with its
messages, decisions, alarms and reports, the saved states, the history with its hours
and days, the InfluxDB, and further files in the data directory. Other dwellings of the
same gateway lose nothing. The bytes are overwritten, and everything is counted again.

The gateway must not run. It shows what would be erased and asks for the dwelling's id;
with --yes it does not ask. What ends it in the middle does no harm: run it again.

It writes a record of what was erased, in Korean and English, signed with a key of the
gateway, into the folder erasures of the data directory. The record names the dwelling
by a pseudonym. --verify checks a record.`,
		Example: `  sudo systemctl stop ucare
  sudo -u ucare ucare erase --dwelling kim --by "Kim Younghee"
  ucare erase --verify 20260301T090000Z-d-0123456789abcdef.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.verify != "" {
				return f.verifyRecord(cmd)
			}
			return toTheEnd(f.run(cmd))
		},
	}
	cmd.Flags().StringVarP(&f.config, "config", "c", defaultConfig, "configuration file")
	cmd.Flags().StringVar(&f.dwelling, "dwelling", "", "the dwelling's id")
	cmd.Flags().StringVar(&f.by, "by", "", "who erases; it stands in the record")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&f.evenOpen, "even-open", false, "erase alarms, too, that no centre has closed")
	cmd.Flags().StringVar(&f.verify, "verify", "", "check a record instead; with --config, that it is of that gateway")
	cmd.Flags().StringVar(&f.language, "language", "", "ko or en; otherwise as LANG says, or the configuration")
	return cmd
}

func (f eraseFlags) run(cmd *cobra.Command) (err error) {
	if f.dwelling == "" || strings.TrimSpace(f.by) == "" {
		return errors.New("say whom and who: --dwelling kim --by \"Kim Younghee\"")
	}
	c, err := configs.Load(f.config)
	if err != nil {
		return err
	}
	l, err := chooseLanguage(f.language, c.Box.Language)
	if err != nil {
		return err
	}
	shown := &progress{to: cmd.ErrOrStderr()}
	e, err := gateway.NewEraser(cmd.Context(), gateway.EraseOptions{Config: c, Dwelling: f.dwelling, Progress: shown.ofAll})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	known, err := e.Known(cmd.Context())
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("nothing was erased: nothing is known of a dwelling %q, neither here nor in %s", f.dwelling, f.config)
	}
	if err := f.agree(cmd, e, l); err != nil {
		return err
	}
	done, err := e.Run(cmd.Context(), f.by, versionText())
	shown.done()
	if err != nil {
		return err
	}
	fmt.Fprint(cmd.OutOrStdout(), "\n"+done.Record.Texts[l.Tag()]+"\n"+l.Text("erasure.record", "file", done.JSON)+"\n")
	if done.Left != nil {
		return fmt.Errorf("not everything of %s is erased (%w); put that right and run the same command again", f.dwelling, done.Left)
	}
	return nil
}

// agree shows what would be erased and asks for the dwelling's id.
func (f eraseFlags) agree(cmd *cobra.Command, e *gateway.Eraser, l language.Language) error {
	open, err := e.OpenAlarms(cmd.Context())
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	for _, a := range open {
		fmt.Fprintln(out, l.Text("erasure.open_alarm", "alarm", openAlarm(a)))
	}
	if len(open) > 0 && !f.evenOpen {
		return fmt.Errorf("%d alarms of %s are open: no centre has closed them; call the centre, or erase them, too, with --even-open", len(open), f.dwelling)
	}
	if f.yes {
		return nil
	}
	places, err := e.Count(cmd.Context())
	if places == nil {
		return err
	}
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "ucare:", err)
	}
	fmt.Fprintln(out, l.Text("erasure.would", "dwelling", f.dwelling))
	for _, p := range places {
		n := fmt.Sprint(p.Count)
		if p.Unknown {
			n = l.Text("erasure.uncounted")
		}
		fmt.Fprintln(out, "  "+l.Text("erasure.would_count", "place", l.Text("erasure.place."+p.Name), "n", n))
	}
	files, err := e.Files()
	if err != nil {
		return err
	}
	for _, file := range files {
		fmt.Fprintln(out, "  "+l.Text("erasure.would_file", "file", file))
	}
	fmt.Fprint(out, l.Text("erasure.ask"))
	return typed(cmd.InOrStdin(), f.dwelling)
}

func openAlarm(a ucare.Alarm) string {
	return fmt.Sprintf("%s %s %s", a.RaisedAt.Format("2006-01-02 15:04"), a.Rule, a.Room)
}

// typed reads a line that has to be the dwelling's id.
func typed(in io.Reader, dwelling string) error {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && line == "" {
		return errors.New("nothing was erased: nobody typed the dwelling's id (--yes does not ask)")
	}
	if got := strings.TrimSpace(line); got != dwelling {
		return fmt.Errorf("nothing was erased: %q is not %q", got, dwelling)
	}
	return nil
}

// verifyRecord checks a record's signature, and prints it.
func (f eraseFlags) verifyRecord(cmd *cobra.Command) error {
	file, err := os.ReadFile(f.verify)
	if err != nil {
		return fmt.Errorf("the record cannot be read: %w", err)
	}
	r, key, err := gateway.VerifyRecord(file)
	if err != nil {
		return fmt.Errorf("%s: %w", f.verify, err)
	}
	l, err := chooseLanguage(f.language, "")
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprint(out, r.Texts[l.Tag()]+"\n"+l.Text("erasure.verified")+"\n")
	if !cmd.Flags().Changed("config") {
		fmt.Fprintln(out, l.Text("erasure.verified_key", "key", key))
		return nil
	}
	c, err := configs.Load(f.config)
	if err != nil {
		return err
	}
	own, err := gateway.RecordKey(c)
	if err != nil {
		return err
	}
	if own != key {
		fmt.Fprintln(out, l.Text("erasure.verified_other", "key", key))
		return fmt.Errorf("%s is not signed by the gateway of %s", f.verify, f.config)
	}
	fmt.Fprintln(out, l.Text("erasure.verified_own"))
	return nil
}
