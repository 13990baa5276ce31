package ucare_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

const module = "github.com/ucare-project/ucare"

// mayImport says which packages of this module each package may import: its
// one place in the house. "…/*" stands for the folders below; a package that
// is not here is not in the house yet. Tests may import what they test with.
var mayImport = map[string][]string{
	".":                 {},
	"rules":             {"."},
	"language":          {"."},
	"voice":             {".", "language"},
	"configs":           {"."},
	"sqlite":            {},
	"journal":           {".", "sqlite"},
	"activity":          {"."},
	"history":           {".", "activity", "history/*"},
	"history/*":         {".", "activity", "sqlite"},
	"sensors":           {"."},
	"sensors/*":         {".", "sensors"},
	"emergency":         {"."},
	"emergency/links/*": {".", "emergency"},
	"emergency/center":  {".", "emergency", "sqlite", "language"},
	"caregiver":         {".", "language", "activity"},
	"gateway": {
		".", "rules", "language", "configs", "journal", "activity", "history", "history/*", "caregiver", "voice",
		"sensors", "sensors/*", "emergency", "emergency/links/*",
	},
	// The real programs against real peers, and the bench that measures them.
	"acceptance":        {".", "emergency", "emergency/center", "configs"},
	"acceptance/*":      {".", "acceptance", "acceptance/*", "emergency", "emergency/center", "configs"},
	"acceptance/corpus": {".", "configs", "sensors", "gateway"},
	// How both stores of the history are measured, and what Grafana is shown of them.
	"acceptance/stores":    {".", "acceptance", "acceptance/*", "activity", "history", "history/*"},
	"acceptance/dashboard": {".", "acceptance", "acceptance/*", "activity", "history", "history/*"},
	// What devices of other programs say, and what the decoders make of it.
	"acceptance/definitions": {".", "sensors", "sensors/*"},
	"acceptance/zigbee":      {".", "sensors", "sensors/*"},
	// Homes that do not exist, for the test that folds them as the daemon does.
	"acceptance/simulation": {".", "rules"},
	"cmd/*": {
		".", "rules", "language", "configs", "journal", "activity", "history", "history/*", "caregiver",
		"sensors", "sensors/*", "emergency", "emergency/links/*", "emergency/center", "gateway",
	},
}

// pure is what rules may import of the standard library.
var pure = []string{"cmp", "fmt", "iter", "maps", "math", "slices", "strings", "time"}

// A check looks at all sources and says what is wrong; the example is a
// source that it must complain about.
type check struct {
	rule    string
	find    func(house) []string
	example fstest.MapFS
}

var checks = []check{
	{
		"the vocabulary knows only the standard library", onlyStandardInRoot,
		files("ucare.go", `package ucare; import _ "github.com/spf13/viper"`),
	},
	{
		"rules only decides", onlyPureInRules,
		files("rules/fire.go", `package rules; import _ "net/http"`),
	},
	{
		"rules has no clock of its own", noClockInRules,
		files("rules/fire.go", `package rules; import "time"; var started = time.Now()`),
	},
	{
		"rules starts no goroutine", noGoroutineInRules,
		files("rules/fire.go", `package rules; func f() { go f() }`),
	},
	{
		"packages import only what their place allows", importsByPlace,
		files("history/store.go", `package history; import _ "github.com/ucare-project/ucare/journal"`),
	},
	{
		"every package has its place", everyPackageHasItsPlace,
		files("telephony/call.go", `package telephony`),
	},
	{
		"only tests import testing", testingInTestsOnly,
		files("sensors/fake.go", `package sensors; import _ "testing/fstest"`),
	},
	{
		"no folder for things without a name", namedFolders,
		files("sensors/internal/x.go", `package internal`),
	},
	{
		"every package says what it is for", packageComments,
		files("sensors/doc.go", "// Package sensors.\npackage sensors"),
	},
	{
		"an alarm is called an alarm", ourWords,
		files("emergency/link.go", `package emergency; type SmokeAlert struct{}`),
	},
	{
		"tests do not sleep", noSleepInTests,
		files("journal/journal_test.go", `package journal; import "time"; func TestX() { time.Sleep(1) }`),
	},
}

func TestArchitecture(t *testing.T) {
	h := open(t, os.DirFS("."))
	if len(h) < 5 {
		t.Fatalf("found only %d files", len(h))
	}
	for _, c := range checks {
		t.Run(c.rule, func(t *testing.T) {
			for _, complaint := range c.find(h) {
				t.Error(complaint)
			}
		})
	}
}

// A check that cannot fail checks nothing.
func TestEachCheckOfTheArchitectureCanFail(t *testing.T) {
	for _, c := range checks {
		t.Run(c.rule, func(t *testing.T) {
			complaints := c.find(open(t, c.example))
			if len(complaints) == 0 {
				t.Errorf("it finds nothing wrong in %v", c.example)
			}
			t.Log(complaints)
		})
	}
}

// More that must be found, and what must be left alone.
func TestTheChecksOfTheArchitecture(t *testing.T) {
	tests := []struct {
		find func(house) []string
		src  fstest.MapFS
		want int
	}{
		{importsByPlace, files("caregiver/page.go", `package caregiver; import _ "github.com/ucare-project/ucare/sqlite"`), 1},
		{importsByPlace, files("configs/load.go", `package configs; import _ "github.com/ucare-project/ucare/sensors/broker"`), 1},
		{importsByPlace, files("emergency/send.go", `package emergency; import _ "github.com/ucare-project/ucare/emergency/center"`), 1},
		{importsByPlace, files("sensors/broker/broker.go", `package broker; import _ "github.com/ucare-project/ucare/sensors/client"`), 1},
		{importsByPlace, files("journal/journal.go", `package journal; import _ "github.com/ucare-project/ucare/gateway"`), 1},
		{importsByPlace, files("rules/fire.go", `package rules; import _ "github.com/ucare-project/ucare/language"`), 1},
		{importsByPlace, files("gateway/watch.go", `package gateway; import (_ "github.com/ucare-project/ucare/journal"; _ "github.com/ucare-project/ucare/sensors/broker")`), 0},
		{importsByPlace, files("journal/journal_test.go", `package journal_test; import _ "github.com/ucare-project/ucare/gateway"`), 0},
		{onlyPureInRules, files("rules/fire_test.go", `package rules; import _ "os"`), 0},
		{noClockInRules, files("rules/fire.go", `package rules; import clock "time"; func f() { clock.AfterFunc(1, f) }`), 1},
		{noClockInRules, files("rules/fire.go", `package rules; import "time"; var d = time.Hour`), 0},
		{everyPackageHasItsPlace, files("emergency/links/scaip/sip.go", `package scaip`, "cmd/ucare/main.go", `package main`), 0},
		{everyPackageHasItsPlace, files("acceptance/chain_test.go", `package acceptance_test`), 0},
		{packageComments, files("a/a.go", `package a`), 1},
		{packageComments, files("a/doc.go", "// Package a tells the time to those who ask.\npackage a", "a/a.go", `package a`), 0},
		{packageComments, files("a/a_test.go", `package a_test`), 0},
		{ourWords, files("a/a.go", `package a; type Sender struct { LastNotification int }; func (Sender) SendAlerts() {}; type I interface{ Alert() }`), 3},
		{ourWords, files("a/a.go", `package a; func Notify() {}; func Alertness() {}; func sendAlert() {}`), 0},
		{noSleepInTests, files("a/a_test.go", `package a; import ("testing/synctest"; "time"); func TestX() { synctest.Test(nil, func() { time.Sleep(1) }) }`), 0},
		{noSleepInTests, files("a/a_test.go", `package a; import ("testing/synctest"; "time"); func TestX() { synctest.Wait(); time.Sleep(1) }`), 1},
		{noSleepInTests, files("a/a_test.go", bubbled+`func TestX() { bubble(func() { after() }) }`), 0},
		{noSleepInTests, files("a/a_test.go", bubbled+`func TestX() { bubble(func() { after() }); after() }`), 1},
		{noSleepInTests, files("a/a_test.go", bubbled, "a/b_test.go", `package a; type h struct{}; func (h) wait() { after() }; func FuzzX() { h{}.wait() }`), 1},
		{noSleepInTests, files("a/a_test.go", bubbled, "a/b_test.go", `package a; type h struct{}; func (h) wait() { after() }; func TestX() { wait := 1; _ = wait }`), 0},
		{noSleepInTests, files("a/a.go", `package a; import "time"; func TestX() { time.Sleep(1) }`), 0},
	}
	for _, test := range tests {
		if got := test.find(open(t, test.src)); len(got) != test.want {
			t.Errorf("%v\nhas %d complaints, want %d: %q", test.src, len(got), test.want, got)
		}
	}
}

const bubbled = `package a
import ("testing/synctest"; "time")
func bubble(do func()) { synctest.Test(nil, do) }
func after() { time.Sleep(1) }
`

// A source is one parsed Go file of the package in a folder.
type source struct {
	folder string // "." is the root
	path   string
	*ast.File
}

type house []source

// files builds a small house of name, text pairs.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for pair := range slices.Chunk(pairs, 2) {
		fsys[pair[0]] = &fstest.MapFile{Data: []byte(pair[1])}
	}
	return fsys
}

// open parses every Go file below the root, whatever it is built for.
func open(t *testing.T, fsys fs.FS) house {
	t.Helper()
	var h house
	set := token.NewFileSet()
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
		h = append(h, source{path.Dir(name), name, file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// built are the sources that are in the program.
func (h house) built() house {
	return slices.DeleteFunc(slices.Clone(h), source.isTest)
}

// in are the sources of one folder.
func (h house) in(folder string) house {
	return slices.DeleteFunc(slices.Clone(h), func(s source) bool { return s.folder != folder })
}

func (s source) imports() []string {
	var paths []string
	for _, spec := range s.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// isStandard: only the standard library has no dot in its first element.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// ours is the folder of an import of this module.
func ours(importPath string) (folder string, ok bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// placeOf is the entry of mayImport for a folder, or "".
func placeOf(folder string) string {
	for _, place := range []string{folder, path.Dir(folder) + "/*"} {
		if _, ok := mayImport[place]; ok {
			return place
		}
	}
	return ""
}

func onlyStandardInRoot(h house) (complaints []string) {
	for _, s := range h.built().in(".") {
		for _, p := range s.imports() {
			if !isStandard(p) {
				complaints = append(complaints, fmt.Sprintf("%s imports %s; the vocabulary knows only the standard library", s.path, p))
			}
		}
	}
	return complaints
}

func onlyPureInRules(h house) (complaints []string) {
	for _, s := range h.built().in("rules") {
		for _, p := range s.imports() {
			if p != module && !slices.Contains(pure, p) {
				complaints = append(complaints, fmt.Sprintf("%s imports %s; it may only decide (%s and the vocabulary)", s.path, p, strings.Join(pure, ", ")))
			}
		}
	}
	return complaints
}

func noClockInRules(h house) (complaints []string) {
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Local"}
	for _, s := range h.built().in("rules") {
		for _, name := range s.uses("time") {
			if slices.Contains(clock, name) {
				complaints = append(complaints, fmt.Sprintf("%s uses time.%s; rules are told the time", s.path, name))
			}
		}
	}
	return complaints
}

func noGoroutineInRules(h house) (complaints []string) {
	for _, s := range h.built().in("rules") {
		ast.Inspect(s.File, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				complaints = append(complaints, s.path+" starts a goroutine; rules only fold")
			}
			return true
		})
	}
	return complaints
}

// uses lists the names that a file takes from an imported package.
func (s source) uses(importPath string) []string {
	var names []string
	local := s.localName(importPath)
	ast.Inspect(s.File, func(n ast.Node) bool {
		if name, ok := selected(n, local); ok {
			names = append(names, name)
		}
		return true
	})
	return names
}

// localName is how the file calls an imported package, or "" if it does not import it.
func (s source) localName(importPath string) string {
	for _, spec := range s.Imports {
		if spec.Path.Value != strconv.Quote(importPath) {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

// selected is Name if n is the expression local.Name.
func selected(n ast.Node, local string) (name string, ok bool) {
	selector, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	x, ok := selector.X.(*ast.Ident)
	return selector.Sel.Name, ok && local != "" && x.Name == local
}

func importsByPlace(h house) (complaints []string) {
	for _, s := range h.built() {
		place := placeOf(s.folder)
		if place == "" {
			continue // everyPackageHasItsPlace says so
		}
		for _, p := range s.imports() {
			folder, ok := ours(p)
			if ok && !slices.Contains(mayImport[place], placeOf(folder)) {
				complaints = append(complaints, fmt.Sprintf("%s imports %s; %s may import only %s", s.path, folder, s.folder, mayImport[place]))
			}
		}
	}
	return complaints
}

func everyPackageHasItsPlace(h house) (complaints []string) {
	for _, s := range h.built() {
		if placeOf(s.folder) == "" {
			complaints = append(complaints, fmt.Sprintf("%s: package %s is not in the house; say in mayImport what it may know", s.path, s.folder))
		}
	}
	return complaints
}

func testingInTestsOnly(h house) (complaints []string) {
	for _, s := range h.built() {
		for _, p := range s.imports() {
			if p == "testing" || strings.HasPrefix(p, "testing/") {
				complaints = append(complaints, fmt.Sprintf("%s imports %s; that belongs in a _test.go file", s.path, p))
			}
		}
	}
	return complaints
}

func namedFolders(h house) (complaints []string) {
	nameless := []string{"internal", "pkg", "util", "utils", "type", "types", "common", "helper", "helpers"}
	for _, s := range h {
		for folder := range strings.SplitSeq(s.folder, "/") {
			if slices.Contains(nameless, folder) {
				complaints = append(complaints, fmt.Sprintf("%s: %q says nothing about what is in it", s.path, folder))
			}
		}
	}
	return complaints
}

// packageComments wants a sentence: beyond "Package x" at least five words and
// a full stop.
func packageComments(h house) (complaints []string) {
	comments := map[string]string{}
	for _, s := range h.built() {
		comments[s.folder] += s.Doc.Text()
	}
	for folder, comment := range comments {
		if len(strings.Fields(comment)) < 7 || !strings.Contains(comment, ".") {
			complaints = append(complaints, fmt.Sprintf("package %s has no comment that tells a newcomer what it is for: %q", folder, comment))
		}
	}
	slices.Sort(complaints)
	return complaints
}

// ourWords looks at every exported name, fields and methods included.
func ourWords(h house) (complaints []string) {
	for _, s := range h.built() {
		for _, name := range declared(s.File) {
			if !ast.IsExported(name) {
				continue
			}
			for _, word := range words(name) {
				if slices.Contains([]string{"Alert", "Alerts", "Notification", "Notifications"}, word) {
					complaints = append(complaints, fmt.Sprintf("%s: %s; what needs a human is an alarm, what is sent is a report", s.path, name))
				}
			}
		}
	}
	return complaints
}

// declared lists the names a file declares at its top level, with the fields
// and methods of its types.
func declared(file *ast.File) (names []string) {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			names = append(names, decl.Name.Name)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				names = append(names, inSpec(spec)...)
			}
		}
	}
	return names
}

func inSpec(spec ast.Spec) (names []string) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			names = append(names, name.Name)
		}
	case *ast.TypeSpec:
		names = append(names, spec.Name.Name)
		ast.Inspect(spec.Type, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok {
				for _, name := range field.Names {
					names = append(names, name.Name)
				}
			}
			return true
		})
	}
	return names
}

// words splits a name at its capitals: LastAlert is Last and Alert.
func words(name string) (words []string) {
	start := 0
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			words = append(words, name[start:i])
			start = i
		}
	}
	return append(words, name[start:])
}

// noSleepInTests allows time.Sleep only inside a synctest bubble, where it takes
// no time; anywhere else it makes a test slow or flaky. It follows calls by name
// through the helpers of a package.
func noSleepInTests(h house) (complaints []string) {
	folders := map[string]house{}
	for _, s := range h {
		if s.isTest() {
			folders[s.folder] = append(folders[s.folder], s)
		}
	}
	for folder, tests := range folders {
		for _, name := range tests.sleepers() {
			if strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") || strings.HasPrefix(name, "Benchmark") {
				complaints = append(complaints, fmt.Sprintf("%s: %s comes to time.Sleep outside a synctest bubble; wait for what you wait for", folder, name))
			}
		}
	}
	slices.Sort(complaints)
	return complaints
}

// sleepers names the functions of one package's tests that sleep for real,
// themselves or through a function they mention.
func (h house) sleepers() []string {
	bubbles := []string{"synctest.Test"}
	h.functions(func(s source, f *ast.FuncDecl) {
		if takesFunction(f) && slices.Contains(s.mentions(f, nil), "synctest.Test") {
			bubbles = append(bubbles, called(f))
		}
	})
	sleepers := []string{"time.Sleep"}
	for known := 0; known < len(sleepers); {
		known = len(sleepers)
		h.functions(func(s source, f *ast.FuncDecl) {
			sleeps := slices.ContainsFunc(s.mentions(f, bubbles), func(name string) bool { return slices.Contains(sleepers, name) })
			if name := called(f); sleeps && !slices.Contains(sleepers, name) {
				sleepers = append(sleepers, name)
			}
		})
	}
	return sleepers
}

func (h house) functions(do func(source, *ast.FuncDecl)) {
	for _, s := range h {
		for _, decl := range s.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
				do(s, f)
			}
		}
	}
}

// called is how a function is mentioned: a method with a dot before its name.
func called(f *ast.FuncDecl) string {
	if f.Recv != nil {
		return "." + f.Name.Name
	}
	return f.Name.Name
}

// mentions lists the names in a function's body, without what is handed to the
// functions in except. time.Sleep and synctest.Test are named like that.
func (s source) mentions(f *ast.FuncDecl, except []string) (names []string) {
	clock, bubble := s.localName("time"), s.localName("testing/synctest")
	nameOf := func(n ast.Node) string {
		if name, ok := selected(n, clock); ok {
			return "time." + name
		}
		if name, ok := selected(n, bubble); ok {
			return "synctest." + name
		}
		switch n := n.(type) {
		case *ast.SelectorExpr:
			return "." + n.Sel.Name
		case *ast.Ident:
			return n.Name
		}
		return ""
	}
	var look func(n ast.Node) bool
	look = func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && slices.Contains(except, nameOf(call.Fun)) {
			return false
		}
		if name := nameOf(n); name != "" {
			names = append(names, name)
		}
		if selector, ok := n.(*ast.SelectorExpr); ok {
			ast.Inspect(selector.X, look) // its name was taken above
			return false
		}
		return true
	}
	ast.Inspect(f.Body, look)
	return names
}

func takesFunction(f *ast.FuncDecl) bool {
	return slices.ContainsFunc(f.Type.Params.List, func(p *ast.Field) bool {
		_, ok := p.Type.(*ast.FuncType)
		return ok
	})
}
