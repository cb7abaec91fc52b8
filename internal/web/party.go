package web

import (
	"slices"
	"time"

	"exiwatch/window"
)

// A party is somebody or something that sends, under whichever keys the rules count it: an account, and the
// authenticated id or local user of the same name, are one. An envelope sender is one of its own, for anybody can
// write it.
type party struct {
	Key    window.Key
	Value  string
	Alerts []Alert
}

// partyKey is the key under which values of a key are known.
func partyKey(k window.Key) window.Key {
	if slices.Contains(personal, k) {
		return window.Account
	}
	return k
}

// personal are the keys whose values are accounts.
var personal = []window.Key{window.Account, window.Auth, window.User}

// keysOf are the keys under which a party is counted, its own first.
func keysOf(k window.Key) []window.Key {
	if k != window.Account {
		return []window.Key{k}
	}
	return personal
}

// parties puts alerts of the same party together, in the order of the first of each.
func parties(alerts []Alert) (all []*party) {
	type id struct {
		key   window.Key
		value string
	}
	known := make(map[id]*party)
	for _, a := range alerts {
		i := id{partyKey(a.Rule.Key), a.Value}
		p := known[i]
		if p == nil {
			p = &party{Key: i.key, Value: i.value}
			known[i] = p
			all = append(all, p)
		}
		p.Alerts = append(p.Alerts, a)
	}
	return all
}

func (p *party) Named() named { return named{p.Key.String(), p.Value} }

// Over tells whether it is above a limit now.
func (p *party) Over() bool { return slices.ContainsFunc(p.Alerts, Alert.Over) }

// Opened is when its first alert opened.
func (p *party) Opened() time.Time {
	first := p.Alerts[0].Opened
	for _, a := range p.Alerts {
		if a.Opened.Before(first) {
			first = a.Opened
		}
	}
	return first
}

// Largest is the alert that knows the most messages.
func (p *party) Largest() Alert {
	return slices.MaxFunc(p.Alerts, func(a, b Alert) int { return int(a.Messages - b.Messages) })
}
