package configs

import (
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed mappings/*.yaml
var readyFiles embed.FS

// A Ready is a ready mapping: one file of the folder mappings, for one system
// that many homes have.
type Ready struct {
	// Summary is one line about what it is for, in English and in Korean.
	Summary   string `yaml:"summary"`
	SummaryKo string `yaml:"summary_ko"`
	// Bases are the base topics where the system speaks when nobody changed them.
	// Wildcards in a base are not counted by the places of names.
	Bases []string `yaml:"bases"`
	// HearsNeighbours: what it listens to reaches beyond the home.
	HearsNeighbours bool `yaml:"hears_neighbours"`
	// Quiet are filters below the base of messages that say nothing about a sensor.
	Quiet    []string  `yaml:"quiet"`
	Mappings []Mapping `yaml:"mappings"`
	// Samples show what the system sends. A test hears them.
	Samples []Sample `yaml:"samples"`
}

// A Sample is a message and what is heard in it: the readings as "kind state",
// and the codes of the faults.
type Sample struct {
	Topic   string   `yaml:"topic"`
	Payload string   `yaml:"payload"`
	Hears   []string `yaml:"hears"`
}

// readyMappings are the embedded files by name, read once and never changed.
// One that cannot be read is a defect of the build, found by any test.
var readyMappings = sync.OnceValue(func() map[string]*Ready {
	entries, err := readyFiles.ReadDir("mappings")
	if err != nil {
		panic(fmt.Sprintf("configs: read the ready mappings: %v", err))
	}
	all := map[string]*Ready{}
	for _, e := range entries {
		data, err := readyFiles.ReadFile("mappings/" + e.Name())
		if err != nil {
			panic(fmt.Sprintf("configs: read %s: %v", e.Name(), err))
		}
		ready, err := parseReady("mappings/"+e.Name(), data)
		if err != nil {
			panic(fmt.Sprintf("configs: %v", err))
		}
		all[strings.TrimSuffix(e.Name(), path.Ext(e.Name()))] = ready
	}
	return all
})

// parseReady reads a ready mapping as strictly as a configuration.
func parseReady(file string, data []byte) (*Ready, error) {
	var r Ready
	doc, found := parse(file, data, &r)
	if err := decode(data, &r, nil); err != nil && len(found.list) == 0 {
		found.add("", "", "cannot be read: %s", err)
	}
	if !found.ofTheWhole() {
		c := &checker{doc: doc, problems: found}
		for i := range r.Mappings {
			c.entry(at("mappings", i), &r.Mappings[i], nil)
		}
	}
	return &r, found.join()
}

// mappings warns of radio receivers that hear more than the home.
func (w *warnings) mappings(dwellings []Dwelling) {
	for i, d := range dwellings {
		for j, m := range d.Mappings {
			if ready := readyMappings()[m.Use]; ready != nil && ready.HearsNeighbours && !m.ListedOnly {
				w.say("%s: %s hears the neighbours' sensors too, and takes their doors for signs of life; list yours under sensors and write listed_only: true",
					at(at("dwellings", i)+".mappings", j), m.Use)
			}
		}
	}
}

// ReadyNames are the names of the ready mappings.
func ReadyNames() []string { return slices.Sorted(maps.Keys(readyMappings())) }

// ReadyMapping is the ready mapping of that name.
func ReadyMapping(name string) (Ready, bool) {
	r, known := readyMappings()[name]
	if !known {
		return Ready{}, false
	}
	return *r, true
}

// ReadyText is the file of a ready mapping, to be read and copied from.
func ReadyText(name string) (string, error) {
	if _, known := readyMappings()[name]; !known {
		return "", fmt.Errorf("there is no ready mapping %q: there are %s", name, strings.Join(ReadyNames(), ", "))
	}
	data, err := readyFiles.ReadFile("mappings/" + name + ".yaml")
	return string(data), err
}
