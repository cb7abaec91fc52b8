package mailer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"exiwatch/window"
)

// nouns name the keys in a sentence.
var nouns = map[string]string{
	"sender": "envelope sender", "sender_domain": "sender domain", "auth": "authenticated id", "user": "local user",
	"host": "host", "network": "network", "account": "account", "subject": "subject", "topic": "topic", "log": "main log",
}

// isSubject tells whether the values of a key are subjects.
func isSubject(key string) bool {
	return key == window.Subject.String() || key == window.Topic.String()
}

// act is the verb for what a value of a key does, in the words of a measure: "sent" (21 messages).
func act(key, measure string) string {
	verbs := map[string]string{
		"recipients": "wrote to", "addresses": "wrote to", "hosts": "sent from", "networks": "sent from", "senders": "used", "subjects": "used",
		"anomalies": "had",
	}
	other := "sent"
	if isSubject(key) {
		verbs = map[string]string{
			"messages": "stood on", "bytes": "filled", "recipients": "went to", "addresses": "went to", "subjects": "stood for",
		}
		other = "came from"
	}
	if verb, ok := verbs[measure]; ok {
		return verb
	}
	return other
}

// amount is n of what a measure counts: 21 messages, 1.2 MB, 40 hosts.
func amount(measure string, n int64) string {
	switch measure {
	case "bytes":
		return size(n)
	case "senders":
		return plural(n, "envelope sender")
	case "anomalies":
		if n != 1 {
			return plain(n) + " anomalies"
		}
		return "1 anomaly"
	case "addresses":
		if n != 1 {
			return plain(n) + " addresses"
		}
		return "1 address"
	}
	return plural(n, strings.TrimSuffix(measure, "s"))
}

// measured is n of a measure that is clear already: 20, 1 GB.
func measured(measure string, n int64) string {
	if measure == "bytes" {
		return size(n)
	}
	return plain(n)
}

// above writes n of a measure so that it reads as more than limit.
func above(measure string, n, limit int64) string {
	if measure == "bytes" && n > limit && size(n) == size(limit) {
		return "over " + size(n)
	}
	return amount(measure, n)
}

// usual is how much a value had in one window before, if that is known.
func usual(r window.Rule, limit, most int64, since time.Time) []sentence {
	if since.IsZero() {
		return nil
	}
	key, measure := r.Key.String(), r.Count.String()
	begin := "Before, since " + since.Format("2006-01-02 15:04") + ", it "
	in := " in " + long(r.Window) + "."
	switch {
	case most <= 1: // such small ones aren't remembered
		return []sentence{say(begin + "didn't stand out.")}
	case most > limit:
		return []sentence{say(begin + act(key, measure) + " as many as " + measured(measure, most) + in)}
	}
	return []sentence{say(begin + "never " + act(key, measure) + " more than " + measured(measure, most) + in)}
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

func plain(n int64) string { return strconv.FormatInt(n, 10) }
