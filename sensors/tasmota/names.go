package tasmota

import (
	"strings"
	"unicode"
)

// A class is what a name says in words that people use for such things.
type class uint8

const (
	unclear class = iota
	motion
	presence
	door
	danger
)

// classOf reads a name in English or Korean. A name with words of two classes
// says nothing plainly, and so does that of a lamp.
func classOf(name string) class {
	found := unclear
	for _, word := range wordsOf(name) {
		c := classOfWord(word)
		if word == "light" || word == "lights" || word == "lamp" || c != unclear && found != unclear && c != found {
			return unclear
		}
		found = max(found, c)
	}
	return found
}

func classOfWord(word string) class {
	switch word {
	case "pir", "motion", "movement", "움직임", "동작", "동작감지", "모션", "인체감지":
		return motion
	case "presence", "occupancy", "mmwave", "재실", "재실감지":
		return presence
	case "door", "window", "contact", "reed", "gate", "frontdoor", "문", "현관문", "창문", "방문", "도어":
		return door
	case "smoke", "fire", "gas", "co", "carbon", "heat", "leak", "water", "flood", "sos", "help", "panic", "emergency", "fall", "alarm",
		"연기", "화재", "가스", "일산화탄소", "누수", "비상", "도움", "호출", "낙상":
		return danger
	default:
		return unclear
	}
}

// wordsOf splits a name at everything but letters, and before a capital: "kitchenPIR1".
func wordsOf(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = word[:0]
	}
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r):
			end()
			continue
		case unicode.IsUpper(r) && len(word) > 0 && unicode.IsLower(word[len(word)-1]):
			end()
		}
		word = append(word, r)
	}
	end()
	return words
}
