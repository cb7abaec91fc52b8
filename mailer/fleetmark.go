package mailer

import (
	"strings"
	"time"

	"exiwatch/window"
)

// A FleetMark is what is said of an alert of a fleet besides the alert itself. The zero value says nothing.
type FleetMark struct {
	// Alone is the host that told the alert by itself, because the fleet gave no verdicts; "": the fleet told it.
	Alone string `json:"alone,omitempty"`
	// Since is when the engine last answered Alone, on the wall clock; zero: it never did.
	Since time.Time `json:"since,omitzero"`

	// Late are the hosts whose lines came late, so that the alert is withdrawn.
	Late []string `json:"late,omitempty"`
	// Instead is the id of the alert that begins in its place. "": the value wasn't over its limit.
	Instead string `json:"instead,omitempty"`
}

// EventName is the event in the name of what a host tells: Message.Event. What it tells alone of an open alert has a
// name of its own, since the fleet may take the alert over and tell the same of it, on the same host, with its totals.
func (m FleetMark) EventName(event string) string {
	if m.Alone == "" || event == kinds[0] {
		return event
	}
	return alonePrefix + event
}

// alonePrefix begins the event of what a host tells alone.
const alonePrefix = "a"

// FleetEvent undoes FleetMark.EventName.
func FleetEvent(event string) string { return strings.TrimPrefix(event, alonePrefix) }

// alone says that one host counted an alert by itself. The time is in the zone of the alert.
func (m FleetMark) alone(a *window.Alert) []sentence {
	if m.Alone == "" {
		return nil
	}
	answered := "does not answer"
	if !m.Since.IsZero() {
		since, layout := m.Since.In(a.Opened.Location()), "15:04"
		if since.Format(dayLayout) != a.Last.In(a.Opened.Location()).Format(dayLayout) {
			layout = dayLayout + " 15:04"
		}
		answered = "has not answered since " + since.Format(layout)
	}
	return []sentence{sentencef("%s: the fleet's engine %s. Other hosts' messages are not in these counts.",
		m.countedBy("Counted"), answered)}
}

// countedBy is alone in a few words: counted by mx1 alone.
func (m FleetMark) countedBy(counted string) sentence {
	return sentencef("%s by %s alone", counted, inWords(m.Alone, valueWidth))
}
