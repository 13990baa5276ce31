package ucare_test

import (
	"testing"

	"github.com/ucare-project/ucare"
)

func TestARoomsNameSaysWhatItIsFor(t *testing.T) {
	for name, want := range map[string]ucare.Purpose{
		"bathroom": ucare.Bathroom, "Guest WC": ucare.Bathroom, "안방화장실": ucare.Bathroom, "안방": ucare.Bedroom, "bedroom-2": ucare.Bedroom,
		"현관": ucare.Entrance, "front_hall": ucare.Entrance, "hallway": ucare.Hall, "주방": ucare.Kitchen,
		"bathe": ucare.AnyRoom, "거실": ucare.AnyRoom, "": ucare.AnyRoom,
	} {
		if got := ucare.PurposeOf(name); got != want {
			t.Errorf("%q is a room for %q, want %q", name, got, want)
		}
	}
}
