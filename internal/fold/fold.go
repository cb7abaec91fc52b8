// Package fold makes the one form of a name under which everybody who uses it is counted, asked for and excepted.
//
// Exim's own look-ups don't care about case (lsearch, and most databases), and it logs an authenticated id as the client typed it. So
// alice@lab.test, Alice@LAB.test and " alice@lab.test" are one account.
package fold

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

// IsName reports whether a name is folded already, as far as a glance tells: most are.
func IsName(b []byte) bool {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return len(b) == 0 || !isSpace(b[0]) && !isSpace(b[len(b)-1])
}

// isSpace tells of ASCII white space.
func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// AppendName appends the folded form of an authenticated id, an account or an address: without the white space around it, ASCII letters
// in lower case. A name with other letters is mapped as RFC 8265 does (UsernameCaseMapped) where that takes it. Bytes that Exim
// logs as \ooo are taken for what they are, if they are UTF-8.
func AppendName(dst, b []byte) []byte {
	b = bytes.TrimSpace(b)
	if bytes.IndexByte(b, '\\') >= 0 {
		b = unescaped(b)
	}
	start := len(dst)
	if !isASCII(b) && utf8.Valid(b) {
		if mapped, err := precis.UsernameCaseMapped.Bytes(b); err == nil {
			return append(dst, mapped...)
		}
	}
	dst = append(dst, b...)
	for i, c := range dst[start:] {
		if 'A' <= c && c <= 'Z' {
			dst[start+i] = c + 'a' - 'A'
		}
	}
	return dst
}

// Name is AppendName of a string.
func Name(s string) string { return string(AppendName(nil, []byte(s))) }

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unescaped undoes string_printing() for bytes beyond ASCII, which Exim writes as three octal digits. It gives b itself where that
// makes no UTF-8: a Windows login such as DOM\234567 is no such thing.
func unescaped(b []byte) []byte {
	made := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+3 < len(b) && b[i+1] >= '2' && b[i+1] <= '3' && isOctal(b[i+2]) && isOctal(b[i+3]) {
			made = append(made, (b[i+1]-'0')<<6|(b[i+2]-'0')<<3|(b[i+3]-'0'))
			i += 3
		} else {
			made = append(made, b[i])
		}
	}
	if utf8.Valid(made) {
		return made
	}
	return b
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }
