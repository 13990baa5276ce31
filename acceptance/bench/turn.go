package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/ucare-project/ucare/acceptance"
)

const (
	alarmEvery = 50 * time.Millisecond
	patience   = 20 * time.Second
)

var errLate = errors.New("an alarm did not arrive")

// turn publishes alarms, one every 50 ms, among other readings, and notes how
// long each took to the centre.
func (w *way) turn(ctx context.Context, round, alarms, others int) error {
	quiet, stop := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { w.chatter(quiet, others) })
	defer background.Wait()
	defer stop()
	pace := time.NewTicker(alarmEvery)
	defer pace.Stop()
	for i := range alarms {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C:
		}
		room := fmt.Sprintf("room-%d-%d", round, i)
		arrived := w.centre.Expect(room)
		began := time.Now()
		w.publish(room, "smoke")
		select {
		case at := <-arrived:
			w.took = append(w.took, at.Sub(began))
		case <-time.After(patience):
			return fmt.Errorf("%w within %v: that of %s", errLate, patience, room)
		}
	}
	return nil
}

// chatter publishes motion, n a second, until the context ends.
func (w *way) chatter(ctx context.Context, n int) {
	if n == 0 {
		return
	}
	pace := time.NewTicker(time.Second / time.Duration(n))
	defer pace.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
			w.publish(fmt.Sprintf("motion-%d", i%20), "motion")
		}
	}
}

// sync notes how long the disk takes for two small durable writes, at the pace of
// the alarms.
func (w *way) sync(ctx context.Context, dir string, n int) error {
	file, err := os.CreateTemp(dir, "fsync")
	if err != nil {
		return err
	}
	defer file.Close()
	page := make([]byte, 4096)
	pace := time.NewTicker(alarmEvery)
	defer pace.Stop()
	for range n {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C:
		}
		began := time.Now()
		for range 2 {
			if _, err := file.Write(page); err != nil {
				return err
			}
			if err := file.Sync(); err != nil {
				return err
			}
		}
		w.took = append(w.took, time.Since(began))
	}
	return nil
}

// publish sends one reading as the home's sensor would. The token is not
// waited for: a sensor does not.
func (w *way) publish(room, kind string) {
	base := "ucare/" + acceptance.Dwelling + "/"
	if w.name == "bare paho subscriber" {
		base = "bare/"
	}
	w.sensors.Publish(base+room, 1, false, fmt.Sprintf(
		`{"sensor":%q,"room":%q,"kind":%q,"active":true}`, room, room, kind))
}

// postBare is all that the bare subscriber does. It posts smoke only.
func postBare(address string, payload []byte) {
	if !bytes.Contains(payload, []byte(`"smoke"`)) {
		return
	}
	response, err := http.Post("http://"+address+"/", "application/json", bytes.NewReader(payload))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}
