package sensors

import (
	"testing"

	"github.com/ucare-project/ucare"
)

func TestTheUsualWordsForRooms(t *testing.T) {
	flat := []ucare.Room{{ID: "kitchen"}, {ID: "bathroom"}, {ID: "bedroom-1"}, {ID: "bedroom-2"}, {ID: "living_room"}, {ID: "hall"}, {ID: "r7", Name: "서재"}}
	for _, c := range []struct {
		rooms      []ucare.Room
		name, want string
	}{
		{flat, "주방 연기", "kitchen"},
		{flat, "주방연기감지기", "kitchen"},
		{flat, "부엌/온도", "kitchen"},
		{flat, "Kitchen smoke", "kitchen"},
		{flat, "욕실 누수", "bathroom"},
		{flat, "화장실 동작", "bathroom"},
		{flat, "toilet flush", "bathroom"},
		{flat, "WC door", "bathroom"},
		{flat, "거실센서", "living_room"},
		{flat, "lounge motion", "living_room"},
		{flat, "현관문", "hall"},
		{flat, "front door", "hall"},
		{flat, "복도 동작", "hall"},
		{flat, "office door", "r7"},
		{flat, "침실 2 동작", ""}, // there are two, and their names are in English
		{flat, "안방 온도", ""},
		{flat, "bedroom 2 motion", "bedroom-2"},
		{flat, "안방 화장실", ""}, // two rooms
		{flat, "주방 거실", ""},
		{flat, "베란다 문", ""}, // not in the list
		{flat, "smoke detector 3", ""},
		{flat, "0x00158d0001a2b3c4", ""},
		{nil, "주방 연기", "kitchen"},
		{nil, "Bedroom", "bedroom"},
		{nil, "the old kitchen lamp", ""},
		{nil, "chickenkitchen", ""},
		{[]ucare.Room{{ID: "entrance"}, {ID: "hall"}}, "현관 문", "entrance"},
		{[]ucare.Room{{ID: "entrance"}, {ID: "hall"}}, "hallway", "hall"},
		{[]ucare.Room{{ID: "a", Name: "Kitchen"}}, "주방 가스", "a"},
		{[]ucare.Room{{ID: "bedroom"}}, "안방 문", "bedroom"},
	} {
		if got := (DwellingTopics{Rooms: c.rooms}).Sensor("t", c.name).Room; got != c.want {
			t.Errorf("%q in %v is in %q, want %q", c.name, c.rooms, got, c.want)
		}
	}
}
