package voice

import (
	"strings"
	"testing"

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
