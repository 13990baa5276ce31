package gateway

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func TestAConditionIsToldOnceHoweverOftenItIsSeen(t *testing.T) {
	var told []string
	faults := newFaults(slog.New(slog.DiscardHandler), func(f ucare.Fault, active bool) {
		told = append(told, fmt.Sprint(f.Code, " ", active))
	})
	began := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for i := range 3 {
		faults.Set(ucare.Fault{Code: ucare.FaultBattery, Subject: "smoke-1", Since: began.Add(time.Duration(i) * time.Hour)}, true)
	}
	if got := faults.Standing(""); len(got) != 1 || !got[0].Since.Equal(began) {
		t.Errorf("standing: %+v, want one that began at %v", got, began)
	}
	faults.Set(ucare.Fault{Code: ucare.FaultBattery, Subject: "smoke-1"}, false)
	faults.Set(ucare.Fault{Code: ucare.FaultBattery, Subject: "smoke-1"}, false)
	if got := fmt.Sprint(told); got != "[battery_low true battery_low false]" {
		t.Errorf("told %v", got)
	}
}

func TestAFloodOfConditionsStaysBounded(t *testing.T) {
	var log bytes.Buffer
	counted := 0 // as the metrics do
	faults := newFaults(slog.New(slog.NewTextHandler(&log, nil)), func(_ ucare.Fault, active bool) {
		if active {
			counted++
		} else {
			counted--
		}
	})
	faults.Set(ucare.Fault{Code: ucare.FaultJournal}, true)
	for i := range 3 * maxFaults {
		faults.Set(ucare.Fault{Code: ucare.FaultUnknownTopic, Subject: fmt.Sprint("junk/", i)}, true)
	}
	standing := faults.Standing("")
	if len(standing) > maxFaults {
		t.Errorf("%d conditions are kept, want at most %d", len(standing), maxFaults)
	}
	if counted != len(standing) {
		t.Errorf("%d conditions are counted, %d stand", counted, len(standing))
	}
	if lines := strings.Count(log.String(), "\n"); lines > loggedMost+2 {
		t.Errorf("%d lines are in the log", lines)
	}
	found := false
	for _, f := range standing {
		found = found || f.Code == ucare.FaultJournal
	}
	if !found {
		t.Error("the journal's fault was pushed out by bad topics")
	}
}

func TestASilenceIsHiddenWhileTheBrokerIsDeaf(t *testing.T) {
	for _, cause := range []ucare.FaultCode{ucare.FaultBrokerDown, ucare.FaultBrokerDeaf} {
		for _, silence := range []ucare.FaultCode{ucare.FaultSilent, ucare.FaultRadio, ucare.FaultHomeQuiet, ucare.FaultNeverTriggers} {
			faults := newFaults(slog.New(slog.DiscardHandler), nil)
			faults.Set(ucare.Fault{Code: silence, Subject: "bed"}, true)
			faults.Set(ucare.Fault{Code: ucare.FaultBattery, Subject: "bed"}, true)
			faults.Set(ucare.Fault{Code: cause, Subject: "broker"}, true)
			if got := faults.Standing(""); len(got) != 2 || got[0].Code == silence || got[1].Code == silence {
				t.Errorf("%s under %s: %v", silence, cause, got)
			}
			faults.Set(ucare.Fault{Code: cause, Subject: "broker"}, false)
			if got := faults.Standing(""); len(got) != 2 || got[0].Code != silence && got[1].Code != silence {
				t.Errorf("%s after %s: %v", silence, cause, got)
			}
		}
	}
}
