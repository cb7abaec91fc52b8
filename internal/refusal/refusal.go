// Package refusal reads what remote servers say when they refuse a message or put it off: which texts give the same
// reason, which block list they name, and who runs the server.
//
// The remote server writes these texts, so nothing in them is believed. They are shown and counted, no more.
package refusal

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxFolded is how long a folded text is at most, in bytes. It is two lines of an alert.
	MaxFolded = 200
	// maxRead is how much of a text is read, in bytes. Everything behind it folds to nothing. RFC 5321 (4.5.3.1.5)
	// allows 512 bytes for a line of a reply.
	maxRead = 2048
)

// cutMark stands at the end of a folded text that was longer.
const cutMark = "…"

// AppendFolded removes from the text of a refusal or deferral what changes from one message to the next, so that equal
// reasons become equal texts. It appends the result to dst and returns that. The text is parser.Delivery.Error:
//
//   - What Exim writes before the reply goes: `SMTP error from remote mail server after RCPT TO:<…>: `.
//   - The lines of a reply become one. The codes stay at the beginning, and go from the lines that repeat them:
//     `550-5.7.1 a\n550 5.7.1 b` is `550 5.7.1 a b`.
//   - Email addresses become #@#.
//   - Ids, numbers, dates and IP addresses become #, as in window.FoldSubject. Short codes such as S3140 or OU-002
//     stay, since they are the reason.
//   - Host names become #. They stay behind a word such as `using`, where they name a block list; then only ids in the
//     labels before the last two become #.
//   - Of a URL the host stays, and what follows becomes #.
//   - White space and control characters become one space. Invisible characters go.
//
// Upper and lower case stay, for those who read the text: a server writes its texts in one way. The result is valid
// UTF-8, not longer than the text or MaxFolded bytes, and empty if the text is. A dst with room for len(text) more
// bytes doesn't grow.
func AppendFolded(dst, text []byte) []byte {
	reply, recipient := cutPreamble(text)
	start := len(dst)
	dst = appendUnescaped(dst, reply[:min(len(reply), maxRead)])
	// The result is never longer than what was read of the text, so it is written over it.
	f := folder{rest: dst[start:], out: dst[:start], start: start, recipient: recipient}
	f.codes(true)
	for len(f.rest) > 0 && len(f.out)-start <= MaxFolded+len(" ") { // cut removes a space at the end
		f.next()
	}
	return f.cut()
}

// appendUnescaped appends a text to dst, undoing what string_printing() makes of line breaks, control characters and
// bytes beyond ASCII. A backslash that begins no escape stays.
func appendUnescaped(dst, text []byte) []byte {
	for len(text) > 0 {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			break
		}
		dst, text = append(dst, text[:i]...), text[i:]
		switch c := text[1]; {
		case c == 'n' || c == 'r':
			dst, text = append(dst, '\n'), text[2:]
		case c == 't' || c == 'v' || c == 'f' || c == 'b':
			dst, text = append(dst, ' '), text[2:]
		case len(text) >= 4 && '0' <= c && c <= '3' && isOctal(text[2]) && isOctal(text[3]):
			dst, text = append(dst, (c-'0')<<6|(text[2]-'0')<<3|(text[3]-'0')), text[4:]
		default:
			dst, text = append(dst, '\\'), text[1:]
		}
	}
	return append(dst, text...)
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }

// A folder folds one text.
type folder struct {
	rest      []byte // what is to be read
	out       []byte // what is written, in the same array: out never overtakes rest
	start     int    // where the result begins in out
	recipient []byte // the local part that the preamble names
	naming    bool   // the word before says that a name of a list follows
}

// next folds what rest begins with: a URL, an IP address, a word or one character.
func (f *folder) next() {
	if n := urlLen(f.rest); n > 0 {
		f.url(n)
		return
	}
	if n := ipv6Len(f.rest); n > 0 {
		f.rest = f.rest[n:]
		f.number()
		return
	}
	if word := leadingWord(f.rest); len(word) > 0 {
		f.rest = f.rest[len(word):]
		naming := isNaming(word)
		f.word(word)
		f.naming = naming
		return
	}
	r, n := utf8.DecodeRune(f.rest)
	f.rest = f.rest[n:]
	switch {
	case r == '\n':
		f.space()
		f.codes(false)
	case unicode.IsSpace(r) || unicode.IsControl(r):
		f.space()
	case r == utf8.RuneError && n == 1:
		f.out = append(f.out, '?')
	case unicode.IsDigit(r):
		f.number()
	case !unicode.Is(unicode.Cf, r):
		f.out = utf8.AppendRune(f.out, r)
	}
}

// space writes a space, except at the beginning or behind another one.
func (f *folder) space() {
	if n := len(f.out); n > f.start && f.out[n-1] != ' ' {
		f.out = append(f.out, ' ')
	}
}

// number writes a #. If nothing, or only a . , : / - or _, separates it from the # before, that one stands for both.
func (f *folder) number() {
	n := len(f.out)
	switch {
	case n > f.start && f.out[n-1] == '#':
		return
	case n >= f.start+2 && f.out[n-2] == '#' && bytes.IndexByte([]byte(".,:/-_"), f.out[n-1]) >= 0:
		f.out = f.out[:n-1]
		return
	}
	f.out = append(f.out, '#')
}

// cut returns the text that was written, without the space at its end, cut at a character.
func (f *folder) cut() []byte {
	out := bytes.TrimRight(f.out[f.start:], " ")
	if len(out) > MaxFolded {
		end := MaxFolded - len(cutMark)
		for end > 0 && !utf8.RuneStart(out[end]) {
			end--
		}
		out = append(bytes.TrimRight(out[:end], " "), cutMark...)
	}
	return f.out[:f.start+len(out)]
}
