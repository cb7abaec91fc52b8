package mailer

import (
	"fmt"
	"slices"
	"strings"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// A dimension is a key whose values may explain where the messages of an alert come from, or go to.
type dimension struct {
	key   window.Key
	title string // of its ranking
	all   string // what messages are that have one value
	many  string // its noun, if no value dominates; "": not mentioned then
}

var dimensions = []dimension{
	{window.Account, "Accounts", "of the account {}", "account"},
	{window.Auth, "Authenticated ids", "authenticated as {}", "authenticated id"},
	{window.User, "Local users", "submitted by the local user {}", "local user"},
	{window.Sender, "Envelope senders", "with the envelope sender {}", "envelope sender"},
	{window.Host, "Hosts", "from {}", "host"},
	{window.Network, "Networks", "from the network {}", "network"},
	{window.Helo, "HELO", "said HELO {}", "HELO name"},
	{window.Protocol, "Protocols", "with the protocol {}", ""},
	{window.RecipientDomain, "Recipient domains", "to recipients at {}", "recipients' domain"},
}

// A breakdown says where an alert's messages come from, and where they go.
type breakdown struct {
	alert     *window.Alert
	sentences []sentence // values that explain four messages of five
	rankings  []section  // keys of which a value explains one of five
	spread    []string   // keys of which none does, and how many values they have
}

// breakdownOf looks at all keys of an alert but that of its rule.
func breakdownOf(a *window.Alert) breakdown {
	o := breakdown{alert: a}
	for _, d := range dimensions {
		if !o.isKnown(d.key) {
			o.add(d)
		}
	}
	if n := len(o.spread); n > 0 {
		o.sentences = append(o.sentences,
			sentencef("Spread over "+enumerate(o.spread)+": none reaches a fifth of the messages."))
	}
	return o
}

// isKnown reports whether the alert or another key says the same already.
func (o *breakdown) isKnown(k window.Key) bool {
	key := o.alert.Rule.Key
	switch k {
	case key:
		return true
	case window.Network:
		return key == window.Host || o.dominates(window.Host, 4)
	case window.Account:
		rows := o.alert.Top(k, topOthers)
		return slices.ContainsFunc([]window.Key{window.Auth, window.User, window.Sender}, func(other window.Key) bool {
			return slices.Equal(rows, o.alert.Top(other, topOthers))
		})
	}
	return false
}

// dominates reports whether one value of a key has at least so many fifths of the messages.
func (o *breakdown) dominates(k window.Key, fifths int64) bool {
	rows := o.alert.Top(k, 1)
	return len(rows) > 0 && float64(rows[0].Messages)*5 >= float64(o.alert.Messages)*float64(fifths)
}

func (o *breakdown) add(d dimension) {
	switch {
	case o.dominates(d.key, 4):
		if s := o.sentence(d); s != nil {
			o.sentences = append(o.sentences, s)
		}
	case o.dominates(d.key, 1):
		if d.key == window.Network && !o.aggregates() {
			return
		}
		o.rankings = append(o.rankings, ranking(o.alert, d.title, d.key, topOthers))
	case d.many != "":
		o.addSpread(d)
	}
}

// aggregates reports whether there are fewer networks than hosts, so that networks say more.
func (o *breakdown) aggregates() bool {
	networks, _ := o.alert.Distinct(window.Network)
	hosts, more := o.alert.Distinct(window.Host)
	return networks < hosts || more
}

// sentence says which value explains the messages.
func (o *breakdown) sentence(d dimension) sentence {
	top := o.alert.Top(d.key, 1)[0]
	words, values := d.all, []logText{inWords(top.Value, valueWidth)}
	if d.key == window.Host {
		if o.dominates(window.Network, 4) { // then it is that host's
			words, values = words+" ({})", append(values, inWords(o.alert.Top(window.Network, 1)[0].Value, valueWidth))
		}
		if o.isAll(window.Host) && o.isAll(window.Helo) {
			words, values = words+", which said HELO {}",
				append(values, inWords(o.alert.Top(window.Helo, 1)[0].Value, valueWidth))
		}
	}
	if d.key == window.Helo && o.alert.Rule.Key != window.Host && o.isAll(window.Host) && o.isAll(window.Helo) {
		return nil // the host's sentence has it
	}
	return sentencef(o.quantity(top.Messages)+" "+words+".", values...)
}

// isAll reports whether all messages have one value of a key.
func (o *breakdown) isAll(k window.Key) bool {
	rows := o.alert.Top(k, 1)
	return len(rows) > 0 && rows[0].Messages >= o.alert.Messages
}

// quantity says how many of the messages n are.
func (o *breakdown) quantity(n int64) string {
	if n >= o.alert.Messages {
		return "All"
	}
	return fmt.Sprintf("%d of %d", n, o.alert.Messages)
}

// addSpread notes how many values a key has, if it has many.
func (o *breakdown) addSpread(d dimension) {
	const many = 5 // fewer can't have less than a fifth each, unless most messages have none
	switch n, more := o.alert.Distinct(d.key); {
	case more:
		o.spread = append(o.spread, "more than "+words.Plain(int64(n), d.many))
	case n > many:
		o.spread = append(o.spread, words.Plain(int64(n), d.many))
	}
}

// enumerate joins a list as a sentence does: a, b and c.
func enumerate(parts []string) string {
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}
