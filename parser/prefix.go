package parser

import (
	"bytes"
	"time"
)

// A linePrefix is what stands before the text of an entry.
type linePrefix struct {
	stamp       stamp
	hasOwnStamp bool   // the stamp is Exim's own, not a wrapper's
	host        []byte // that a wrapper names
	tag         []byte // "exim[4711]" of a syslog wrapper, nil without one
	piece       piece  // of a split syslog line
	pid         int
	id          []byte // nil if the entry belongs to no message
	start       int    // of what Exim wrote, behind the wrappers
	length      int    // of the prefix, with the blank after it
}

// A piece is the mark `[n/m] ` or `[n\m] ` of a syslog line that Exim split (log.c, write_syslog()).
type piece struct {
	n, m       int  // from 1; 0 if the line is whole
	lineFeed   bool // the piece ends where an LF of the entry stood
	start, end int  // of the mark in the line
}

// scanPrefix reads the prefix of line. It returns false if the line has no stamp and so begins no entry.
func scanPrefix(line []byte) (linePrefix, bool) {
	var h linePrefix
	i := 0
	if !isStamp(line) {
		if i = h.scanWrappers(line); i == 0 {
			return h, false
		}
		if h.tag != nil {
			i = h.piece.scan(line, i)
		}
	}
	h.start = i
	if isStamp(line[i:]) {
		i += h.eximStamp(line[i:])
	} else if !h.stamp.isSet() {
		return h, false
	}
	i += h.scanPID(line[i:])
	if n := messageIDLength(line[i:]); n > 0 {
		h.id = line[i : i+n]
		i = min(i+n+1, len(line))
	}
	h.length = i
	return h, true
}

// isStamp tells whether b begins with "yyyy-mm-dd hh:mm:ss" and a blank or a dot.
func isStamp(b []byte) bool {
	const shape = "dddd-dd-dd dd:dd:dd"
	if len(b) <= len(shape) || b[4] != '-' || b[10] != ' ' || b[19] != ' ' && b[19] != '.' {
		return false
	}
	return hasShape(b, shape)
}

// hasShape tells whether b begins with shape, in which d stands for a digit.
func hasShape(b []byte, shape string) bool {
	if len(b) < len(shape) {
		return false
	}
	for i := range len(shape) {
		if shape[i] == 'd' {
			if !isDigit(b[i]) {
				return false
			}
		} else if b[i] != shape[i] {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// eximStamp reads Exim's own stamp, milliseconds and zone, with the blank after them. If a wrapper's time is an
// instant, it gives the zone of a stamp that names none.
func (h *linePrefix) eximStamp(b []byte) int {
	h.hasOwnStamp = true
	h.stamp = stamp{text: b[:19], millis: -1, instant: h.stamp.instant}
	i := 19
	if b[i] == '.' {
		i += h.stamp.fraction(b[i:])
	}
	if i < len(b) && b[i] == ' ' {
		if n := zoneLength(b[i+1:]); n > 0 {
			h.stamp.zone = b[i+1 : i+1+n]
			i += 1 + n
		}
	}
	return min(i+1, len(b))
}

// scanPID reads `[pid] `.
func (h *linePrefix) scanPID(b []byte) int {
	if len(b) == 0 || b[0] != '[' {
		return 0
	}
	n := digitsLength(b[1:])
	if n == 0 || n > 10 || n+2 >= len(b) || b[n+1] != ']' || b[n+2] != ' ' {
		return 0
	}
	h.pid = int(digits(b[1 : 1+n]))
	return n + 3
}

// digitsLength gives the number of digits that b begins with.
func digitsLength(b []byte) int {
	for i, c := range b {
		if !isDigit(c) {
			return i
		}
	}
	return len(b)
}

// messageIDLength gives the length of the message id that b begins with, 0 if there is none: 16 characters (6-6-2) up
// to Exim 4.96, 23 (6-11-4) from 4.97 on.
func messageIDLength(b []byte) int {
	switch {
	case len(b) < 16 || b[6] != '-':
		return 0
	case b[13] == '-' && isEnd(b, 16) && isBase62(b[:6]) && isBase62(b[7:13]) && isBase62(b[14:16]):
		return 16
	case len(b) >= 23 && b[18] == '-' && isEnd(b, 23) && isBase62(b[:6]) && isBase62(b[7:18]) && isBase62(b[19:23]):
		return 23
	}
	return 0
}

// IsMessageID tells whether s is a message id of Exim's: 6-6-2 or 6-11-4 characters.
func IsMessageID(s string) bool { return len(s) > 0 && messageIDLength([]byte(s)) == len(s) }

// isEnd tells whether a token may end at i.
func isEnd(b []byte, i int) bool { return i == len(b) || b[i] == ' ' }

func isBase62(b []byte) bool {
	for _, c := range b {
		if !isAlphanumeric(c) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool { return alphanumeric[c] }

var alphanumeric = func() (is [256]bool) {
	for c := range is {
		is[c] = c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	return is
}()

// scan reads `[n/m] ` or `[n\m] ` at b[i:], and returns where the text behind it begins.
func (p *piece) scan(b []byte, i int) int {
	if i+6 > len(b) || b[i] != '[' {
		return i
	}
	slash := i + 1 + digitsLength(b[i+1:])
	if slash == i+1 || slash > i+4 || slash == len(b) || b[slash] != '/' && b[slash] != '\\' {
		return i
	}
	end := slash + 1 + digitsLength(b[slash+1:])
	if end == slash+1 || end > slash+4 || end+1 >= len(b) || b[end] != ']' || b[end+1] != ' ' {
		return i
	}
	*p = piece{n: int(digits(b[i+1 : slash])), m: int(digits(b[slash+1 : end])), lineFeed: b[slash] == '\\', start: i,
		end: end + 2}
	return end + 2
}

// Stamp reads the time at the beginning of line. zone and reference are as in NewReader.
func Stamp(line []byte, zone *time.Location, reference time.Time) (time.Time, bool) {
	line = bytes.TrimLeft(line, "\x00")
	if text, ok := appendUnwrapped(nil, line); ok {
		line = text
	}
	h, ok := scanPrefix(line)
	if !ok {
		return time.Time{}, false
	}
	c := clock{zone: zone, reference: reference}
	return c.time(h.stamp)
}
