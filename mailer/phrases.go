package mailer

import (
	"cmp"
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

// verbs are what values do, by whether they are subjects, before a number of a measure; "": of any other measure.
var verbs = map[bool]map[string]string{
	false: {
		"": "sent", "recipients": "wrote to", "addresses": "wrote to", "hosts": "sent from", "networks": "sent from",
		"senders": "used", "subjects": "used", "anomalies": "had", "bounces": "had", "deferrals": "had",
		"bounce_share": "had",
	},
	true: {
		"": "came from", "messages": "appeared on", "bytes": "filled", "recipients": "went to", "addresses": "went to",
		"subjects": "stood for", "bounces": "had", "deferrals": "had", "bounce_share": "had",
	},
}

// act is the verb for a value of a key, before a number of the measure: "sent" (21 messages).
func act(key, measure string) string {
	of := verbs[isSubject(key)]
	return cmp.Or(of[measure], of[""])
}

// nouns are those of measures whose names aren't their plurals.
var nouns = map[string]string{"senders": "envelope sender", "anomalies": "anomaly", "addresses": "address"}

// amount is n of a measure, with its noun: 21 messages, 1.2 MB, 40 hosts.
func amount(measure string, n int64) string {
	switch measure {
	case "bytes":
		return words.Size(n)
	case "bounce_share":
		return plain(n) + "% bounces"
	}
	return words.Plain(n, cmp.Or(nouns[measure], strings.TrimSuffix(measure, "s")))
}

// measured is n of a measure without its noun: 20, 1 GB.
func measured(measure string, n int64) string {
	switch measure {
	case "bytes":
		return words.Size(n)
	case "bounce_share":
		return plain(n) + "%"
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
	did, volume := act(r.Key.String(), r.Count.String()), measured(r.Count.String(), most)
	usual := "never " + did + " more than " + volume + " in " + long(r.Window)
	switch {
	case most <= 1: // such small ones aren't remembered
		usual = "didn't stand out"
	case most > limit:
		usual = did + " as many as " + volume + " in " + long(r.Window)
	}
	return []sentence{sentencef("Before, since %s, it %s.", since.Format("2006-01-02 15:04"), usual)}
}

func plain(n int64) string { return strconv.FormatInt(n, 10) }
