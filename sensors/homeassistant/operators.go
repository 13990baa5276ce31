package homeassistant

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	controlStructures "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// The engine's own operators guess: to it "9" > 5 compares texts, a missing number is 0, "x" * 1e9 is
// a gigabyte, and true == 1 is false, which would make an "off" of a smoke that is true. So each operator in a
// template is replaced by a filter of its name that does as Python does, and so is each list that a template writes out.

// bindOperators replaces the operators in a template.
// It finds what templates of sensors have no use for as well.
func bindOperators(root *nodes.Template, in *exec.Environment) error {
	b := &binder{filters: in.Filters, tests: in.Tests, functions: in.Context}
	b.nodes(root.Nodes)
	return b.err
}

type binder struct {
	filters   *exec.FilterSet
	tests     *exec.TestSet
	functions *exec.Context
	depth     int
	err       error
}

// known notes a name that nothing has.
func (b *binder) known(what, name string, is bool) {
	if !is && b.err == nil {
		b.err = fmt.Errorf("the %s %q is not known here", what, name)
	}
}

func (b *binder) nodes(all []nodes.Node) {
	for _, n := range all {
		switch n := n.(type) {
		case *nodes.Output:
			n.Expression, n.Condition, n.Alternative = b.bind(n.Expression), b.bind(n.Condition), b.bind(n.Alternative)
		case *nodes.ControlStructureBlock:
			b.statement(n.ControlStructure)
		case *nodes.Data, *nodes.Comment:
		default:
			b.err = fmt.Errorf("%T is not for templates of sensors", n)
		}
	}
}

func (b *binder) statement(s nodes.ControlStructure) {
	switch s := s.(type) {
	case *controlStructures.IfControlStructure:
		b.all(s.Conditions)
		for _, w := range s.Wrappers {
			b.nodes(w.Nodes)
		}
	case *assignment:
		s.value, s.condition, s.alternative = b.bind(s.value), b.bind(s.condition), b.bind(s.alternative)
	default:
		b.err = fmt.Errorf("%T is not for templates of sensors", s)
	}
}

func (b *binder) all(list []nodes.Expression) {
	for i := range list {
		list[i] = b.bind(list[i])
	}
}

func (b *binder) named(list map[string]nodes.Expression) {
	for name := range list {
		list[name] = b.bind(list[name])
	}
}

// node binds an operand that the engine holds as a plain node.
func (b *binder) node(n nodes.Node) nodes.Node {
	if e, is := n.(nodes.Expression); is {
		return b.bind(e)
	}
	return n
}

// bind gives the expression with its operators replaced.
func (b *binder) bind(e nodes.Expression) nodes.Expression {
	if b.depth++; b.depth > maxDepth {
		b.err = errTooDeep
		return e
	}
	defer func() { b.depth-- }()
	switch e := e.(type) {
	case nil:
		return nil
	case *nodes.BinaryExpression:
		return b.operator(e)
	case *nodes.Negation:
		e.Term = b.bind(e.Term)
	case *nodes.UnaryExpression:
		e.Term = b.bind(e.Term)
	case *nodes.FilteredExpression:
		e.Expression = b.bind(e.Expression)
		for _, f := range e.Filters {
			b.known("filter", f.Name, b.filters.Exists(f.Name))
			b.all(f.Args)
			b.named(f.Kwargs)
		}
	case *nodes.TestExpression:
		e.Expression = b.bind(e.Expression)
		b.known("test", e.Test.Name, b.tests.Exists(e.Test.Name))
		b.all(e.Test.Args)
		b.named(e.Test.Kwargs)
	case *nodes.Call:
		if name, is := e.Func.(*nodes.Name); is {
			b.known("function", name.Name.Val, b.functions.Has(name.Name.Val))
		}
		e.Func, e.Parent = b.node(e.Func), b.node(e.Parent)
		b.all(e.Args)
		b.named(e.Kwargs)
	case *nodes.GetItem:
		e.Node, e.Arg = b.node(e.Node), b.node(e.Arg)
	case *nodes.GetAttribute:
		e.Node = b.node(e.Node)
	case *nodes.GetSlice:
		e.Node, e.Start, e.End, e.Step = b.node(e.Node), b.node(e.Start), b.node(e.End), b.node(e.Step)
	case *nodes.List:
		return b.list(e.Location, e.Val)
	case *nodes.Tuple:
		return b.list(e.Location, e.Val)
	case *nodes.String, *nodes.Integer, *nodes.Float, *nodes.Bool, *nodes.None, *nodes.Name:
	default:
		b.err = fmt.Errorf("%T is not for templates of sensors", e)
	}
	return e
}

// listName is what the filter is called that makes a list: nothing that a template could write.
const listName = "a list"

// list makes a filter of a list that is written out, so that its size is bounded.
func (b *binder) list(at *tokens.Token, items []nodes.Expression) nodes.Expression {
	b.all(items)
	return &nodes.FilteredExpression{
		Expression: &nodes.Bool{Location: at, Val: true},
		Filters:    []*nodes.FilterCall{{Token: at, Name: listName, Args: items}},
	}
}

// operator makes a filter of an operator. What the engine does itself, it does
// like Python: and, or. What it does not is 0 < x < 5, which it takes for (0 < x) < 5.
func (b *binder) operator(e *nodes.BinaryExpression) nodes.Expression {
	if isComparison(e) && (isComparison(e.Left) || isComparison(e.Right)) {
		b.err = errors.New("compare two things at a time, with and between the comparisons")
	}
	e.Left, e.Right = b.bind(e.Left), b.bind(e.Right)
	name := e.Operator.Token.Val
	if _, ours := operators()[name]; !ours {
		return e
	}
	return &nodes.FilteredExpression{
		Expression: e.Left,
		Filters:    []*nodes.FilterCall{{Token: e.Operator.Token, Name: name, Args: []nodes.Expression{e.Right}}},
	}
}

func isComparison(e nodes.Expression) bool {
	b, is := e.(*nodes.BinaryExpression)
	return is && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">=", "in"}, b.Operator.Token.Val)
}

// operators by the sign that a template has for them.
func operators() map[string]func(a, b *exec.Value) (any, error) {
	return map[string]func(a, b *exec.Value) (any, error){
		"==": func(a, b *exec.Value) (any, error) { return equal(a, b), nil },
		"!=": func(a, b *exec.Value) (any, error) { return !equal(a, b), nil },
		"in": func(a, b *exec.Value) (any, error) { return within(a, b) },
		"+":  add, "~": join,
		"-":  arithmetic(func(a, b float64) float64 { return a - b }, true),
		"*":  arithmetic(func(a, b float64) float64 { return a * b }, true),
		"/":  arithmetic(func(a, b float64) float64 { return a / b }, false),
		"//": arithmetic(func(a, b float64) float64 { return math.Floor(a / b) }, true),
		"%":  arithmetic(func(a, b float64) float64 { return a - b*math.Floor(a/b) }, true),
		"**": arithmetic(math.Pow, true),
		"<":  compare(func(order int) bool { return order < 0 }), "<=": compare(func(order int) bool { return order <= 0 }),
		">": compare(func(order int) bool { return order > 0 }), ">=": compare(func(order int) bool { return order >= 0 }),
	}
}

// numeric is a value's number; as in Python, true and false are 1 and 0, and a text is none.
func numeric(v *exec.Value) (float64, bool) {
	switch {
	case v.IsBool():
		if v.Bool() {
			return 1, true
		}
		return 0, true
	case v.IsNumber():
		return v.Float(), true
	default:
		return 0, false
	}
}

// arithmetic is an operator on two numbers; whole: of two whole ones it gives a whole one.
func arithmetic(compute func(a, b float64) float64, whole bool) func(a, b *exec.Value) (any, error) {
	return func(a, b *exec.Value) (any, error) {
		x, isX := numeric(a)
		y, isY := numeric(b)
		if !isX || !isY {
			return nil, fmt.Errorf("cannot compute with %s and %s: not both are numbers", shown(a), shown(b))
		}
		result := compute(x, y)
		if math.IsNaN(result) || math.IsInf(result, 0) {
			return nil, fmt.Errorf("computing with %s and %s gives no number", shown(a), shown(b))
		}
		if whole && !a.IsFloat() && !b.IsFloat() && result == math.Trunc(result) && math.Abs(result) < 1<<53 {
			return int(result), nil
		}
		return result, nil
	}
}

func add(a, b *exec.Value) (any, error) {
	if a.IsString() && b.IsString() {
		return join(a, b)
	}
	return arithmetic(func(a, b float64) float64 { return a + b }, true)(a, b)
}

func join(a, b *exec.Value) (any, error) {
	text := a.String() + b.String()
	if len(text) > maxText {
		return nil, errTooLong
	}
	return text, nil
}

// equal is ==: true is 1 and false is 0, and a text is no number.
func equal(a, b *exec.Value) bool {
	x, isX := numeric(a)
	y, isY := numeric(b)
	switch {
	case a.IsInteger() && b.IsInteger():
		return a.Integer() == b.Integer()
	case isX || isY:
		return isX && isY && x == y
	default:
		return a.EqualValueTo(b)
	}
}

// within is in: an item of a list, a key of an object, a part of a text.
func within(a, b *exec.Value) (bool, error) {
	switch in := b.Interface().(type) {
	case list:
		return slices.ContainsFunc(in, func(item any) bool {
			v := exec.ToValue(item)
			return !v.IsError() && equal(a, v)
		}), nil
	case object:
		_, has := in[a.String()]
		return has && a.IsString(), nil
	}
	if !a.IsString() || !b.IsString() {
		return false, fmt.Errorf("cannot look for %s in %s", shown(a), shown(b))
	}
	return strings.Contains(b.String(), a.String()), nil
}

func compare(is func(order int) bool) func(a, b *exec.Value) (any, error) {
	return func(a, b *exec.Value) (any, error) {
		if a.IsString() && b.IsString() {
			return is(strings.Compare(a.String(), b.String())), nil
		}
		x, isX := numeric(a)
		y, isY := numeric(b)
		switch {
		case !isX || !isY || math.IsNaN(x) || math.IsNaN(y):
			return nil, fmt.Errorf("cannot compare %s with %s", shown(a), shown(b))
		case x < y:
			return is(-1), nil
		case x > y:
			return is(1), nil
		default:
			return is(0), nil
		}
	}
}

// shown is a value as a person recognises it.
func shown(v *exec.Value) string {
	text := v.String()
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:40], "") + "…"
	}
	if v.IsString() {
		return fmt.Sprintf("the text %q", text)
	}
	return text
}

// statements are if and set.
func statements() *exec.ControlStructureSet {
	whether, _ := controlStructures.All.Get("if")
	return exec.NewControlStructureSet(map[string]parser.ControlStructureParser{"if": whether, "set": parseAssignment})
}

// assignment is {% set name = value %}. It is our own because the engine's hides its
// expressions, whose operators have to be replaced: without that, {% set x = x ~ x %} thirty times is a gigabyte.
type assignment struct {
	at                            *tokens.Token
	name                          string
	value, condition, alternative nodes.Expression
}

func (a *assignment) Position() *tokens.Token { return a.at }
func (a *assignment) String() string          { return "set " + a.name }

// Execute implements exec.ControlStructure.
func (a *assignment) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	from := a.value
	if a.condition != nil {
		condition := r.Eval(a.condition)
		if condition.IsError() {
			return root(condition)
		}
		if !condition.IsTrue() {
			from = a.alternative
		}
	}
	value := r.Eval(from)
	if value.IsError() {
		return root(value)
	}
	r.Environment.Context.Set(a.name, value.Interface())
	return nil
}

func parseAssignment(p, args *parser.Parser) (nodes.ControlStructure, error) {
	a := &assignment{at: p.Current()}
	target, err := args.ParseVariableOrLiteral()
	if err != nil {
		return nil, err
	}
	name, is := target.(*nodes.Name)
	if !is || args.Match(tokens.Assign) == nil {
		return nil, errors.New("set must be of the form {% set name = value %}")
	}
	a.name = name.Name.Val
	if a.value, err = args.ParseExpression(); err != nil {
		return nil, err
	}
	if a.condition, a.alternative, err = args.ParseCondition(); err != nil {
		return nil, err
	}
	if !args.End() || (a.condition != nil) != (a.alternative != nil) {
		return nil, errors.New("set must be of the form {% set name = value %}")
	}
	return a, nil
}

// tests are what stands behind "is". All but defined and undefined are errors on
// what is absent.
func tests() *exec.TestSet {
	all := map[string]exec.TestFunction{
		"defined":   whetherAbsent(false),
		"undefined": whetherAbsent(true),
		"none":      whetherNone,
		"match":     test(func(in *exec.Value, args []*exec.Value) (bool, error) { return matches(`\A(?:%s)`, in, args) }),
		"search":    test(func(in *exec.Value, args []*exec.Value) (bool, error) { return matches(`%s`, in, args) }),
		"true":      test(func(in *exec.Value, _ []*exec.Value) (bool, error) { return in.IsBool() && in.Bool(), nil }),
		"false":     test(func(in *exec.Value, _ []*exec.Value) (bool, error) { return in.IsBool() && !in.Bool(), nil }),
		"in": test(func(in *exec.Value, args []*exec.Value) (bool, error) {
			if len(args) != 1 {
				return false, errors.New("in takes one thing to look in")
			}
			return within(in, args[0])
		}),
	}
	for name, is := range map[string]func(*exec.Value) bool{
		"boolean": (*exec.Value).IsBool, "number": (*exec.Value).IsNumber, "integer": (*exec.Value).IsInteger,
		"float": (*exec.Value).IsFloat, "string": (*exec.Value).IsString, "mapping": (*exec.Value).IsDict,
	} {
		all[name] = test(func(in *exec.Value, _ []*exec.Value) (bool, error) { return is(in), nil })
	}
	for _, name := range []string{"eq", "equalto", "=="} {
		all[name] = test(func(in *exec.Value, args []*exec.Value) (bool, error) {
			return len(args) == 1 && equal(in, args[0]), nil
		})
	}
	for _, name := range []string{"ne", "!="} {
		all[name] = test(func(in *exec.Value, args []*exec.Value) (bool, error) {
			return len(args) == 1 && !equal(in, args[0]), nil
		})
	}
	return exec.NewTestSet(all)
}

func whetherAbsent(want bool) exec.TestFunction {
	return func(_ *exec.Context, in *exec.Value, _ *exec.VarArgs) (bool, error) {
		missing := absent{}
		return (in.IsError() && errors.As(root(in), &missing)) == want, nil
	}
}

func whetherNone(c *exec.Context, in *exec.Value, _ *exec.VarArgs) (bool, error) {
	none := null{}
	if in.IsError() && !errors.As(root(in), &none) {
		keepCause(c, in)
		return false, root(in)
	}
	return in.IsError() || in.IsNil(), nil
}

// test is a test of a value that is there.
func test(of func(in *exec.Value, args []*exec.Value) (bool, error)) exec.TestFunction {
	return func(c *exec.Context, in *exec.Value, args *exec.VarArgs) (bool, error) {
		if in.IsError() {
			keepCause(c, in)
			return false, root(in)
		}
		return of(in, args.Args)
	}
}

// matches looks for a regular expression in a text.
func matches(form string, in *exec.Value, args []*exec.Value) (bool, error) {
	if len(args) == 0 {
		return false, errors.New("what to look for is missing")
	}
	expression, err := regular(form, args[0].String(), in.String())
	if err != nil {
		return false, err
	}
	return expression.MatchString(in.String()), nil
}
