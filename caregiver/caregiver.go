// Package caregiver is the page for the people who care about a resident: on a
// phone, twice a day, for ten seconds. It says when the resident last gave a
// sign of life, which alarms are open and who has them, what does not work and
// what to do about it, and shows the day and the state of each sensor.
//
// The page only reads. What holds now comes from memory ([Watch]); what was
// comes from stores that may be slow or broken ([Past]), and then the page says
// so and shows the rest. It never guesses: what is not known is shown as not
// known.
package caregiver

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/language"
)

// A Watch knows what holds now. Its answers come from memory, at once.
type Watch interface {
	Dwellings() []ucare.Dwelling
	// Now tells about one of the dwellings.
	Now(dwelling string) Snapshot
}

// A Past knows what was, from ≤ at < to. It may be slow, fail or hang; the page
// waits for it no longer than a moment.
type Past interface {
	// Alarms returns the alarms raised in that time, drills included.
	Alarms(ctx context.Context, dwelling string, from, to time.Time) ([]ucare.Alarm, error)
	// Concerns returns what was told in that time, in its order.
	Concerns(ctx context.Context, dwelling string, from, to time.Time) ([]ToldConcern, error)
	// Readings returns the readings of that time, ordered by it.
	Readings(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error]
}

// A Diary knows what days were like. As the Past it may be slow, fail or hang.
type Diary interface {
	// Days returns the days from one date to another, both included (2006-01-02), in order.
	// A day of which nothing is known is left out. With an error, it returns those that it
	// could read.
	Days(ctx context.Context, dwelling, from, to string) ([]activity.Day, error)
}

// A Snapshot is what holds in a dwelling at an instant.
type Snapshot struct {
	Sensors  []SensorState
	Faults   []ucare.Fault // those that hold now
	Alarms   []ucare.Alarm // those not closed yet, drills included
	LastSign Sign          // the last sign of life; zero when none is known
	Concerns []ucare.Concern
}

// A ToldConcern is a concern, and when it was settled; zero: it is not known to be.
type ToldConcern struct {
	ucare.Concern
	SettledAt time.Time
}

// A Sign is a sign of life.
type Sign struct {
	At   time.Time
	Room string
}

// A SensorState is what is known of a sensor now.
type SensorState struct {
	Sensor    string
	Room      string
	Kinds     []ucare.Kind // what it can report on
	Model     string       // as its maker calls it
	LastHeard time.Time    // zero: never heard
	Says      []Saying     // its latest reports
	Battery   ucare.State  // active: low
	Reachable ucare.State  // active: reachable

	BatteryPercent *float64         // what is left; nil: not known
	MustBeTested   bool             // it counts only after a live test
	Tested         time.Time        // the last live test; zero: never
	Supervised     ucare.Supervised // or why not
	FalseAlarms    int              // how often it raised an alarm for nothing
}

// A Saying is the latest report of a sensor on one kind: a state, or a value
// with its unit.
type Saying struct {
	At    time.Time // when it was so; zero: nobody knows
	Kind  ucare.Kind
	State ucare.State
	Value float64
	Unit  string
}

// A Person may look at some dwellings.
type Person struct {
	ID        string
	Password  string
	Dwellings []string
}

// Options are what the page needs. Watch, Past and People are required.
type Options struct {
	Watch  Watch
	Past   Past
	Diary  Diary // nil: there is none, and who asks for days is told so
	People []Person
	// Location is where the dwellings are, for days and hours; time.Local when nil.
	Location *time.Location
	// Language is the page's when the reader's browser asks for none that we
	// have; English when zero.
	Language language.Language
	Logger   *slog.Logger
	// Looked hears of every look at a dwelling before the page is sent: who,
	// which dwelling, what of it ("overview", "day 2026-11-22"). A page that
	// refreshes itself looks again each time. It must not block.
	Looked func(person, dwelling, what string, at time.Time)
}

// shortestPassword is short of what is wise, and long enough to keep a
// forgotten placeholder out.
const shortestPassword = 8

// New returns the handler of the page. It serves plain HTTP requests; who may
// connect and whether with TLS is the listener's affair.
func New(o Options) (http.Handler, error) {
	s, err := newSite(o)
	if err != nil {
		return nil, err
	}
	return s.handler(), nil
}

func newSite(o Options) (*site, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.Location == nil {
		o.Location = time.Local
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Looked == nil {
		o.Looked = func(string, string, string, time.Time) {}
	}
	templates, err := parseTemplates()
	if err != nil {
		return nil, fmt.Errorf("parse the page's templates: %w", err)
	}
	return &site{Options: o, templates: templates, keys: keysOf(o.People), reads: make(chan struct{}, maxReads), diaries: make(chan struct{}, maxDiaries)}, nil
}

func (o Options) validate() error {
	var errs []error
	if o.Watch == nil || o.Past == nil {
		errs = append(errs, errors.New("the caregiver's page needs a Watch and a Past"))
	}
	if len(o.People) == 0 {
		errs = append(errs, errors.New("nobody may see the caregiver's page: name at least one person with a password"))
	}
	seen := make(map[string]bool)
	for i, p := range o.People {
		switch {
		case p.ID == "":
			errs = append(errs, fmt.Errorf("person %d of the caregiver's page has no id: give them one", i+1))
		case seen[p.ID]:
			errs = append(errs, fmt.Errorf("two people of the caregiver's page have the id %q: give each their own", p.ID))
		case len(p.Password) < shortestPassword:
			errs = append(errs, fmt.Errorf("the password of %q for the caregiver's page has %d characters: give it at least %d",
				p.ID, len(p.Password), shortestPassword))
		}
		seen[p.ID] = true
	}
	return errors.Join(errs...)
}
