package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance"
	"github.com/ucare-project/ucare/acceptance/influxd"
	"github.com/ucare-project/ucare/acceptance/load"
)

// marks are where the memory is looked at, as shares of all readings.
var marks = []float64{0.1, 0.5, 1}

// memories prints how much memory a process with one store has, after a tenth, half
// and all of the readings; and so of the gateway.
func memories(ctx context.Context, dir, only string, n int) error {
	server, err := influxd.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }() // with all that it stored
	fmt.Printf("\nResident memory in MB while readings go through, after so many of them:\n\n%40s", "process")
	for _, mark := range marks {
		fmt.Printf("%10d", int(mark*float64(n)))
	}
	fmt.Println()
	for _, name := range []string{embeddedWay, queueWay, influxWay} {
		if err := printMemory(name, only, func() ([]int64, error) { return child(ctx, name, server.URL, n) }); err != nil {
			return err
		}
	}
	for _, history := range []string{"store: embedded", fmt.Sprintf("store: influxdb, influxdb: {url: %q, bucket: gateway/raw, hours_bucket: gateway/hours}", server.URL)} {
		name := "gateway, " + strings.TrimSuffix(strings.Fields(history)[1], ",")
		if err := printMemory(name, only, func() ([]int64, error) { return gatewayMemory(ctx, dir, history, n) }); err != nil {
			return err
		}
	}
	return nil
}

// printMemory measures one process and prints its line at once: the next may take minutes.
func printMemory(name, only string, measure func() ([]int64, error)) error {
	if !strings.Contains(name, only) {
		return nil
	}
	fmt.Fprintf(os.Stderr, "\rmemory of %-40s", name)
	resident, err := measure()
	if err != nil {
		return fmt.Errorf("memory of %s: %w", name, err)
	}
	fmt.Fprintf(os.Stderr, "\r%55s\r", "")
	fmt.Printf("%40s", name)
	for _, bytes := range resident {
		fmt.Printf("%10.0f", float64(bytes)/1e6)
	}
	fmt.Println()
	return nil
}

// child runs this program once more, as a process that only has one store, and returns
// what it says of its memory.
func child(ctx context.Context, name, server string, n int) (resident []int64, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-child", name, "-server", server, "-memory", strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	for line := range strings.FieldsSeq(string(out)) {
		bytes, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			return nil, err
		}
		resident = append(resident, bytes)
	}
	return resident, nil
}

// grow is that process.
func grow(ctx context.Context, name, server string, n int) error {
	dir, err := os.MkdirTemp("", "ucare-memory-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := openWay(ctx, name, dir, server)
	if err != nil {
		return err
	}
	done := 0
	for readings := range chunks(some(n), batch) {
		if _, err := w.append(ctx, readings); err != nil {
			return errors.Join(err, w.close())
		}
		if before := done; atMark(before, before+len(readings), n) {
			fmt.Println(acceptance.Memory(os.Getpid()))
		}
		done += len(readings)
	}
	return w.close()
}

// some are n readings of a busy home.
func some(n int) iter.Seq[ucare.Reading] {
	return func(yield func(ucare.Reading) bool) {
		home := load.Home{Dwelling: acceptance.Dwelling, Seed: 3, PerHour: load.Busy}
		from := time.Now().UTC().Truncate(time.Hour).Add(-time.Duration(1+n/load.Busy) * time.Hour)
		i := 0
		for r := range home.Readings(from, from.AddDate(1, 0, 0)) {
			if i++; !yield(r) || i == n {
				return
			}
		}
	}
}

// chunks are the readings, so many at a time; each is only good until the next.
func chunks(readings iter.Seq[ucare.Reading], size int) iter.Seq[[]ucare.Reading] {
	return func(yield func([]ucare.Reading) bool) {
		some := make([]ucare.Reading, 0, size)
		for r := range readings {
			if some = append(some, r); len(some) == size {
				if !yield(some) {
					return
				}
				some = some[:0]
			}
		}
		if len(some) > 0 {
			yield(some)
		}
	}
}

// atMark reports that one of the marks lies in what was done last.
func atMark(before, after, n int) bool {
	return slices.ContainsFunc(marks, func(mark float64) bool { at := int(mark * float64(n)); return before < at && at <= after })
}

// gatewayMemory publishes readings to a real gateway, as fast as it takes them: without its
// guard against floods, which would have a device take hours for that.
func gatewayMemory(ctx context.Context, dir, history string, n int) (resident []int64, err error) {
	if dir, err = os.MkdirTemp(dir, "gateway-"); err != nil {
		return nil, err
	}
	overlay, err := acceptance.WithoutFloodGuard(dir)
	if err != nil {
		return nil, err
	}
	binary, err := acceptance.Build(ctx, dir, overlay)
	if err != nil {
		return nil, err
	}
	place, err := acceptance.NewPlace(dir, binary)
	if err != nil {
		return nil, err
	}
	place.Data, place.History = filepath.Join(dir, "data"), history
	if err := place.Write(); err != nil {
		return nil, err
	}
	gateway, err := place.StartGateway(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = gateway.Kill() }() // it has served
	done := 0
	messages := func(yield func(acceptance.Message) bool) {
		for r := range some(n) {
			m, err := load.Message(r)
			if err != nil {
				panic(err) // a reading of ours is JSON
			}
			if !yield(m) {
				return
			}
			if done++; atMark(done-1, done, n) {
				resident = append(resident, gateway.Memory())
			}
			if done%1000 == 0 {
				fmt.Fprintf(os.Stderr, "\rthe gateway has taken %d of %d readings", done, n)
			}
		}
	}
	const asFastAsItCan = 1e6
	err = acceptance.Publish(ctx, place.Broker, acceptance.Device, place.DevicePassword, asFastAsItCan, messages)
	return resident, err
}
