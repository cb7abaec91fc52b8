package mailer

import (
	"strings"
	"time"

	"exiwatch/internal/words"
)

// units are what a span of time is written in.
var units = []struct {
	size time.Duration
	sign string
	noun string
}{{24 * time.Hour, "d", "day"}, {time.Hour, "h", "hour"}, {time.Minute, "m", "minute"}, {time.Second, "s", "second"}}

// brief formats a window of whole seconds as the configuration does: 5m, 1h30m.
func brief(d time.Duration) string {
	return strings.Join(inUnits(d, func(n int64, sign, _ string) string { return plain(n) + sign }), "")
}

// long formats a window of whole seconds in words: 5 minutes, 1 hour and 30 minutes.
func long(d time.Duration) string {
	return enumerate(inUnits(d, func(n int64, _, noun string) string { return words.Plain(n, noun) }))
}

// inUnits lists how many of each unit a duration has, as write writes them.
func inUnits(d time.Duration, write func(n int64, sign, noun string) string) (parts []string) {
	for _, u := range units {
		if n := d / u.size; n > 0 {
			parts = append(parts, write(int64(n), u.sign, u.noun))
			d %= u.size
		}
	}
	return parts
}

// rough reduces a duration to its two largest units; 0 for less than a second.
func rough(d time.Duration) time.Duration {
	for i, u := range units {
		if d >= u.size {
			return d.Truncate(units[min(i+1, len(units)-1)].size)
		}
	}
	return 0
}

// Layouts of a stamp.
const (
	dayLayout   = "2006-01-02"
	clockLayout = "15:04:05"
	zoneLayout  = "-0700"
	stampLayout = dayLayout + " " + clockLayout + " " + zoneLayout
)

// between says when something began and ended, in the zone of its beginning.
func between(first, last time.Time) string {
	last = last.In(first.Location())
	switch {
	case first.Equal(last):
		return "at " + first.Format(stampLayout)
	case first.Format(dayLayout) == last.Format(dayLayout):
		return "from " + first.Format(dayLayout+" "+clockLayout) + " to " + last.Format(clockLayout+" "+zoneLayout)
	}
	return "from " + first.Format(dayLayout+" "+clockLayout) + " to " + last.Format(stampLayout)
}

// firstAndLast says when the first and the last of something were.
func firstAndLast(first, last time.Time) string {
	if first.Equal(last) {
		return "All at " + first.Format(stampLayout) + "."
	}
	begin, end, _ := strings.Cut(strings.TrimPrefix(between(first, last), "from "), " to ")
	return "The first at " + begin + ", the last at " + end + "."
}
