package center

import (
	"cmp"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// A moment is a time as people read it and as machines do.
type moment struct{ Text, Ago, Machine string }

// narrator puts what the centre knows into the words of one reader.
type narrator struct {
	texts
	now time.Time
	loc *time.Location
}

func (n narrator) moment(t time.Time) moment {
	if t.IsZero() {
		return moment{Text: n.Say("never")}
	}
	text := n.Clock(t, n.loc)
	if day := n.now.In(n.loc); t.In(n.loc).YearDay() != day.YearDay() || t.In(n.loc).Year() != day.Year() {
		text = n.Moment(t, n.loc)
	}
	return moment{Text: text, Ago: n.Ago(t, n.now), Machine: t.UTC().Format(time.RFC3339)}
}

// caseView is a case as an operator reads it.
type caseView struct {
	Case
	Key         string // unique on the page
	Title       string // "Fire: smoke"
	Sentence    string
	Account     string
	RoomName    string
	Dial        string // the telephone number, for a tel: link
	Since       moment
	Evidence    []string
	RoundsText  string
	ClockText   string
	Restored    string
	Confirmed   string
	Cancelled   string
	RaiseLacks  bool
	Seen, Ended string // who acknowledged, who closed
	OutcomeText string
	AnswerTime  string
	Waiting     string // for how long nobody has acknowledged
}

func (n narrator) caseView(c Case, account string) caseView {
	rooms := n.Rooms(c.Dwelling)
	a := c.Alarm
	v := caseView{
		Case: c, Key: c.Gateway + " " + a.ID, Title: n.title(a), Sentence: n.sentence(c, rooms),
		Account: cmp.Or(c.Dwelling.Account, account), RoomName: rooms(a.Room), Dial: dialable(c.Dwelling.Resident.Phone),
		Since: n.moment(c.since()), RaiseLacks: c.Raises == 0 && c.CancelledAt.IsZero(),
	}
	for _, e := range a.Because {
		v.Evidence = append(v.Evidence, n.Language.Evidence(e, rooms, n.loc))
	}
	if c.Rounds > 1 {
		v.RoundsText = n.Say("rounds", "n", c.Rounds)
	}
	if d := time.Duration(c.ClockDiffersSeconds) * time.Second; d != 0 {
		v.ClockText = n.Say("clock", "duration", n.Duration(d.Abs()))
	}
	if !a.RestoredAt.IsZero() {
		v.Restored = n.Say("restored", "time", n.moment(a.RestoredAt).Text)
	}
	if a.Confirmed > 0 {
		v.Confirmed = n.Say("confirmed", "n", a.Confirmed, "time", n.moment(cmp.Or(c.ConfirmedAt, a.ReceivedAt)).Text)
	}
	if !c.CancelledAt.IsZero() {
		v.Cancelled = n.Say("cancelled", "time", n.moment(c.CancelledAt).Text)
	}
	if a.AcknowledgedAt.IsZero() {
		v.Waiting = n.Say("waiting", "duration", n.Duration(n.now.Sub(a.ReceivedAt)))
	} else {
		v.Seen = n.Say("acknowledged", "name", a.AcknowledgedBy, "time", n.moment(a.AcknowledgedAt).Text)
		v.AnswerTime = n.Say("answered_in", "duration", n.Duration(a.AcknowledgedAt.Sub(a.ReceivedAt)))
	}
	if !a.ClosedAt.IsZero() {
		v.Ended = n.Say("closed_by", "name", a.ClosedBy, "time", n.moment(a.ClosedAt).Text)
		v.OutcomeText = n.outcome(c.Outcome, c.Words)
	}
	return v
}

// title names an alarm in two words.
func (n narrator) title(a ucare.Alarm) string {
	title := n.Rule(a.Rule)
	if a.Rule == ucare.Fire && a.Kind != "" {
		title += ": " + n.Kind(a.Kind)
	}
	return title
}

// sentence says what happened in the operator's language and time zone; for a
// rule this centre does not know, in the gateway's words.
func (n narrator) sentence(c Case, rooms func(string) string) string {
	a := c.Alarm
	switch a.Rule {
	case ucare.Fire, ucare.Help, ucare.Fall, ucare.Inactivity, ucare.Supervision:
	default:
		if text := c.Texts[n.Tag()]; text != "" {
			return text
		}
	}
	a.Onset, a.Drill = c.since().In(n.loc), false // a drill is marked beside the title
	return n.Alarm(a, rooms)
}

// outcome says how a case ended. The words alone say it when nothing else fits.
func (n narrator) outcome(o Outcome, words string) string {
	text := n.Say("outcome_" + string(o))
	switch {
	case words == "":
		return text
	case o == Other:
		return words
	default:
		return text + " – " + words
	}
}

// dialable keeps what a telephone can dial.
func dialable(phone string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("+0123456789", r) {
			return r
		}
		return -1
	}, phone)
}

// gatewayView is a gateway as an operator reads it.
type gatewayView struct {
	ID, Account, Version string
	Silent, Awaited      bool
	SilentText           string
	Heard                moment
	ClockText            string
	FaultsText           string
	Faults               []string
	WasSilent            string
	Contacts             []contactView // to call while it is silent
}

func (n narrator) gatewayView(g gatewayState, account string, silences []silence, known []Case) gatewayView {
	v := gatewayView{
		ID: g.ID, Account: account, Version: g.Version, Silent: g.silent(), Awaited: g.HeardAt.IsZero() && !g.silent(),
		Heard: n.moment(g.HeardAt), FaultsText: n.Say("faults_none"),
	}
	if v.Silent {
		v.SilentText = n.Say("silent_never")
		if !g.HeardAt.IsZero() {
			v.SilentText = n.Say("silent_heard", "time", v.Heard.Text)
		}
	}
	if g.ClockAhead != 0 {
		v.ClockText = n.Say("clock", "duration", n.Duration(g.ClockAhead.Abs()))
	}
	if len(g.Faults) > 0 {
		v.FaultsText = n.Say("faults", "n", len(g.Faults))
	}
	for _, f := range g.Faults {
		v.Faults = append(v.Faults, n.Say("fault_since", "fault", n.fault(g.ID, f, known), "time", n.moment(f.Since).Text))
	}
	for _, s := range silences {
		if s.Gateway == g.ID && !s.RestoredAt.IsZero() {
			v.WasSilent = n.Say("was_silent", "from", n.moment(s.RaisedAt).Text, "to", n.moment(s.RestoredAt).Text)
			break // the newest comes first
		}
	}
	return v
}

// fault names a fault. An alarm that nobody has answered is named by what it is
// and where, if it is known here.
func (n narrator) fault(gateway string, f ucare.Fault, known []Case) string {
	title := n.Fault(f).Title
	if f.Code != ucare.FaultNoAnswer {
		return title
	}
	for _, c := range known {
		if c.Gateway == gateway && c.Alarm.ID == f.Subject {
			return n.Say("fault_alarm", "fault", title, "alarm", n.title(c.Alarm), "room", n.Rooms(c.Dwelling)(c.Alarm.Room))
		}
	}
	return title
}

// stepView is one line in the course of a case.
type stepView struct{ Time, Text string }

func (n narrator) stepView(s step) stepView {
	text := n.Say("course_"+s.Verb, "n", s.Round, "name", s.By)
	if s.Verb == closed {
		text = n.Say("course_close", "name", s.By, "outcome", n.outcome(s.Outcome, s.Words))
	}
	return stepView{Time: s.At.In(n.loc).Format("2006-01-02 15:04:05"), Text: text}
}
