package language

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A template is a text cut at its braces. {name} stands for a parameter;
// {이/가} for the Korean particle that fits the word before it.
type template []piece

type piece struct {
	text      string // as it is
	parameter string // or the value of this
	// or a particle, by whether the word before it ends in a consonant
	closed, open string
}

func parseTemplate(s string) template {
	var t template
	for s != "" {
		before, rest, found := strings.Cut(s, "{")
		if before != "" {
			t = append(t, piece{text: before})
		}
		if !found {
			break
		}
		inner, after, _ := strings.Cut(rest, "}")
		if closed, open, ok := strings.Cut(inner, "/"); ok {
			t = append(t, piece{closed: closed, open: open})
		} else {
			t = append(t, piece{parameter: inner})
		}
		s = after
	}
	return t
}

func (t template) fill(args []any) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.parameter != "":
			b.WriteString(value(args, p.parameter))
		case p.closed != "":
			b.WriteString(p.particle(b.String()))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

func (t template) parameters() []string {
	var names []string
	for _, p := range t {
		if p.parameter != "" {
			names = append(names, p.parameter)
		}
	}
	return names
}

// value finds a parameter in pairs of name and value.
func value(args []any, name string) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return fmt.Sprint(args[i+1])
		}
	}
	return "{" + name + "}"
}

// particle chooses by the sound in which the word before it ends. After a word
// in foreign letters nobody can tell, and both are written, as in 이(가).
func (p piece) particle(before string) string {
	word := strings.TrimRightFunc(before, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) })
	last, _ := utf8.DecodeLastRuneInString(word)
	var final int // 0: ends in a vowel; 8: in ㄹ, which 으로/로 treats like a vowel
	switch {
	case last >= '가' && last <= '힣':
		final = int(last-'가') % 28
	case last >= '0' && last <= '9':
		// 영 일 이 삼 사 오 육 칠 팔 구, by their final sound
		final = [...]int{21, 8, 0, 16, 0, 0, 1, 8, 8, 0}[last-'0']
	default:
		return p.closed + "(" + p.open + ")"
	}
	if final == 0 || final == 8 && p.open == "로" {
		return p.open
	}
	return p.closed
}

// sentence tidies a text whose optional parts were left empty, and begins it
// with a capital letter where the script has them.
func sentence(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	for _, fix := range [...][2]string{{" .", "."}, {" ,", ","}, {" ;", ";"}, {"( ", "("}, {" )", ")"}} {
		s = strings.ReplaceAll(s, fix[0], fix[1])
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}
