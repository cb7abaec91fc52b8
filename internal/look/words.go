package look

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"exiwatch/internal/escape"
)

// Number writes n with its thousands apart: 12,345.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := len(s) - len(strings.TrimPrefix(s, "-"))
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Size writes n bytes with two significant digits or more: 999 bytes, 1.2 kB, 120 MB.
func Size(n int64) string {
	if n < 1000 {
		return Plural(n, "byte")
	}
	f, unit := float64(n), 0
	for f >= 999.5 {
		f /= 1000
		unit++
	}
	digits := 0
	if f < 9.95 {
		digits = 1
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " " + " kMGTPE"[unit:unit+1] + "B"
}

// Amount writes n of what a rule counts, without the noun where it isn't bytes.
func Amount(n int64, measure string) string {
	if measure == "bytes" {
		return Size(n)
	}
	return Number(n)
}

// Plural writes a number and its noun: 1 message, 2 messages.
func Plural(n int64, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	default:
		noun += "s"
	}
	return Number(n) + " " + noun
}

// Measured is n of what is counted, by its name in the configuration: 21 messages, 1.2 MB, 3 networks.
func Measured(count string, n int64) string {
	switch count {
	case "bytes":
		return Size(n)
	case "senders":
		return Plural(n, "envelope sender")
	case "addresses":
		return Plural(n, "recipient address")
	case "anomalies":
		if n == 1 {
			return "1 anomaly"
		}
		return Number(n) + " anomalies"
	}
	return Plural(n, count[:len(count)-1])
}

// Window writes a rule's window in words: 5 minutes, 1 hour.
func Window(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return Plural(int64(d/day), "day")
	case d%time.Hour == 0:
		return Plural(int64(d/time.Hour), "hour")
	case d%time.Minute == 0:
		return Plural(int64(d/time.Minute), "minute")
	}
	return Plural(int64(d/time.Second), "second")
}

// maxShown is how much of a value is shown.
const maxShown = 160 // characters

// Shown is a value of the log, escaped, as it is shown: not too long, and named where it is empty.
func Shown(escaped string) string {
	if escaped == "" {
		return "(empty)"
	}
	return escape.Truncate(escaped, maxShown)
}

// Percent is the share of n: never 0% unless it is none, never 100% unless it is all.
func Percent(n, of int64) string {
	switch {
	case n >= of:
		return "100%"
	case n <= 0:
		return "0%"
	case float64(n)*100 < float64(of):
		return "<1%"
	}
	return fmt.Sprintf("%d%%", int64(float64(n)*100/float64(of)))
}

// Span writes a duration in words, in its largest unit: 12 seconds, 3 hours.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return Plural(int64(d/time.Second), "second")
	case d < 2*time.Hour:
		return Plural(int64(d/time.Minute), "minute")
	case d < 2*day:
		return Plural(int64(d/time.Hour), "hour")
	}
	return Plural(int64(d/day), "day")
}
