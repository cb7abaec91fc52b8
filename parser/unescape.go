package parser

import "bytes"

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
