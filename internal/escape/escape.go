// Package escape makes text that somebody else wrote fit to be shown: a log's values are an attacker's.
package escape

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks one base character may carry: Thai, Hebrew and Devanagari need up to three or
// four, a pile that climbs over the neighbouring lines needs more.
const maxMarks = 4

// Text makes s safe to show in a mail or on a terminal: the result is valid UTF-8 of printable runes (unicode.IsPrint)
// on one line.
//
//	\n \r \t                line feed, carriage return, tab
//	\x1b                    another ASCII control character, or a byte that isn't UTF-8
//	\u{202e}                anything else that has no glyph of its own: C1 controls, bidirectional controls,
//	                        zero-width and tag characters, line separators, fillers, private and unassigned
//	                        characters, marks without a base and those beyond four on one base
//
// Any Unicode space becomes a plain one. U+FFFD stays, as the log's reader puts it where the text was broken already.
//
// Text is for reading, not for reversing: a backslash stays single, so that LAB\alice reads as it should, and a sender
// who types the four characters \x1b can't be told from one who sends the byte. In return Text(Text(s)) == Text(s).
func Text(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	marks := maxMarks // on the last base character; there is none yet
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
			marks = maxMarks
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
			marks = maxMarks
		case Hidden(r):
			b.WriteString(name(r))
			marks = maxMarks
		case !unicode.IsMark(r):
			b.WriteRune(r)
			marks = 0
		case marks < maxMarks:
			b.WriteRune(r)
			marks++
		default:
			b.WriteString(name(r))
		}
		i += size
	}
	return b.String()
}

// Hidden tells whether r has no glyph, or one that looks like nothing.
func Hidden(r rune) bool {
	const supplement = 0xE0100 // the variation selectors from here on carry hidden text, those below choose a glyph
	return !unicode.IsPrint(r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) ||
		unicode.Is(unicode.Variation_Selector, r) && r >= supplement
}

// name writes r as Text documents it.
func name(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	}
	return fmt.Sprintf(`\u{%x}`, r)
}

// Truncate shortens s to at most n runes, the last of them an ellipsis.
func Truncate(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n--; n == 0 {
			return s[:i] + "…"
		}
	}
	return s
}

// maxShown is how much of a value Shown shows.
const maxShown = 160 // characters

// Shown is a value of the log as a page shows it: escaped, not too long, and named where it is empty.
func Shown(value string) string {
	if value == "" {
		return "(empty)"
	}
	return Truncate(Text(value), maxShown)
}
