package web

import (
	"cmp"
	"slices"
	"time"

	"exiwatch/window"
)

// An incident has what the page shows of one: its alerts, and whose they are.
type incident struct {
	link
	ID     string
	Alerts []Alert
}

// canonicalKey is Account for keys whose values are accounts, k itself otherwise.
func canonicalKey(k window.Key) window.Key {
	if slices.Contains(accountKeys, k) {
		return window.Account
	}
	return k
}

// accountKeys are the keys whose values are accounts.
var accountKeys = []window.Key{window.Account, window.Auth, window.User}

// aliasKeys are the keys under which rules may count a sender, its own key first.
func aliasKeys(k window.Key) []window.Key {
	if k != window.Account {
		return []window.Key{k}
	}
	return accountKeys
}

// incidentsOf groups alerts by incident, in the order of each one's first alert.
func incidentsOf(alerts []Alert) (all []*incident) {
	for _, group := range window.ByIncident(alerts, func(a Alert) *window.Incident { return a.Incident }) {
		of := group[0].Incident
		all = append(all, &incident{link{canonicalKey(of.About.Key), of.About.Value}, of.ID, group})
	}
	return all
}

// Over tells whether the account is over a limit now.
func (n *incident) Over() bool { return slices.ContainsFunc(n.Alerts, Alert.Over) }

// IsOpen tells whether one of the alerts is open.
func (n *incident) IsOpen() bool {
	return slices.ContainsFunc(n.Alerts, func(a Alert) bool { return a.Ended.IsZero() })
}

// state is open or ended.
func (n *incident) state() string {
	if n.IsOpen() {
		return "open"
	}
	return "ended"
}

// Opened is when the incident began.
func (n *incident) Opened() time.Time { return n.Alerts[0].Incident.Opened }

// Ended is when the last of the alerts has ended.
func (n *incident) Ended() time.Time {
	return slices.MaxFunc(n.Alerts, func(a, b Alert) int { return a.Ended.Compare(b.Ended) }).Ended
}

// Largest is the alert with the most messages.
func (n *incident) Largest() Alert {
	return slices.MaxFunc(n.Alerts, func(a, b Alert) int { return int(a.Messages - b.Messages) })
}

// Subject is one of the commonest topic; empty where none is logged.
func (n *incident) Subject() string {
	if topics := n.Largest().Topics; len(topics) > 0 {
		return topics[0].Example
	}
	return ""
}

// Worst is the alert whose peak is the furthest over its limit.
func (n *incident) Worst() Alert {
	return slices.MaxFunc(n.Alerts, func(a, b Alert) int { return cmp.Compare(a.times(), b.times()) })
}

// times is how many times the limit the peak is.
func (a Alert) times() float64 { return float64(a.Peak) / float64(max(a.Limit, 1)) }

// concerns tells whether an alert is of a value, or of the incident of that account.
func (a Alert) concerns(keys []window.Key, value string) bool {
	return slices.Contains(keys, a.Rule.Key) && a.Value == value || IsAbout(a.Alert, keys, value)
}

// IsAbout tells whether an alert is of the incident of an account.
func IsAbout(a *window.Alert, keys []window.Key, value string) bool {
	about := a.Incident.About
	return about.Value == value && slices.Contains(keys, about.Key)
}
