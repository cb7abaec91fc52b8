package web

import (
	"fmt"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

func noun(k window.Key) string { return words.Key(k.String()) }

func heading(k window.Key) string { return words.Heading(k.String()) }

// show makes a value of the log readable. The result still needs HTML escaping.
func show(value string) string { return escape.Shown(value) }

// limitInWindow writes what a rule allows: 20 messages in 5 minutes.
func limitInWindow(r window.Rule, limit int64) string {
	return measured(r, limit) + " in " + words.Window(r.Window)
}

// measured writes n of what a rule counts: 21 messages, 1.2 MB, 3 networks.
func measured(r window.Rule, n int64) string { return words.Measured(r.Count.String(), n) }

// clock writes a time of the log, with its date if that isn't today.
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

// headroom says how far a count is from its limit.
func headroom(r window.Rule, s window.Usage) string {
	switch {
	case s.Count > s.Limit:
		return fmt.Sprintf("%s over", amount(r, s.Count-s.Limit))
	case s.Count == s.Limit:
		return "at the limit"
	}
	return fmt.Sprintf("%s left", amount(r, s.Limit-s.Count))
}

func amount(r window.Rule, n int64) string { return words.Amount(n, r.Count.String()) }
