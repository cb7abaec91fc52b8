package window

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// What FoldSubject returns for subjects of which nothing else is left.
const (
	emojiAlone = "(emoji)"
	noText     = "(empty)"
)

// keycap encloses the digit before it: 1⃣.
const keycap = '\u20e3'

// isEmoji reports whether a character is an emoji, a similar symbol, or part of one. Mailings vary them as they vary
// numbers. Mathematical signs from the arrows on are such symbols.
func isEmoji(r rune) bool {
	switch {
	case r < utf8.RuneSelf, r == utf8.RuneError, isCommonLetter(r):
		return false
	case r >= 0x1f000 && r <= 0x1faff, r >= 0x2600 && r <= 0x27bf: // those of future Unicode versions, too
		return true
	case r == keycap, r == '‼', r == '⁉', r == '〰':
		return true
	}
	return unicode.Is(unicode.So, r) || r >= '\u2190' && unicode.Is(unicode.Sm, r)
}

// keycapLen is the length of the enclosed digit that s begins with, in bytes; 0 if there is none.
func keycapLen(s []byte) int {
	if s[0] != '#' && s[0] != '*' && (s[0] < '0' || s[0] > '9') {
		return 0
	}
	if r, n := utf8.DecodeRune(s[1:]); r == keycap {
		return 1 + n
	}
	return 0
}

// isInvisible reports whether a character shows nothing: soft hyphens, joiners, directions, variation selectors.
func isInvisible(r rune) bool {
	return r >= '\u00ad' && !isCommonLetter(r) && unicode.In(r, unicode.Cf, unicode.Variation_Selector)
}

// isCommonLetter reports, quickly, that a character is a letter and neither emoji nor invisible. It knows most letters
// of Latin, Greek, Cyrillic and Hebrew, and of Han and Hangul.
func isCommonLetter(r rune) bool {
	return r >= 0xc0 && r < 0x480 || r >= 0x48a && r < 0x58d || r >= 0x590 && r < 0x600 || r >= 0x3400 && r < 0x4dc0 ||
		r >= 0x4e00 && r < 0xa000 || r >= 0xac00 && r < 0xd7a4
}

// visible returns the subject without its invisible characters. It copies only the few subjects that have some.
func visible(subject []byte) []byte {
	if isASCII(subject) || bytes.IndexFunc(subject, isInvisible) < 0 {
		return subject
	}
	kept := make([]byte, 0, len(subject))
	for len(subject) > 0 {
		r, n := utf8.DecodeRune(subject)
		switch {
		case r == utf8.RuneError && n == 1:
			kept = append(kept, '?') // so that it forms no character with the bytes behind it
		case !isInvisible(r):
			kept = append(kept, subject[:n]...)
		}
		subject = subject[n:]
	}
	return kept
}

func isASCII(s []byte) bool {
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
