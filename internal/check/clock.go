package check

import (
	"fmt"
	"time"
)

const (
	clockSlack  = time.Minute      // how much the clocks of synchronized machines may differ
	writeSlack  = 10 * time.Second // from a timestamp to the writing of its line
	quietAtMost = 24 * time.Hour   // Exim logs its queue runs, by default every half hour
	zoneStep    = 15 * time.Minute // zones differ by multiples of this
	widestZone  = 26 * time.Hour   // between UTC-12 and UTC+14
)

// clock checks that the log's timestamps are read in the right zone, and how old the last one is.
func (c *checks) clock(s *sample) []Result {
	const name = "clock"
	// A copied file doesn't show a wrong zone, nor does a log with zones.
	if off, ok := ZoneError(s.last, s.written, writeSlack); ok && !s.zoned {
		_, offset := s.last.Zone()
		right := time.Duration(offset)*time.Second + off
		side := "ahead"
		if off < 0 {
			side = "behind"
		}
		return warn(name, fits(right, s.written), "the last line has the time %s, but %s was written at %s UTC: %s %s",
			s.last.Format(time.DateTime), s.path, s.written.UTC().Format(time.TimeOnly), rough(off.Abs()), side)
	}
	age := c.Now.Sub(s.last)
	stamp := s.last.Format("2006-01-02 15:04:05 -0700")
	switch {
	case age < -clockSlack:
		return warn(name, "Check this machine's clock, and the log's time zone (timezone in the configuration).",
			"the last line has the time %s, which is %s in the future", stamp, rough(-age))
	case age > quietAtMost:
		return warn(name, "Is Exim running, and does it log to this file? exim -bP log_file_path prints its log.",
			"the last line is %s old: %s", rough(age), stamp)
	}
	zone := "the machine's zone"
	if s.zoned {
		zone = "zone from the log"
	} else if c.Config.Zone != time.Local {
		zone = "timezone = \"" + c.Config.Zone.String() + "\""
	}
	return pass(name, "last line %s ago, %s (%s)", rough(max(age, 0)), stamp, zone)
}

// ZoneError is how far the zone in which a timestamp is read lies west of its own zone. Its line was written at
// written, or up to slack before. ok is false if the zone is right, or if the times don't show it.
func ZoneError(stamp, written time.Time, slack time.Duration) (off time.Duration, ok bool) {
	exact := stamp.Sub(written)
	off = exact.Round(zoneStep)
	return off, off != 0 && off.Abs() <= widestZone && (exact-off).Abs() <= slack
}

// known are the zones to propose, besides the machine's: one for each offset where many people live.
var known = []string{
	"UTC", "Europe/London", "Europe/Berlin", "Europe/Athens", "Europe/Moscow", "Asia/Dubai", "Asia/Karachi",
	"Asia/Kolkata", "Asia/Dhaka", "Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
	"Pacific/Auckland", "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver",
	"America/Phoenix", "America/Los_Angeles", "America/Halifax", "America/Anchorage", "Pacific/Honolulu",
}

// hasOffset reports whether a zone is offset ahead of UTC at a time.
func hasOffset(zone *time.Location, offset time.Duration, at time.Time) bool {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds)*time.Second == offset
}

// ZoneAt names a zone that is offset ahead of UTC at a time; "" if it knows none.
func ZoneAt(offset time.Duration, at time.Time) string {
	for _, name := range known {
		if zone, err := time.LoadLocation(name); err == nil && hasOffset(zone, offset, at) {
			return name
		}
	}
	return ""
}

// fits is the hint to set a zone that is offset ahead of UTC at a time.
func fits(offset time.Duration, at time.Time) string {
	if hasOffset(time.Local, offset, at) {
		return "The log is in this machine's time zone: remove timezone from exiwatch's configuration."
	}
	const wrong = "exiwatch reads the log in the wrong time zone. Set "
	signed := at.In(time.FixedZone("", int(offset.Seconds()))).Format("-07:00")
	name := ZoneAt(offset, at)
	if name == "" {
		return wrong + "timezone in the configuration to a zone at UTC" + signed + "."
	}
	line := fmt.Sprintf("in exiwatch's configuration:\n    timezone = %q", name)
	if name != "UTC" {
		line += "   # or another zone at UTC" + signed
	}
	return wrong + line
}

// rough writes a duration in at most two units.
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
