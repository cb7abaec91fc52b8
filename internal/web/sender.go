package web

import (
	"slices"
	"time"

	"exiwatch/window"
)

// A sender is an account, host or the like that sends. An account, the authenticated id and the local user of the same
// name are one sender. An envelope sender is a separate one, because anybody can forge it.
type sender struct {
	link
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

// groupBySender groups alerts by sender, in the order of each sender's first alert.
func groupBySender(alerts []Alert) (all []*sender) {
	known := make(map[link]*sender)
	for _, a := range alerts {
		id := a.Named()
		if known[id] == nil {
			known[id] = &sender{link: id}
			all = append(all, known[id])
		}
		known[id].Alerts = append(known[id].Alerts, a)
	}
	return all
}

// Over tells whether the sender is over a limit now.
func (s *sender) Over() bool { return slices.ContainsFunc(s.Alerts, Alert.Over) }

// Opened is when the first alert opened.
func (s *sender) Opened() time.Time {
	return slices.MinFunc(s.Alerts, func(a, b Alert) int { return a.Opened.Compare(b.Opened) }).Opened
}

// Largest is the alert with the most messages.
func (s *sender) Largest() Alert {
	return slices.MaxFunc(s.Alerts, func(a, b Alert) int { return int(a.Messages - b.Messages) })
}
