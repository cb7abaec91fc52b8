package web

import (
	"slices"
	"time"

	"exiwatch/window"
)

// A sender is an account, host or the like that sends. An account, the authenticated id and the local user of the same
// name are one sender. An envelope sender is a separate one, because anybody can forge it.
type sender struct {
	Key    window.Key
	Value  string
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
	type id struct {
		key   window.Key
		value string
	}
	known := make(map[id]*sender)
	for _, a := range alerts {
		i := id{canonicalKey(a.Rule.Key), a.Value}
		p := known[i]
		if p == nil {
			p = &sender{Key: i.key, Value: i.value}
			known[i] = p
			all = append(all, p)
		}
		p.Alerts = append(p.Alerts, a)
	}
	return all
}

func (s *sender) Named() link { return link{s.Key.String(), s.Value} }

// Over tells whether the sender is over a limit now.
func (s *sender) Over() bool { return slices.ContainsFunc(s.Alerts, Alert.Over) }

// Opened is when the first alert opened.
func (s *sender) Opened() time.Time {
	first := s.Alerts[0].Opened
	for _, a := range s.Alerts {
		if a.Opened.Before(first) {
			first = a.Opened
		}
	}
	return first
}

// Largest is the alert with the most messages.
func (s *sender) Largest() Alert {
	return slices.MaxFunc(s.Alerts, func(a, b Alert) int { return int(a.Messages - b.Messages) })
}
