package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// A Shelly announces itself each time that it connects. That is one fault, not one
// for each time.
func TestAFaultAboutATopicStandsOverReconnects(t *testing.T) {
	faults := &told{all: map[string]ucare.Fault{}}
	began := 0
	r := newRefusals(func(f ucare.Fault) { began++; faults.began(f) }, faults.ended)
	about := ucare.Fault{Code: ucare.FaultRefused, Subject: "shelly"}
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	stands := func() bool { return faults.detail(ucare.FaultRefused, "shelly") != "" }

	for range 5 {
		r.letIn("shelly", "shelly-1", now)
		r.said(about, "shelly-1", "shellies/announce", now.Add(time.Second))
		r.heard("shelly", "shelly-1", now.Add(10*time.Minute))
		if now = now.Add(time.Hour); !stands() || began != 1 {
			t.Fatalf("stands %v, told %d times", stands(), began)
		}
	}
	r.letIn("shelly", "another", now)
	r.heard("shelly", "another", now.Add(time.Hour))
	if !stands() {
		t.Error("another client of the account has ended it")
	}
	r.letIn("shelly", "shelly-1", now)
	r.heard("shelly", "shelly-1", now.Add(settled-time.Second))
	if !stands() {
		t.Error("ended before the device had time to do it again")
	}
	r.heard("shelly", "shelly-1", now.Add(settled))
	if stands() {
		t.Error("stands, though the device does it no more")
	}
}

func TestARefusalIsForgottenAfterADay(t *testing.T) {
	faults := &told{all: map[string]ucare.Fault{}}
	r := newRefusals(faults.began, faults.ended)
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	r.said(ucare.Fault{Code: ucare.FaultRefused, Subject: "script"}, "script-1", "a/b", now)
	r.notLetIn(ucare.Fault{Code: ucare.FaultRefused, Subject: "10.0.0.7"}, "who?", now.Add(time.Hour))
	r.heard("hall", "hall", now.Add(24*time.Hour))
	if faults.detail(ucare.FaultRefused, "script") != "" || faults.detail(ucare.FaultRefused, "10.0.0.7") == "" {
		t.Errorf("after a day of one and 23 hours of the other: %v", faults.all)
	}
}

func TestBothReasonsAreTold(t *testing.T) {
	faults := &told{all: map[string]ucare.Fault{}}
	r := newRefusals(faults.began, faults.ended)
	now, about := time.Now(), ucare.Fault{Code: ucare.FaultRefused, Subject: "hall"}
	r.said(about, "hall", "a/b", now)
	r.notLetIn(about, "wrong password", now)
	if d := faults.detail(ucare.FaultRefused, "hall"); !strings.Contains(d, `"a/b"`) || !strings.Contains(d, "wrong password") {
		t.Errorf("told %q", d)
	}
	r.letIn("hall", "hall", now)
	if d := faults.detail(ucare.FaultRefused, "hall"); !strings.Contains(d, `"a/b"`) || strings.Contains(d, "wrong password") {
		t.Errorf("told %q after it was let in", d)
	}
}

func TestRefusalsAreBounded(t *testing.T) {
	r := newRefusals(func(ucare.Fault) {}, func(ucare.Fault) {})
	for i := range 10 * refusedMost {
		f := ucare.Fault{Code: ucare.FaultRefused, Subject: fmt.Sprint("10.0.0.", i)}
		r.notLetIn(f, "who?", time.Now())
		r.said(ucare.Fault{Code: ucare.FaultRefused, Subject: "10.0.0.1"}, "x", fmt.Sprint("topic/", i), time.Now())
	}
	if len(r.all) > refusedMost || len(r.all["10.0.0.1"].said) > topicsMost {
		t.Errorf("%d refusals, %d topics", len(r.all), len(r.all["10.0.0.1"].said))
	}
}
