// Package fold normalizes names, so that counting, questions and exceptions treat all spellings of a name as one.
//
// Exim's lookups mostly ignore case (lsearch, and most databases), but Exim logs an authenticated id as the client
// typed it. So alice@lab.test, Alice@LAB.test and " alice@lab.test" are one account.
package fold

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

// IsName reports quickly whether a name is certainly folded, as most are.
func IsName(b []byte) bool {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return len(b) == 0 || !isSpace(b[0]) && !isSpace(b[len(b)-1])
}

// isSpace reports whether c is ASCII white space.
func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// AppendName appends the folded form of an authenticated id, an account or an address. It removes the white space
// around the name and writes ASCII letters in lower case. It maps other letters as RFC 8265 does (UsernameCaseMapped),
// if the name is valid there. It decodes bytes that Exim logs as \ooo if the result is UTF-8.
func AppendName(dst, b []byte) []byte {
	b = bytes.TrimSpace(b)
	if bytes.IndexByte(b, '\\') >= 0 {
		b = unescaped(b)
	}
	start := len(dst)
	beyondASCII := func(r rune) bool { return r >= utf8.RuneSelf }
	if bytes.ContainsFunc(b, beyondASCII) && utf8.Valid(b) {
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

// Name is AppendName for a string.
func Name(s string) string { return string(AppendName(nil, []byte(s))) }

// unescaped undoes string_printing() for bytes beyond ASCII, which Exim writes as three octal digits. It returns b
// itself if the result isn't UTF-8, as for a Windows login such as DOM\234567.
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

// maxNumber is the longest number that a program appends to its senders. Longer numbers identify people, such as
// student or telephone numbers.
const maxNumber = 2 // digits

// AppendUnverified appends the account name of an unverified envelope sender, in a form that no login has:
// <alice@lab.test>. A program may number its senders: web0@shop.test and web17@shop.test are both <web#@shop.test>. The
// caller has folded the sender.
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

// Account folds an account name that somebody typed: a login, or an unverified sender in brackets.
func Account(s string) string {
	folded := AppendName(nil, []byte(s))
	if last := len(folded) - 1; last > 1 && folded[0] == '<' && folded[last] == '>' {
		return string(AppendUnverified(nil, folded[1:last]))
	}
	return string(folded)
}
