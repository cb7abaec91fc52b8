package parser

import (
	"bytes"
	"unicode/utf8"
)

// decode gives the text of a T= item: raw itself where nothing is to be undone, else a text that is good until the next.
func (r *Reader) decode(raw []byte) []byte {
	text := raw
	if bytes.IndexByte(raw, '\\') >= 0 {
		r.subject = appendUnescaped(r.subject[:0], raw)
		text = r.subject
	}
	if utf8.Valid(text) {
		return text
	}
	r.valid = appendValid(r.valid[:0], text)
	return r.valid
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
	switch b[0] {
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 'b':
		return '\b', 1
	case 'v':
		return '\v', 1
	case 'f':
		return '\f', 1
	case 't':
		return '\t', 1
	}
	if len(b) >= 3 && isOctal(b[0]) && b[0] <= '3' && isOctal(b[1]) && isOctal(b[2]) {
		return (b[0]-'0')<<6 | (b[1]-'0')<<3 | (b[2] - '0'), 3
	}
	return b[0], 1
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

// appendValid appends b to dst as UTF-8: each broken sequence, as the Unicode Standard counts them (3.9, "U+FFFD
// substitution of maximal subparts"), becomes one U+FFFD.
func appendValid(dst, b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, "\uFFFD"...)
			b = b[subpart(b):]
			continue
		}
		dst = append(dst, b[:n]...)
		b = b[n:]
	}
	return dst
}

// subpart gives the length of the maximal subpart of a UTF-8 sequence that b, which is broken, begins with.
func subpart(b []byte) int {
	low, high, want := byte(0x80), byte(0xBF), 0
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		want = 2
	case c >= 0xE0 && c <= 0xEF:
		want = 3
		if c == 0xE0 {
			low = 0xA0
		}
		if c == 0xED {
			high = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		want = 4
		if c == 0xF0 {
			low = 0x90
		}
		if c == 0xF4 {
			high = 0x8F
		}
	}
	n := 1
	for n < want && n < len(b) && b[n] >= low && b[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}
