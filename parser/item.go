package parser

import (
	"bytes"
	"unicode"
)

// Each function here reads an item that b begins with, the blank before it included, and gives its length: 0 if the
// item doesn't stand there.

// plainItem reads an item whose value has no blanks, such as ` X=cipher`.
func plainItem(b []byte, prefix string) int {
	if !bytes.HasPrefix(b, []byte(prefix)) {
		return 0
	}
	return plainEnd(b, len(prefix))
}

// flagItem reads an item that has no value, such as ` K`.
func flagItem(b []byte, name string) int {
	if bytes.HasPrefix(b, []byte(name)) && isEnd(b, len(name)) {
		return len(name)
	}
	return 0
}

// quotedOrPlain reads an item such as ` SNI="x y"`, up to the first quote that may close it, or ` SNI=x`, in which
// quotes stand as they are.
func quotedOrPlain(b []byte, prefix string) int {
	if !bytes.HasPrefix(b, []byte(prefix)) {
		return 0
	}
	i := len(prefix)
	if i < len(b) && b[i] == '"' {
		for k := i + 1; k < len(b) && b[k] != '\n'; k++ {
			if b[k] == '"' && isEnd(b, k+1) {
				return k + 1
			}
		}
	}
	end := i + tokenEnd(b[i:])
	if bytes.IndexByte(b[i:end], '\n') >= 0 {
		return 0
	}
	return end
}

// unknownItem reads an item of a version to come: ` WORD`, ` Key=value` or ` Key="any text"`. An item that is known
// has its own place and is none of these.
func unknownItem(b []byte) int {
	if len(b) < 2 || b[0] != ' ' {
		return 0
	}
	i := 1
	for i < len(b) && isAlphanumeric(b[i]) {
		i++
	}
	name := b[1:i]
	if len(name) == 0 || len(name) > maxItemName || isDigit(name[0]) || isKnown(name) {
		return 0
	}
	if i < len(b) && b[i] == '*' {
		i++
	}
	if isEnd(b, i) && !bytes.ContainsFunc(name, unicode.IsLower) {
		return i
	}
	if i == len(b) || b[i] != '=' {
		return 0
	}
	return valueEnd(b, i+1)
}

const maxItemName = 12 // bytes: twice the longest name so far (DMARC)

// valueEnd gives where the value that begins at i ends: a token without quotes, or a text in quotes that balance; 0
// if it is neither.
func valueEnd(b []byte, i int) int {
	if i < len(b) && b[i] == '"' {
		end := quoteEnd(b, i)
		if end == len(b) || !isEnd(b, end+1) {
			return 0
		}
		return end + 1
	}
	return plainEnd(b, i)
}

// plainEnd gives where the token that begins at i ends; 0 if a quote or an LF stands in it.
func plainEnd(b []byte, i int) int {
	end := i + tokenEnd(b[i:])
	if bytes.IndexByte(b[i:end], '"') >= 0 || bytes.IndexByte(b[i:end], '\n') >= 0 {
		return 0
	}
	return end
}

// skipUnknown skips items that are not known.
func skipUnknown(b []byte) []byte {
	for {
		n := unknownItem(b)
		if n == 0 {
			return b
		}
		b = b[n:]
	}
}

// trimUnknown cuts unknown items off the end of a value that may hold blanks. One in quotes is not: the quote that
// closes it may be that of a DN= around the value.
func trimUnknown(value []byte) []byte {
	for {
		i := bytes.LastIndexByte(value, ' ')
		if i <= 0 || value[len(value)-1] == '"' || unknownItem(value[i:]) != len(value)-i {
			return value
		}
		value = value[:i]
	}
}

// isKnown tells whether name is that of an item that has its own place in the order.
func isKnown(name []byte) bool {
	switch string(name) {
	case "R", "DS", "H", "I", "TFO", "U", "Ci", "P", "L", "SPF", "X", "CV", "DN", "SNI", "A", "PRDR", "PRX", "K",
		"S", "M8S", "DKIM", "ARC", "DMARC", "RT", "Q", "id", "T":
		return true
	}
	return false
}
