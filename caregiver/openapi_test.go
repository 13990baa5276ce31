package caregiver

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// apiDocument is what these tests read of docs/openapi-activity.yaml.
type apiDocument struct {
	Paths map[string]struct {
		Get struct {
			Responses map[string]apiResponse
		}
	}
	Components struct {
		Schemas map[string]struct {
			Required   []string
			Properties map[string]any
		}
		Responses map[string]apiResponse
	}
}

type apiResponse struct {
	Ref     string `yaml:"$ref"`
	Content map[string]struct {
		Schema struct {
			Ref string `yaml:"$ref"`
		}
		Examples map[string]struct{ Value any }
	}
}

func readAPIDocument(t *testing.T) (d apiDocument) {
	t.Helper()
	data, err := os.ReadFile("../docs/openapi-activity.yaml")
	if err == nil {
		err = yaml.Unmarshal(data, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// apiTypes are the types of the API by their schema.
var apiTypes = map[string]reflect.Type{
	"Dwellings": reflect.TypeFor[apiDwellings](), "Dwelling": reflect.TypeFor[apiDwelling](), "Room": reflect.TypeFor[ucare.Room](),
	"Days": reflect.TypeFor[apiDays](), "DayInShort": reflect.TypeFor[dayLine](), "Day": reflect.TypeFor[apiDay](),
	"Sign": reflect.TypeFor[activity.Sign](), "Span": reflect.TypeFor[activity.Span](), "Times": reflect.TypeFor[activity.Times](),
	"Seconds": reflect.TypeFor[secondsOnly](), "RoomInShort": reflect.TypeFor[roomLine](), "RoomTime": reflect.TypeFor[activity.RoomTime](),
	"Night": reflect.TypeFor[activity.Night](), "Bathroom": reflect.TypeFor[activity.Bathroom](), "Outings": reflect.TypeFor[activity.Outings](),
	"Outing": reflect.TypeFor[activity.Outing](), "Silence": reflect.TypeFor[activity.Silence](), "SensorOfDay": reflect.TypeFor[activity.SensorDay](),
	"Trends": reflect.TypeFor[apiTrends](), "Trend": reflect.TypeFor[apiTrend](), "Sensors": reflect.TypeFor[apiSensors](),
	"Sensor": reflect.TypeFor[apiSensor](), "SensorInDays": reflect.TypeFor[sensorDay](), "Problem": reflect.TypeFor[apiProblem](),
}

// jsonFields are the JSON names of a struct, and whether each is always written.
func jsonFields(typ reflect.Type) map[string]bool {
	fields := make(map[string]bool)
	for f := range typ.Fields() {
		if f.Anonymous {
			for name, always := range jsonFields(f.Type) {
				if _, hidden := fields[name]; !hidden {
					fields[name] = always
				}
			}
		}
	}
	for f := range typ.Fields() {
		if name, options, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			fields[name] = options == ""
		}
	}
	return fields
}

func TestTheAPIsDocumentDescribesItsTypes(t *testing.T) {
	d := readAPIDocument(t)
	for name, s := range d.Components.Schemas {
		if name == "Usual" {
			var facts []string
			for _, fact := range activity.Facts() {
				facts = append(facts, string(fact))
			}
			if described := slices.Sorted(maps.Keys(s.Properties)); !slices.Equal(described, slices.Sorted(slices.Values(facts))) {
				t.Errorf("Usual describes %q, the facts are %q", described, facts)
			}
			continue
		}
		typ, ok := apiTypes[name]
		if !ok {
			t.Errorf("%s is no type of the API", name)
			continue
		}
		fields := jsonFields(typ)
		if described, all := slices.Sorted(maps.Keys(s.Properties)), slices.Sorted(maps.Keys(fields)); !slices.Equal(described, all) {
			t.Errorf("%s describes %q, the type has %q", name, described, all)
		}
		for field, always := range fields {
			if slices.Contains(s.Required, field) != always {
				t.Errorf("%s.%s: required is %v, always written %v", name, field, !always, always)
			}
		}
	}
	for name := range apiTypes {
		if _, ok := d.Components.Schemas[name]; !ok {
			t.Errorf("%s is not described", name)
		}
	}
}

func TestTheAPIsDocumentHasItsRoutes(t *testing.T) {
	d := readAPIDocument(t)
	var routes []string
	for _, route := range (&site{}).apiRoutes() {
		routes = append(routes, strings.TrimPrefix(route.pattern, http.MethodGet+" "))
	}
	if described := slices.Sorted(maps.Keys(d.Paths)); !slices.Equal(described, slices.Sorted(slices.Values(routes))) {
		t.Errorf("described are %q, routes are %q", described, routes)
	}
}

// Its examples are what the gateway could have written.
func TestTheAPIsExamplesAreOfItsTypes(t *testing.T) {
	d := readAPIDocument(t)
	seen := 0
	check := func(where string, r apiResponse) {
		for _, c := range r.Content {
			for _, example := range c.Examples {
				seen++
				text, err := json.Marshal(example.Value)
				if err != nil {
					t.Fatal(err)
				}
				v := reflect.New(apiTypes[strings.TrimPrefix(c.Schema.Ref, "#/components/schemas/")])
				decoder := json.NewDecoder(strings.NewReader(string(text)))
				decoder.DisallowUnknownFields()
				if err := decoder.Decode(v.Interface()); err != nil {
					t.Errorf("%s: %v", where, err)
					continue
				}
				again, _ := json.Marshal(v.Interface())
				var want, got any
				_ = json.Unmarshal(text, &want)
				_ = json.Unmarshal(again, &got)
				if !reflect.DeepEqual(want, got) {
					t.Errorf("%s: the example\n%s\nis written\n%s", where, text, again)
				}
			}
		}
	}
	for path, p := range d.Paths {
		for status, r := range p.Get.Responses {
			check(path+" "+status, r)
		}
	}
	for name, r := range d.Components.Responses {
		check(name, r)
	}
	if seen < 6 {
		t.Errorf("only %d examples", seen)
	}
}
