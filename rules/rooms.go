package rules

import (
	"slices"
	"strings"
)

// A purpose is what a room is for, as far as its name says so. Names are free texts
// in any language; these words are understood.
type purpose uint8

const (
	anyRoom purpose = iota // none of those below, or nobody can tell
	bathroom
	bedroom
	kitchen
	hall     // on the way from room to room
	entrance // at the front door
)

// purposeWords are whole words in a name; Korean ones may also be part of a longer
// word, for Korean writes 안방화장실 as well as 안방 화장실. The first line that fits
// counts: a toilet beside the bedroom is a toilet.
var purposeWords = [...]struct {
	purpose
	words []string
}{
	{bathroom, []string{"bathroom", "bath", "shower", "toilet", "restroom", "washroom", "lavatory", "wc", "욕실", "화장실", "샤워"}},
	{entrance, []string{"entrance", "entry", "entryway", "foyer", "porch", "vestibule", "front", "현관", "입구"}},
	{bedroom, []string{"bedroom", "침실", "안방", "큰방"}},
	{kitchen, []string{"kitchen", "kitchenette", "부엌", "주방"}},
	{hall, []string{"hall", "hallway", "corridor", "복도"}},
}

// purposeOf is what a room is for, by its name.
func purposeOf(room string) purpose {
	name := strings.ToLower(room)
	words := strings.FieldsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && r < 0x80 })
	for _, p := range purposeWords {
		for _, word := range p.words {
			korean := word[0] >= 0x80
			for _, w := range words {
				if w == word || korean && strings.Contains(w, word) {
					return p.purpose
				}
			}
		}
	}
	return anyRoom
}

// mentions reports whether one of the words is in a name, also within a longer word.
func mentions(name string, words []string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(name, word) })
}
