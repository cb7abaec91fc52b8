// Package fold normalizes names: all spellings of a name are counted, queried and excepted as one.
//
// Exim's own look-ups don't care about case (lsearch, and most databases), and it logs an authenticated id as the
// client typed it. So alice@lab.test, Alice@LAB.test and " alice@lab.test" are one account.
package fold

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

// IsName reports whether a name is surely folded already, as most are. It is fast.
func IsName(b []byte) bool {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return len(b) == 0 || !isSpace(b[0]) && !isSpace(b[len(b)-1])
}

// isSpace reports ASCII white space.
func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// AppendName appends the folded form of an authenticated id, an account or an address: without the white space around
// it, ASCII letters in lower case. A name with other letters is mapped as RFC 8265 does (UsernameCaseMapped) where
// that takes it. Bytes that Exim logs as \ooo are taken for what they are, if they are UTF-8.
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

// unescaped undoes string_printing() for bytes beyond ASCII, which Exim writes as three octal digits. It gives b
// itself where that makes no UTF-8: a Windows login such as DOM\234567 is no such thing.
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

// maxNumber is the longest number that a program appends to its senders. Longer ones belong to people: matriculation or
// telephone numbers.
const maxNumber = 2 // digits

// AppendUnverified appends what an envelope sender is called as an account. Nobody has verified it, and so it is
// written as no login can be: <alice@lab.test>. A program may number its senders: web0@shop.test and web17@shop.test
// are both <web#@shop.test>. The sender is folded already.
func AppendUnverified(dst, sender []byte) []byte {
	at := bytes.LastIndexByte(sender, '@')
	if at < 0 {
		at = len(sender)
	}
	name := bytes.TrimRight(sender[:at], "0123456789")
	dst = append(dst, '<')
	if digits := at - len(name); len(name) > 0 && digits > 0 && digits <= maxNumber {
		dst = append(append(dst, name...), '#')
	} else {
		dst = append(dst, sender[:at]...)
	}
	return append(append(dst, sender[at:]...), '>')
}

// Account folds the name of an account as somebody writes it: a login, or an unverified sender in its brackets.
func Account(s string) string {
	folded := AppendName(nil, []byte(s))
	if last := len(folded) - 1; last > 1 && folded[0] == '<' && folded[last] == '>' {
		return string(AppendUnverified(nil, folded[1:last]))
	}
	return string(folded)
}
