package voice

import (
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/language"
)

func TestFaultsAreToldInTheLanguageOfTheHome(t *testing.T) {
	home := aHome("home")
	home.Language, _ = language.Parse("ko")
	faults := []ucare.Fault{
		{Code: ucare.FaultBattery, Dwelling: "home", Subject: "hall"}, {Code: ucare.FaultDisk}, {Code: ucare.FaultBattery, Dwelling: "other"},
	}
	e := home.faults(faults)
	about := e.Attributes.(faultAttributes)
	if e.State != switchOn || about.Count != 2 || !strings.Contains(about.Titles[0], "hall") || strings.Contains(about.Titles[0], "Battery") {
		t.Errorf("told %+v", e)
	}
	if e := home.faults(nil); e.State != switchOff {
		t.Errorf("without a fault the home is told %+v", e)
	}
}

func TestTheHomeIsToldHowManyThingsToLookAt(t *testing.T) {
	h := aHome("home")
	for want, open := range map[string][]ucare.Concern{
		`{"state":0,"attributes":{"titles":[]}}`: {{Rule: ucare.Leak, Drill: true}},
		`{"state":2,"attributes":{"titles":["climate bedroom","water_leak kitchen"]}}`: {
			{Rule: ucare.Leak, Room: "kitchen"}, {Rule: ucare.Climate, Room: "bedroom"},
		},
	} {
		var got string
		for _, what := range h.told(State{Concerns: open}, nil, time.Now()) {
			if what.topic == "ucare/home/gateway/concerns" {
				got = what.payload
			}
		}
		if got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	}
}

func TestACheckInIsAskedForWhereOneIsAwaited(t *testing.T) {
	h := aHome("home")
	if _, asked := h.entities()["checkin"]; !asked {
		t.Error("there is no button for the check-in")
	}
	h.Commands.CheckIn = ""
	if _, asked := h.entities()["checkin"]; asked {
		t.Error("there is a button for a check-in that nobody awaits")
	}
}
