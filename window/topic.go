package window

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// replyPrefixes are what mailers put before the subject of an answer or of a forwarded message, in lower case. Behind
// them comes a colon, perhaps after a number in brackets or a space.
var replyPrefixes = [...]string{
	"re", "fw", "fwd", // English
	"aw", "antw", "wg", // German: Antwort, weitergeleitet; antw is Dutch too
	"sv", "vb", "vs", // Swedish, Danish, Norwegian, Finnish
	"tr", "rv", "rif", "odp", // French, Spanish, Italian, Polish
	"回复", "答复", "转发", // Chinese
}

// uuidGroups are the lengths of the hexadecimal groups of a UUID (RFC 9562, section 4), which hyphens join.
var uuidGroups = [...]int{8, 4, 4, 4, 12}

const uuidLen = 36

// minHex is the length from which letters a to f alone are taken for an id and not for a word.
const minHex = 8

// FoldSubject appends to dst the subject without what changes from one message of a mailing to the next, and returns it:
//
//   - upper case becomes lower case, where that takes as many bytes
//   - emoji and symbols count as white space, which becomes one space, and none at the ends
//   - characters that show nothing go: soft hyphens, joiners, directions
//   - ids become #: words of ASCII letters and digits mixed, 8 or more hexadecimal digits, UUIDs
//   - numbers become #: digits of any script, also joined by one of . , : / - as in dates and amounts
//   - U+FFFD at the end goes: it is what is left of a character that Exim's cut at 100 bytes divided
//   - then prefixes such as Re:, AW: and Fwd[2]: go from the front, however many
//
// A # counts as a digit, so that what is folded stays as it is. The result is never empty: where nothing is left, it is
// `(emoji)` or `(empty)`. It is never longer than the subject otherwise. The subject should be valid UTF-8; a byte that
// isn't becomes a question mark.
func FoldSubject(subject []byte, dst []byte) []byte {
	start := len(dst)
	emoji := false
	for s := trimCut(visible(subject)); len(s) > 0; {
		if n := keycapLen(s); n > 0 {
			s, emoji = s[n:], true
			dst = appendSpace(dst, start)
			continue
		}
		token := leadingToken(s)
		switch {
		case len(token) == uuidGroups[0] && isUUID(s):
			s = s[uuidLen:]
			dst = appendNumber(dst, start)
		case isID(token):
			s = s[len(token):]
			dst = appendNumber(dst, start)
		case len(token) > 0:
			s = s[len(token):]
			dst = appendWord(dst, token)
		default:
			r, n := utf8.DecodeRune(s)
			s = s[n:]
			if isEmoji(r) {
				emoji = true
				dst = appendSpace(dst, start)
			} else {
				dst = appendRune(dst, start, r, n)
			}
		}
	}
	folded := trimPrefixes(bytes.TrimRight(dst[start:], " "))
	switch dst = append(dst[:start], folded...); {
	case len(folded) > 0:
		return dst
	case emoji:
		return append(dst, emojiAlone...)
	}
	return append(dst, noText...)
}

// trimCut takes white space and halves of characters from the end.
func trimCut(s []byte) []byte {
	for {
		r, n := utf8.DecodeLastRune(s)
		if n == 0 || r != utf8.RuneError && !unicode.IsSpace(r) {
			return s
		}
		s = s[:len(s)-n]
	}
}

// leadingToken returns the ASCII letters and digits of any script that s begins with. Other letters end a token: in
// scripts that don't part words, a number would make an id of the whole sentence.
func leadingToken(s []byte) []byte {
	for i := 0; i < len(s); {
		if isLetter(s[i]) {
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		if r != '#' && !unicode.IsDigit(r) {
			return s[:i]
		}
		i += n
	}
	return s
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

func isHex(b byte) bool { return '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'f' }

// isID reports whether there is a digit in the token, or only letters that make a hexadecimal number.
func isID(token []byte) bool {
	hex := len(token) >= minHex
	for _, b := range token {
		if !isLetter(b) {
			return true
		}
		hex = hex && isHex(b)
	}
	return hex
}

func isUUID(s []byte) bool {
	for i, n := range uuidGroups {
		if i > 0 {
			if len(s) == 0 || s[0] != '-' {
				return false
			}
			s = s[1:]
		}
		group := leadingToken(s)
		if len(group) != n || bytes.ContainsFunc(group,
			func(r rune) bool { return r > unicode.MaxASCII || !isHex(byte(r)) }) {
			return false
		}
		s = s[n:]
	}
	return true
}

// appendNumber appends a #, or lets the one before it stand for both where only a . , : / or - is between them.
func appendNumber(dst []byte, start int) []byte {
	if n := len(dst); n-start >= 2 && dst[n-2] == '#' && bytes.IndexByte([]byte(".,:/-"), dst[n-1]) >= 0 {
		return dst[:n-1]
	}
	return append(dst, '#')
}

func appendWord(dst, letters []byte) []byte {
	for _, b := range letters {
		dst = append(dst, b|0x20)
	}
	return dst
}

// appendRune appends a character outside tokens, which takes n bytes.
func appendRune(dst []byte, start int, r rune, n int) []byte {
	if unicode.IsSpace(r) {
		return appendSpace(dst, start)
	}
	if r == utf8.RuneError && n == 1 {
		return append(dst, '?')
	}
	if lower := unicode.ToLower(r); utf8.RuneLen(lower) == n {
		r = lower
	}
	return utf8.AppendRune(dst, r)
}

// appendSpace appends a space, but at the beginning or behind another one.
func appendSpace(dst []byte, start int) []byte {
	if len(dst) == start || dst[len(dst)-1] == ' ' {
		return dst
	}
	return append(dst, ' ')
}

// trimPrefixes takes the reply prefixes from the front of a folded subject.
func trimPrefixes(s []byte) []byte {
	for {
		rest, ok := cutReplyPrefix(s)
		if !ok {
			return s
		}
		s = rest
	}
}

func cutReplyPrefix(s []byte) (rest []byte, ok bool) {
	for _, prefix := range replyPrefixes {
		if len(s) < len(prefix) || string(s[:len(prefix)]) != prefix {
			continue
		}
		if rest, ok := cutColon(s[len(prefix):]); ok {
			return rest, true
		}
	}
	return nil, false
}

// cutColon takes what stands between a reply prefix and the subject: a number in brackets, a space, a colon, a space.
func cutColon(s []byte) (rest []byte, ok bool) {
	for _, number := range [...]string{"[#]", "(#)"} {
		s = trimPrefix(s, number)
	}
	s = trimPrefix(s, " ")
	for _, colon := range [...]string{":", "："} {
		if rest := trimPrefix(s, colon); len(rest) < len(s) {
			return trimPrefix(rest, " "), true
		}
	}
	return nil, false
}

func trimPrefix(s []byte, prefix string) []byte {
	if len(s) >= len(prefix) && string(s[:len(prefix)]) == prefix {
		return s[len(prefix):]
	}
	return s
}
