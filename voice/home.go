package voice

import (
	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/language"
)

// A Home is one dwelling as it is spoken to.
type Home struct {
	Dwelling string   // its id
	Several  bool     // the gateway watches over more than one
	Prefixes []string // of Home Assistant's discovery; none: it is not announced
	Speakers []Speaker
	Siren    []ucare.Rule // that the state on the topic siren sounds for
	Commands Commands
	Language language.Language
	// AlarmTexts are what an alarm is, in a sentence of each language.
	AlarmTexts func(ucare.Alarm) map[string]string
	// ConcernText is what caregivers should look at, in the language of the home.
	ConcernText func(ucare.Concern) string
	Version     string // of the gateway

	announcement string // what discovery() makes, once for all
}

// Commands are the topics on which the gateway takes commands about a home. CheckIn
// is "" where no check-in is awaited.
type Commands struct{ Away, Cancel, CheckIn, Test string }

// A Speaker is a siren, a speaker or a lamp that is told, on its own topic and in
// its own words, what to do. Words that are empty are not sent.
type Speaker struct {
	Topic                  string
	PreAlarm, Alarm, Quiet string
	Rules                  []ucare.Rule // that it sounds for
}
