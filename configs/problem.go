package configs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing that is wrong in a configuration. The error of Load
// joins all of them; errors.AsType finds the first.
type Problem struct {
	File  string // the file, or the environment variable
	Line  int    // 0 where there is none
	Key   string // such as emergency.routes[0].steps[1].within
	Value string // as it was written; empty where nothing was
	Hint  string // what is wrong with it and what to write instead
}

// Error tells file, line, key, value and hint on one line.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	if p.Value != "" {
		fmt.Fprintf(&b, "%q ", p.Value)
	}
	b.WriteString(p.Hint)
	return b.String()
}

// problems collects what is wrong with a document.
type problems struct {
	doc    *document
	list   []*Problem
	silent []string
}

// quiet says that a problem of path would only repeat another one: a key that
// was misspelt is not missing as well.
func (p *problems) quiet(path string) { p.silent = append(p.silent, path) }

// add notes a problem of the key at path; a key has one problem at a time, so
// that a value that could not be read is not also called missing.
func (p *problems) add(path, value, format string, args ...any) {
	if p.about(path) {
		return
	}
	file, line := p.doc.place(path)
	p.list = append(p.list, &Problem{
		File: file, Line: line, Key: path, Value: value, Hint: fmt.Sprintf(format, args...),
	})
}

// about reports whether path, or what holds it, already has a problem.
func (p *problems) about(path string) bool {
	return slices.Contains(p.silent, path) || slices.ContainsFunc(p.list, func(known *Problem) bool {
		rest, ok := strings.CutPrefix(path, known.Key)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// ofTheWhole reports whether something is wrong with the file as such.
func (p *problems) ofTheWhole() bool {
	return slices.ContainsFunc(p.list, func(known *Problem) bool { return known.Key == "" })
}

// join is all problems as one error in the order of the file, or nil.
func (p *problems) join() error {
	slices.SortStableFunc(p.list, func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(p.list))
	for i, problem := range p.list {
		errs[i] = problem
	}
	return errors.Join(errs...)
}
