package web

import (
	"fmt"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/look"
	"exiwatch/window"
)

// nouns name the keys in a sentence.
var nouns = [window.NumValues]string{
	"envelope sender", "sender domain", "authenticated id", "local user", "host", "network", "account", "subject", "topic",
	"main log",
	"HELO name", "protocol", "recipient domain", "anomaly", "log entry",
}

func noun(k window.Key) string { return nouns[k] }

// headings name the keys above a list of their values.
var headings = [window.NumValues]string{
	"Envelope senders", "Sender domains", "Authenticated ids", "Local users", "Hosts", "Networks", "Accounts", "Subjects", "Topics",
	"Main log",
	"HELO names", "Protocols", "Recipient domains", "Anomalies", "Log entries",
}

func heading(k window.Key) string { return headings[k] }

// show makes a value of the log fit to be read. It isn't HTML yet.
func show(value string) string { return look.Shown(escape.Text(value)) }

// limitText is what a rule allows: 20 messages in 5 minutes.
func limitText(r window.Rule, limit int64) string {
	return measured(r, limit) + " in " + look.Window(r.Window)
}

// measured is n of what a rule counts: 21 messages, 1.2 MB, 3 networks.
func measured(r window.Rule, n int64) string { return look.Measured(r.Count.String(), n) }

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
