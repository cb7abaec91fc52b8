// Package escape makes untrusted text safe to show. Attackers can choose the values in a log.
package escape

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks one base character may have. Thai, Hebrew and Devanagari need up to four. A
// stack of marks that covers neighbouring lines needs more.
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
// Any Unicode space becomes a plain one. U+FFFD stays: the log's reader writes it for broken text.
//
// Text is for reading and can't be reversed. A backslash stays single, so that LAB\alice stays readable. So the four
// characters \x1b look like the byte that they stand for. In return Text(Text(s)) == Text(s).
func Text(s string) string {
	var short [256]byte
	return string(AppendText(short[:0], s))
}

// AppendText appends Text of s to dst.
func AppendText[T string | []byte](dst []byte, s T) []byte {
	marks := maxMarks // on the last base character; the text has none yet
	for i := 0; i < len(s); {
		if c := s[i]; ' ' < c && c <= '~' {
			dst, marks = append(dst, c), 0
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
		switch {
		case r == utf8.RuneError && size == 1:
			dst = fmt.Appendf(dst, `\x%02x`, s[i])
			marks = maxMarks
		case unicode.Is(unicode.Zs, r):
			dst = append(dst, ' ')
			marks = maxMarks
		case Hidden(r), unicode.IsMark(r) && marks == maxMarks:
			dst = append(dst, name(r)...)
			marks = maxMarks
		case unicode.IsMark(r):
			dst = utf8.AppendRune(dst, r)
			marks++
		default:
			dst = utf8.AppendRune(dst, r)
			marks = 0
		}
		i += size
	}
	return dst
}

// Hidden reports whether r has no glyph or an invisible one.
func Hidden(r rune) bool {
	const supplement = 0xE0100 // variation selectors from here on can carry hidden text; those below choose a glyph
	return !unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) ||
		unicode.Is(unicode.Variation_Selector, r) && r >= supplement
}

// name writes r as Text documents it.
func name(r rune) string {
	if i := strings.IndexRune("\n\r\t", r); i >= 0 {
		return `\` + "nrt"[i:i+1]
	}
	if r < utf8.RuneSelf {
		return fmt.Sprintf(`\x%02x`, r)
	}
	return fmt.Sprintf(`\u{%x}`, r)
}

// Truncate shortens s to at most n runes. A shortened text ends with an ellipsis.
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

// maxShown is the longest value that Shown shows in full.
const maxShown = 160 // characters

// Shown is a value of the log for a page: escaped, shortened, and "(empty)" if it is empty.
func Shown(value string) string {
	if value == "" {
		return "(empty)"
	}
	return Truncate(Text(value), maxShown)
}
