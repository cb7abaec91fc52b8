package mailer

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// Opened makes the mail about alerts that one arrival opened. The first gives the mail its name, and the mail shows it
// in full. The mail shows the alerts' present state: call it on the goroutine that counts. now is the wall clock's
// time, and becomes the Date.
func (c Composer) Opened(alerts []*window.Alert, now time.Time) (Message, error) {
	const event = "opened"
	if len(alerts) == 0 {
		return Message{}, errors.New("composing a mail of no alert")
	}
	a := alerts[0]
	i := NewItem(a, event)
	facts := []sentence{c.totalsSoFar(i)}
	for _, other := range alerts[1:] {
		facts = append(facts, c.alsoOver(NewItem(other, event)))
	}
	s := c.content(a, event, c.verdict(i), facts)
	s.Foot = foot(alerts, c.Host)
	return c.compose(mimeMail{id: a.ID, event: event, kind: event, alerts: alertIDs(alerts), headline: c.headline(i),
		content: s}, now)
}

// Grew makes the mail about an open alert whose Peak has reached a.Times times the limit.
func (c Composer) Grew(a *window.Alert, now time.Time) (Message, error) {
	const kind = "grew"
	event := kind + plain(a.Times)
	i := NewItem(a, event)
	s := c.content(a, kind, c.grewVerdict(i), []sentence{c.totalsSoFar(i)})
	note := fmt.Sprintf("%d times the limit: %s in %s", i.Times, amount(i.Measure, i.Peak), brief(i.Window))
	return c.compose(c.reply(a, event, kind, note, s), now)
}

// Ended makes the mail about an alert that has ended, with its totals.
func (c Composer) Ended(a *window.Alert, now time.Time) (Message, error) {
	const event = "ended"
	i := NewItem(a, event)
	s := c.content(a, event, c.endedVerdict(i), []sentence{c.finalTotals(i)})
	note := "ended: " + words.Plain(i.Messages, "message")
	if took := i.took(); took > 0 {
		note += " in " + brief(took)
	}
	return c.compose(c.reply(a, event, event, note, s), now)
}

// reply is a mail in the thread of the one that opened the alert.
func (c Composer) reply(a *window.Alert, event, kind, note string, s content) mimeMail {
	return mimeMail{
		id: a.ID, event: event, kind: kind, alerts: []string{a.ID},
		headline: c.headline(NewItem(a, event)), note: note, thread: cmp.Or(a.Thread, a.ID), content: s,
	}
}

// content is what a mail about an alert says.
func (c Composer) content(a *window.Alert, event string, verdict sentence, facts []sentence) content {
	facts = append(doubts(a), facts...)
	s := content{
		Event: event, Name: c.name(), Verdict: verdict, Facts: facts, Sparkline: sparklineOf(a),
		Foot: foot([]*window.Alert{a}, c.Host),
	}
	if isAnomalies(a) {
		s.Sections = append(c.oddEntries(a), samples(a))
	} else {
		s.Sections = c.messages(a)
	}
	return s
}

// messages returns the sections of an alert about messages.
func (c Composer) messages(a *window.Alert) []section {
	o := breakdownOf(a)
	sections := []section{c.topics(a)}
	if len(o.sentences) > 0 {
		sections = append(sections, section{Sentences: o.sentences})
	}
	sections = append(sections, o.rankings...)
	if history := append(usualVolume(a.Rule, a.Limit, a.Before, a.BeforeSince), exceptions(a)...); len(history) > 0 {
		sections = append(sections, section{Sentences: history})
	}
	return append(sections, samples(a), c.advice(a))
}

// verdict says who did what, and the limit.
func (c Composer) verdict(i Item) sentence {
	words := append(c.theName(i), sentencef(fmt.Sprintf(" %s in %s. The limit is %s.", i.deed(), long(i.Window),
		measured(i.Measure, i.Limit)))...)
	if i.Measure == "bytes" {
		words = append(words, sentencef(fmt.Sprintf(" Exactly: %d bytes, limit %d.", i.Count, i.Limit))...)
	}
	return words
}

// alsoOver is the verdict on another alert that the same arrival opened.
func (c Composer) alsoOver(i Item) sentence {
	return append(append(sentencef("Also over another limit. "), c.theName(i)...),
		sentencef(fmt.Sprintf(" %s in %s. The limit is %s.", i.deed(), long(i.Window),
			measured(i.Measure, i.Limit)))...)
}

// grewVerdict says how far a count has come.
func (c Composer) grewVerdict(i Item) sentence {
	return append(c.theName(i), sentencef(fmt.Sprintf(" %s %s in %s, %d times the limit of %s.",
		act(i.Key, i.Measure), amount(i.Measure, i.Peak), long(i.Window), i.Times, measured(i.Measure, i.Limit)))...)
}

// endedVerdict says that an alert has ended, and why.
func (c Composer) endedVerdict(i Item) sentence {
	at := ""
	if !i.Ended.IsZero() {
		at = " at " + i.Ended.Format(clockLayout)
	}
	return append(c.theName(i), sentencef(fmt.Sprintf(" stayed within the limit of %s for %s: the alert ended%s.",
		amount(i.Measure, i.Limit), long(i.Window), at))...)
}

// totalsSoFar are the totals of an open alert.
func (c Composer) totalsSoFar(i Item) sentence {
	return sentencef("So far, since " + i.First.Format(stampLayout) + ": " + i.totals() + ".")
}

// finalTotals are the totals of an alert that has ended.
func (c Composer) finalTotals(i Item) sentence {
	return sentencef(fmt.Sprintf("In total, %s: %s. Peak: %s in %s.", between(i.First, i.Last), i.totals(),
		amount(i.Measure, i.Peak), long(i.Window)))
}

// samples says when the messages came, and lists a few of their ids.
func samples(a *window.Alert) section {
	text := firstAndLast(a.First, a.Last)
	if len(a.Samples) > 0 {
		text += " For example:"
	}
	s := section{Title: "Messages", Sentences: []sentence{sentencef(text)}}
	if isAnomalies(a) {
		s.Title = "Times and message ids"
	}
	for _, id := range a.Samples[:min(len(a.Samples), topSamples)] {
		s.Sentences = append(s.Sentences, sentencef("{}", inRow(id, valueWidth)))
	}
	return s
}

// foot names the rules and the alerts, and the host.
func foot(alerts []*window.Alert, host string) []sentence {
	var lines []sentence
	for _, a := range alerts {
		lines = append(lines, append(sentencef("Rule: "), ruleName(a.Rule.Name, a.Rule.String())...),
			sentencef("Alert: "+a.ID))
	}
	return append(lines, sentencef("exiwatch on "+host))
}

// ruleName is a rule's name, followed by its definition.
func ruleName(name, rule string) sentence {
	if name == "" || name == rule {
		return sentencef(rule)
	}
	return sentencef("{} ("+rule+")", inRow(name, valueWidth))
}

func alertIDs(alerts []*window.Alert) []string {
	var list []string
	for _, a := range alerts {
		list = append(list, a.ID)
	}
	return list
}
