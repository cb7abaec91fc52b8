package page

import (
	"exiwatch/internal/escape"
	"exiwatch/internal/look"
	"exiwatch/internal/report"
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
	{"log", "main log", "Main log"},
	{"anomaly", "anomaly", "Anomalies"},
	{"entry", "log entry", "Log entries"},
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

// show makes a text of the log fit to be read. It isn't HTML yet.
func show(value string) string { return look.Shown(escape.Text(value)) }
