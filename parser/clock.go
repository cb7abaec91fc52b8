package parser

import (
	"bytes"
	"strings"
	"time"
)

// A stamp is the time that a line names.
type stamp struct {
	// "yyyy-mm-dd hh:mm:ss", with a blank or a T, or "Mmm dd hh:mm:ss" of a wrapper; nil: near is the time
	text    []byte
	zone    []byte // "+hhmm", "+hh:mm", "+hh", "Z" or an abbreviation; empty if not logged
	instant int64  // Unix time that a wrapper names, in seconds; 0 if none does
	millis  int16  // -1 if not logged
	year    int16  // behind "Mmm dd hh:mm:ss"; 0 if not logged
}

// maxDisorder is how far the lines of a log may be out of order before a local stamp of the hour that autumn repeats
// counts as its second occurrence.
const maxDisorder = 30 * time.Minute

// A clock makes times of stamps. A log without zones repeats an hour in autumn. A stamp of that hour is its first
// occurrence, or its second if the first would be more than maxDisorder before the line above.
type clock struct {
	zone      *time.Location
	reference time.Time // a syslog prefix names no year: the latest that isn't over a day after this
	last      time.Time
	ambiguous bool // a stamp's time depended on last

	hour        string // the hour last seen, "yyyy-mm-dd hh", of which
	hourIsPlain bool   // no minute of it is skipped or repeated, and
	hourStart   time.Time

	namedOffset int // seconds; the zone last named by a line is
	namedZone   *time.Location
}

// time gives the time that s stands for; false if s names no real one.
func (c *clock) time(s stamp) (time.Time, bool) {
	t, ok := c.wholeSecond(s)
	if ok && s.millis > 0 {
		t = t.Add(time.Duration(s.millis) * time.Millisecond)
	}
	return t, ok
}

func (c *clock) wholeSecond(s stamp) (time.Time, bool) {
	switch {
	case len(s.text) == 0:
		return time.Unix(s.instant, 0).In(c.zone), true
	case s.text[0] > '9':
		return c.syslog(s)
	case len(s.zone) > 1 && s.zone[0] >= 'A':
		return c.abbreviated(s)
	case len(s.zone) > 0:
		offset, _ := zoneOffset(s.zone)
		return civil(s.text, c.location(offset))
	case s.instant != 0:
		if t, ok := c.besideWrapper(s); ok {
			return t, true
		}
	}
	t, ok := c.local(s.text)
	if ok {
		c.last = t
	}
	return t, ok
}

// maxDelay is how long after Exim a wrapper may note the time of an entry, and still tell Exim's zone by that.
const maxDelay = time.Minute

// besideWrapper reads a stamp that names no zone beside the time of a wrapper. The difference, in whole half hours, is
// the zone. It fails if the two don't fit together.
func (c *clock) besideWrapper(s stamp) (time.Time, bool) {
	const step, most = 30 * time.Minute, 14 * time.Hour
	t, ok := civil(s.text, time.UTC)
	if !ok {
		return t, false
	}
	ahead := t.Sub(time.Unix(s.instant, 0))
	offset := ahead.Round(step)
	if (ahead-offset).Abs() > maxDelay || offset.Abs() > most {
		return t, false
	}
	return civil(s.text, c.location(int(offset/time.Second)))
}

// abbreviated reads a stamp whose zone is a word: one of the log's own zone, or one that is known everywhere.
func (c *clock) abbreviated(s stamp) (time.Time, bool) {
	t, ok := civil(s.text, c.zone)
	if !ok {
		return t, false
	}
	for _, t := range [...]time.Time{t, t.Add(time.Hour), t.Add(-time.Hour)} { // the hour that occurs twice
		if name, _ := t.Zone(); name == string(s.zone) && t.Hour() == int(digits(s.text[11:13])) {
			return t, true
		}
	}
	offset, ok := zoneOffset(s.zone)
	if !ok {
		return t, false
	}
	return civil(s.text, c.location(offset))
}

// local reads a stamp in the log's own zone.
func (c *clock) local(text []byte) (time.Time, bool) {
	if c.hourIsPlain && string(text[:13]) == c.hour {
		minute, second := digits(text[14:16]), digits(text[17:19])
		if minute > 59 || second > 60 {
			return time.Time{}, false
		}
		return c.hourStart.Add(time.Duration(minute*60+second) * time.Second), true
	}
	t, ok := civil(text, c.zone)
	if !ok {
		return t, false
	}
	begins := t.Add(-time.Duration(t.Minute()*60+t.Second()) * time.Second)
	before, after := begins.Add(-time.Hour), begins.Add(time.Hour)
	c.hourIsPlain = begins.Hour() != before.Hour() && begins.Hour() != after.Hour() &&
		begins.Minute() == 0 && after.Minute() == 0 && t.Hour() == int(digits(text[11:13]))
	c.hour, c.hourStart = string(text[:13]), begins
	return c.occurrence(t), true
}

// occurrence picks the first or the second time at which the wall clock showed t.
func (c *clock) occurrence(t time.Time) time.Time {
	first, second := t, t
	if before := t.Add(-time.Hour); sameClock(before, t) {
		first = before
	} else if after := t.Add(time.Hour); sameClock(after, t) {
		second = after
	}
	c.ambiguous = c.ambiguous || first != second
	if first.Before(c.last.Add(-maxDisorder)) && !second.Before(c.last.Add(-maxDisorder)) {
		return second
	}
	return first
}

// sameClock tells whether a wall clock shows the same at both.
func sameClock(a, b time.Time) bool { return a.Hour() == b.Hour() && a.Minute() == b.Minute() }

// civil reads "yyyy-mm-dd hh:mm:ss" in zone.
func civil(text []byte, zone *time.Location) (time.Time, bool) {
	return date(int(digits(text[:4])), time.Month(digits(text[5:7])), text[8:10], text[11:], zone)
}

// date makes a time of a date and "hh:mm:ss".
func date(year int, month time.Month, days, clock []byte, zone *time.Location) (time.Time, bool) {
	day := int(digits(days))
	hour, minute, second := int(digits(clock[:2])), int(digits(clock[3:5])), int(digits(clock[6:8]))
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 {
		return time.Time{}, false
	}
	return time.Date(year, month, day, hour, minute, second, 0, zone), true
}

// location gives the zone so many seconds ahead of UTC.
func (c *clock) location(offset int) *time.Location {
	if c.namedZone == nil || c.namedOffset != offset {
		c.namedOffset, c.namedZone = offset, time.FixedZone("", offset)
	}
	return c.namedZone
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// month gives the number of a month's English abbreviation, 0 if it is none.
func month(b []byte) time.Month {
	if i := strings.Index(months, string(b[:3])); i >= 0 && i%3 == 0 {
		return time.Month(i/3 + 1)
	}
	return 0
}

// syslog reads "Mmm dd hh:mm:ss", which seldom names the year.
func (c *clock) syslog(s stamp) (time.Time, bool) {
	day, clock := s.text[4:len(s.text)-len(" hh:mm:ss")], s.text[len(s.text)-len("hh:mm:ss"):]
	year := int(s.year)
	if year == 0 {
		year = c.reference.In(c.zone).Year() + 1
	}
	for ; ; year-- {
		t, ok := date(year, month(s.text), bytes.TrimLeft(day, " "), clock, c.zone)
		if !ok {
			return t, false
		}
		if s.year > 0 || !t.After(c.reference.Add(24*time.Hour)) {
			c.last = c.occurrence(t)
			return c.last, true
		}
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
