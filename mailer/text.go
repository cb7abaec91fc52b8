package mailer

import (
	"fmt"
	"strings"

	"exiwatch/window"
)

// Widths of the mail's text, in runes.
const (
	textWidth  = 76
	countWidth = 7 // of a count, as uniq -c writes it
	valueWidth = textWidth - countWidth - 1
)

// How many rows the mail shows.
const (
	topSubjects = 10
	topOthers   = 5
	topSamples  = 3
)

// openedText is the text of the mail that says that a has begun.
func (c Composer) openedText(a *window.Alert) string {
	var b strings.Builder
	b.WriteString(wrap(verdict(a)) + "\n")
	b.WriteString(wrap(sofar(a)) + "\n")
	if table := ranking(a, window.Subject, topSubjects); table != "" {
		b.WriteString("Subjects:\n" + table + "\n")
	} else {
		b.WriteString("Subjects are not logged: add +subject to Exim's log_selector.\n\n")
	}
	for _, s := range []struct {
		title string
		key   window.Key
	}{{"Hosts", window.Host}, {"Authenticated ids", window.Auth}, {"Local users", window.User}, {"Envelope senders", window.Sender}} {
		if table := ranking(a, s.key, topOthers); table != "" {
			b.WriteString(s.title + ":\n" + table + "\n")
		}
	}
	b.WriteString(samples(a))
	b.WriteString(c.advice(a))
	b.WriteString(signature(a))
	return b.String()
}

// verdict is who did what, against which limit.
func verdict(a *window.Alert) string {
	over := "The limit is " + limit(a.Rule) + "."
	if a.Rule.Count == window.Bytes {
		over += fmt.Sprintf(" Exactly: %d bytes, limit %d.", a.Count, a.Rule.Limit)
	}
	return fmt.Sprintf("The %s %s %s in %s. %s", nouns[a.Rule.Key], culprit(a, valueWidth), deed(a), long(a.Rule.Window), over)
}

// nouns name the keys in a sentence.
var nouns = map[window.Key]string{
	window.Sender: "envelope sender", window.SenderDomain: "sender domain", window.Auth: "authenticated id", window.User: "local user",
	window.Host: "host", window.Network: "network", window.Account: "account", window.Subject: "subject", window.Topic: "topic",
}

// sofar is what the alert's arrivals come to.
func sofar(a *window.Alert) string {
	text := "So far: " + plural(a.Messages, "message")
	if a.Recipients > 0 {
		text += " to " + plural(a.Recipients, "recipient")
	}
	if a.Bytes > 0 {
		text += ", " + size(a.Bytes)
	}
	return text + ", " + span(a.First, a.Last) + "."
}

// signature names the rule and the alert, for a search through other mails and logs.
func signature(a *window.Alert) string {
	rule := a.Rule.String()
	if name := cut(Escape(a.Rule.Name), valueWidth); name != rule && name != "" {
		rule = name + " (" + rule + ")"
	}
	return "Rule: " + rule + "\nAlert: " + a.ID + "\n"
}

// ranking is the first n values of a key with their messages, as sort | uniq -c | sort -gr | head prints them, and how many there are
// beyond. It is "" when there is none.
func ranking(a *window.Alert, k window.Key, n int) string {
	rows := a.Top(k, n)
	var b strings.Builder
	for _, row := range rows {
		value := Escape(row.Value)
		if strings.TrimSpace(value) == "" {
			value = `""`
		}
		fmt.Fprintf(&b, "%*d %s\n", countWidth, row.Messages, strings.TrimRight(cut(value, valueWidth), " "))
	}
	switch total, more := a.Distinct(k); {
	case total > len(rows) && more:
		fmt.Fprintf(&b, "%*s and at least %d more\n", countWidth, "", total-len(rows))
	case total > len(rows):
		fmt.Fprintf(&b, "%*s and %d more\n", countWidth, "", total-len(rows))
	case more:
		fmt.Fprintf(&b, "%*s and more\n", countWidth, "")
	}
	return b.String()
}

// samples lists a few of the alert's message ids.
func samples(a *window.Alert) string {
	ids := a.Samples[:min(len(a.Samples), topSamples)]
	if len(ids) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("Message ids, for example:\n")
	for _, id := range ids {
		fmt.Fprintf(&b, "%*s %s\n", countWidth, "", cut(Escape(id), valueWidth))
	}
	return b.String() + "\n"
}

// wrap breaks text into lines of at most textWidth runes, where its words allow, and ends the last.
func wrap(text string) string {
	var b strings.Builder
	width := 0
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i > 0 && width+1+n > textWidth:
			b.WriteByte('\n')
			width = 0
		case i > 0:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += n
	}
	return b.String() + "\n"
}
