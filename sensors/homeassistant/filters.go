package homeassistant

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// The filters, functions and methods that templates of emitters use, as Home Assistant
// defines them (home-assistant.io/docs/configuration/templating): one that cannot do
// what it is asked, such as int of "unavailable", is an error unless it was given a default.

// a filter takes a value that is there and its further arguments, by position or name.
type filter struct {
	names []string // of the arguments
	do    func(in *exec.Value, args arguments) (any, error)
}

// arguments are those that were given, by name.
type arguments map[string]*exec.Value

func (a arguments) text(name, fallback string) string {
	if v, given := a[name]; given {
		return v.String()
	}
	return fallback
}

// filters by name, with the operators among them.
func filters() *exec.FilterSet {
	all := map[string]exec.FilterFunction{"default": orDefault, "d": orDefault, "is_defined": isDefined, listName: listOf}
	for name, f := range plainFilters() {
		all[name] = f.function()
	}
	for name, compute := range operators() {
		all[name] = filter{[]string{"with"}, func(in *exec.Value, args arguments) (any, error) { return compute(in, args["with"]) }}.function()
	}
	return exec.NewFilterSet(all)
}

func plainFilters() map[string]filter {
	return map[string]filter{
		"lower":               {nil, ofText(strings.ToLower)},
		"upper":               {nil, ofText(strings.ToUpper)},
		"trim":                {nil, ofText(strings.TrimSpace)},
		"capitalize":          {nil, ofText(capitalize)},
		"string":              {nil, ofText(func(s string) string { return s })},
		"replace":             {[]string{"old", "new"}, replace},
		"int":                 {[]string{"default", "base"}, toInt},
		"float":               {[]string{"default"}, toFloat},
		"bool":                {[]string{"default"}, toBool},
		"round":               {[]string{"precision", "method", "default"}, round},
		"abs":                 {nil, absolute},
		"length":              {nil, length},
		"count":               {nil, length},
		"first":               {nil, item(0)},
		"last":                {nil, item(-1)},
		"iif":                 {[]string{"if_true", "if_false", "if_none"}, iif},
		"is_number":           {nil, isNumber},
		"to_json":             {nil, func(in *exec.Value, _ arguments) (any, error) { return toJSON(in.Interface()) }},
		"tojson":              {nil, func(in *exec.Value, _ arguments) (any, error) { return toJSON(in.Interface()) }},
		"from_json":           {nil, func(in *exec.Value, _ arguments) (any, error) { return parse(in.String()), nil }},
		"regex_match":         {[]string{"find", "ignorecase"}, regexMatch(`\A(?:%s)`)},
		"regex_search":        {[]string{"find", "ignorecase"}, regexMatch(`%s`)},
		"regex_replace":       {[]string{"find", "replace", "ignorecase"}, regexReplace},
		"regex_findall_index": {[]string{"find", "index", "ignorecase"}, regexFind},
	}
}

// function makes an engine's filter of f: what is absent stays absent, and what is too long is refused.
func (f filter) function() exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
		if in.IsError() {
			return passOn(e, in)
		}
		args, err := f.take(params)
		if err != nil {
			return failed(e, err)
		}
		result, err := f.do(in, args)
		if err != nil {
			return failed(e, err)
		}
		if text, is := result.(string); is && len(text) > maxText {
			return failed(e, errTooLong)
		}
		return exec.ToValue(result)
	}
}

// take gives the arguments their names.
func (f filter) take(params *exec.VarArgs) (arguments, error) {
	if len(params.Args) > len(f.names) {
		return nil, fmt.Errorf("%d arguments where at most %d are taken", len(params.Args), len(f.names))
	}
	args := arguments{}
	for i, v := range params.Args {
		args[f.names[i]] = v
	}
	maps.Copy(args, params.KwArgs)
	return args, nil
}

// failed is the value of a filter that cannot do what it is asked.
func failed(e *exec.Evaluator, err error) *exec.Value {
	keepCause(e.Environment.Context, err)
	return exec.ValueError(err)
}

// passOn gives a value as it came, which may be an error.
func passOn(e *exec.Evaluator, in *exec.Value) *exec.Value {
	if in.IsError() {
		keepCause(e.Environment.Context, in)
	}
	return in
}

// orDefault is default(value, boolean): for what is absent, and with boolean for all that
// is false. A broken template is not made good by it.
func orDefault(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
	args, err := filter{names: []string{"default_value", "boolean"}}.take(params)
	if err != nil {
		return failed(e, err)
	}
	missing, none := absent{}, null{}
	isAbsent := in.IsError() && errors.As(root(in), &missing)
	isFalse := in.IsError() && errors.As(root(in), &none) || !in.IsError() && !in.IsTrue()
	alsoFalse := args["boolean"] != nil && args["boolean"].IsTrue()
	switch {
	case !isAbsent && (!isFalse || !alsoFalse):
		return passOn(e, in)
	case args["default_value"] != nil:
		return args["default_value"]
	default:
		return exec.AsValue("")
	}
}

// isDefined is Home Assistant's is_defined: what is absent leaves the state as it was.
func isDefined(e *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	if missing := (absent{}); in.IsError() && errors.As(root(in), &missing) {
		return failed(e, errNotSaid)
	}
	return passOn(e, in)
}

// listOf makes the list that a template writes out, of texts, numbers and such lists. It
// is bounded: {% set x = [x, x] %} thirty times is a thousand million items.
func listOf(e *exec.Evaluator, _ *exec.Value, params *exec.VarArgs) *exec.Value {
	l, size := make(list, 0, len(params.Args)), 0
	for _, v := range params.Args {
		item := v.Interface()
		bytes, err := sizeOf(item)
		if err != nil {
			return failed(e, err)
		}
		if size += bytes; size > maxText {
			return failed(e, errTooLong)
		}
		l = append(l, item)
	}
	return exec.AsValue(l)
}

// sizeOf is about how many bytes an item of a list takes when it is written.
func sizeOf(item any) (size int, err error) {
	switch item := item.(type) {
	case nil, bool, int, float64:
		return 8, nil
	case string:
		return 8 + len(item), nil
	case list:
		for _, inner := range item {
			more, err := sizeOf(inner)
			if size += more; err != nil || size > maxText {
				return size, err
			}
		}
		return size + 8, nil
	default:
		return 0, errors.New("a list may have texts, numbers and lists in it")
	}
}

func ofText(f func(string) string) func(*exec.Value, arguments) (any, error) {
	return func(in *exec.Value, _ arguments) (any, error) { return f(in.String()), nil }
}

func capitalize(s string) string {
	r := []rune(strings.ToLower(s))
	if len(r) == 0 {
		return ""
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

func replace(in *exec.Value, args arguments) (any, error) {
	text, old, by := in.String(), args.text("old", ""), args.text("new", "")
	if args["old"] == nil || args["new"] == nil {
		return nil, errors.New("replace needs what to replace and by what")
	}
	if len(text)+strings.Count(text, old)*len(by) > maxText {
		return nil, errTooLong
	}
	return strings.ReplaceAll(text, old, by), nil
}

// orElse gives the default, or the error where there is none.
func (a arguments) orElse(err error) (any, error) {
	if v, given := a["default"]; given {
		return v, nil
	}
	return nil, err
}

func toFloat(in *exec.Value, args arguments) (any, error) {
	if f, is := numeric(in); is {
		return f, nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(in.String()), 64)
	if err != nil || !in.IsString() {
		return args.orElse(fmt.Errorf("%s is no number", shown(in)))
	}
	return f, nil
}

func toInt(in *exec.Value, args arguments) (any, error) {
	if base := args["base"]; base != nil && in.IsString() {
		i, err := strconv.ParseInt(strings.TrimSpace(in.String()), base.Integer(), 64)
		if err != nil {
			return args.orElse(fmt.Errorf("%s is no whole number to the base %d", shown(in), base.Integer()))
		}
		return int(i), nil
	}
	v, err := toFloat(in, nil)
	f, is := v.(float64)
	if err != nil || !is || math.IsNaN(f) || math.Abs(f) >= 1<<53 {
		return args.orElse(fmt.Errorf("%s is no whole number", shown(in)))
	}
	return int(f), nil
}

func toBool(in *exec.Value, args arguments) (any, error) {
	if f, is := numeric(in); is {
		return f != 0, nil
	}
	switch strings.ToLower(in.String()) {
	case "true", "yes", "on", "enable", "1":
		return true, nil
	case "false", "no", "off", "disable", "0":
		return false, nil
	default:
		return args.orElse(fmt.Errorf("%s is neither true nor false", shown(in)))
	}
}

func round(in *exec.Value, args arguments) (any, error) {
	v, err := toFloat(in, nil)
	f, is := v.(float64)
	if err != nil || !is {
		return args.orElse(fmt.Errorf("%s is no number to round", shown(in)))
	}
	precision := 0
	if p := args["precision"]; p != nil {
		precision = min(max(p.Integer(), -15), 15)
	}
	factor := math.Pow10(precision)
	switch args.text("method", "common") {
	case "common":
		f = math.RoundToEven(f*factor) / factor
	case "floor":
		f = math.Floor(f*factor) / factor
	case "ceil":
		f = math.Ceil(f*factor) / factor
	default:
		return nil, errors.New("round knows common, floor and ceil")
	}
	if precision == 0 && math.Abs(f) < 1<<53 {
		return int(f), nil
	}
	return f, nil
}

func absolute(in *exec.Value, _ arguments) (any, error) {
	f, is := numeric(in)
	if !is {
		return nil, fmt.Errorf("%s is no number", shown(in))
	}
	if in.IsInteger() {
		return int(math.Abs(f)), nil
	}
	return math.Abs(f), nil
}

func length(in *exec.Value, _ arguments) (any, error) {
	if !in.IsIterable() {
		return nil, fmt.Errorf("%s has no length", shown(in))
	}
	return in.Len(), nil
}

// item is the first or last of a list or text.
func item(at int) func(*exec.Value, arguments) (any, error) {
	return func(in *exec.Value, _ arguments) (any, error) {
		if in.IsString() {
			r := []rune(in.String())
			if len(r) == 0 {
				return absent{"first and last letter"}, nil
			}
			return string(r[(at+len(r))%len(r)]), nil
		}
		l, is := in.Interface().(list)
		if !is {
			return nil, fmt.Errorf("%s is no list", shown(in))
		}
		v, _ := l.GetItem(at)
		return v, nil
	}
}

func iif(in *exec.Value, args arguments) (any, error) {
	choose := func(name string, otherwise any) (any, error) {
		if v, given := args[name]; given {
			return v, nil
		}
		return otherwise, nil
	}
	switch {
	case in.IsNil() && args["if_none"] != nil:
		return args["if_none"], nil
	case in.IsTrue():
		return choose("if_true", true)
	default:
		return choose("if_false", false)
	}
}

func isNumber(in *exec.Value, _ arguments) (any, error) {
	v, err := toFloat(in, nil)
	f, is := v.(float64)
	return err == nil && is && !math.IsNaN(f) && !math.IsInf(f, 0), nil
}

// expression compiles the regular expression among the arguments, for the text.
func expression(form string, args arguments, text string) (*regexp.Regexp, error) {
	if args["find"] == nil {
		return nil, errors.New("the regular expression is missing")
	}
	if v := args["ignorecase"]; v != nil && v.IsTrue() {
		form = "(?i)" + form
	}
	return regular(form, args["find"].String(), text)
}

// Bounds on a regular expression. Go's take time in proportion to the text and to their own
// size, in which x{1000} is a thousand.
const (
	maxRegular = 200     // bytes
	maxSteps   = 200_000 // size times bytes of text
)

// regular compiles a regular expression for a text.
func regular(form, pattern, text string) (*regexp.Regexp, error) {
	if len(pattern) > maxRegular {
		return nil, fmt.Errorf("the regular expression has %d bytes; %d are allowed", len(pattern), maxRegular)
	}
	source := fmt.Sprintf(form, pattern)
	parsed, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if steps(parsed)*(len(text)+1) > maxSteps {
		return nil, errors.New("the regular expression and the text are too long together")
	}
	return regexp.Compile(source)
}

// steps is the size of a regular expression with its repetitions written out.
func steps(e *syntax.Regexp) int {
	size := 1 + len(e.Rune)
	for _, sub := range e.Sub {
		size += steps(sub)
	}
	if e.Op == syntax.OpRepeat {
		size *= max(e.Min, e.Max, 1)
	}
	return size
}

func regexMatch(form string) func(*exec.Value, arguments) (any, error) {
	return func(in *exec.Value, args arguments) (any, error) {
		e, err := expression(form, args, in.String())
		if err != nil {
			return nil, err
		}
		return e.MatchString(in.String()), nil
	}
}

func regexReplace(in *exec.Value, args arguments) (any, error) {
	e, err := expression(`%s`, args, in.String())
	if err != nil {
		return nil, err
	}
	text, by := in.String(), args.text("replace", "")
	if len(text)+(len(text)+1)*len(by) > maxText*4 {
		return nil, errTooLong
	}
	return e.ReplaceAllLiteralString(text, by), nil
}

func regexFind(in *exec.Value, args arguments) (any, error) {
	e, err := expression(`%s`, args, in.String())
	if err != nil {
		return nil, err
	}
	at := 0
	if v := args["index"]; v != nil {
		at = v.Integer()
	}
	found := e.FindAllStringSubmatch(in.String(), -1)
	if at < 0 || at >= len(found) {
		return absent{fmt.Sprintf("match number %d", at)}, nil
	}
	return found[at][len(found[at])-1], nil
}

// functions are what a template can call by name: some filters can be called so too.
func functions() map[string]any {
	all := map[string]any{}
	for _, name := range []string{"int", "float", "bool", "iif", "is_number"} {
		f := plainFilters()[name].function()
		all[name] = func(e *exec.Evaluator, params *exec.VarArgs) *exec.Value {
			if len(params.Args) == 0 {
				return exec.ValueError(errors.New("the value is missing"))
			}
			return f(e, params.Args[0], &exec.VarArgs{Args: params.Args[1:], KwArgs: params.KwArgs})
		}
	}
	return all
}

// methods are those of Python's texts and dictionaries that templates use.
func methods() exec.Methods {
	text := func(f func(self string, arg string) any) exec.Method[string] {
		return func(self string, _ *exec.Value, args *exec.VarArgs) (any, error) {
			if len(args.Args) > 1 || len(args.KwArgs) > 0 {
				return nil, errors.New("one argument at most")
			}
			if len(args.Args) == 0 {
				return f(self, ""), nil
			}
			return f(self, args.First().String()), nil
		}
	}
	return exec.Methods{
		Str: exec.NewMethodSet(map[string]exec.Method[string]{
			"lower":      text(func(s, _ string) any { return strings.ToLower(s) }),
			"upper":      text(func(s, _ string) any { return strings.ToUpper(s) }),
			"strip":      text(func(s, _ string) any { return strings.TrimSpace(s) }),
			"startswith": text(func(s, with string) any { return strings.HasPrefix(s, with) }),
			"endswith":   text(func(s, with string) any { return strings.HasSuffix(s, with) }),
			"split":      text(split),
		}),
		Dict:  exec.NewMethodSet(map[string]exec.Method[map[string]any]{"get": get}),
		List:  exec.NewMethodSet(map[string]exec.Method[[]any]{}),
		Bool:  exec.NewMethodSet(map[string]exec.Method[bool]{}),
		Int:   exec.NewMethodSet(map[string]exec.Method[int]{}),
		Float: exec.NewMethodSet(map[string]exec.Method[float64]{}),
	}
}

func split(s, at string) any {
	var parts []string
	if at == "" {
		parts = strings.Fields(s)
	} else {
		parts = strings.Split(s, at)
	}
	l := make(list, len(parts))
	for i, p := range parts {
		l[i] = p
	}
	return l
}

// get is value_json.get("key", default). Without a default, what is absent stays absent
// and is not None, which would be false.
func get(_ map[string]any, self *exec.Value, args *exec.VarArgs) (any, error) {
	o, is := self.Interface().(object)
	if !is || len(args.Args) == 0 || len(args.Args) > 2 {
		return nil, errors.New("get takes a key and a default")
	}
	if value, has := o[args.First().String()]; has {
		return value, nil
	}
	if len(args.Args) == 2 {
		return args.Args[1].Interface(), nil
	}
	return absent{strconv.Quote(args.First().String())}, nil
}
