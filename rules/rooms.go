package rules

import (
	"slices"
	"strings"
)

// mentions reports whether one of the words is in a name, also within a longer word.
func mentions(name string, words []string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(name, word) })
}
