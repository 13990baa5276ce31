package center

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// document is what these tests read of docs/openapi.yaml.
type document struct {
	OpenAPI string
	Paths   map[string]struct{ Post operation }
	Comp    struct {
		Schemas   map[string]schema
		Responses map[string]response
	} `yaml:"components"`
}

type operation struct {
	Parameters  []map[string]any
	RequestBody struct{ Content map[string]content } `yaml:"requestBody"`
	Responses   map[string]response
}

type response struct {
	Ref     string `yaml:"$ref"`
	Content map[string]content
}

type content struct {
	Schema struct {
		Ref string `yaml:"$ref"`
	}
	Examples map[string]struct{ Value any }
}

type schema struct {
	Required   []string
	Properties map[string]any
}

func readDocument(t *testing.T) document {
	t.Helper()
	data, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := yaml.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Errorf("version %q", d.OpenAPI)
	}
	return d
}

// wireTypes are the types whose JSON goes over the wire, by their schema.
var wireTypes = map[string]reflect.Type{
	"Report": reflect.TypeFor[emergency.Report](), "Reply": reflect.TypeFor[emergency.Reply](), "Receipt": reflect.TypeFor[emergency.Receipt](),
	"Answer": reflect.TypeFor[emergency.Answer](), "Heartbeat": reflect.TypeFor[emergency.Heartbeat](),
	"HeartbeatReply": reflect.TypeFor[emergency.HeartbeatReply](), "Problem": reflect.TypeFor[emergency.Problem](),
	"Dwelling": reflect.TypeFor[ucare.Dwelling](), "Resident": reflect.TypeFor[ucare.Resident](), "Room": reflect.TypeFor[ucare.Room](),
	"Alarm": reflect.TypeFor[ucare.Alarm](), "Evidence": reflect.TypeFor[ucare.Evidence](), "Fault": reflect.TypeFor[ucare.Fault](),
}

// fieldsOf returns the JSON names of a struct and which of them are always written.
func fieldsOf(typ reflect.Type) (all, always []string) {
	for f := range typ.Fields() {
		if f.Anonymous {
			more, moreAlways := fieldsOf(f.Type)
			all, always = append(all, more...), append(always, moreAlways...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, name)
		if options == "" {
			always = append(always, name)
		}
	}
	slices.Sort(all)
	slices.Sort(always)
	return all, always
}

func TestTheDocumentDescribesTheWireTypes(t *testing.T) {
	d := readDocument(t)
	for name, s := range d.Comp.Schemas {
		typ, ok := wireTypes[name]
		if !ok {
			t.Errorf("%s is not a wire type", name)
			continue
		}
		var described []string
		for property := range s.Properties {
			described = append(described, property)
		}
		slices.Sort(described)
		slices.Sort(s.Required)
		all, always := fieldsOf(typ)
		if !slices.Equal(described, all) {
			t.Errorf("%s describes %q, the type has %q", name, described, all)
		}
		if !slices.Equal(s.Required, always) {
			t.Errorf("%s requires %q, the type always has %q", name, s.Required, always)
		}
	}
	for name := range wireTypes {
		if _, ok := d.Comp.Schemas[name]; !ok {
			t.Errorf("%s is not described", name)
		}
	}
}

func TestTheDocumentsExamplesAreWhatWeReadAndWrite(t *testing.T) {
	d := readDocument(t)
	seen := 0
	check := func(where string, contents map[string]content) {
		for _, c := range contents {
			for name, example := range c.Examples {
				seen++
				written, err := json.Marshal(example.Value)
				if err != nil {
					t.Fatal(err)
				}
				typ := wireTypes[strings.TrimPrefix(c.Schema.Ref, "#/components/schemas/")]
				sameAfterReading(t, where+" "+name, typ, written)
			}
		}
	}
	for path, p := range d.Paths {
		check(path, p.Post.RequestBody.Content)
		for status, r := range p.Post.Responses {
			check(path+" "+status, r.Content)
			if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok && d.Comp.Responses[name].Content == nil {
				t.Errorf("%s %s refers to %s", path, status, r.Ref)
			}
		}
	}
	for name, r := range d.Comp.Responses {
		check(name, r.Content)
	}
	if seen < 10 {
		t.Errorf("only %d examples", seen)
	}
}

// sameAfterReading reads an example into its type and writes it again: nothing
// may be lost or misspelt.
func sameAfterReading(t *testing.T, where string, typ reflect.Type, example []byte) {
	t.Helper()
	if typ == nil {
		t.Errorf("%s: its schema is no wire type", where)
		return
	}
	v := reflect.New(typ)
	decoder := json.NewDecoder(strings.NewReader(string(example)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v.Interface()); err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	again, err := json.Marshal(v.Interface())
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(example, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n%s\nbecomes\n%s", where, example, again)
	}
}

// The document's example reports are taken by the centre as they stand.
func TestTheCentreTakesTheDocumentsExamples(t *testing.T) {
	config := testConfig(t)
	config.Gateways[0].ID = "seongbuk-0412"
	s := openSite(t, config)
	for path, p := range readDocument(t).Paths {
		for name, example := range p.Post.RequestBody.Content["application/json"].Examples {
			id := "heartbeat"
			if fields, ok := example.Value.(map[string]any); ok && fields["id"] != nil {
				id = fields["id"].(string)
			}
			if status, body := s.post(signed(t, path, id, example.Value)); status != 200 {
				t.Errorf("%s %s: %d %s", path, name, status, body)
			}
		}
	}
}

func TestTheDocumentNamesEveryStatusOfTheCentre(t *testing.T) {
	d := readDocument(t)
	for path, want := range map[string][]string{
		"/v1/reports": {"200", "400", "401", "413", "503", "507"}, "/v1/heartbeats": {"200", "400", "401", "413", "503"},
	} {
		var got []string
		for status := range d.Paths[path].Post.Responses {
			got = append(got, status)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
