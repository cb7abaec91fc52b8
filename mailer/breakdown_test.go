package mailer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"exiwatch/window"
)

// explained is what is told of where an alert's messages come from: the sentences, and the titles of the rankings.
func explained(t *testing.T, rule string, edit func(i int, v values)) []string {
	t.Helper()
	l := begin(t, director, rule)
	var alert *window.Alert
	for i := range 20 {
		v := values{window.Account: "alice@lab.test"}
		edit(i, v)
		if opened, _ := l.count(at0.Add(time.Duration(i)*time.Second), v); len(opened) > 0 {
			alert = opened[0]
		}
	}
	o := breakdownOf(alert)
	var told []string
	for _, s := range o.sentences {
		told = append(told, s.String())
	}
	for _, r := range o.rankings {
		told = append(told, r.Title)
	}
	return told
}

func TestOriginTellsWhatExplains(t *testing.T) {
	numbered := func(format string, i, n int) string { return fmt.Sprintf(format, i%n) }
	for _, test := range []struct {
		name, rule string
		edit       func(i int, v values)
		want       []string
	}{
		{"nothing is known", "account 19/5m", func(int, values) {}, nil},
		{"one machine", "account 19/5m", func(_ int, v values) {
			v[window.Host], v[window.Network], v[window.Helo] = "192.0.2.7", "192.0.2.0/24", "pc-1"
		}, []string{"All from 192.0.2.7 (192.0.2.0/24), which said HELO pc-1."}},
		{"four fifths", "account 19/5m", func(i int, v values) {
			v[window.Host], v[window.Helo] = "192.0.2.7", "pc-1"
			if i >= 16 {
				v[window.Host] = numbered("192.0.2.1%d", i, 9)
			}
		}, []string{"16 of 20 from 192.0.2.7.", "All said HELO pc-1."}},
		{"one less", "account 19/5m", func(i int, v values) {
			if v[window.Host] = "192.0.2.7"; i >= 15 {
				v[window.Host] = numbered("192.0.2.1%d", i, 9)
			}
		}, []string{"Hosts"}},
		{"a fifth", "account 19/5m", func(i int, v values) {
			if v[window.Host] = "192.0.2.7"; i >= 4 {
				v[window.Host] = fmt.Sprintf("192.0.2.1%d", i)
			}
		}, []string{"Hosts"}},
		{"less than a fifth", "account 19/5m", func(i int, v values) {
			if v[window.Host] = "192.0.2.7"; i >= 3 {
				v[window.Host] = fmt.Sprintf("192.0.2.1%d", i)
			}
		}, []string{"Spread over 18 hosts: none reaches a fifth of the messages."}},
		{"hosts of one network", "account 19/5m", func(i int, v values) {
			v[window.Host], v[window.Network] = numbered("192.0.2.%d", i, 3), "192.0.2.0/24"
		}, []string{"All from the network 192.0.2.0/24.", "Hosts"}},
		{"hosts in networks of their own", "account 19/5m", func(i int, v values) {
			v[window.Host], v[window.Network] = numbered("192.0.%d.1", i, 3), numbered("192.0.%d.0/24", i, 3)
		}, []string{"Hosts"}},
		{"many hosts in few networks", "account 19/5m", func(i int, v values) {
			v[window.Host], v[window.Network] = numbered("192.0.2.%d", i, 20), numbered("192.0.%d.0/24", i, 3)
		}, []string{"Spread over 20 hosts: none reaches a fifth of the messages.", "Networks"}},
		{"everywhere", "account 19/5m", func(i int, v values) {
			v[window.Host], v[window.Network], v[window.Sender] = numbered("192.0.%d.1", i, 20),
				numbered("192.0.%d.0/24", i, 20), numbered("a%d@lab.test", i, 10)
		}, []string{"Spread over 10 envelope senders, 20 hosts and 20 networks: none reaches a fifth of the messages."}},
		{"few have any", "account 19/5m", func(i int, v values) {
			if i < 3 {
				v[window.Auth] = "alice@lab.test"
			}
		}, nil},
		{"the rule's own key", "host 19/5m", func(_ int, v values) {
			v[window.Host], v[window.Network], v[window.Helo] = "192.0.2.7", "192.0.2.0/24", "pc-1"
		}, []string{"All of the account alice@lab.test.", "All said HELO pc-1."}},
		{"the account is the authenticated id", "host 19/5m", func(i int, v values) {
			v[window.Host], v[window.Account] = "192.0.2.7", numbered("user%d", i, 2)
			v[window.Auth] = v[window.Account]
		}, []string{"Authenticated ids"}},
		{"words in a value", "account 19/5m", func(_ int, v values) {
			v[window.Helo] = `pc. All is "well"`
		}, []string{`All said HELO "pc. All is \"well\"".`}},
	} {
		if got := explained(t, test.rule, test.edit); !slices.Equal(got, test.want) {
			t.Errorf("%s: it tells %q, want %q", test.name, got, test.want)
		}
	}
}
