package window

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// replyPrefixes are what mail programs put before the subject of a reply or a forwarded message, in lower case. A colon
// follows, perhaps after a number in brackets or a space.
var replyPrefixes = bytes.Fields([]byte("re fw fwd " + // English
	"aw antw wg " + // German: Antwort, weitergeleitet; antw is Dutch too
	"sv vb vs " + // Swedish, Danish, Norwegian, Finnish
	"tr rv rif odp " + // French, Spanish, Italian, Polish
	"回复 答复 转发")) // Chinese

// uuid is a UUID (RFC 9562, section 4), with 0 for each hexadecimal digit.
const uuid = "00000000-0000-0000-0000-000000000000"

// minHex is the length from which letters a to f alone count as an id and not as a word.
const minHex = 8

// FoldSubject removes from a subject what changes from one message of a mailing to the next. It appends the result to
// dst and returns that:
//
//   - Upper case becomes lower case, if that takes as many bytes.
//   - Emoji and symbols count as white space. White space becomes one space, and none at the ends.
//   - Invisible characters go: soft hyphens, joiners, directions.
//   - Ids become #: words of ASCII letters and digits mixed, 8 or more hexadecimal digits, UUIDs.
//   - Numbers become #: digits of any script, also joined by one of . , : / - as in dates and amounts.
//   - U+FFFD at the end goes: it is what is left of a character that Exim's limit of 100 bytes divided.
//   - Then prefixes such as Re:, AW: and Fwd[2]: go from the front, however many.
//
// A # counts as a digit, so folding a folded subject doesn't change it. The result is never empty: where nothing is
// left, it is `(emoji)` or `(empty)`. Otherwise it is never longer than the subject. The subject should be valid UTF-8;
// a byte that isn't becomes a question mark.
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
		case len(token) == 8 && isUUID(s):
			s = s[len(uuid):]
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

// trimCut removes white space and parts of characters from the end.
func trimCut(s []byte) []byte {
	for {
		r, n := utf8.DecodeLastRune(s)
		if n == 0 || r != utf8.RuneError && !unicode.IsSpace(r) {
			return s
		}
		s = s[:len(s)-n]
	}
}

// leadingToken returns the ASCII letters and the digits of any script that s begins with. Other letters end a token: in
// scripts without spaces between words, a number would otherwise make an id of the whole sentence.
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

// isID reports whether the token has a digit, or is a hexadecimal number of letters alone.
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

// isUUID reports whether s begins with a UUID that is no part of a longer token.
func isUUID(s []byte) bool {
	for i := range uuid {
		if i == len(s) || uuid[i] != s[i] && (uuid[i] == '-' || !isHex(s[i])) {
			return false
		}
	}
	return len(leadingToken(s[len(uuid):])) == 0
}

// appendNumber appends a #. If only a . , : / or - separates it from the # before, that one stands for both.
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

// appendRune appends a character that is outside tokens and takes n bytes.
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

// appendSpace appends a space, except at the beginning or behind another one.
func appendSpace(dst []byte, start int) []byte {
	if len(dst) == start || dst[len(dst)-1] == ' ' {
		return dst
	}
	return append(dst, ' ')
}

// trimPrefixes removes the reply prefixes from the front of a folded subject.
func trimPrefixes(s []byte) []byte {
	for i := 0; i < len(replyPrefixes) && len(s) > 0; i++ {
		if prefix := replyPrefixes[i]; prefix[0] == s[0] && bytes.HasPrefix(s, prefix) {
			if rest, ok := cutColon(s[len(prefix):]); ok {
				s, i = rest, -1 // again, from the first one on
			}
		}
	}
	return s
}

// cutColon removes what stands between a reply prefix and the subject: a number in brackets, a space, a colon, a space.
func cutColon(s []byte) (rest []byte, ok bool) {
	for _, optional := range [...]string{"[#]", "(#)", " "} {
		s = bytes.TrimPrefix(s, []byte(optional))
	}
	if rest, ok = bytes.CutPrefix(s, []byte(":")); !ok {
		rest, ok = bytes.CutPrefix(s, []byte("："))
	}
	return bytes.TrimPrefix(rest, []byte(" ")), ok
}
