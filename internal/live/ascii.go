package live

import "strings"

// asciiSigns are what stands for our own signs on a terminal that shows ASCII alone. Each takes one cell, too.
var asciiSigns = map[rune]string{
	'▲': "!", '△': "^", '×': "x", '…': "~", '↑': "^", '↓': "v", '█': "#",
	'▏': "-", '▎': "-", '▍': "-", '▌': "=", '▋': "=", '▊': "=", '▉': "=",
}

// ascii makes a screen of clean text ASCII, every cell in its place: a ? for each cell of any other character.
func ascii(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch sign, ours := asciiSigns[r]; {
		case r < 0x7f:
			b.WriteRune(r)
		case ours:
			b.WriteString(sign)
		default:
			b.WriteString(strings.Repeat("?", runeWidth(r)))
		}
	}
	return b.String()
}
