package parser

import "time"

// A stamp is the civil time that a line names.
type stamp struct {
	text   []byte // "yyyy-mm-dd hh:mm:ss", or "Mmm dd hh:mm:ss" of a syslog prefix
	millis int    // -1 if not logged
	zone   []byte // "+hhmm" or "+hh:mm", "Z"; empty if not logged
}

// maxDisorder is how far the lines of a log may be out of order before a local stamp that occurs twice in the autumn hour is
// taken for its second occurrence.
const maxDisorder = 30 * time.Minute

// A clock makes times of stamps. A log without zones repeats an hour in autumn: a stamp of that hour is its first
// occurrence, or its second if the first would step back by more than maxDisorder from the line before.
type clock struct {
	zone      *time.Location
	reference time.Time // a syslog prefix names no year: the latest that isn't over a day after this
	last      time.Time
	doubtful  bool // a stamp's time depended on last

	hour   string // the hour last seen, "yyyy-mm-dd hh", of which
	whole  bool   // no minute of it is skipped or repeated, and
	begins time.Time

	offset int // seconds; the zone last named by a line is
	named  *time.Location
}

// time gives the time that s stands for, false where s names no real one.
func (c *clock) time(s stamp) (time.Time, bool) {
	t, ok := c.seconds(s)
	if ok && s.millis > 0 {
		t = t.Add(time.Duration(s.millis) * time.Millisecond)
	}
	return t, ok
}

func (c *clock) seconds(s stamp) (time.Time, bool) {
	if s.text[0] > '9' {
		return c.syslog(s.text)
	}
	if len(s.zone) > 0 {
		return civil(s.text, c.location(s.zone))
	}
	t, ok := c.local(s.text)
	if ok {
		c.last = t
	}
	return t, ok
}

// local reads a stamp in the log's own zone.
func (c *clock) local(text []byte) (time.Time, bool) {
	if c.whole && string(text[:13]) == c.hour {
		minute, second := digits(text[14:16]), digits(text[17:19])
		if minute > 59 || second > 60 {
			return time.Time{}, false
		}
		return c.begins.Add(time.Duration(minute*60+second) * time.Second), true
	}
	t, ok := civil(text, c.zone)
	if !ok {
		return t, false
	}
	begins := t.Add(-time.Duration(t.Minute()*60+t.Second()) * time.Second)
	before, after := begins.Add(-time.Hour), begins.Add(time.Hour)
	c.whole = begins.Hour() != before.Hour() && begins.Hour() != after.Hour() &&
		begins.Minute() == 0 && after.Minute() == 0 && t.Hour() == int(digits(text[11:13]))
	c.hour, c.begins = string(text[:13]), begins
	return c.occurrence(t), true
}

// occurrence picks the first or second time at which the wall clock showed t.
func (c *clock) occurrence(t time.Time) time.Time {
	first, second := t, t
	if before := t.Add(-time.Hour); sameClock(before, t) {
		first = before
	} else if after := t.Add(time.Hour); sameClock(after, t) {
		second = after
	}
	c.doubtful = c.doubtful || first != second
	if first.Before(c.last.Add(-maxDisorder)) && !second.Before(c.last.Add(-maxDisorder)) {
		return second
	}
	return first
}

// sameClock tells whether a wall clock shows the same at both.
func sameClock(a, b time.Time) bool { return a.Hour() == b.Hour() && a.Minute() == b.Minute() }

// civil reads "yyyy-mm-dd hh:mm:ss" in zone.
func civil(text []byte, zone *time.Location) (time.Time, bool) {
	year, month, day := int(digits(text[:4])), time.Month(digits(text[5:7])), int(digits(text[8:10]))
	hour, minute, second := int(digits(text[11:13])), int(digits(text[14:16])), int(digits(text[17:19]))
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 {
		return time.Time{}, false
	}
	return time.Date(year, month, day, hour, minute, second, 0, zone), true
}

// location gives the zone of "+hhmm", "+hh:mm" or "Z".
func (c *clock) location(zone []byte) *time.Location {
	offset := 0
	if len(zone) >= 5 {
		offset = int(digits(zone[1:3])*3600 + digits(zone[len(zone)-2:])*60)
		if zone[0] == '-' {
			offset = -offset
		}
	}
	if c.named == nil || c.offset != offset {
		c.offset, c.named = offset, time.FixedZone("", offset)
	}
	return c.named
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// month gives the number of a month's English abbreviation, 0 if it is none.
func month(b []byte) time.Month {
	for i := 0; i < len(months); i += 3 {
		if string(b[:3]) == months[i:i+3] {
			return time.Month(i/3 + 1)
		}
	}
	return 0
}

// syslog reads "Mmm dd hh:mm:ss", of which the year is not told.
func (c *clock) syslog(text []byte) (time.Time, bool) {
	day := int(text[5] - '0')
	if text[4] != ' ' {
		day += 10 * int(text[4]-'0')
	}
	hour, minute, second := int(digits(text[7:9])), int(digits(text[10:12])), int(digits(text[13:15]))
	if day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 {
		return time.Time{}, false
	}
	year := c.reference.In(c.zone).Year() + 1
	for {
		t := time.Date(year, month(text), day, hour, minute, second, 0, c.zone)
		if !t.After(c.reference.Add(24 * time.Hour)) {
			t = c.occurrence(t)
			c.last = t
			return t, true
		}
		year--
	}
}

// digits gives the number that b, which holds digits alone, stands for.
func digits(b []byte) int64 {
	n := int64(0)
	for _, d := range b {
		n = n*10 + int64(d-'0')
	}
	return n
}
