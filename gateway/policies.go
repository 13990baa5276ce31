package gateway

import (
	"time"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/rules"
)

// policies say how each dwelling is judged: as all, or by rules of its own.
type policies struct {
	all *rules.Policy
	own map[string]*rules.Policy
}

// of is how a dwelling is judged.
func (p policies) of(dwelling string) *rules.Policy {
	if own := p.own[dwelling]; own != nil {
		return own
	}
	return p.all
}

// onePolicy judges every dwelling alike.
func onePolicy(p *rules.Policy) policies { return policies{all: p} }

func policiesOf(c *configs.Gateway) policies {
	p := policies{all: policyOf(&c.Rules, c.Box.TimeZone.Location), own: make(map[string]*rules.Policy)}
	for _, d := range c.Dwellings {
		if d.Rules != nil {
			p.own[d.ID] = policyOf(d.Rules, c.Box.TimeZone.Location)
		}
	}
	return p
}

// policyOf takes the rules' own defaults for what the configuration does not speak of.
func policyOf(r *configs.Rules, location *time.Location) *rules.Policy {
	p := rules.Default()
	p.Location = location
	p.Fire.HoldOff, p.Fire.NotRooms = r.Fire.HoldOff, r.Fire.NotRooms
	p.Help.SamePress = r.Help.RepeatWithin
	fall := r.Fall
	p.Fall.Confirm, p.Fall.Grace = fall.Confirm, fall.PreAlarm
	p.Fall.Visit.AtLeast, p.Fall.Visit.Grace = fall.Inferred, fall.InferredPreAlarm
	p.Fall.Visit.Unlearned = max(p.Fall.Visit.Unlearned, fall.Inferred)
	quiet := r.Inactivity
	p.Silence.Caution, p.Silence.After, p.Silence.AtMost, p.Silence.Grace = quiet.Caution, quiet.After, quiet.AtMost, quiet.PreAlarm
	p.Silence.Soonest = quiet.AtLeast
	p.Silence.NightFrom, p.Silence.NightTo = quiet.Night.From, quiet.Night.To
	p.Out.Caution, p.Out.After = quiet.Out.Caution, quiet.Out.After
	p.Out.Doubt = min(p.Out.Doubt, quiet.Out.Caution)
	p.Away.AtMost = r.Away.AtMost
	concernsOf(&r.Concerns, &p.Concern)
	return &p
}

func concernsOf(c *configs.Concerns, p *rules.ConcernPolicy) {
	p.MostADay = c.MostADay
	p.CheckIn.By = time.Duration(c.CheckIn.By)
	p.CheckIn.Sensors = append(p.CheckIn.Sensors, c.CheckIn.Sensors...)
	p.NightOut.Within = c.NightOut.Within
	p.NightOut.From, p.NightOut.To = c.NightOut.Between.From, c.NightOut.Between.To
	p.Climate.On, p.Climate.Lasts = !c.Climate.Off, c.Climate.Lasts
	p.Climate.Cold, p.Climate.Hot = float64(c.Climate.Cold), float64(c.Climate.Hot)
	p.Leak.On, p.Leak.HoldOff = !c.Leak.Off, c.Leak.DryFor
}
