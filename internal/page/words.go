package page

import (
	"time"
	"unicode/utf8"

	"exiwatch/internal/look"
	"exiwatch/internal/report"
	"exiwatch/mailer"
)

// A keyName is what a key is called in a sentence and above a list of its values.
type keyName struct{ key, noun, heading string }

// keyNames are in the order in which the rankings stand.
var keyNames = []keyName{
	{"account", "account", "Accounts"},
	{"sender", "envelope sender", "Envelope senders"},
	{"host", "host", "Hosts"},
	{"topic", "topic", "Topics"},
	{"subject", "subject", "Subjects"},
	{"network", "network", "Networks"},
	{"auth", "authenticated id", "Authenticated ids"},
	{"user", "local user", "Local users"},
	{"sender_domain", "sender domain", "Sender domains"},
}

func noun(key string) string {
	for _, k := range keyNames {
		if k.key == key {
			return k.noun
		}
	}
	return key
}

// days says on which days the log's arrivals were.
func days(d report.Document) string {
	const layout = "2 Jan 2006"
	first, last := d.First.Format(layout), d.Last.Format(layout)
	if first == last {
		return "on " + first
	}
	return "from " + first + " to " + last
}

// maxText is how much of a value is shown.
const maxText = 160 // characters

// show makes a text of the log fit to be read: what has no glyph is named, and what is too long is cut. It isn't HTML yet.
func show(value string) string {
	s := mailer.Escape(value)
	if s == "" {
		return "(empty)"
	}
	if utf8.RuneCountInString(s) <= maxText {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == maxText {
			return s[:i] + "…"
		}
	}
	return s
}

// measured is n of what is counted: 21 messages, 1.2 MB, 3 networks.
func measured(count string, n int64) string {
	switch count {
	case "bytes":
		return look.Size(n)
	case "senders":
		return look.Plural(n, "envelope sender")
	case "addresses":
		return look.Plural(n, "recipient address")
	}
	return look.Plural(n, count[:len(count)-1])
}

// long writes a window in words: 5 minutes, 1 hour.
func long(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return look.Plural(int64(d/day), "day")
	case d%time.Hour == 0:
		return look.Plural(int64(d/time.Hour), "hour")
	case d%time.Minute == 0:
		return look.Plural(int64(d/time.Minute), "minute")
	}
	return look.Plural(int64(d/time.Second), "second")
}
