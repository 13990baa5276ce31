// Package language holds every text that people read: the pages, the sentences
// about alarms and evidence, and what a fault means and what to do about it.
//
// A language is one JSON file in this folder, named by its tag (en.json,
// ko.json); a further language is added by adding a file with the same keys.
// A test holds that every language has the same keys and parameters, and that
// every word of package ucare has a text in each of them.
package language

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed *.json
var files embed.FS

// fallback is the language of a reader whose own we do not have.
const fallback = "en"

// A Language is one of the languages of [All]. The zero value is English.
// Languages are comparable and safe for concurrent use.
type Language struct{ catalog *catalog }

type catalog struct {
	tag   string
	texts map[string]template
}

// catalogs are the embedded files, parsed once and never changed. A file that
// does not parse is a defect of the build, found by any test.
var catalogs = sync.OnceValue(func() map[string]*catalog {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("language: read the embedded files: %v", err))
	}
	all := make(map[string]*catalog, len(entries))
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			panic(fmt.Sprintf("language: read %s: %v", e.Name(), err))
		}
		tag := strings.TrimSuffix(e.Name(), path.Ext(e.Name()))
		texts, err := parseTexts(data)
		if err != nil {
			panic(fmt.Sprintf("language: %s: %v", e.Name(), err))
		}
		all[tag] = &catalog{tag: tag, texts: texts}
	}
	return all
})

// parseTexts flattens the nested objects of a file: {"kind":{"door":"door"}}
// becomes "kind.door".
func parseTexts(data []byte) (map[string]template, error) {
	var tree map[string]json.RawMessage
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	texts := make(map[string]template)
	return texts, flatten("", tree, texts)
}

func flatten(prefix string, tree map[string]json.RawMessage, to map[string]template) error {
	for name, raw := range tree {
		key := prefix + name
		var branch map[string]json.RawMessage
		if json.Unmarshal(raw, &branch) == nil {
			if err := flatten(key+".", branch, to); err != nil {
				return err
			}
			continue
		}
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return fmt.Errorf("%s is neither a text nor an object of texts: %w", key, err)
		}
		to[key] = parseTemplate(text)
	}
	return nil
}

// All returns every language, ordered by tag.
func All() []Language {
	var all []Language
	for _, c := range catalogs() {
		all = append(all, Language{c})
	}
	slices.SortFunc(all, func(a, b Language) int { return cmp.Compare(a.Tag(), b.Tag()) })
	return all
}

// Parse finds the language of a tag such as "ko" or "ko-KR".
func Parse(tag string) (Language, bool) {
	base, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(tag)), "_", "-"), "-")
	c, ok := catalogs()[base]
	return Language{c}, ok
}

// Match finds the reader's best language in an Accept-Language header. It is
// English when the header names none that we have.
func Match(acceptLanguage string) Language {
	return MatchOr(acceptLanguage, Language{catalogs()[fallback]})
}

// MatchOr is Match with another language for a header that names none that we
// have: the one that was configured.
func MatchOr(acceptLanguage string, otherwise Language) Language {
	best, weight := otherwise, 0.0
	for part := range strings.SplitSeq(acceptLanguage, ",") {
		tag, parameter, _ := strings.Cut(part, ";")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			parsed, err := strconv.ParseFloat(value, 64)
			if err != nil {
				continue
			}
			q = parsed
		}
		if l, ok := Parse(tag); ok && q > weight {
			best, weight = l, q
		}
	}
	return best
}

func (l Language) texts() map[string]template {
	if l.catalog == nil {
		return catalogs()[fallback].texts
	}
	return l.catalog.texts
}

// Tag returns the language's tag, as in the lang attribute of a page.
func (l Language) Tag() string {
	if l.catalog == nil {
		return fallback
	}
	return l.catalog.tag
}

// Name returns what the language calls itself.
func (l Language) Name() string { return l.Text("language.name") }

// String returns the tag.
func (l Language) String() string { return l.Tag() }

// Text returns the text of a key with its parameters filled in. The arguments
// are pairs of a parameter's name and its value:
//
//	l.Text("page.open_count", "n", 2)
//
// A key without a text comes back as it is, and a parameter without a value
// stays in its braces, so that a mistake is seen and not hidden.
func (l Language) Text(key string, args ...any) string {
	t, ok := l.texts()[key]
	if !ok {
		return key
	}
	return t.fill(args)
}

// Sentence is Text for a text with optional parts: where a parameter is empty
// the blanks around it close up, and the sentence begins with a capital.
func (l Language) Sentence(key string, args ...any) string { return sentence(l.Text(key, args...)) }

// has reports whether the language has a text of its own for the key.
func (l Language) has(key string) bool {
	_, ok := l.texts()[key]
	return ok
}
