// Package words writes numbers, units and the names of keys for people. Mails, pages, the terminal and reports share
// it.
package words

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Number writes n with thousands separators: 12,345.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := len(s) - len(strings.TrimPrefix(s, "-"))
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Size writes n bytes with at least two significant digits, but without a zero after the point: 999 bytes, 1 kB, 1.2
// kB, 120 MB.
func Size(n int64) string {
	if n < 1000 {
		return Plural(n, "byte")
	}
	f, unit := float64(n), 0
	for f >= 999.5 {
		f /= 1000
		unit++
	}
	digits := strconv.FormatFloat(f, 'f', 0, 64)
	if f < 9.95 {
		digits = strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	}
	return digits + " " + " kMGTPE"[unit:unit+1] + "B"
}

// Amount writes an amount of what a rule counts: a size for bytes, a number without a noun for anything else.
func Amount(n int64, measure string) string {
	if measure == "bytes" {
		return Size(n)
	}
	return Number(n)
}

// Noun is the form of a noun after n: message, messages; address, addresses; anomaly, anomalies; day, days.
func Noun(n int64, noun string) string {
	stem, isY := strings.CutSuffix(noun, "y")
	switch {
	case n == 1:
		return noun
	case strings.HasSuffix(noun, "s"):
		return noun + "es"
	case isY && !strings.ContainsAny(stem[max(len(stem)-1, 0):], "aeiou"):
		return stem + "ies"
	}
	return noun + "s"
}

// Plural writes a number with thousands separators, and its noun: 1 message, 2,000 messages.
func Plural(n int64, noun string) string { return Number(n) + " " + Noun(n, noun) }

// Plain is Plural without thousands separators, for text that programs also read: 2000 messages.
func Plain(n int64, noun string) string { return strconv.FormatInt(n, 10) + " " + Noun(n, noun) }

// Measured writes an amount of count, which is a name from the configuration: 21 messages, 1.2 MB, 3 networks.
func Measured(count string, n int64) string {
	switch count {
	case "bytes":
		return Size(n)
	case "bounce_share":
		return Number(n) + "% bounces"
	}
	return Plural(n, cmp.Or(nouns[count], strings.TrimSuffix(count, "s")))
}

// nouns are the nouns for what is counted, where the count's name is another word.
var nouns = map[string]string{"senders": "envelope sender", "addresses": "recipient address", "anomalies": "anomaly"}

// TotalNoun is the noun for what an alert adds up as its messages, by what its rule counts: entries of the log,
// recipients or messages.
func TotalNoun(count string) string { return cmp.Or(totalNouns[count], "message") }

var totalNouns = map[string]string{
	"anomalies": "entry", "bounces": "bounce", "deferrals": "deferral", "bounce_share": "recipient",
}

// A unit is a unit of durations. Span uses it for durations of at least from.
type unit struct {
	length, from time.Duration
	noun         string
}

// units are the units above a second, the largest first.
var units = []unit{
	{24 * time.Hour, 48 * time.Hour, "day"},
	{time.Hour, 2 * time.Hour, "hour"},
	{time.Minute, time.Minute, "minute"},
}

// Window writes a rule's window in words, in the largest unit that divides it: 5 minutes, 1 hour.
func Window(d time.Duration) string { return inUnit(d, func(u unit) bool { return d%u.length == 0 }) }

// Span writes a duration in words, in its largest unit: 12 seconds, 3 hours.
func Span(d time.Duration) string { return inUnit(d, func(u unit) bool { return d >= u.from }) }

// inUnit writes a duration in the first unit that fits, else in seconds.
func inUnit(d time.Duration, fits func(unit) bool) string {
	for _, u := range units {
		if fits(u) {
			return Plural(int64(d/u.length), u.noun)
		}
	}
	return Plural(int64(d/time.Second), "second")
}

// Percent is n as a share of of, rounded. It is 0% only for none, and 100% only for all: what would round to these is
// <1% or 99%.
func Percent(n, of int64) string {
	switch {
	case n <= 0 || of <= 0:
		return "0%"
	case n >= of:
		return "100%"
	}
	percent := int64(100*float64(n)/float64(of) + 0.5)
	if percent < 1 {
		return "<1%"
	}
	return strconv.FormatInt(min(percent, 99), 10) + "%"
}

// Suggest ends a sentence about an unknown name: with the known name most like it, or else with all known names.
func Suggest(name string, known []string) string {
	if meant := Closest(name, known); meant != "" {
		return fmt.Sprintf("did you mean %q?", meant)
	}
	return "expected one of " + strings.Join(known, ", ")
}

// Closest is the known name that name misspells or begins; "" if there is none.
func Closest(name string, known []string) (closest string) {
	const most = 2 // typing errors
	best := most + 1
	for _, k := range known {
		slips := distance(name, k)
		if len(name) >= 3 && strings.HasPrefix(k, name) {
			slips = 1
		}
		if slips < best && 2*slips <= max(len(name), len(k)) {
			closest, best = k, slips
		}
	}
	return closest
}

// distance is how many insertions, deletions, replacements or swaps of neighbouring bytes turn a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			if i == 0 || j == 0 {
				rows[i][j] = i + j
				continue
			}
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
