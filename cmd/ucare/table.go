package main

import (
	"strings"
	"unicode"
)

// table writes rows as columns that line up, with the first row over a line.
func table(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], width(printable(cell)))
		}
	}
	var out strings.Builder
	for n, row := range rows {
		out.WriteString(line(row, widths))
		if n == 0 {
			rule := make([]string, len(widths))
			for i, w := range widths {
				rule[i] = strings.Repeat("-", w)
			}
			out.WriteString(line(rule, widths))
		}
	}
	return out.String()
}

func line(cells []string, widths []int) string {
	var out strings.Builder
	for i, cell := range cells {
		cell = printable(cell)
		out.WriteString(cell)
		out.WriteString(strings.Repeat(" ", widths[i]-width(cell)+2))
	}
	return strings.TrimRight(out.String(), " ") + "\n"
}

// printable keeps a sensor's name, which may come from a payload, from moving the
// cursor or colouring the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, s)
}

// width is how many columns of a terminal a text takes: two for a letter of
// Korean, Chinese or Japanese, none for a mark over the letter before it. A library that
// knows every emoji would be a dependency for one command.
func width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me) || r >= 0x1160 && r <= 0x11ff: // vowels and finals of a composed syllable
		case unicode.In(r, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana), r >= 0xff01 && r <= 0xff60, r >= 0x3000 && r <= 0x303e:
			n += 2
		default:
			n++
		}
	}
	return n
}
