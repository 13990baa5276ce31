package simulation

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed testdata/seeds.txt
var keptText string

// A Kept home failed once.
type Kept struct {
	Seed uint64
	Days int
	Why  string
}

// KeptHomes are the homes that failed once, oldest first.
func KeptHomes() ([]Kept, error) {
	var all []Kept
	for line := range strings.Lines(keptText) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		numbers, why, _ := strings.Cut(line, ":")
		k := Kept{Why: strings.TrimSpace(why)}
		if _, err := fmt.Sscan(numbers, &k.Seed, &k.Days); err != nil || k.Days < 1 || k.Why == "" {
			return nil, fmt.Errorf("seeds.txt: %q is not \"seed days: why\"", line)
		}
		all = append(all, k)
	}
	return all, nil
}
