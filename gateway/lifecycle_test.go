package gateway

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPartsAreStoppedLastInFirstOut(t *testing.T) {
	var order []string
	c := closings{logger: slog.New(slog.DiscardHandler)}
	for _, name := range []string{"journal", "dispatcher", "broker"} {
		c.add(name, func() error { order = append(order, name); return nil })
	}
	if err := c.run(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"broker", "dispatcher", "journal"}; !slices.Equal(order, want) {
		t.Errorf("stopped in the order %v, want %v", order, want)
	}
}

func TestAPartThatHangsIsLeftBehindAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		defer close(never)
		journalClosed := false
		c := closings{logger: slog.New(slog.DiscardHandler)}
		c.add("journal", func() error { journalClosed = true; return nil })
		c.add("history", func() error { <-never; return nil })
		began := time.Now()
		err := c.run()
		if !errors.Is(err, errTooSlow) || !strings.Contains(err.Error(), "history") {
			t.Errorf("got %v, want an error that names the history", err)
		}
		if !journalClosed {
			t.Error("the journal was not closed behind the hanging history")
		}
		if took := time.Since(began); took != shutdownLimit {
			t.Errorf("stopping took %v, want %v", took, shutdownLimit)
		}
	})
}

// What no alarm depends on keeps nobody from stopping, and is no reason to say that the
// gateway stopped badly.
func TestAPartBesideTheAlarmsIsLeftBehindSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		defer close(never)
		c := closings{logger: slog.New(slog.DiscardHandler)}
		c.addAside("history", func() error { <-never; return nil })
		c.addAside("chronicle", func() error { return errors.New("no room") })
		began := time.Now()
		if err := c.run(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != asideLimit {
			t.Errorf("stopping took %v, want %v", took, asideLimit)
		}
	})
}
