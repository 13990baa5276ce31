package homeassistant

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
)

// Templates.
//
// An announcement may say how a state is to be read out of a message, in Jinja, the
// template language of Home Assistant. The engine here is a real one, cut down to what
// the templates of emitters need: the variables value and value_json, if, set, and the filters,
// tests, functions and methods of files filters.go and operators.go. There are no loops, no
// macros, no includes and no files, so that a template's work is bounded by its length, and
// every text on the way is bounded as well.
//
// It is stricter than Home Assistant in one thing: a key that a message does not have is an
// error wherever the template does not provide for it (default, is_defined, is defined). Home
// Assistant takes it as false, so that "{{ 'ON' if value_json.smoke else 'OFF' }}" says "no
// smoke" of a message that says nothing of smoke.

// Bounds on a template.
const (
	maxTemplate = 4 << 10  // bytes
	maxText     = 16 << 10 // bytes that it may produce, at each step on the way
	maxMessage  = 64 << 10 // bytes of a message that it is run on
	maxCompiled = 2_000    // kept at one time
)

// errNotSaid: the message says nothing of what the template asks for, and the
// template provides for that (is_defined): what was known stays known.
var errNotSaid = errors.New("not said")

// absent is the value of what a message does not have. As an error it makes
// everything that is computed from it an error too.
type absent struct{ what string }

func (a absent) Error() string { return "the message has no " + a.what }

// null is JSON's null. It is an error like what is absent, but no default takes its place, just
// as in Jinja, where it is None.
type null struct{}

func (null) Error() string  { return "the message says null" }
func (null) String() string { return "None" }

// isUnknown reports whether an error says that the message is at fault and not the template.
func isUnknown(err error) bool {
	missing, none := absent{}, null{}
	return errors.As(err, &missing) || errors.As(err, &none)
}

// A cause is the first error of a run. The engine makes a text of the errors of
// filters, so that their kind has to be kept beside it.
type cause struct{ err error }

// causeName is what a run's cause is called among the template's variables: nothing that
// a template could write.
const causeName = "the cause"

func keepCause(of *exec.Context, err error) {
	if kept, has := of.Get(causeName); has {
		if c, is := kept.(*cause); is && c.err == nil {
			c.err = root(err)
		}
	}
}

// A template is a compiled one. It is safe to run it again and again.
type template struct{ compiled *exec.Template }

// compile compiles a template.
func compile(source string) (t *template, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			t, err = nil, fmt.Errorf("the template broke the parser: %v", broken)
		}
	}()
	if len(source) > maxTemplate {
		return nil, fmt.Errorf("the template has %d bytes; %d are allowed", len(source), maxTemplate)
	}
	if deepest(source) > maxDepth {
		return nil, errTooDeep
	}
	environment := &exec.Environment{
		Context: exec.NewContext(functions()), Filters: filters(), Tests: tests(),
		ControlStructures: statements(), Methods: methods(),
	}
	c := config.New()
	c.StrictUndefined = true
	compiled, err := exec.NewTemplate("", c, only(source), environment)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(reason(err), "failed to parse template '"+strings.Join(strings.Fields(source), " ")+"': "))
	}
	if err := bindOperators(compiled.Root(), environment); err != nil {
		return nil, err
	}
	return &template{compiled}, nil
}

// maxDepth bounds how deep brackets and expressions nest, since the parser recurses and the engine
// wraps an error once for each level.
const maxDepth = 50

var errTooDeep = fmt.Errorf("the template nests deeper than %d", maxDepth)

// deepest counts how deep a template's brackets nest.
func deepest(source string) int {
	depth, most := 0, 0
	for _, r := range source {
		switch r {
		case '(', '[', '{':
			depth++
			most = max(most, depth)
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
	}
	return most
}

// run gives the text that the template makes of a message, without spaces around it.
func (t *template) run(m *said) (text string, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			text, err = "", fmt.Errorf("the template broke on this message: %v", broken)
		}
	}()
	if len(m.text) > maxMessage {
		return "", fmt.Errorf("the message has %d bytes; %d are allowed for a template", len(m.text), maxMessage)
	}
	var out limited
	var first cause
	err = t.compiled.Execute(&out, exec.NewContext(map[string]any{"value": m.text, "value_json": m.json(), causeName: &first}))
	if err == nil {
		return strings.TrimSpace(out.String()), nil
	}
	if first.err == nil {
		first.err = root(err)
	}
	if isUnknown(first.err) || errors.Is(first.err, errNotSaid) {
		return "", first.err
	}
	return "", errors.New(reason(first.err))
}

// root is the error that the engine wrapped, through its values that are errors.
func root(err error) error {
	for {
		var value *exec.Value
		if !errors.As(err, &value) || !value.IsError() {
			return err
		}
		inner, is := value.Interface().(error)
		if !is {
			return err
		}
		err = inner
	}
}

// reason is an error of the engine in one line of bearable length.
func reason(err error) string {
	const most = 200
	text := strings.Join(strings.Fields(root(err).Error()), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + " …"
	}
	return text
}

// limited takes what a template produces, and refuses what is too much.
type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxText {
		return 0, errTooLong
	}
	return l.Builder.Write(p)
}

// WriteString keeps io.WriteString from going past Write.
func (l *limited) WriteString(s string) (int, error) { return l.Write([]byte(s)) }

var errTooLong = fmt.Errorf("the template makes a text of more than %d bytes", maxText)

// only is a loader that has one text and no files.
type only string

func (o only) Read(string) (io.Reader, error)      { return strings.NewReader(string(o)), nil }
func (o only) Resolve(path string) (string, error) { return path, nil }
func (o only) Inherit(string) (loaders.Loader, error) {
	return nil, errors.New("there are no further templates")
}

// compiledTemplates are the compiled templates by their text, a bounded number.
type compiledTemplates map[string]*template

// of compiles a template, or gives it when it has been compiled before. "" is none.
func (c compiledTemplates) of(source string) (*template, error) {
	if source == "" {
		return nil, nil
	}
	if t, is := c[source]; is {
		return t, nil
	}
	t, err := compile(source)
	if err != nil {
		return nil, err
	}
	if len(c) >= maxCompiled {
		clear(c)
	}
	c[source] = t
	return t, nil
}
