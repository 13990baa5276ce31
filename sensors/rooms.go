package sensors

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/ucare-project/ucare"
)

// The room of a sensor is in its name more often than anywhere else: "Kitchen/PIR",
// "smoke living room", "거실 연기", "주방연기감지기". First the names count that the
// household gave its rooms, then the usual words for them in Korean and English. Two
// different rooms are no answer, because a wrong room is worse than none.

// roomIn finds the room that a sensor's name, or the area of a home automation,
// speaks of: the id of one of the dwelling's rooms. Only of a dwelling that lists no
// rooms it is the usual id (kitchen): where there is a list, a place that is not on it is
// more often the name of something else, and whoever asks may know better.
func (d DwellingTopics) roomIn(name string) string {
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		parts = append(parts, plain(part))
	}
	if room, spoken := d.namedIn(parts); spoken {
		return room
	}
	return d.usualIn(parts)
}

// namedIn finds the dwelling's room whose id or name a part begins or ends with.
// The longest counts. spoken: there is one, or there are two.
func (d DwellingTopics) namedIn(parts []string) (room string, spoken bool) {
	best := 0
	for _, r := range d.Rooms {
		for _, key := range []string{plain(r.ID), plain(r.Name)} {
			switch {
			case key == "" || len(key) < best || !mentions(parts, key):
			case len(key) == best && room != r.ID:
				room = ""
			default:
				best, room = len(key), r.ID
			}
		}
	}
	return room, best > 0
}

// A place is a usual kind of room: its usual id, the words for it, and the
// places that a home may call it instead.
type place struct {
	id    string
	words []string
	kin   []string
}

// places are the rooms that package language has names for.
var places = [...]place{
	{"kitchen", []string{"kitchen", "부엌", "주방"}, nil},
	{"bathroom", []string{"bathroom", "bath", "shower", "shower room", "욕실", "샤워실"}, []string{"toilet"}},
	{"toilet", []string{"toilet", "restroom", "lavatory", "wc", "화장실"}, []string{"bathroom"}},
	{"bedroom", []string{"bedroom", "침실", "안방", "큰방"}, nil},
	{"living_room", []string{"living room", "livingroom", "living", "lounge", "sitting room", "family room", "거실"}, nil},
	{"dining_room", []string{"dining room", "diningroom", "dining", "식당"}, nil},
	{"hall", []string{"hall"}, []string{"hallway", "entrance"}},
	{"hallway", []string{"hallway", "hall way", "corridor", "복도"}, []string{"hall", "entrance"}},
	{"entrance", []string{"entrance", "entry", "entryway", "foyer", "front door", "현관", "입구"}, []string{"hall", "hallway"}},
	{"stairs", []string{"stairs", "staircase", "stairway", "계단"}, nil},
	{"study", []string{"study", "office", "서재"}, nil},
	{"balcony", []string{"balcony", "terrace", "veranda", "베란다", "발코니"}, nil},
	{"utility_room", []string{"utility room", "utility", "다용도실"}, []string{"laundry"}},
	{"laundry", []string{"laundry", "laundry room", "세탁실"}, []string{"utility_room"}},
	{"cellar", []string{"cellar", "basement", "지하실"}, nil},
	{"attic", []string{"attic", "loft", "다락", "다락방"}, nil},
	{"garage", []string{"garage", "차고"}, nil},
	{"garden", []string{"garden", "yard", "마당", "정원"}, nil},
}

// usualIn finds the one place of whose usual words a part speaks, and the
// dwelling's room that is such a place.
func (d DwellingTopics) usualIn(parts []string) string {
	var spoken []place
	for _, p := range places {
		if slices.ContainsFunc(p.words, func(word string) bool { return mentions(parts, word) || isKorean(word) && within(parts, word) }) {
			spoken = append(spoken, p)
		}
	}
	if len(spoken) != 1 {
		return ""
	}
	for _, id := range append([]string{spoken[0].id}, spoken[0].kin...) {
		var such []string
		for _, r := range d.Rooms {
			if placeOf(r) == id {
				such = append(such, r.ID)
			}
		}
		switch len(such) {
		case 0:
		case 1:
			return such[0]
		default:
			return "" // two bedrooms, and the name does not say which
		}
	}
	if len(d.Rooms) > 0 {
		return ""
	}
	return spoken[0].id
}

// placeOf is the usual id of a dwelling's room, by its id or its name; "" for
// a room that is none of the usual ones. "bedroom-2" is a bedroom.
func placeOf(r ucare.Room) string {
	return cmp.Or(usual(r.ID), usual(r.Name))
}

func usual(name string) string {
	name = strings.TrimRight(plain(name), " 0123456789")
	for _, p := range places {
		if name == plain(p.id) || slices.Contains(p.words, name) {
			return p.id
		}
	}
	return ""
}

// mentions reports whether key is one of the parts, or the first or last words of one.
func mentions(parts []string, key string) bool {
	for _, p := range parts {
		if p == key || strings.HasPrefix(p, key+" ") || strings.HasSuffix(p, " "+key) {
			return true
		}
	}
	return false
}

// within reports whether one of the parts has the word in it. Korean writes
// "주방연기감지기" as well as "주방 연기 감지기".
func within(parts []string, word string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, word) })
}

func isKorean(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return unicode.Is(unicode.Hangul, r) }) >= 0
}

// plain is s in lower case with single spaces for everything that separates words.
func plain(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	return strings.Join(words, " ")
}
