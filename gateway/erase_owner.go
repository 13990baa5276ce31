package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
)

// This file says whose an entry of the log is, for the resident who asks to be
// forgotten. An entry stays only when it is known to be another's: by its topic, or,
// where several homes listen to one topic, by what it says.

// lessHome is the configuration as if it did not have the dwelling.
func lessHome(c *configs.Gateway, dwelling string) *configs.Gateway {
	rest := *c
	rest.Dwellings = slices.DeleteFunc(slices.Clone(c.Dwellings), func(d configs.Dwelling) bool { return d.ID == dwelling })
	return &rest
}

// An owner says which entries are those of a dwelling.
type owner struct {
	dwelling string
	only     bool     // the gateway has no other dwelling
	its      *filters // what it listens to
	others   *filters // what the other dwellings listen to
	decoder  *sensors.Decoder
	alarms   func(alarm string) (others bool, err error)
}

// newOwner takes the memory of the gateway's decoder, which knows where the devices
// that told so themselves speak; nil is none.
func newOwner(c *configs.Gateway, dwelling string, memory []byte, alarms func(string) (bool, error)) (*owner, error) {
	o := &owner{dwelling: dwelling, decoder: NewDecoder(c), its: new(filters), others: new(filters), alarms: alarms}
	if err := remembering(o.decoder, memory); err != nil {
		return nil, err
	}
	o.only = len(lessHome(c, dwelling).Dwellings) == 0
	for i, d := range c.Dwellings {
		heard, err := listensTo(c, i, memory)
		if err != nil {
			return nil, err
		}
		if d.ID == dwelling {
			o.its = heard
		} else {
			o.others.add(heard.all()...)
		}
	}
	o.its.add("ucare/" + dwelling + "/#")
	return o, nil
}

func remembering(d *sensors.Decoder, memory []byte) error {
	if len(memory) == 0 {
		return nil
	}
	if err := json.Unmarshal(memory, d); err != nil {
		return fmt.Errorf("what the decoder knows of the devices cannot be read; start the gateway once, stop it and try again: %w", err)
	}
	return nil
}

// listensTo are the topics of one home of the configuration.
func listensTo(c *configs.Gateway, home int, memory []byte) (*filters, error) {
	decoder := decoderOf(onlyHomes(c, func(id string) bool { return id == c.Dwellings[home].ID }), mappingsOf(c))
	if err := remembering(decoder, memory); err != nil {
		return nil, err
	}
	f := new(filters)
	f.add("ucare/" + c.Dwellings[home].ID + "/#")
	f.add(decoder.Filters()...)
	for _, s := range c.Dwellings[home].Sensors {
		f.add(s.Topic)
	}
	for _, s := range c.Dwellings[home].Speakers {
		f.add(s.Topic)
	}
	return f, nil
}

// onlyHomes are the topics of some homes, in a gateway that has them all.
func onlyHomes(c *configs.Gateway, wanted func(id string) bool) sensors.Config {
	topics := topicsOf(c)
	topics.Dwellings = slices.DeleteFunc(topics.Dwellings, func(d sensors.DwellingTopics) bool { return !wanted(d.Dwelling) })
	return topics
}

// filters are topic filters, the many without a wildcard apart.
type filters struct {
	topics map[string]bool
	wild   []string
}

func (f *filters) add(all ...string) {
	for _, filter := range all {
		switch {
		case filter == "":
		case strings.ContainsAny(filter, "+#"):
			f.wild = append(f.wild, filter)
		default:
			if f.topics == nil {
				f.topics = make(map[string]bool)
			}
			f.topics[filter] = true
		}
	}
}

func (f *filters) all() []string { return append(sortedKeys(f.topics), f.wild...) }

// match reports whether a topic, or all that a filter stands for, is heard.
func (f *filters) match(topic string) bool {
	return f.topics[topic] || slices.ContainsFunc(f.wild, func(filter string) bool { return sensors.Covers(filter, topic) })
}

// owns reports whether an entry has to go with the dwelling.
func (o *owner) owns(e journal.Entry) (bool, error) {
	switch e.Kind {
	case journal.Tick, journal.Start, journal.Deaf, journal.ClockSet:
		return false, nil // of the gateway itself
	case journal.Profile:
		var p profile
		err := json.Unmarshal(e.Payload, &p)
		return err != nil || p.Dwelling == o.dwelling, nil
	case journal.Answer:
		var a journal.AnswerPayload
		if json.Unmarshal(e.Payload, &a) != nil {
			return true, nil
		}
		others, err := o.alarms(a.Alarm)
		return !others, err
	case journal.Message:
		return o.message(e), nil
	default:
		return true, nil
	}
}

// message reports whether a message has to go. On a topic that several homes listen to
// the decoder says of whom it speaks.
func (o *owner) message(e journal.Entry) bool {
	if o.only {
		return true
	}
	mine, others := o.its.match(e.Topic), o.others.match(e.Topic)
	if !mine || !others {
		return !others
	}
	mine, others = o.speaksOf(o.decoder.Hear(messageOf(e)))
	return mine || !others
}

// speaksOf reports whether something was heard of the dwelling, and of others.
func (o *owner) speaksOf(h sensors.Heard) (its, others bool) {
	take := func(dwelling string) {
		its = its || dwelling == o.dwelling
		others = others || dwelling != o.dwelling && dwelling != ""
	}
	for _, r := range h.Readings {
		take(r.Dwelling)
	}
	for _, s := range h.Seen {
		take(s.Dwelling)
	}
	for _, f := range slices.Concat(h.Faults, h.Cleared) {
		take(f.Dwelling)
	}
	return its, others
}

// forgetting is a checkpoint as if the dwelling had never been; the zero Checkpoint
// when nothing is left of it.
func forgetting(c *configs.Gateway, dwelling string, saved journal.Checkpoint) (journal.Checkpoint, error) {
	rest := lessHome(c, dwelling)
	if saved.Seq == 0 || len(rest.Dwellings) == 0 {
		return journal.Checkpoint{}, nil
	}
	if saved.Version != stateVersion {
		return journal.Checkpoint{}, fmt.Errorf("the state of the other dwellings was saved by another version of u-Care (%q, this one writes %q): start the gateway once with this version, stop it and try again", saved.Version, stateVersion)
	}
	topics := onlyHomes(c, func(id string) bool { return id != dwelling })
	f := newFold(decoderOf(topics, mappingsOf(rest)), supervision.New(topics), policiesOf(rest), dwellingIDs(rest.Homes()))
	if err := f.load(saved.State); err != nil {
		return journal.Checkpoint{}, fmt.Errorf("the state of the other dwellings cannot be read: start the gateway once, stop it and try again: %w", err)
	}
	f.decoder.Forget(dwellingIDs(rest.Homes()))
	state, err := f.save()
	return journal.Checkpoint{Seq: saved.Seq, Version: stateVersion, State: state}, err
}

// decoderIn is the decoder's part of a checkpoint; nil when this version cannot read it.
func decoderIn(saved journal.Checkpoint) []byte {
	var c checkpointState
	if saved.Version != stateVersion || json.Unmarshal(saved.State, &c) != nil {
		return nil
	}
	return c.Decoder
}

// entriesAtATime bounds what is read and erased at once.
const entriesAtATime = 500

// eachOf passes on the entries of the log that are the dwelling's, some at a time, and
// tells how far it has come.
func (o *owner) eachOf(ctx context.Context, j *journal.Journal, progress func(seq int64), do func([]journal.Entry) error) error {
	for seq := int64(0); ; {
		entries, err := j.After(ctx, seq, entriesAtATime)
		if err != nil || len(entries) == 0 {
			return err
		}
		seq = entries[len(entries)-1].Seq
		var its []journal.Entry
		for _, e := range entries {
			owns, err := o.owns(e)
			if err != nil {
				return err
			}
			if owns {
				its = append(its, e)
			}
		}
		if err := do(its); err != nil {
			return err
		}
		progress(seq)
	}
}
