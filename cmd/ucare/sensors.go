package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/language"
)

func newSensors() *cobra.Command {
	var address, dwelling, tag string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sensors",
		Short: "List every sensor that was found, and whether it is supervised",
		Long: `Asks the gateway on this machine which sensors it has found or expects: where each
is, what it reports, when it was last heard, its battery, its link, when it was tried,
and whether it is supervised or what stands in the way. A smoke, heat, gas or carbon
monoxide detector, a fall detector and a help button count only after a live test:
press its test button and look here again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list gateway.SensorList
			if err := ask(cmd.Context(), http.MethodGet, address, "/sensors?dwelling="+url.QueryEscape(dwelling), &list); err != nil {
				return err
			}
			if asJSON {
				out := json.NewEncoder(cmd.OutOrStdout())
				out.SetIndent("", "  ")
				return out.Encode(list)
			}
			l, err := chooseLanguage(tag, list.Language)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), sensorTable(l, list))
			return err
		},
	}
	cmd.Flags().StringVar(&address, "address", defaultLocal, "the gateway's own listener (gateway.listen)")
	cmd.Flags().StringVar(&dwelling, "dwelling", "", "only the sensors of this dwelling")
	cmd.Flags().StringVar(&tag, "language", "", "ko or en; otherwise as LANG says, or the gateway's own")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what the gateway says as JSON")
	return cmd
}

// chooseLanguage is the one asked for, else that of the terminal, else the
// gateway's. A terminal in the language "C" has none.
func chooseLanguage(asked, gateways string) (language.Language, error) {
	if asked != "" {
		l, ok := language.Parse(asked)
		if !ok {
			return l, fmt.Errorf("--language %q is not known: write ko or en", asked)
		}
		return l, nil
	}
	for _, tag := range []string{os.Getenv("LC_ALL"), os.Getenv("LANG"), gateways} {
		if l, ok := language.Parse(tag); ok {
			return l, nil
		}
	}
	return language.Language{}, nil
}

// sensorTable is the list as a person reads it.
func sensorTable(l language.Language, list gateway.SensorList) string {
	if len(list.Sensors) == 0 {
		return l.Text("page.sensors_none") + "\n"
	}
	head := []string{
		l.Text("page.sensor"), l.Text("page.room"), l.Text("page.senses"), l.Text("page.last_heard"),
		l.Text("page.battery"), l.Text("page.link"), l.Text("page.test"), l.Text("page.false_alarms"), l.Text("page.supervised"),
	}
	slices.SortStableFunc(list.Sensors, func(a, b gateway.ListedSensor) int {
		return cmp.Or(cmp.Compare(a.Dwelling, b.Dwelling), cmp.Compare(roomName(l, a), roomName(l, b)), cmp.Compare(a.ID, b.ID))
	})
	several := list.Sensors[0].Dwelling != list.Sensors[len(list.Sensors)-1].Dwelling
	if several {
		head = slices.Insert(head, 0, l.Text("page.dwelling"))
	}
	rows := [][]string{head}
	for _, s := range list.Sensors {
		row := sensorRow(l, s, list.At)
		if several {
			row = slices.Insert(row, 0, s.Dwelling)
		}
		rows = append(rows, row)
	}
	return table(rows)
}

func roomName(l language.Language, s gateway.ListedSensor) string {
	return cmp.Or(s.RoomName, l.Room(s.Room))
}

// sensorRow is what the list says of one sensor.
func sensorRow(l language.Language, s gateway.ListedSensor, now time.Time) []string {
	heard, tested := l.Text("page.never_heard"), "–"
	if !s.LastHeard.IsZero() {
		heard = l.Ago(s.LastHeard, now)
	}
	falseAlarms := "–"
	if s.FalseAlarms > 0 {
		falseAlarms = strconv.Itoa(s.FalseAlarms)
	}
	switch {
	case !s.Tested.IsZero():
		tested = l.Ago(s.Tested, now)
	case s.MustBeTested:
		tested = l.Text("page.never_tried")
	}
	return []string{
		s.ID, roomName(l, s), kinds(l, s.Kinds), heard, charge(l, s), stateOf(l, s, ucare.Link), tested, falseAlarms, l.Supervised(s.Supervised),
	}
}

// kinds names what the sensor reports, without what it reports of itself.
func kinds(l language.Language, all []ucare.Kind) string {
	var names []string
	for _, k := range all {
		switch k {
		case ucare.Battery, ucare.Link, ucare.Tamper, ucare.Mains:
		default:
			names = append(names, l.Kind(k))
		}
	}
	return cmp.Or(strings.Join(names, ", "), "–")
}

// charge says how the battery is.
func charge(l language.Language, s gateway.ListedSensor) string {
	if s.Battery == nil {
		return stateOf(l, s, ucare.Battery)
	}
	percent := l.Text("page.battery_percent", "n", int(*s.Battery))
	if s.Last[ucare.Battery].State == ucare.Active {
		return percent + " " + l.State(ucare.Battery, ucare.Active)
	}
	return percent
}

func stateOf(l language.Language, s gateway.ListedSensor, k ucare.Kind) string {
	if state := s.Last[k].State; state != ucare.Unknown {
		return l.State(k, state)
	}
	return "–"
}
