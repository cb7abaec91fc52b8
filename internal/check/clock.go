package check

import (
	"fmt"
	"time"
)

const (
	clockSlack  = time.Minute      // by which machines that keep time may differ
	writeSlack  = 10 * time.Second // between a stamp and the writing of its line
	quietAtMost = 24 * time.Hour   // Exim's queue runs are logged, by default every half hour
	zoneStep    = 15 * time.Minute // zones are multiples of it
	widestZone  = 26 * time.Hour   // between UTC-12 and UTC+14
)

// clock tells whether the log's stamps are read in the right zone, and how old the last is.
func (c *checks) clock(s *sample) Result {
	const name = "clock"
	if off, ok := c.zoneError(s); ok {
		_, offset := s.last.Zone()
		right := time.Duration(offset)*time.Second + off
		return warn(name, fits(right, s.written), "the last line is stamped %s, %s was written at %s UTC: %s",
			s.last.Format(time.DateTime), s.path, s.written.UTC().Format(time.TimeOnly), apart(off))
	}
	age := c.Now.Sub(s.last)
	stamp := s.last.Format("2006-01-02 15:04:05 -0700")
	switch {
	case age < -clockSlack:
		return warn(name, "Is this machine's clock right, and the log's zone (timezone in the configuration)?",
			"the last line is stamped %s, %s in the future", stamp, rough(-age))
	case age > quietAtMost:
		return warn(name, "Is Exim running, and is that where it logs to? exim -bP log_file_path",
			"the last line is %s old, of %s", rough(age), stamp)
	}
	zone := "by the machine's zone"
	if s.zoned {
		zone = "as the log says"
	} else if c.Config.Zone != time.Local {
		zone = "by timezone = \"" + c.Config.Zone.String() + "\""
	}
	return pass(name, "last line %s ago, %s %s", rough(max(age, 0)), stamp, zone)
}

// zoneError is by how much the zone in which a log without zones is read lies west of its own, told by the time at
// which the file was written to. A copied file doesn't tell it.
func (c *checks) zoneError(s *sample) (time.Duration, bool) {
	off, ok := ZoneError(s.last, s.written, writeSlack)
	return off, ok && !s.zoned
}

// ZoneError is by how much the zone in which a stamp is read lies west of its own, if its line was written at the time
// given or up to slack before. ok is false if it is in its zone, or nothing tells.
func ZoneError(stamp, written time.Time, slack time.Duration) (off time.Duration, ok bool) {
	exact := stamp.Sub(written)
	off = exact.Round(zoneStep)
	return off, off != 0 && off.Abs() <= widestZone && (exact-off).Abs() <= slack
}

func apart(d time.Duration) string {
	if d > 0 {
		return rough(d) + " ahead"
	}
	return rough(-d) + " behind"
}

// known are zones to propose, besides the machine's and UTC: one for each offset where many live.
var known = []string{
	"Europe/London", "Europe/Berlin", "Europe/Athens", "Europe/Moscow", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata",
	"Asia/Dhaka", "Asia/Bangkok",
	"Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "America/Sao_Paulo", "America/New_York",
	"America/Chicago", "America/Denver",
	"America/Phoenix", "America/Los_Angeles", "America/Halifax", "America/Anchorage", "Pacific/Honolulu",
}

// hasOffset tells whether a zone's clock is so far ahead of UTC at that time.
func hasOffset(zone *time.Location, offset time.Duration, at time.Time) bool {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds)*time.Second == offset
}

// ZoneAt names a zone whose clock is so far ahead of UTC at that time; "" if none is known.
func ZoneAt(offset time.Duration, at time.Time) string {
	if hasOffset(time.UTC, offset, at) {
		return "UTC"
	}
	for _, name := range known {
		if zone, err := time.LoadLocation(name); err == nil && hasOffset(zone, offset, at) {
			return name
		}
	}
	return ""
}

// fits says which zone's clock is so far ahead of UTC at that time.
func fits(offset time.Duration, at time.Time) string {
	const key = "The log is in another zone than it is read in. In exiwatch's configuration:\n    "
	if hasOffset(time.Local, offset, at) {
		return "The log is in this machine's zone: take timezone out of exiwatch's configuration."
	}
	switch name := ZoneAt(offset, at); name {
	case "":
	case "UTC":
		return key + `timezone = "UTC"`
	default:
		return key + fmt.Sprintf("timezone = %q   # or another that is UTC%s", name, signed(offset))
	}
	return "The log is in another zone than it is read in: name one that is UTC" + signed(offset) +
		" as timezone in the configuration."
}

// signed writes an offset as in +05:30.
func signed(offset time.Duration) string {
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%c%02d:%02d", sign, int(offset.Hours()), int(offset.Minutes())%60)
}

// rough writes a duration to two units at the most.
func rough(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
