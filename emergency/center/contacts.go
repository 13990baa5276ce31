package center

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

const (
	casesForContacts = 500 // the newest of a gateway
	mostContacts     = 20  // dwellings of a gateway
)

// contacts are the dwellings behind a gateway, as its newest reports describe
// them: whom an operator calls when the gateway is silent. What was read is
// kept until the gateway reports again, for the page asks every few seconds.
type contacts struct {
	mu        sync.Mutex
	byGateway map[string][]ucare.Dwelling
	forgotten int // counts, so that nothing is kept that was read before a report
}

func (k *contacts) of(ctx context.Context, s store, gateway string) ([]ucare.Dwelling, error) {
	k.mu.Lock()
	known, ok := k.byGateway[gateway]
	before := k.forgotten
	k.mu.Unlock()
	if ok {
		return known, nil
	}
	known, err := s.dwellings(ctx, gateway)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byGateway == nil {
		k.byGateway = make(map[string][]ucare.Dwelling)
	}
	if k.forgotten == before {
		k.byGateway[gateway] = known
	}
	return known, nil
}

// forget is called when the gateway has reported.
func (k *contacts) forget(gateway string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.byGateway, gateway)
	k.forgotten++
}

// dwellings returns those that a gateway has reported about, by id, each as the
// newest report describes it.
func (s store) dwellings(ctx context.Context, gateway string) (all []ucare.Dwelling, err error) {
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		cases, err := selectCases(tx, `SELECT state FROM alarms WHERE gateway = ? ORDER BY rowid DESC LIMIT ?`, gateway, casesForContacts)
		for _, c := range cases {
			known := slices.ContainsFunc(all, func(d ucare.Dwelling) bool { return d.ID == c.Dwelling.ID })
			if !known && len(all) < mostContacts {
				all = append(all, c.Dwelling)
			}
		}
		return err
	})
	slices.SortFunc(all, func(a, b ucare.Dwelling) int { return strings.Compare(a.ID, b.ID) })
	return all, err
}

// contactView is one dwelling to call.
type contactView struct{ Dwelling, Name, Address, Phone, Dial string }

// contactViews are the dwellings of a silent gateway: those that reports
// described, and those that only its heartbeats have named.
func (n narrator) contactViews(known []ucare.Dwelling, named []string) []contactView {
	var views []contactView
	for _, d := range known {
		v := contactView{Dwelling: d.ID, Name: d.Resident.Name, Address: d.Address, Phone: d.Resident.Phone, Dial: dialable(d.Resident.Phone)}
		if v.Name == "" {
			v.Name = n.Say("no_name")
		}
		if v.Dial == "" {
			v.Phone = n.Say("no_phone")
		}
		views = append(views, v)
	}
	for _, id := range named {
		known := slices.ContainsFunc(known, func(d ucare.Dwelling) bool { return d.ID == id })
		if !known && len(views) < mostContacts {
			views = append(views, contactView{Dwelling: id, Name: n.Say("silent_unknown")})
		}
	}
	return views
}
