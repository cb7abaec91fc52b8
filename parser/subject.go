package parser

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxSubject is how many bytes of a subject Exim logs (receive.c, the T= item). It may cut a character or a word.
const maxSubject = 100

// mostText is how many bytes of text a byte stands for at most: a character of the Basic Multilingual Plane.
const mostText = 3

// A subjectDecoder makes text of the bytes of a subject: UTF-8, encoded words that Exim didn't decode, and bytes of a
// charset that nothing names.
type subjectDecoder struct {
	charsets
	bytes   []byte // of encoded words, of which no text was made: in the end half a character
	charset *charset
	cut     bool // Exim may have cut the subject
	dst     []byte
}

// isText tells whether b is a subject as people read it: it is UTF-8, and no encoded word is in it.
func isText(b []byte) bool { return utf8.Valid(b) && !bytes.Contains(b, wordStart) }

// decode gives the text of a subject that isn't text: UTF-8, not nil, at most mostText times as long, and good until
// the next.
func (d *subjectDecoder) decode(subject []byte) []byte {
	d.dst = slices.Grow(d.dst[:0], mostText*len(subject)+utf8.UTFMax)
	d.bytes, d.charset, d.cut = d.bytes[:0], nil, len(subject) >= maxSubject
	rest, broken := subject, false
	for {
		before, w, behind, ok := d.nextWord(rest)
		if !ok {
			break
		}
		if d.charset == nil || len(bytes.TrimLeft(before, blanks)) > 0 {
			d.plain(before)
		}
		d.word(&w)
		rest, broken = behind, w.broken
	}
	if broken {
		d.bytes = d.bytes[:0]
	}
	if d.charset == nil || !d.cut || !isWordStart(bytes.TrimLeft(rest, blanks)) {
		d.plain(rest)
	}
	if broken && len(d.dst) == 0 {
		d.plain(subject)
	}
	return d.dst
}

// blanks are what may stand between encoded words, and goes with them: Exim keeps the line feeds of a long Subject.
const blanks = " \t\r\n"

// word appends the text of an encoded word. A character may begin in the word before, though RFC 2047 forbids that.
func (d *subjectDecoder) word(w *encodedWord) {
	if w.charset != d.charset {
		d.endHalf()
		d.charset = w.charset
	}
	d.bytes = w.appendBytes(d.bytes)
	var half []byte
	if w.charset.decoder == nil {
		half = d.guess(d.bytes, w.charset.utf8 || w.broken)
	} else {
		d.dst, half = w.charset.append(d.dst, d.bytes)
	}
	d.bytes = d.bytes[:copy(d.bytes, half)]
}

// plain appends the text of bytes outside encoded words.
func (d *subjectDecoder) plain(b []byte) {
	d.endHalf()
	d.charset = nil
	d.bytes = append(d.bytes, d.guess(b, d.cut)...)
	d.endHalf()
}

// endHalf appends U+FFFD for half a character, which nothing ends.
func (d *subjectDecoder) endHalf() {
	if len(d.bytes) > 0 {
		d.dst = utf8.AppendRune(d.dst, utf8.RuneError)
		d.bytes = d.bytes[:0]
	}
}

// guess appends the text of b: UTF-8 if it is that, else by the charset of text that names none. A single byte at the
// end is half a character only if one may be cut, or b has other characters of UTF-8.
func (d *subjectDecoder) guess(b []byte, cut bool) (half []byte) {
	whole := b[:wholeLen(b)]
	half = b[len(whole):]
	if !utf8.Valid(whole) && mostlyUTF8(whole) {
		for _, r := range string(whole) { // U+FFFD for what is broken
			d.dst = utf8.AppendRune(d.dst, r)
		}
		return half
	}
	if !utf8.Valid(whole) || len(half) == 1 && !cut && utf8.RuneCount(whole) == len(whole) {
		d.dst, half = d.fallback.append(d.dst, b)
		return half
	}
	d.dst = append(d.dst, whole...)
	return half
}

// mostlyUTF8 tells whether b, which isn't UTF-8, has no fewer characters of several bytes than bytes that belong to
// none. In other charsets few bytes happen to make such a character.
func mostlyUTF8(b []byte) bool {
	more := 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			more--
		} else if n > 1 {
			more++
		}
		b = b[n:]
	}
	return more >= 0
}

// wholeLen is the length of b without half a character of UTF-8 at its end.
func wholeLen(b []byte) int {
	for i := len(b) - 1; i >= 0 && i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return i
			}
			break
		}
	}
	return len(b)
}

// decode gives the text of a T= item: raw itself where nothing is to be undone, else a text that is good until the
// next.
func (r *Reader) decode(raw []byte) []byte {
	text := raw
	if bytes.IndexByte(raw, '\\') >= 0 {
		r.subject = appendUnescaped(r.subject[:0], raw)
		text = r.subject
	}
	if isText(text) {
		return text
	}
	return r.decoder.decode(text)
}

// appendUnescaped appends the text of a T= item to dst, undoing string_printing() and the backslashes that Exim puts
// before quotes and backslashes (receive.c, the T= item).
func appendUnescaped(dst, raw []byte) []byte {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 || i+1 == len(raw) {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:i]...)
		raw = raw[i+1:]
		c, n := unescape(raw)
		dst = append(dst, c)
		raw = raw[n:]
	}
}

// unescape reads what stands after a backslash: the byte meant, and how many bytes say so.
func unescape(b []byte) (byte, int) {
	if i := strings.IndexByte("bfnrtv", b[0]); i >= 0 {
		return "\b\f\n\r\t\v"[i], 1
	}
	if len(b) >= 3 && isOctal(b[0]) && b[0] <= '3' && isOctal(b[1]) && isOctal(b[2]) {
		return (b[0]-'0')<<6 | (b[1]-'0')<<3 | (b[2] - '0'), 3
	}
	return b[0], 1
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }
