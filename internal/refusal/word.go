package refusal

import "bytes"

const (
	// minHex is the length from which letters a to f alone count as an id and not as a word.
	minHex = 8
	// minRandom is the length from which letters, digits and marks mixed count as one id.
	minRandom = 16
)

// leadingWord returns what b begins with: letters, digits and #, and between them what addresses, names and ids also
// hold.
func leadingWord(b []byte) []byte {
	end := 0
	for i, c := range b {
		if isLetter(c) || isDigit(c) || c == '#' {
			end = i + 1
		} else if i == 0 || bytes.IndexByte([]byte("-_.+/@='"), c) < 0 {
			break
		}
	}
	return b[:end]
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// word writes a word that was read, of which the part before a = may be the name of a field.
func (f *folder) word(word []byte) {
	field, at := bytes.IndexByte(word, '='), bytes.IndexByte(word, '@')
	if field < 0 || at >= 0 && (at < field || !isName(word[:field])) {
		f.value(word) // SRS0=ab=cd=lab.test=alice@lab.test is an address, but from=alice@lab.test has a field
		return
	}
	f.value(word[:field])
	f.out, f.naming = append(f.out, '='), false
	if value := word[field+1:]; len(leadingWord(value)) > 0 {
		f.value(value)
	} else {
		f.pieces(value)
	}
}

// isName reports whether b is letters, and nothing else.
func isName(b []byte) bool {
	for _, c := range b {
		if !isLetter(c) {
			return false
		}
	}
	return len(b) > 0
}

// value writes a word without a field's name.
func (f *folder) value(word []byte) {
	name := word
	if i := bytes.IndexByte(word, '/'); i >= 0 {
		name = word[:i]
	}
	switch {
	case bytes.IndexByte(word, '@') > 0:
		f.out = append(f.out, "#@#"...)
	case isHostName(name):
		f.hostName(name, f.naming)
		f.path(word[len(name):])
	case isCode(word):
		f.out = append(f.out, word...)
	case isRandom(word) || f.isRecipient(word):
		f.number()
	default:
		f.pieces(word)
	}
}

// pieces writes a word, with its ids and numbers as #.
func (f *folder) pieces(word []byte) {
	for len(word) > 0 {
		n := 0
		for n < len(word) && (isLetter(word[n]) || isDigit(word[n]) || word[n] == '#') {
			n++
		}
		switch {
		case n == 0:
			n = 1
			f.out = append(f.out, word[0])
		case isID(word[:n]):
			f.number()
		default:
			f.out = append(f.out, word[:n]...)
		}
		word = word[n:]
	}
}

// isID reports whether the letters and digits have a digit among them, or are a hexadecimal number of letters alone.
func isID(word []byte) bool {
	hex := len(word) >= minHex
	for _, c := range word {
		if !isLetter(c) {
			return true
		}
		hex = hex && isHex(c)
	}
	return hex
}

// isRandom reports whether a long word looks made by a program: it has digits, or upper and lower case change in it as
// often as in base64.
func isRandom(word []byte) bool {
	if len(word) < minRandom {
		return false
	}
	digits, letters, changes := 0, 0, 0
	for i, c := range word {
		switch {
		case isDigit(c) || c == '#':
			digits++
		case isLetter(c):
			letters++
			if i > 0 && isLetter(word[i-1]) && isUpper(c) != isUpper(word[i-1]) {
				changes++
			}
		}
	}
	return letters > 0 && digits > 0 || changes*5 >= len(word)*2
}

// isCode reports whether a word is a short code with which providers name their reasons, such as S3140, TSS04 or
// OU-002. IPv4 and IPv6 are no ids either.
func isCode(word []byte) bool {
	if len(word) == 4 && (bytes.EqualFold(word, []byte("IPv4")) || bytes.EqualFold(word, []byte("IPv6"))) {
		return true
	}
	letters := 0
	for letters < len(word) && isUpper(word[letters]) {
		letters++
	}
	digits := bytes.TrimPrefix(word[letters:], []byte("-"))
	for _, c := range digits {
		if !isDigit(c) {
			return false
		}
	}
	return 1 <= letters && letters <= 4 && 1 <= len(digits) && len(digits) <= 4
}

// isRecipient reports whether a word between brackets or quotes is the local part of the recipient.
func (f *folder) isRecipient(word []byte) bool {
	return len(f.rest) > 0 && bytes.IndexByte([]byte(`>"')`), f.rest[0]) >= 0 &&
		len(f.out) > f.start && bytes.IndexByte([]byte(`<"'(`), f.out[len(f.out)-1]) >= 0 &&
		bytes.EqualFold(word, f.recipient)
}
