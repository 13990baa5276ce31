package client

import "time"

// A Will is a message that the broker publishes with QoS 1 for who cannot any more.
type Will struct {
	Topic   string // "": there is none
	Payload []byte
	Retain  bool
}

// A broker may refuse whoever brings a will that its access list forbids, with the
// same answer as to a wrong password. To be heard is more than to be missed: after
// such an answer it is tried without a will. Whoever is refused without one too was
// not refused for it, and has it again once the broker lets us in.

// mayHaveWill reports whether the next session is opened with the last will.
func (k *keeper) mayHaveWill() bool { return k.config.Will.Topic != "" && !k.willRefused }

// lookAtWill tells why the session has to be replaced by one with or without a
// last will, if so.
func (s *session) lookAtWill(open bool, now time.Time) (replace string) {
	k := s.keeper
	switch {
	case s.will == k.mayHaveWill() || now.Sub(s.began) < pauseAfter:
		return ""
	case s.will && !open:
		return "the broker refuses us; it is tried without a last will: may we publish on " + k.config.Will.Topic + "?"
	case !s.will && open:
		return "the broker lets us in; it is tried with a last will"
	}
	return ""
}
