package gateway

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/simulation"
)

// The homes that TestHomeYears lives when nobody asks for more: `make simulation` lives
// UCARE_HOME_YEARS whole years from the seed UCARE_SEED on.
const (
	fewHomes = 12
	fewDays  = 45
)

// TestHomeYears lives simulated homes and holds the promises of package simulation
// against what is decided in them.
func TestHomeYears(t *testing.T) {
	kept, err := simulation.KeptHomes()
	if err != nil {
		t.Fatal(err)
	}
	homes, days, first := fromEnvironment(t, "UCARE_HOME_YEARS", fewHomes), fewDays, fromEnvironment(t, "UCARE_SEED", 1)
	if os.Getenv("UCARE_HOME_YEARS") != "" {
		days = simulation.Days
	}
	days = fromEnvironment(t, "UCARE_DAYS", days)
	all := &homeYears{homes: homes, began: time.Now()}
	t.Run("years", func(t *testing.T) {
		for _, k := range kept {
			t.Run(fmt.Sprintf("kept seed %d", k.Seed), func(t *testing.T) { t.Parallel(); lives(t, k.Seed, k.Days) })
		}
		for i := range homes {
			seed := uint64(first + i)
			t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { t.Parallel(); all.add(lives(t, seed, days)) })
		}
	})
	t.Logf("%d homes for %d days each, from seed %d:\n%s", homes, days, first, all.table())
	all.judge(t, days)
}

func fromEnvironment(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number from 1 on", name, text)
	}
	return n
}

// lives is one home; when it fails it says how to see that again in the shortest time.
func lives(t *testing.T, seed uint64, days int) *homeYear {
	h := newHomeYear(seed, days, 1)
	var broken *simulation.Broken
	switch err := h.live(t); {
	case err == nil:
	case errors.As(err, &broken):
		t.Errorf("seed %d, %s in %s: %v\nagain: UCARE_SEED=%d UCARE_HOME_YEARS=1 UCARE_DAYS=%d go test ./gateway -run '^TestHomeYears$' -v\nkeep:  %d %d: %s",
			seed, h.year.Home.Kind, h.year.Home.Location, err, seed, broken.Day+1, seed, broken.Day+1, broken.Promise)
	default:
		t.Error(err)
	}
	return h
}

// homeYears sums up what was lived.
type homeYears struct {
	homes int
	began time.Time

	mu    sync.Mutex
	lived []*homeYear
}

func (s *homeYears) add(h *homeYear) {
	h.watch.fold, h.watch.past, h.watch.lazy = nil, replayed{}, nil // of a thousand homes only the figures are kept
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lived = append(s.lived, h)
	if n := len(s.lived); s.homes >= 50 && n%(s.homes/10) == 0 {
		fmt.Fprintf(os.Stderr, "%d of %d homes lived, %v\n", n, s.homes, time.Since(s.began).Round(time.Second))
	}
}

// kindYears is what the homes of a kind have in common.
type kindYears struct {
	homes, days, readings, home, out int
	most, excused                    int // inactivity alarms at home in one year
	raised                           map[ucare.Rule]int
	hours                            []float64
	memory, text                     []int
}

func (s *homeYears) of(kind simulation.Kind) kindYears {
	k := kindYears{raised: make(map[ucare.Rule]int)}
	for _, h := range s.lived {
		if kind != "" && h.year.Home.Kind != kind {
			continue
		}
		w := h.witness
		k.homes, k.days, k.readings, k.excused = k.homes+1, k.days+h.days, k.readings+h.readings, k.excused+w.Excused
		k.home, k.out, k.most = k.home+w.False.Home, k.out+w.False.Out, max(k.most, w.False.Home)
		for rule, n := range w.Raised {
			k.raised[rule] += n
		}
		for _, d := range w.Noticed {
			k.hours = append(k.hours, d.Hours())
		}
		k.memory, k.text = append(k.memory, h.watch.states.memory...), append(k.text, h.watch.states.text...)
	}
	return k
}

// per30 is how often something was in 30 days.
func (k kindYears) per30(n int) float64 { return 30 * float64(n) / float64(max(k.days, 1)) }

// table shows the figures by kind of home.
func (s *homeYears) table() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "home\thomes\treadings/day\tfalse/30 d at home\tout\tworst home-year\tlying: noticed\thours p50\tp95\tmax\texcused\tfire\thelp\tfall\tstate bytes p50\tmax\tJSON max\t\n")
	for _, kind := range append(simulation.Kinds(), "") {
		k := s.of(kind)
		name := string(kind)
		if kind == "" {
			name = "all"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%.2f\t%.2f\t%d\t%d\t%.1f\t%.1f\t%.1f\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n",
			name, k.homes, k.readings/max(k.days, 1), k.per30(k.home), k.per30(k.out), k.most, len(k.hours), quantile(k.hours, 0.5), quantile(k.hours, 0.95), quantile(k.hours, 1),
			k.excused, k.raised[ucare.Fire], k.raised[ucare.Help], k.raised[ucare.Fall], quantile(k.memory, 0.5), quantile(k.memory, 1), quantile(k.text, 1))
	}
	_ = w.Flush() // to a text
	return text.String()
}

const (
	// mostFalse bounds the mean of a kind of home. The product aims at 0.5.
	mostFalse = 2.0
	// mostState bounds what is remembered of an ordinary home. The product aims at 4 KB.
	mostState = 8 << 10
)

// judge holds the figures against their bounds.
func (s *homeYears) judge(t *testing.T, days int) {
	for _, kind := range simulation.Kinds() {
		k := s.of(kind)
		if k.days > 20*simulation.Days && k.per30(k.home) > mostFalse {
			t.Errorf("%s (%s): %.2f inactivity alarms in 30 days, at most %v", simulation.FewAlarms, kind, k.per30(k.home), mostFalse)
		}
		if half := quantile(k.memory, 0.5); kind != simulation.Rich && half > mostState {
			t.Errorf("%s (%s): %d bytes on half of the nights, at most %d", simulation.StaysSmall, kind, half, mostState)
		}
	}
	if all := s.of(""); days >= 30 && (all.readings < 1000 || len(all.raised) < 2) {
		t.Errorf("%d readings, alarms %v: nothing happens in these homes", all.readings, all.raised)
	}
	if slices.ContainsFunc(s.lived, func(h *homeYear) bool { return h.readings == 0 }) {
		t.Error("a home in which nothing was heard")
	}
}
