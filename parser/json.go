package parser

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Entries may stand in JSON, one object a line: journalctl -o json, Docker's json-file and similar collectors write
// them. Such a line is put into the form in which syslog daemons write, and read as such:
//
//	2026-11-22T01:02:03.123456Z host tag[pid]: text
//	host | text                                         without a time

// mayBeJSON tells, fast, whether a line may be a JSON object. Few other lines begin like one, so each line can be
// asked.
func mayBeJSON(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	switch line[0] {
	case '{', byteOrderMark[0], recordSeparator, 'd':
		return true
	}
	return false
}

// What journalctl puts before an object with -o json-seq and json-sse.
const (
	recordSeparator = 0x1e
	serverSentEvent = "data: "
)

func trimCR(line []byte) []byte {
	if n := len(line) - 1; n >= 0 && line[n] == '\r' {
		return line[:n]
	}
	return line
}

// unwrap gives the text in a JSON object, good until the next call. It returns any other line as it is.
func (r *Reader) unwrap(line []byte) []byte {
	text, ok := appendUnwrapped(r.unwrapped[:0], line)
	if !ok {
		return line
	}
	r.unwrapped, r.lasting = text, false
	return text
}

// appendUnwrapped appends the entry in a JSON object to dst, in the form above. It returns false if the line is no
// object, or holds no text.
func appendUnwrapped(dst, line []byte) ([]byte, bool) {
	line = bytes.TrimPrefix(line, []byte(byteOrderMark))
	line = bytes.TrimPrefix(bytes.TrimPrefix(line, []byte{recordSeparator}), []byte(serverSentEvent))
	if len(line) == 0 || line[0] != '{' {
		return dst, false
	}
	var e jsonEnvelope
	if !e.read(line) || e.text.isEmpty() {
		return dst, false
	}
	start := len(dst)
	dst = e.time.appendTime(dst)
	switch timed := len(dst) > start; {
	case !timed && e.host.isWord():
		dst = append(e.host.append(dst), " | "...)
	case timed && (e.host.isWord() || e.tag.isWord()):
		if e.host.isWord() {
			dst = append(e.host.append(dst), ' ')
		}
		if e.tag.isWord() {
			dst = e.tag.append(dst)
		} else {
			dst = append(dst, '-')
		}
		if e.pid.isWord() {
			dst = append(e.pid.append(append(dst, '[')), ']')
		}
		dst = append(dst, ": "...)
	}
	start = len(dst)
	dst = e.text.append(dst)
	for i, c := range dst[start:] {
		if c == 0 {
			dst[start+i] = '?' // as Exim does
		}
	}
	return bytes.TrimRight(dst, "\r\n"), true
}

// A jsonEnvelope is what matters of an object. Of several fields for the same thing the first in the list counts.
type jsonEnvelope struct{ text, time, host, tag, pid jsonField }

// fields are the names, in the order of jsonEnvelope: journald's, Docker's, and what other collectors call them.
var fields = [...][]string{
	{"MESSAGE", "log", "message", "msg", "textPayload"},
	{"_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP", "time", "timestamp", "@timestamp"},
	{"_HOSTNAME", "host", "hostname"},
	{"SYSLOG_IDENTIFIER", "_COMM", "ident", "programname"},
	{"SYSLOG_PID", "_PID", "pid"},
}

// A jsonField is a value of an object, as it stands there; of several the one with the lowest rank.
type jsonField struct {
	raw  []byte
	rank int
}

func (f *jsonField) isEmpty() bool { return len(f.raw) == 0 }

// read reads the object that line is. It skips what it doesn't know.
func (e *jsonEnvelope) read(line []byte) bool {
	rest := trimSpace(line[1:])
	for more := true; more && len(rest) > 0 && rest[0] == '"'; {
		name := jsonString(rest)
		value, ok := bytes.CutPrefix(trimSpace(rest[name:]), []byte{':'})
		value = trimSpace(value)
		n := jsonValue(value)
		if !ok || n == 0 {
			return false
		}
		e.keep(rest[1:name-1], value[:n])
		rest, more = bytes.CutPrefix(trimSpace(value[n:]), []byte{','})
		rest = trimSpace(rest)
	}
	return len(rest) > 0 && rest[0] == '}' && len(trimSpace(rest[1:])) == 0
}

// keep keeps a value if it matters.
func (e *jsonEnvelope) keep(name, raw []byte) {
	c := raw[0]
	if c != '"' && c != '[' && !isDigit(c) {
		return // null, an object, a truth
	}
	for i, f := range [...]*jsonField{&e.text, &e.time, &e.host, &e.tag, &e.pid} {
		rank := slices.IndexFunc(fields[i], func(known string) bool { return known == string(name) })
		if rank >= 0 && (f.isEmpty() || rank < f.rank) {
			*f = jsonField{raw, rank}
		}
	}
}

func trimSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r") }

// jsonValue gives the length of the value that b begins with, 0 if it is none. What stands in an array or an object
// isn't looked at but for its strings.
func jsonValue(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			n := jsonString(b[i:])
			if n == 0 {
				return 0
			}
			if i += n - 1; depth == 0 {
				return i + 1
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth <= 0 {
				return i + depth + 1
			}
		case ',', ' ', '\t', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return 0
}

// jsonString gives the length of the string that b begins with, with its quotes; 0 if it doesn't end.
func jsonString(b []byte) int {
	if end := quoteEnd(b, 0); end < len(b) {
		return end + 1
	}
	return 0
}

// append appends the text of a value: of a string, of an array of bytes, as journald writes what isn't UTF-8, or of a
// number.
func (f *jsonField) append(dst []byte) []byte {
	if f.isEmpty() {
		return dst
	}
	switch raw := f.raw; raw[0] {
	case '"':
		return appendString(dst, raw[1:len(raw)-1])
	case '[':
		return appendArray(dst, raw[1:len(raw)-1])
	default:
		return append(dst, raw...)
	}
}

// appendArray appends the bytes of an array of numbers. Of an array of strings, as journald writes a field that is
// there twice, it appends the first.
func appendArray(dst, b []byte) []byte {
	if b = trimSpace(b); len(b) > 0 && b[0] == '"' {
		return appendString(dst, b[1:max(jsonString(b)-1, 1)])
	}
	for len(b) > 0 {
		n := digitsLength(b)
		if n == 0 || n > 3 {
			return dst
		}
		dst = append(dst, byte(digits(b[:n])))
		b = trimSpace(b[n:])
		b = trimSpace(b[min(1, len(b)):]) // behind the comma
	}
	return dst
}

// appendString appends the text of a string, given without its quotes.
func appendString(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 == len(b) {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		c := b[i+1]
		b = b[i+2:]
		switch i := strings.IndexByte("bfnrt", c); {
		case i >= 0:
			dst = append(dst, "\b\f\n\r\t"[i])
		case c == 'u':
			var r rune
			r, b = jsonRune(b)
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
}

// jsonRune reads what follows `\u`: four digits, or two times four of a surrogate pair.
func jsonRune(b []byte) (r rune, rest []byte) {
	r, ok := hex4(b)
	if !ok {
		return utf8.RuneError, b
	}
	b = b[4:]
	if second, ok := bytes.CutPrefix(b, []byte(`\u`)); ok {
		low, _ := hex4(second)
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, second[4:]
		}
	}
	return r, b
}

func hex4(b []byte) (rune, bool) {
	r, err := strconv.ParseUint(string(b[:min(len(b), 4)]), 16, 16)
	return rune(r), err == nil && len(b) >= 4
}

// isWord tells whether the value can stand in the form above as a word.
func (f *jsonField) isWord() bool {
	var buffer [maxName + 1]byte
	if len(f.raw) > 6*maxName {
		return false
	}
	text := f.append(buffer[:0])
	return len(text) > 0 && len(text) <= maxName &&
		!bytes.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == ':' || c == 0x7f })
}

// appendTime appends a time, given in microseconds or seconds since 1970, or in the order of ISO 8601, with a blank.
func (f *jsonField) appendTime(dst []byte) []byte {
	var buffer [64]byte
	if f.isEmpty() || len(f.raw) > len(buffer) {
		return dst
	}
	text := f.append(buffer[:0])
	whole, part, _ := bytes.Cut(text, []byte{'.'})
	if n := len(whole); n == 0 || digitsLength(whole) != n || digitsLength(part) != len(part) {
		if len(text) > 10 && text[10] == ' ' {
			text[10] = 'T'
		}
		return append(append(dst, text...), ' ')
	}
	n, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil {
		return dst
	}
	at := time.Unix(n, 0)
	switch {
	case n >= 1e17:
		at = time.Unix(0, n)
	case n >= 1e14:
		at = time.UnixMicro(n)
	case n >= 1e11:
		at = time.UnixMilli(n)
	}
	return at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z ")
}
