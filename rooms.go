package ucare

import "strings"

// A Purpose is what a room is for, as far as its name says so. Names are free texts
// in any language; these words are understood.
type Purpose uint8

// The purposes. The zero value is a room of none of them, or of which nobody can tell.
const (
	AnyRoom Purpose = iota
	Bathroom
	Bedroom
	Kitchen
	Hall     // on the way from room to room
	Entrance // at the front door
)

// purposes are the words of pages and exports.
var purposes = [...]string{AnyRoom: "", Bathroom: "bathroom", Bedroom: "bedroom", Kitchen: "kitchen", Hall: "hall", Entrance: "entrance"}

// String returns the purpose in a word, "" where it is not known.
func (p Purpose) String() string {
	if int(p) < len(purposes) {
		return purposes[p]
	}
	return ""
}

// purposeWords are whole words in a name; Korean ones may also be part of a longer
// word, for Korean writes 안방화장실 as well as 안방 화장실. The first line that fits
// counts: a toilet beside the bedroom is a toilet.
var purposeWords = [...]struct {
	Purpose
	words []string
}{
	{Bathroom, []string{"bathroom", "bath", "shower", "toilet", "restroom", "washroom", "lavatory", "wc", "욕실", "화장실", "샤워"}},
	{Entrance, []string{"entrance", "entry", "entryway", "foyer", "porch", "vestibule", "front", "현관", "입구"}},
	{Bedroom, []string{"bedroom", "침실", "안방", "큰방"}},
	{Kitchen, []string{"kitchen", "kitchenette", "부엌", "주방"}},
	{Hall, []string{"hall", "hallway", "corridor", "복도"}},
}

// PurposeOf is what a room is for, by its name.
func PurposeOf(room string) Purpose {
	name := strings.ToLower(room)
	words := strings.FieldsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && r < 0x80 })
	for _, p := range purposeWords {
		for _, word := range p.words {
			korean := word[0] >= 0x80
			for _, w := range words {
				if w == word || korean && strings.Contains(w, word) {
					return p.Purpose
				}
			}
		}
	}
	return AnyRoom
}

// A Doorway is how surely a door leads out of the home, by the name of its room.
type Doorway uint8

// The doorways.
const (
	NoWayOut     Doorway = iota // of the bathroom, of a cupboard in the kitchen
	MaybeWayOut                 // a door somewhere that may be the front door
	SurelyWayOut                // the front door
)

// Leads is how surely a door in a room of that purpose leads out. Where a home has a door
// that surely does, those that may are others.
func (p Purpose) Leads() Doorway {
	switch p {
	case Entrance, Hall:
		return SurelyWayOut
	case AnyRoom:
		return MaybeWayOut
	default:
		return NoWayOut
	}
}
