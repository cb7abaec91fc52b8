package web

import (
	"fmt"
	"time"
	"unicode/utf8"

	"exiwatch/internal/look"
	"exiwatch/mailer"
	"exiwatch/window"
)

// nouns name the keys in a sentence.
var nouns = [window.NumValues]string{
	"envelope sender", "sender domain", "authenticated id", "local user", "host", "network", "account", "subject", "topic",
	"HELO name", "protocol", "recipient domain",
}

func noun(k window.Key) string { return nouns[k] }

// headings name the keys above a list of their values.
var headings = [window.NumValues]string{
	"Envelope senders", "Sender domains", "Authenticated ids", "Local users", "Hosts", "Networks", "Accounts", "Subjects", "Topics",
	"HELO names", "Protocols", "Recipient domains",
}

func heading(k window.Key) string { return headings[k] }

// maxText is how much of a value is shown.
const maxText = 160 // characters

// show makes a value of the log fit to be read: what has no glyph is named, and what is too long is cut. An empty one is said to be so.
// It isn't HTML yet.
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

// limitText is what a rule allows: 20 messages in 5 minutes.
func limitText(r window.Rule, limit int64) string {
	return measured(r, limit) + " in " + long(r.Window)
}

// measured is n of what a rule counts: 21 messages, 1.2 MB, 3 networks.
func measured(r window.Rule, n int64) string {
	switch r.Count {
	case window.Bytes:
		return look.Size(n)
	case window.Senders:
		return look.Plural(n, "envelope sender")
	case window.Addresses:
		return look.Plural(n, "recipient address")
	}
	m := r.Count.String()
	return look.Plural(n, m[:len(m)-1])
}

// clock writes a time of the log; that of another day than today's with its date.
func clock(t, today time.Time) string {
	if t.IsZero() {
		return "never"
	}
	today = today.In(t.Location())
	if t.Year() == today.Year() && t.YearDay() == today.YearDay() {
		return t.Format("15:04:05")
	}
	return t.Format("2 Jan 2006 15:04:05")
}

// left says how far from its limit a standing is.
func left(r window.Rule, s window.Standing) string {
	switch {
	case s.Count > s.Limit:
		return fmt.Sprintf("%s over", amount(r, s.Count-s.Limit))
	case s.Count == s.Limit:
		return "at the limit"
	}
	return fmt.Sprintf("%s left", amount(r, s.Limit-s.Count))
}

func amount(r window.Rule, n int64) string { return look.Amount(n, r.Count.String()) }
