package mailer

import (
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
	{window.Account, "Accounts", "of the account %s", "account"},
	{window.Auth, "Authenticated ids", "authenticated as %s", "authenticated id"},
	{window.User, "Local users", "submitted by the local user %s", "local user"},
	{window.Script, "Script directories", "submitted in the directory %s", "directory"},
	{window.Sender, "Envelope senders", "with the envelope sender %s", "envelope sender"},
	{window.Host, "Hosts", "from %s", "host"},
	{window.Network, "Networks", "from the network %s", "network"},
	{window.Helo, "HELO", "said HELO %s", "HELO name"},
	{window.Protocol, "Protocols", "with the protocol %s", ""},
	{window.RecipientDomain, "Recipient domains", "to recipients at %s", "recipients' domain"},
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
			sentencef("Spread over %s: none reaches a fifth of the messages.", enumerate(o.spread)))
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
		const many = 5 // fewer can't have less than a fifth each, unless most messages have none
		switch n, more := o.alert.Distinct(d.key); {
		case more:
			o.spread = append(o.spread, "more than "+words.Plain(int64(n), d.many))
		case n > many:
			o.spread = append(o.spread, words.Plain(int64(n), d.many))
		}
	}
}

// aggregates reports whether there are fewer networks than hosts, so that networks say more.
func (o *breakdown) aggregates() bool {
	networks, _ := o.alert.Distinct(window.Network)
	hosts, more := o.alert.Distinct(window.Host)
	return networks < hosts || more
}

// sentence says which value explains the messages; nil if another sentence has it.
func (o *breakdown) sentence(d dimension) sentence {
	value := func(k window.Key) sentence { return inWords(o.alert.Top(k, 1)[0].Value, valueWidth) }
	saysHelo := o.dominates(window.Host, 5) && o.dominates(window.Helo, 5) // in the host's sentence
	words := sentencef(d.all, value(d.key))
	switch {
	case d.key == window.Helo && o.alert.Rule.Key != window.Host && saysHelo:
		return nil
	case d.key == window.Host && o.dominates(window.Network, 4): // then it is that host's
		words = sentencef("%s (%s)", words, value(window.Network))
	}
	if d.key == window.Host && saysHelo {
		words = sentencef("%s, which said HELO %s", words, value(window.Helo))
	}
	if n := o.alert.Top(d.key, 1)[0].Messages; n < o.alert.Messages {
		return sentencef("%d of %d %s.", n, o.alert.Messages, words)
	}
	return sentencef("All %s.", words)
}

// enumerate joins a list as a sentence does: a, b and c.
func enumerate(parts []string) string {
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}
