package mailer

import (
	"strconv"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// isSubject reports whether the values of a key are subjects.
func isSubject(key string) bool {
	return key == window.Subject.String() || key == window.Topic.String()
}

// act is the verb for a value of a key, before a number of the measure: "sent" (21 messages).
func act(key, measure string) string {
	verbs := map[string]string{
		"recipients": "wrote to", "addresses": "wrote to", "hosts": "sent from", "networks": "sent from",
		"senders": "used", "subjects": "used",
		"anomalies": "had",
	}
	other := "sent"
	if isSubject(key) {
		verbs = map[string]string{
			"messages": "appeared on", "bytes": "filled", "recipients": "went to", "addresses": "went to",
			"subjects": "stood for",
		}
		other = "came from"
	}
	if verb, ok := verbs[measure]; ok {
		return verb
	}
	return other
}

// amount is n of a measure, with its noun: 21 messages, 1.2 MB, 40 hosts.
func amount(measure string, n int64) string {
	switch measure {
	case "bytes":
		return words.Size(n)
	case "senders":
		return words.Plain(n, "envelope sender")
	case "anomalies":
		return words.Plain(n, "anomaly")
	case "addresses":
		return words.Plain(n, "address")
	}
	return words.Plain(n, strings.TrimSuffix(measure, "s"))
}

// measured is n of a measure without its noun: 20, 1 GB.
func measured(measure string, n int64) string {
	if measure == "bytes" {
		return words.Size(n)
	}
	return plain(n)
}

// above is n of a measure, worded so that it reads as more than limit.
func above(measure string, n, limit int64) string {
	if measure == "bytes" && n > limit && words.Size(n) == words.Size(limit) {
		return "over " + words.Size(n)
	}
	return amount(measure, n)
}

// usualVolume says how much a value had in one window before, if that is known.
func usualVolume(r window.Rule, limit, most int64, since time.Time) []sentence {
	if since.IsZero() {
		return nil
	}
	key, measure := r.Key.String(), r.Count.String()
	begin := "Before, since " + since.Format("2006-01-02 15:04") + ", it "
	in := " in " + long(r.Window) + "."
	switch {
	case most <= 1: // such small ones aren't remembered
		return []sentence{sentencef(begin + "didn't stand out.")}
	case most > limit:
		return []sentence{sentencef(begin + act(key, measure) + " as many as " + measured(measure, most) + in)}
	}
	return []sentence{sentencef(begin + "never " + act(key, measure) + " more than " + measured(measure, most) + in)}
}

func plain(n int64) string { return strconv.FormatInt(n, 10) }
