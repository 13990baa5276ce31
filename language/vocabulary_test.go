package language

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// families says under which keys a word of a type of package ucare has its
// texts. Its source is read, so that a new constant without a text fails.
var families = map[string][]string{
	"Kind":       {"kind.*"},
	"Rule":       {"rule.*", "alarm.*"},
	"Verb":       {"verb.*"},
	"Fact":       {"fact.*"},
	"Supervised": {"supervised.*"},
	"FaultCode":  {"fault.*.title", "fault.*.meaning", "fault.*.action"},
}

// measured kinds have a value and no state.
var measured = map[string]bool{
	"temperature": true, "smoke_density": true, "carbon_monoxide_level": true, "acceleration": true,
}

func TestEveryWordOfTheVocabularyHasATextInEveryLanguage(t *testing.T) {
	words := vocabulary(t)
	for typeName, keys := range families {
		if len(words[typeName]) == 0 {
			t.Errorf("no constant of type %s was found; has it been renamed?", typeName)
		}
		for _, word := range words[typeName] {
			keys := keys
			if typeName == "Kind" && !measured[word] {
				keys = append(keys[:len(keys):len(keys)], "state.*.active", "state.*.inactive")
			}
			for _, key := range keys {
				key = strings.ReplaceAll(key, "*", word)
				for _, l := range All() {
					if !l.has(key) {
						t.Errorf("%s.json has no text %q", l, key)
					}
				}
			}
		}
	}
}

// The outcomes that the reference centre offers; any other is shown as it came.
func TestEveryOutcomeOfTheCentreHasAText(t *testing.T) {
	words := constants(t, "../emergency/center/*.go")["Outcome"]
	if len(words) == 0 {
		t.Error("no constant of type Outcome was found; has it been renamed?")
	}
	for _, word := range words {
		if got := (Language{}).Text("outcome." + word); got == "outcome."+word {
			t.Errorf("the outcome %q has no text", word)
		}
	}
}

// What a speaker in the home says about each decision that the resident hears of:
// faults and concerns are for the caregivers, a confirmation for the centre.
func TestEveryDecisionCanBeAnnounced(t *testing.T) {
	words := vocabulary(t)
	for _, verb := range words["Verb"] {
		for _, rule := range words["Rule"] {
			if slices.Contains([]string{"confirm", "fault", "concern", "settled"}, verb) ||
				slices.Contains([]string{"supervision", "check_in", "night_out", "climate", "water_leak"}, rule) {
				continue
			}
			for _, l := range All() {
				if key := "announce." + verb + "." + rule; !l.has(key) {
					t.Errorf("%s.json has no text %q", l, key)
				}
			}
		}
	}
}

// vocabulary reads the string constants of package ucare by their type.
func vocabulary(t *testing.T) map[string][]string { return constants(t, "../*.go") }

// constants reads the string constants of the files by their type.
func constants(t *testing.T, pattern string) map[string][]string {
	t.Helper()
	sources, err := filepath.Glob(pattern)
	if err != nil || len(sources) == 0 {
		t.Fatalf("find the source at %s: %v, %d files", pattern, err, len(sources))
	}
	words := make(map[string][]string)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for node := range ast.Preorder(file) {
			spec, ok := node.(*ast.ValueSpec)
			if !ok {
				continue
			}
			typeName, ok := spec.Type.(*ast.Ident)
			if !ok {
				continue
			}
			for _, v := range spec.Values {
				if literal, ok := v.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					word, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					words[typeName.Name] = append(words[typeName.Name], word)
				}
			}
		}
	}
	return words
}
