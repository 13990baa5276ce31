package configs

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
)

// The guide is complete: each key of an entry, each kind, each ready mapping.
func TestTheGuideToMappingsIsComplete(t *testing.T) {
	text, err := os.ReadFile("../docs/mappings.md")
	if err != nil {
		t.Fatal(err)
	}
	names := append(keysOf(reflect.TypeFor[Mapping]()), ReadyNames()...)
	for _, k := range mappable {
		names = append(names, string(k))
	}
	for _, name := range names {
		if name == "use" || name == "base" {
			name += ":"
		} else {
			name = "`" + name + "`"
		}
		if !strings.Contains(string(text), name) {
			t.Errorf("docs/mappings.md does not speak of %s", name)
		}
	}
}

func TestEveryKindCanBeMappedButAcceleration(t *testing.T) {
	for _, k := range mappable {
		if !k.Known() {
			t.Errorf("%s is not a kind", k)
		}
	}
	if slices.Contains(mappable, ucare.Acceleration) || len(mappable) != 20 {
		t.Errorf("%d kinds can be mapped", len(mappable))
	}
}

func TestReadyMappingsAreReadAsStrictly(t *testing.T) {
	for text, want := range map[string]string{
		"summary: x\nmappings: [{topic: a, kind: smoke, on: 1}]": "mappings[0].off",
		"summary: x\ncolour: red":                                "colour",
		"summary: x\nbases: rtl_433":                             "is a list",
		"summary: [":                                             "is not YAML",
	} {
		if _, err := parseReady("x.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", text, err, want)
		}
	}
	for _, name := range ReadyNames() {
		ready, _ := ReadyMapping(name)
		text, err := ReadyText(name)
		if err != nil || !strings.HasPrefix(text, "# ") || ready.Summary == "" || ready.SummaryKo == "" || len(ready.Mappings) == 0 {
			t.Errorf("%s: a ready mapping needs a comment for readers, a summary in both languages and entries (%v)", name, err)
		}
	}
	if _, err := ReadyText("../ucare"); err == nil {
		t.Error("another file is printed")
	}
}

// A ready mapping is written out at its bases, behind the household's own entries.
func TestMappingsInForce(t *testing.T) {
	own := Mapping{Topic: Values{"a/b"}, Kind: "door", On: Values{"1"}}
	got := mappingsInForce([]Mapping{{Use: "hue"}, {Use: "hue", Base: "lamps", ListedOnly: true}, own})
	if len(got) != 3 || got[0].Ready != "" || !slices.Equal(got[1].filters(), []string{"hue/+/presence"}) ||
		!slices.Equal(got[2].filters(), []string{"lamps/+/presence"}) || got[1].ListedOnly || !got[2].ListedOnly {
		t.Errorf("in force are %+v", got)
	}
	g := Gateway{Dwellings: []Dwelling{{Mappings: []Mapping{{Use: "hue", Base: "lamps"}, own}}}}
	if quiet := g.QuietTopics(0); !slices.Equal(quiet, []string{"lamps/#"}) {
		t.Errorf("quiet are %q", quiet)
	}
}

// What a device sends stays as it is written, whatever YAML would make of it.
func TestValuesStayAsTheyAreWritten(t *testing.T) {
	text := strings.Replace(MinimalExample(), "    sensors:\n", `    mappings:
      - {topic: a/b, kind: door, on: [true, 1, ON, yes, "True", 1.5, -3], off: false}
    sensors:
`, 1)
	c, err := load(t, home(t), "ucare.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	m := c.(*Gateway).Dwellings[0].Mappings[0]
	if want := (Values{"true", "1", "ON", "yes", "True", "1.5", "-3"}); !slices.Equal(m.On, want) || !slices.Equal(m.Off, Values{"false"}) {
		t.Errorf("on is %q, off %q", m.On, m.Off)
	}
}
