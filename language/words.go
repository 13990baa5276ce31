package language

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ucare-project/ucare"
)

// Rule names a rule.
func (l Language) Rule(r ucare.Rule) string { return l.word("rule.", string(r)) }

// Verb names what a rule decided.
func (l Language) Verb(v ucare.Verb) string { return l.word("verb.", string(v)) }

// Kind names what a sensor reports on, in lower case.
func (l Language) Kind(k ucare.Kind) string { return l.word("kind.", string(k)) }

// Supervised says whether a sensor is supervised, or why not.
func (l Language) Supervised(s ucare.Supervised) string { return l.word("supervised.", string(s)) }

// word is the text of a word of package ucare, or the word itself.
func (l Language) word(family, word string) string {
	if l.has(family + word) {
		return l.Text(family + word)
	}
	return word
}

// State says what a contact of the kind says: an active door is "open".
func (l Language) State(k ucare.Kind, s ucare.State) string {
	if key := "state." + string(k) + "." + s.String(); l.has(key) {
		return l.Text(key)
	}
	return l.Text("state." + s.String())
}

// Value writes a measurement, with at most one decimal.
func (l Language) Value(v float64, unit string) string {
	number := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	return strings.TrimSpace(l.Text("state.value", "value", number, "unit", unit))
}

// Room names a room that its dwelling gives no name: a usual id such as
// "living_room" or "bedroom-2" in words, any other id as it is.
func (l Language) Room(id string) string {
	if id == "" {
		return l.Text("room.none")
	}
	name, number := usualRoom(id)
	if !l.has("room." + name) {
		return id
	}
	if number == "" {
		return l.Text("room." + name)
	}
	return l.Text("room.numbered", "room", l.Text("room."+name), "n", number)
}

// Rooms returns the names of a dwelling's rooms: those it gives itself, and
// [Language.Room] for the others.
func (l Language) Rooms(d ucare.Dwelling) func(id string) string {
	return func(id string) string {
		for _, r := range d.Rooms {
			if r.ID == id && r.Name != "" {
				return r.Name
			}
		}
		return l.Room(id)
	}
}

// Where says in which room something is: "in the kitchen". It is empty for an
// empty id. A nil room names the rooms by [Language.Room].
func (l Language) Where(id string, room func(id string) string) string {
	if id == "" {
		return ""
	}
	usual := l.Room(id)
	given := usual
	if room != nil {
		given = cmp.Or(room(id), usual)
	}
	if name, number := usualRoom(id); number == "" && given == usual && l.has("where."+name) && l.has("room."+name) {
		return l.Text("where." + name)
	}
	return l.Text("where.other", "room", given)
}

// usualRoom writes a room's id as the files do, without its number:
// "Bedroom-2" is bedroom and 2.
func usualRoom(id string) (name, number string) {
	name = strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(id))
	bare := strings.TrimRight(name, "0123456789")
	number = name[len(bare):]
	return strings.TrimSuffix(bare, "_"), number
}

// A FaultText tells a person about a fault: what it is, what it means for the
// resident, and what to do now.
type FaultText struct{ Title, Meaning, Action string }

// Fault tells about a fault. The fault's Detail is not part of the text; of a
// failing receiver and of an unknown value it decides what there is to do.
func (l Language) Fault(f ucare.Fault) FaultText {
	family := "fault." + string(f.Code)
	switch {
	case !l.has(family + ".title"):
		family = "fault.other"
	case f.Code == ucare.FaultReceiver:
		family += receiverTrouble(f.Detail)
	case f.Code == ucare.FaultUnknownValue && strings.Contains(f.Detail, ucare.ByOwnMapping):
		family += "_mapped"
	}
	t := FaultText{
		Title:   l.Text(family+".title", "code", f.Code),
		Meaning: l.Text(family+".meaning", "subject", f.Subject),
		Action:  l.Text(family + ".action"),
	}
	if f.Subject != "" && f.Code != ucare.FaultNoAnswer { // whose subject is an alarm's id
		t.Title = l.Text("fault.about", "title", t.Title, "subject", f.Subject)
	}
	return t
}

// receiverTrouble tells from the error of a failing receiver who can mend it:
// nothing, "_refuses" for whoever installed it, "_troubled" for the receiver
// itself, "_removed" for whoever took it out of the configuration. The errors
// are those of package emergency.
func receiverTrouble(detail string) string {
	switch answer := answered.FindStringSubmatch(detail); {
	case strings.HasSuffix(detail, "the configuration has no such receiver"):
		return "_removed"
	case answer == nil:
		return ""
	case strings.HasPrefix(answer[1], "4") && !slices.Contains([]string{"408", "425", "429"}, answer[1]): // those pass
		return "_refuses"
	default:
		return "_troubled"
	}
}

// answered finds the errors of a receiver that was reached, and the status in
// which it said no.
var answered = regexp.MustCompile(`^the (?:receiver(?: at \S+)? answered(?: (\d{3})\b)?|receiver's receipt|answer of )`)

// Outcome says how an alarm ended. The reference centre and the gateway end
// alarms with a few known words, perhaps followed by the operator's own; what
// is not known is shown as it came.
func (l Language) Outcome(outcome string) string {
	for _, known := range outcomes {
		rest, ok := strings.CutPrefix(outcome, known.words)
		own, more := strings.CutPrefix(rest, ": ")
		switch {
		case !ok || rest != "" && !more:
			continue
		case rest == "":
			return l.Text(known.key)
		case known.key == "outcome.other":
			return own
		default:
			return l.Text("outcome.with_words", "outcome", l.Text(known.key), "words", own)
		}
	}
	return outcome
}

// outcomes are the words in which a centre's answer says how an alarm ended,
// and the key of their text.
var outcomes = [...]struct{ words, key string }{
	{"helped", "outcome.helped"},
	{"resident is well", "outcome.well"},
	{"false alarm: steam", "outcome.steam"},
	{"false alarm: cooking", "outcome.cooking"},
	{"false alarm: insects", "outcome.insects"},
	{"false alarm: test", "outcome.test"},
	{"other", "outcome.other"},
	{string(ucare.Cancel), "outcome.cancel"}, // by the resident, before it was raised
}
