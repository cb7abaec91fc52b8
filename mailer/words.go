package mailer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"exiwatch/window"
)

// culprit is the value of an alert as it stands in a sentence, in at most room runes.
func culprit(a *window.Alert, room int) string {
	switch v := Escape(a.Value); {
	case a.Rule.Key == window.Subject || a.Rule.Key == window.Topic:
		return `"` + cut(v, room-2) + `"`
	case strings.TrimSpace(v) == "":
		return `""`
	default:
		return cut(v, room)
	}
}

// deed is what the culprit did, in the rule's measure: "sent 21 messages".
func deed(a *window.Alert) string {
	verb, to := "sent", "wrote to"
	if a.Rule.Key == window.Subject || a.Rule.Key == window.Topic {
		verb, to = "stood on", "went to"
	}
	switch a.Rule.Count {
	case window.Messages:
		return verb + " " + plural(a.Count, "message")
	case window.Recipients:
		return to + " " + plural(a.Count, "recipient")
	case window.Bytes:
		return strings.Replace(verb, "stood on", "filled", 1) + " " + exceeding(a.Count, a.Rule.Limit)
	}
	return "reached " + strconv.FormatInt(a.Count, 10)
}

// limit is a rule's limit in its measure.
func limit(r window.Rule) string {
	if r.Count == window.Bytes {
		return size(r.Limit)
	}
	return strconv.FormatInt(r.Limit, 10)
}

// exceeding writes n bytes so that they read as more than limit.
func exceeding(n, limit int64) string {
	if n > limit && size(n) == size(limit) {
		return "over " + size(n)
	}
	return size(n)
}

// size writes n bytes with two significant digits or more: 999 bytes, 1.2 kB, 120 MB.
func size(n int64) string {
	if n < 1000 {
		return plural(n, "byte")
	}
	f, unit := float64(n), 0
	for f >= 999.5 && unit < 6 {
		f /= 1000
		unit++
	}
	digits := strconv.FormatFloat(f, 'f', 0, 64)
	if f < 9.95 {
		digits = strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	}
	return digits + " " + string(" kMGTPE"[unit]) + "B"
}

// plural is n of a noun: 1 message, 2 messages.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// units are what a window is written in.
var units = []struct {
	size time.Duration
	sign string
	noun string
}{{24 * time.Hour, "d", "day"}, {time.Hour, "h", "hour"}, {time.Minute, "m", "minute"}, {time.Second, "s", "second"}}

// brief writes a window, whole seconds, as the configuration does: 5m, 1h30m.
func brief(d time.Duration) string {
	var b strings.Builder
	for _, u := range units {
		if n := d / u.size; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10) + u.sign)
			d %= u.size
		}
	}
	return b.String()
}

// long writes a window, whole seconds, in words: 5 minutes, 1 hour and 30 minutes.
func long(d time.Duration) string {
	var parts []string
	for _, u := range units {
		if n := d / u.size; n > 0 {
			parts = append(parts, plural(int64(n), u.noun))
			d %= u.size
		}
	}
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}

// span writes when something began and ended, in the zone of its beginning.
func span(first, last time.Time) string {
	const day, clock, zone = "2006-01-02", "15:04:05", "-0700"
	last = last.In(first.Location())
	switch {
	case first.Equal(last):
		return "at " + first.Format(day+" "+clock+" "+zone)
	case first.Format(day) == last.Format(day):
		return "from " + first.Format(day+" "+clock) + " to " + last.Format(clock+" "+zone)
	}
	return "from " + first.Format(day+" "+clock) + " to " + last.Format(day+" "+clock+" "+zone)
}
