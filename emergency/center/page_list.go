package center

import (
	"net/http"
	"slices"
	"time"
)

const (
	endedShown    = 20  // alarms that have ended
	gatewaysShown = 200 // gateways; silent ones come first
	troublesShown = 5
)

// listView is the operators' list.
type listView struct {
	Open, Ended  []caseView
	Unseen       int
	Silent       []gatewayView
	Gateways     []gatewayView
	MoreGateways int
	Troubles     []string
	Strangers    []string
}

// showList shows what is open, which gateways live, and what has ended.
func (c *Center) showList(w http.ResponseWriter, r *http.Request, o Operator) error {
	now := time.Now()
	f, n := c.frame(w, r, o.Name, now)
	f.Live = true
	var v listView
	status := http.StatusOK
	open, ended, err := c.store.cases(r.Context(), endedShown)
	if err != nil {
		// What is in memory is shown all the same.
		c.log.Error("the list cannot be read", "error", err)
		status = http.StatusServiceUnavailable
		v.Troubles = append(v.Troubles, n.Say("trouble_disk"))
	}
	open = append(open, c.unwritten.besides(slices.Concat(open, ended))...)
	sortOpen(open)
	for _, k := range open {
		v.Open = append(v.Open, n.caseView(k, c.page.accounts[k.Gateway]))
		if k.Alarm.AcknowledgedAt.IsZero() {
			v.Unseen++
		}
	}
	for _, k := range ended {
		v.Ended = append(v.Ended, n.caseView(k, c.page.accounts[k.Gateway]))
	}
	if len(v.Open) > 0 {
		f.Title = n.Say("title_count", "n", len(v.Open))
	}
	v.Troubles = append(v.Troubles, c.conflictTexts(r, n)...)
	v.Strangers = c.strangerTexts(n)
	c.fillGateways(r, n, &v, slices.Concat(open, ended))
	f.Main = v
	return show(w, c.page.list, status, f)
}

func (c *Center) fillGateways(r *http.Request, n narrator, v *listView, known []Case) {
	silences, err := c.store.silences(r.Context(), gatewaysShown)
	if err != nil {
		c.log.Error("the gateways' silences cannot be read", "error", err)
	}
	for i, g := range c.gatewayStates() {
		if i >= gatewaysShown && !g.silent() {
			v.MoreGateways++
			continue
		}
		view := n.gatewayView(g, c.page.accounts[g.ID], silences, known)
		if view.Silent {
			view.Contacts = c.contactsOf(r, n, g)
			v.Silent = append(v.Silent, view)
		}
		v.Gateways = append(v.Gateways, view)
	}
}

// contactsOf says whom to call while the gateway is silent.
func (c *Center) contactsOf(r *http.Request, n narrator, g gatewayState) []contactView {
	known, err := c.contacts.of(r.Context(), c.store, g.ID)
	if err != nil {
		c.log.Error("the dwellings of a silent gateway cannot be read", "gateway", g.ID, "error", err)
	}
	return n.contactViews(known, g.Dwellings)
}

func (c *Center) conflictTexts(r *http.Request, n narrator) []string {
	conflicts, err := c.store.conflicts(r.Context(), troublesShown+1)
	if err != nil {
		c.log.Error("the conflicting reports cannot be read", "error", err)
	}
	var said []string
	for _, k := range conflicts[:min(len(conflicts), troublesShown)] {
		said = append(said, n.Say("trouble_conflict", "report", k.Report, "gateway", k.Gateway, "time", n.moment(k.At).Text))
	}
	return said
}
