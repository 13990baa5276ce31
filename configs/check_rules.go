package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// allRules checks the rules for all homes, and those of a home that has some of its
// own: what it does not say of them is as for all.
func (c *checker) allRules(g *Gateway) {
	c.rules("rules", &g.Rules)
	for i := range g.Dwellings {
		if own, path := g.Dwellings[i].Rules, at("dwellings", i)+".rules"; own != nil {
			c.inherit(path, reflect.ValueOf(own).Elem(), reflect.ValueOf(&g.Rules).Elem())
			c.rules(path, own)
			c.notTwice(path)
		}
	}
}

// notTwice forgets what is wrong with the rules for all homes and was said once.
func (c *checker) notTwice(path string) {
	c.list = slices.DeleteFunc(c.list, func(p *Problem) bool {
		below, own := strings.CutPrefix(p.Key, path)
		return own && !c.doc.has(p.Key) && c.about("rules"+below)
	})
}

// inherit fills in what the file does not say below path.
func (c *checker) inherit(path string, own, all reflect.Value) {
	for field := range own.Type().Fields() {
		key, _ := keyOf(field)
		below, mine, theirs := join(path, key), own.FieldByIndex(field.Index), all.FieldByIndex(field.Index)
		switch {
		case mine.Kind() == reflect.Struct && !isScalar(field.Type):
			c.inherit(below, mine, theirs)
		case !c.doc.has(below):
			mine.Set(theirs)
		}
	}
}

func (c *checker) rules(path string, r *Rules) {
	c.between(path+".fire.hold_off", r.Fire.HoldOff, time.Second, 10*time.Minute)
	c.between(path+".help.repeat_within", r.Help.RepeatWithin, 0, 5*time.Minute)
	c.between(path+".fall.confirm", r.Fall.Confirm, 0, 5*time.Minute)
	c.between(path+".fall.prealarm", r.Fall.PreAlarm, 0, 10*time.Minute)
	c.offOrBetween(path+".fall.inferred", r.Fall.Inferred, 30*time.Minute, 6*time.Hour)
	c.between(path+".fall.inferred_prealarm", r.Fall.InferredPreAlarm, 0, 30*time.Minute)
	c.inactivity(path+".inactivity", &r.Inactivity)
	c.between(path+".away.at_most", r.Away.AtMost, time.Hour, 30*day)
	c.concerns(path+".concerns", &r.Concerns)
}

func (c *checker) inactivity(path string, i *Inactivity) {
	c.offOrBetween(path+".caution", i.Caution, time.Hour, 48*time.Hour)
	c.between(path+".after", i.After, time.Hour, 48*time.Hour)
	c.offOrBetween(path+".at_least", i.AtLeast, time.Hour, 24*time.Hour)
	c.between(path+".at_most", i.AtMost, time.Hour, 72*time.Hour)
	c.between(path+".prealarm", i.PreAlarm, 0, 30*time.Minute)
	c.between(path+".out.caution", i.Out.Caution, 8*time.Hour, 72*time.Hour)
	c.between(path+".out.after", i.Out.After, 8*time.Hour, 96*time.Hour)
	if i.Out.After < i.Out.Caution && !c.about(path+".out.caution") {
		c.orElse(path+".out.after", &i.Out.After, i.Out.Caution, "is less than caution")
	}
	if c.about(path + ".after") {
		return
	}
	if i.AtMost < i.After {
		c.orElse(path+".at_most", &i.AtMost, i.After, "is less than after")
	}
	if i.Caution >= i.After && !c.about(path+".caution") {
		if c.doc.has(path + ".caution") {
			c.add(path+".caution", writeDuration(i.Caution), "is not less than after: the alarm would come first; write less than %q, or \"0s\" for none", writeDuration(i.After))
		} else {
			i.Caution = i.After * 2 / 3
		}
	}
}

// orElse takes a length of time that another one has made impossible for wrong when it
// was said, and else the least that is possible.
func (c *checker) orElse(path string, d *time.Duration, least time.Duration, wrong string) {
	if c.doc.has(path) {
		c.add(path, writeDuration(*d), "%s: write at least %q", wrong, writeDuration(least))
	} else {
		*d = least
	}
}

// offOrBetween is between for what 0s switches off.
func (c *checker) offOrBetween(path string, d, least, most time.Duration) {
	if d != 0 && (d < least || d > most) {
		c.add(path, writeDuration(d), "is out of range: write something from %q to %q, or \"0s\" to switch it off", writeDuration(least), writeDuration(most))
	}
}

func (c *checker) concerns(path string, n *Concerns) {
	if n.MostADay < 1 || n.MostADay > 24 {
		c.add(path+".most_a_day", strconv.Itoa(n.MostADay), "is out of range: write a number from 1 to 24")
	}
	if len(n.CheckIn.Sensors) == 0 {
		n.CheckIn.Sensors = nil // however "none" is written
	}
	once := seen{}
	for i, sensor := range n.CheckIn.Sensors {
		c.once(once, at(path+".check_in.sensors", i), sensor, takeOneOut)
	}
	c.offOrBetween(path+".night_out.within", n.NightOut.Within, 5*time.Minute, 12*time.Hour)
	if n.NightOut.Within > 0 && n.NightOut.Between == (ClockWindow{}) {
		c.add(path+".night_out.between", "", "is empty, so that nobody would ever be awaited: write for example \"23:00-04:00\", or within: 0s to switch it off")
	}
	c.degrees(path+".climate.cold", n.Climate.Cold, 5, 25)
	c.degrees(path+".climate.hot", n.Climate.Hot, 20, 45)
	if n.Climate.Hot-n.Climate.Cold <= 2 && !c.about(path+".climate.hot") && !c.about(path+".climate.cold") {
		c.add(path+".climate.hot", degreesText(n.Climate.Hot), "is too near to cold (%s): write more than 2 °C above it", degreesText(n.Climate.Cold))
	}
	c.between(path+".climate.lasts", n.Climate.Lasts, 10*time.Minute, 24*time.Hour)
	c.between(path+".water_leak.dry_for", n.Leak.DryFor, 0, 24*time.Hour)
}

func (c *checker) degrees(path string, d, least, most Number) {
	if !(d >= least && d <= most) {
		c.add(path, degreesText(d), "is out of range: write degrees Celsius from %s to %s", degreesText(least), degreesText(most))
	}
}

func degreesText(d Number) string { return fmt.Sprint(float64(d)) }
