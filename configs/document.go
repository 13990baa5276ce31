package configs

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A document is a YAML file as it was written: viper gives the values, this
// gives the lines, the keys in their own letters and the digits before YAML
// made a number of them.
type document struct {
	file  string
	nodes map[string]*yaml.Node // by path
	env   map[string]string     // path → environment variable that went before the file
}

// parse reads the YAML and checks it against the shape of target: every key is
// known, every value is of the right kind.
func parse(file string, data []byte, target any) (*document, *problems) {
	d := &document{file: file, nodes: map[string]*yaml.Node{}, env: map[string]string{}}
	p := &problems{doc: d}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var root yaml.Node
	if err := decoder.Decode(&root); errors.Is(err, io.EOF) {
		p.add("", "", "is empty: begin with ucare.minimal.yaml")
		return d, p
	} else if err != nil {
		p.notYAML(data, err)
		return d, p
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		p.add("", "", "holds more than one document: take out the line ---")
		return d, p
	}
	if hint := otherKind(root.Content[0], reflect.TypeOf(target).Elem()); hint != "" {
		p.add("", "", "%s", hint)
		return d, p
	}
	w := walker{doc: d, problems: p}
	w.walk("", root.Content[0], reflect.TypeOf(target).Elem())
	return d, p
}

// notYAML tells why the file is no YAML. The usual reason is a tab, which
// YAML's own words do not name.
func (p *problems) notYAML(data []byte, err error) {
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := bytes.TrimLeft(line, " \t")
		if blank := len(bytes.TrimSpace(text)) == 0; !blank && bytes.ContainsRune(line[:len(line)-len(text)], '\t') {
			p.list = append(p.list, &Problem{
				File: p.doc.file, Line: number, Hint: "is indented with a tab, which YAML does not take: use spaces",
			})
			return
		}
	}
	p.add("", "", "is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
}

// otherKind says that a centre's file was given for a gateway's, or the
// reverse: one sentence instead of a complaint about every key.
func otherKind(root *yaml.Node, want reflect.Type) string {
	if root.Kind != yaml.MappingNode {
		return ""
	}
	gateways, centers := 0, 0 // keys
	for i := 0; i+1 < len(root.Content); i += 2 {
		if _, ok := fieldFor(reflect.TypeFor[Gateway](), root.Content[i].Value); ok {
			gateways++
		}
		if _, ok := fieldFor(reflect.TypeFor[Center](), root.Content[i].Value); ok {
			centers++
		}
	}
	switch {
	case want == reflect.TypeFor[Gateway]() && gateways == 0 && centers > 1:
		return "this is a centre's file: use --center (ucare check --center, ucare center)"
	case want == reflect.TypeFor[Center]() && centers == 0 && gateways > 1:
		return "this is a gateway's file: leave --center out (ucare check, ucare gateway)"
	}
	return ""
}

// has reports whether the file says something about path; a key without a value says nothing.
func (d *document) has(path string) bool {
	node, ok := d.nodes[path]
	return ok && node.Tag != "!!null"
}

// place finds the line of path, or of the nearest thing that holds it.
func (d *document) place(path string) (file string, line int) {
	if variable, ok := d.env[path]; ok {
		return variable + " in the environment", 0
	}
	for {
		if node, ok := d.nodes[path]; ok {
			return d.file, node.Line
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return d.file, 0
		}
		path = path[:cut]
	}
}

// A walker goes through the YAML and the type it is for, side by side.
type walker struct {
	doc      *document
	problems *problems
}

func (w *walker) walk(path string, node *yaml.Node, want reflect.Type) {
	if path != "" {
		w.doc.nodes[path] = node
	}
	switch {
	case node.Kind == yaml.AliasNode || node.Anchor != "":
		w.problems.add(path, "", "uses a YAML anchor (& or *): write the value out where it belongs")
	case node.Tag == "!!null": // nothing was said
	case isScalar(want):
		w.scalar(path, node, want)
	case want.Kind() == reflect.Pointer:
		w.walk(path, node, want.Elem())
	case want.Kind() == reflect.Slice:
		w.list(path, node, want)
	default:
		w.mapping(path, node, want)
	}
}

func (w *walker) list(path string, node *yaml.Node, want reflect.Type) {
	if want == reflect.TypeFor[Values]() && node.Kind == yaml.ScalarNode {
		w.scalar(path, node, want.Elem()) // one value needs no brackets
		return
	}
	if node.Kind != yaml.SequenceNode {
		hint := `is a list: begin each entry with "- "`
		if node.Kind == yaml.MappingNode {
			hint = "is a list: put its entries in [ ], or begin each with \"- \""
			if !isScalar(want.Elem()) {
				hint = fmt.Sprintf("is a list: write \"- %s: …\" for each entry instead of a key (keys would lose their capitals)", keysOf(want.Elem())[0])
			}
		}
		w.problems.add(path, node.Value, "%s", hint)
		return
	}
	for i, entry := range node.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		if entry.Tag == "!!null" {
			w.doc.nodes[at] = entry
			w.problems.add(at, "", "is empty: fill it in or take the line out")
			continue
		}
		w.walk(at, entry, want.Elem())
	}
}

func (w *walker) mapping(path string, node *yaml.Node, want reflect.Type) {
	if node.Kind != yaml.MappingNode {
		w.problems.add(path, node.Value, "is a section: put its keys below it, indented (%s)", strings.Join(keysOf(want), ", "))
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := join(path, key.Value)
		if first, twice := w.doc.nodes[at]; twice {
			w.problems.add(at, "", "stands here twice (lines %d and %d): leave one", first.Line, key.Line)
			continue
		}
		field, ok := fieldFor(want, key.Value)
		if !ok {
			w.doc.nodes[at] = key
			w.unknown(path, at, key.Value, want)
			continue
		}
		w.walk(at, value, field)
		if value.Tag == "!!null" {
			w.doc.nodes[at] = key
		}
	}
}

// unknown explains a key that does not exist.
func (w *walker) unknown(path, at, key string, want reflect.Type) {
	known := keysOf(want)
	if secret := strings.ToLower(key); slices.Contains(known, secret+"_file") && slices.Contains(known, secret+"_env") {
		w.secret(path, at, secret, known)
		return
	}
	if i := slices.IndexFunc(known, func(k string) bool { return alike(k, key) }); i >= 0 {
		w.problems.quiet(join(path, known[i]))
		w.problems.add(at, "", "is not a key: write %q", known[i])
		return
	}
	w.problems.add(at, "", "is not a key here: there are %s", strings.Join(known, ", "))
}

// secret refuses a password that stands in the file, without repeating it.
func (w *walker) secret(path, at, secret string, known []string) {
	w.problems.add(at, "", "does not stand in this file: write the %[1]s into a file of its own (chmod 600) and say %[1]s_file: <path>, or %[1]s_env: <variable>", secret)
	for _, key := range known {
		if strings.HasPrefix(key, secret+"_") {
			w.problems.quiet(join(path, key))
		}
	}
}

var plainNumber = regexp.MustCompile(`^[-+0-9.,_xXoOeE]+$`)

// scalar checks a single value: texts stand as texts, and what has a form of
// its own (a duration, a size, a time of day) can be read.
func (w *walker) scalar(path string, node *yaml.Node, want reflect.Type) {
	if node.Kind != yaml.ScalarNode {
		w.problems.add(path, "", "is a single value, not a section or a list")
		return
	}
	var err error
	value := reflect.New(want).Interface()
	switch text := value.(type) {
	case *Value:
		w.value(path, node)
		return
	case *int:
		if node.Tag != "!!int" {
			w.problems.add(path, node.Value, "is not a whole number: write for example 6")
		}
		return
	case *Number:
		if node.Tag != "!!int" && node.Tag != "!!float" {
			w.problems.add(path, node.Value, "is not a number: write for example 0.1")
		}
		return
	case *time.Duration:
		_, err = parseDuration(node.Value)
	case *bool:
		if node.Tag != "!!bool" {
			w.problems.add(path, node.Value, "is neither true nor false: write one of them, without quotes")
		}
		return
	case encoding.TextUnmarshaler:
		err = text.UnmarshalText([]byte(node.Value))
	}
	switch {
	case err != nil:
		w.problems.add(path, node.Value, "%v", err)
	case node.Tag == "!!str":
	case plainNumber.MatchString(node.Value) && node.Value[0] == '0' && len(node.Value) > 1:
		w.problems.add(path, node.Value, "is a number to YAML and would lose its leading zeros: write %q in quotes", node.Value)
	case strings.HasSuffix(path, "listen") && isPort(node.Value):
		w.problems.add(path, node.Value, "is not an address to listen on: write %q", ":"+node.Value)
	default:
		w.problems.add(path, node.Value, "is not a text to YAML: write %q in quotes", node.Value)
	}
}

// value checks a value that a device sends: a text, or a number or true and
// false in the one form that YAML leaves as it is.
func (w *walker) value(path string, node *yaml.Node) {
	as, known := map[string]string{"!!str": "a text", "!!bool": "true or false", "!!int": "a number", "!!float": "a number"}[node.Tag]
	if !known {
		w.problems.add(path, node.Value, "is not a text to YAML: write %q in quotes", node.Value)
		return
	}
	var plain any
	if err := node.Decode(&plain); err != nil || textOf(plain) != node.Value {
		w.problems.add(path, node.Value, "is %s to YAML and would be read as %q: write %q in quotes, if the device sends that text", as, textOf(plain), node.Value)
	}
}

// isScalar reports whether t is written as one value. (Text forms are on the pointer.)
func isScalar(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() == reflect.Bool || t.Kind() == reflect.Int || t == reflect.TypeFor[Number]() || t == reflect.TypeFor[time.Duration]() ||
		reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// fieldFor finds the type of the struct's field with that key.
func fieldFor(t reflect.Type, key string) (reflect.Type, bool) {
	for field := range t.Fields() {
		name, inline := keyOf(field)
		switch {
		case inline:
			if found, ok := fieldFor(field.Type, key); ok {
				return found, true
			}
		case name == key && name != "":
			return field.Type, true
		}
	}
	return nil, false
}

// keysOf lists the keys of a section in the order of its struct.
func keysOf(t reflect.Type) []string {
	var keys []string
	for field := range t.Fields() {
		name, inline := keyOf(field)
		switch {
		case inline:
			keys = append(keys, keysOf(field.Type)...)
		case name != "":
			keys = append(keys, name)
		}
	}
	return keys
}

func keyOf(field reflect.StructField) (name string, inline bool) {
	name, options, _ := strings.Cut(field.Tag.Get(tagName), ",")
	return name, options == "inline"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// alike reports whether a and b are one slip of the finger apart: other
// capitals, - for _, or one letter more, fewer, other or swapped.
func alike(a, b string) bool {
	a, b = strings.ToLower(a), strings.ReplaceAll(strings.ToLower(b), "-", "_")
	if a == b {
		return true
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	swapped := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	return swapped || len(a) <= 1 && len(b) <= 1
}
