package sensors

import (
	"cmp"
	"slices"
	"strings"
)

// ByBase makes an ecosystem of each base topic that the dwellings have for it,
// the longer ones first: a base that lies inside another one is asked before it.
func ByBase[E Ecosystem](c Config, bases func(DwellingTopics) []string, start func(base string, home DwellingTopics) E) []Ecosystem {
	type place struct {
		base string
		home DwellingTopics
	}
	var places []place
	for _, home := range c.Dwellings {
		for _, base := range bases(home) {
			places = append(places, place{strings.TrimSuffix(base, "/"), home})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(len(b.base), len(a.base)) })
	all := make([]Ecosystem, len(places))
	for i, p := range places {
		all[i] = start(p.base, p.home)
	}
	return all
}
