package parser

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// An encodedWord is one of RFC 2047, such as =?utf-8?q?caf=C3=A9?=. It may be longer than that allows, have blanks in
// it, and lack its end.
type encodedWord struct {
	charset *charset
	base64  bool
	text    []byte
	broken  bool // the end is missing
}

var wordStart, wordEnd = []byte("=?"), []byte("?=")

// nextWord finds the first encoded word of a known charset in b, and what stands before and behind it.
func (c *charsets) nextWord(b []byte) (before []byte, w encodedWord, behind []byte, ok bool) {
	for i := 0; ; i += len(wordStart) {
		at := bytes.Index(b[i:], wordStart)
		if at < 0 {
			return b, w, nil, false
		}
		i += at
		if w, behind, ok = c.word(b[i:]); ok {
			return b[:i], w, behind, true
		}
	}
}

// word reads the encoded word that b, which begins with =?, may begin with.
func (c *charsets) word(b []byte) (w encodedWord, behind []byte, ok bool) {
	b = b[len(wordStart):]
	n := bytes.IndexByte(b[:min(len(b), maxCharsetName)], '?')
	if n <= 0 || len(b) < n+len("?B?") || b[n+2] != '?' {
		return w, nil, false
	}
	switch b[n+1] {
	case 'B', 'b':
		w.base64 = true
	case 'Q', 'q':
	default:
		return w, nil, false
	}
	if w.charset = c.find(b[:n]); w.charset == nil {
		return w, nil, false
	}
	w.text, behind, ok = bytes.Cut(b[n+len("?B?"):], wordEnd)
	if !ok {
		w.broken, w.text = true, bytes.TrimSuffix(w.text, []byte("?"))
	}
	return w, behind, true
}

// appendBytes appends the bytes that the word stands for.
func (w *encodedWord) appendBytes(dst []byte) []byte {
	if w.base64 {
		return appendBase64(dst, w.text)
	}
	return appendQ(dst, w.text)
}

// appendBase64 passes over what isn't base64, as RFC 2045 says (section 6.8), and bits at the end that make no byte.
func appendBase64(dst, b []byte) []byte {
	bits, n := uint(0), 0
	for _, c := range b {
		value := base64Values[c]
		if c == '=' {
			n = 0
		}
		if value < 0 {
			continue
		}
		bits = bits<<6 | uint(value)
		if n += 6; n >= 8 {
			n -= 8
			dst = append(dst, byte(bits>>n))
		}
	}
	return dst
}

// base64Values has what each byte stands for, -1 if it isn't base64.
var base64Values = func() (values [256]int8) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for c := range values {
		values[c] = int8(strings.IndexByte(alphabet, byte(c)))
	}
	return values
}()

// appendQ leaves a = that encodes nothing as it is, but for one that Exim's cut has left.
func appendQ(dst, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '_':
			dst = append(dst, ' ')
		case c != '=':
			dst = append(dst, c)
		case i+1 == len(b) || i+2 == len(b) && isHex(b[i+1]):
			return dst
		case i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]):
			dst, _ = hex.AppendDecode(dst, b[i+1:i+3])
			i += 2
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isWordStart tells whether b is what a cut has left of an encoded word if it leaves nothing of its text.
func isWordStart(b []byte) bool {
	if len(b) < len(wordStart) {
		return len(b) > 0 && b[0] == wordStart[0]
	}
	return bytes.HasPrefix(b, wordStart) && !bytes.ContainsAny(b[len(wordStart):], " =") &&
		bytes.Count(b, []byte("?")) <= 2
}
