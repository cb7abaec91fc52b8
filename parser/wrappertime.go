package parser

import (
	"strconv"
	"time"
)

// clockTime reads the time that a wrapper begins with, and returns its length with the blank after it; 0 if there is
// none.
//
//	["Wed "] "Mmm dd hh:mm:ss" [fraction] [" yyyy"]                   syslog; with the year: OpenWrt's
//	["Wed "] "yyyy-mm-dd" ("T" / " ") "hh:mm:ss" [fraction] [[" "] zone]   a blank only behind the day of the week
//	seconds "." microseconds                                         since 1970: journalctl -o short-unix
//	"yyyy-mm-dd_hh:mm:ss" [fraction]                                 in UTC: svlogd -tt
//	"@" and 24 hexadecimal digits                                    TAI64N: multilog, s6-log
func (s *stamp) clockTime(b []byte) int {
	i, n := weekdayLength(b), 0
	switch rest := b[i:]; {
	case len(rest) == 0:
	case hasShape(rest, "dddd-dd-ddTdd:dd:dd") || hasShape(rest, "dddd-dd-dd_dd:dd:dd") || i > 0 && isStamp(rest):
		n = s.isoTime(rest)
	case rest[0] == '@' && i == 0:
		n = s.atomicTime(rest)
	case isDigit(rest[0]) && i == 0:
		n = s.unixTime(rest)
	case !isDigit(rest[0]):
		n = s.monthTime(rest)
	}
	if n == 0 || i+n >= len(b) || b[i+n] != ' ' {
		return 0
	}
	return i + n + 1
}

// weekdayLength gives the length of the day of the week that b begins with, such as "Wed "; 0 if there is none.
func weekdayLength(b []byte) int {
	if len(b) <= 4 || b[3] != ' ' {
		return 0
	}
	switch string(b[:3]) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return 4
	}
	return 0
}

// isoTime reads a date and a time in the order of ISO 8601.
func (s *stamp) isoTime(b []byte) int {
	read := stamp{text: b[:19], millis: -1}
	i := 19
	i += read.fraction(b[i:])
	if b[10] == '_' {
		read.zone = []byte("Z")
	}
	blank := 0
	if b[10] == ' ' && i < len(b) && b[i] == ' ' {
		blank = 1
	}
	if i+blank < len(b) {
		if n := zoneLength(b[i+blank:]); n > 0 {
			read.zone = b[i+blank : i+blank+n]
			i += blank + n
		}
	}
	if offset, ok := zoneOffset(read.zone); ok {
		if t, ok := civil(read.text, time.UTC); ok {
			read.instant = t.Unix() - int64(offset)
		}
	}
	s.keepBetter(read)
	return i
}

// unixTime reads seconds since 1970.
func (s *stamp) unixTime(b []byte) int {
	n := digitsLength(b)
	if n < 9 || n > 11 || n == len(b) || b[n] != '.' {
		return 0
	}
	read := stamp{millis: -1, instant: digits(b[:n])}
	i := n + read.fraction(b[n:])
	if i == n {
		return 0
	}
	s.keepBetter(read)
	return i
}

// atomicTime reads a TAI64N label: seconds since 1970, and 2^62, and ten more and the leap seconds since.
func (s *stamp) atomicTime(b []byte) int {
	const digits, ahead = 24, 1<<62 + 37
	if len(b) <= 1+digits {
		return 0
	}
	seconds, err := strconv.ParseUint(string(b[1:17]), 16, 64)
	_, wrong := strconv.ParseUint(string(b[17:1+digits]), 16, 32)
	if err != nil || wrong != nil || seconds <= ahead || seconds > ahead+1<<36 {
		return 0
	}
	s.keepBetter(stamp{millis: -1, instant: int64(seconds - ahead)})
	return 1 + digits
}

// monthTime reads "Mmm dd hh:mm:ss", which the year may follow.
func (s *stamp) monthTime(b []byte) int {
	if len(b) < len("Mmm d hh:mm:ss") || month(b) == 0 || b[3] != ' ' {
		return 0
	}
	i := 4
	if b[i] == ' ' {
		i++
	}
	n := digitsLength(b[i:])
	if n == 0 || n > 2 || !hasShape(b[i+n:], " dd:dd:dd") {
		return 0
	}
	i += n + len(" dd:dd:dd")
	read := stamp{text: b[:i], millis: -1}
	i += read.fraction(b[i:])
	if hasShape(b[i:], " dddd ") {
		read.year = int16(digits(b[i+1 : i+5]))
		i += len(" dddd")
	}
	s.keepBetter(read)
	return i
}

// fraction reads a fraction of a second, and keeps the milliseconds if it has so many digits.
func (s *stamp) fraction(b []byte) int {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' {
		return 0
	}
	n := digitsLength(b[1:])
	if n == 0 {
		return 0
	}
	if n >= 3 {
		s.millis = int16(digits(b[1:4]))
	}
	return 1 + n
}

// keepBetter keeps the time that says more, of this one and another wrapper's: an instant, then a year.
func (s *stamp) keepBetter(other stamp) {
	if s.instant == 0 || other.instant != 0 {
		*s = other
	}
}

// isSet tells whether a time was read.
func (s *stamp) isSet() bool { return len(s.text) > 0 || s.instant != 0 }

// zoneLength gives the length of the zone that b begins with: "+hhmm", "+hh:mm", "+hh", "Z", or letters such as CEST.
// Letters count only before a blank and what an entry or a wrapper may begin with. It returns 0 if there is no zone.
func zoneLength(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch c := b[0]; {
	case c == '+' || c == '-':
		for _, shape := range [...]string{"dd:dd", "dddd", "dd"} {
			if n := 1 + len(shape); hasShape(b[1:], shape) && n < len(b) && b[n] == ' ' {
				return n
			}
		}
	case c >= 'A' && c <= 'Z':
		return abbreviation(b)
	}
	return 0
}

// abbreviation gives the length of a zone's abbreviation. An unknown one counts as one only before a message id.
func abbreviation(b []byte) int {
	n := 0
	for n < len(b) && n <= 5 && b[n] >= 'A' && b[n] <= 'Z' {
		n++
	}
	if n == 0 || n > 5 || n+1 >= len(b) || b[n] != ' ' {
		return 0
	}
	if _, known := zoneOffset(b[:n]); known {
		return n
	}
	var h linePrefix
	rest := b[n+1:]
	if messageIDLength(rest[h.scanPID(rest):]) > 0 {
		return n
	}
	return 0
}

// zoneOffset gives how many seconds a zone is ahead of UTC. The log's own zone may give its abbreviations other
// meanings.
func zoneOffset(zone []byte) (seconds int, ok bool) {
	if len(zone) == 0 {
		return 0, false
	}
	if zone[0] == '+' || zone[0] == '-' {
		seconds = int(digits(zone[1:3])) * 3600
		if len(zone) >= 5 {
			seconds += int(digits(zone[len(zone)-2:])) * 60
		}
		if zone[0] == '-' {
			seconds = -seconds
		}
		return seconds, true
	}
	hours, ok := zoneHours[string(zone)]
	return hours * 3600, ok
}

// zoneHours are how many hours the zones are ahead of UTC whose abbreviations stand for one zone alone, at least where
// Exim is most common.
var zoneHours = map[string]int{
	"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "CET": 1, "WEST": 1, "CEST": 2, "EET": 2, "SAST": 2, "EEST": 3, "MSK": 3,
	"JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
	"EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8,
}
