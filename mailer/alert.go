package mailer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// Opened makes the mail about alerts of one incident that one arrival opened. The first gives the mail its name, and
// the mail shows it in full. If the incident began earlier, the mail goes on with its thread. It shows the alerts'
// present state: call it on the goroutine that counts. now is the wall clock's time, and becomes the Date.
func (c Composer) Opened(alerts []*window.Alert, now time.Time) (Message, error) {
	if len(alerts) == 0 {
		return Message{}, errors.New("composing a mail of no alert")
	}
	i := c.item(alerts[0], "opened")
	verdict, facts, note := c.verdict(i), []sentence{totalsSoFar(i)}, ""
	if i.Incident.ID != i.ID {
		note = "also " + i.crossing()
		facts = append(facts, c.began(i))
	}
	if i.Measure == "bytes" {
		verdict = sentencef("%s Exactly: %d bytes, limit %d.", verdict, i.Count, i.Limit)
	}
	if i.Times > 0 {
		facts = append(facts, sentencef("By now it has come to %d times the limit: %s in %s.", i.Times,
			amount(i.Measure, i.Peak), brief(i.Window)))
	}
	for _, other := range alerts[1:] {
		facts = append(facts, sentencef("Also over another limit. %s", c.verdict(NewItem(other, i.Event))))
	}
	return c.compose(c.about(alerts, i, note, verdict, facts...), now)
}

// Grew makes the mail about an open alert whose Peak has reached a.Times times the limit.
func (c Composer) Grew(a *window.Alert, now time.Time) (Message, error) {
	i := c.item(a, "grew"+plain(a.Times))
	peak := amount(i.Measure, i.Peak)
	note := fmt.Sprintf("%d times the limit: %s in %s", i.Times, peak, brief(i.Window))
	verdict := sentencef("%s %s %s in %s, %d times the limit of %s.", c.theName(i), act(i.Key, i.Measure), peak,
		long(i.Window), i.Times, measured(i.Measure, i.Limit))
	return c.compose(c.about([]*window.Alert{a}, i, note, verdict, totalsSoFar(i)), now)
}

// began says how the incident began of which this isn't the first alert.
func (c Composer) began(i Item) sentence {
	first := i.Incident.item()
	return sentencef("The incident began at %s. %s", first.Opened.Format(stampLayout), c.verdict(first))
}

// Ended makes the mail about an alert that has ended, with its totals.
func (c Composer) Ended(a *window.Alert, now time.Time) (Message, error) {
	i := c.item(a, "ended")
	note, at := "ended: "+words.Plain(i.Messages, words.TotalNoun(i.Measure)), ""
	if took := i.took(); took > 0 {
		note += " in " + brief(took)
	}
	if !i.Ended.IsZero() {
		at = " at " + i.Ended.Format(clockLayout)
	}
	verdict := sentencef("%s stayed within the limit of %s for %s: the alert ended%s.", c.theName(i),
		amount(i.Measure, i.Limit), long(i.Window), at)
	totals := sentencef("In total, %s: %s. Peak: %s in %s.", between(i.First, i.Last), i.totals(),
		amount(i.Measure, i.Peak), long(i.Window))
	return c.compose(c.about([]*window.Alert{a}, i, note, verdict, totals), now)
}

// item is the item of an alert, with the composer's mark.
func (c Composer) item(a *window.Alert, event string) Item {
	i := NewItem(a, event)
	i.Fleet = c.Fleet
	return i
}

// about is the mail about an event of the first alert, whose item is i. note is what is new in its thread.
func (c Composer) about(alerts []*window.Alert, i Item, note string, verdict sentence, facts ...sentence) mimeMail {
	a := alerts[0]
	d := mimeMail{
		id: a.ID, event: i.Fleet.EventName(i.Event), headline: c.headline(i.Incident.item()), note: note,
		incidents: []string{i.Incident.ID},
		content: content{
			Event: kinds[kindOf(i.Event)], Verdict: verdict,
			Facts:     slices.Concat(i.Fleet.alone(a), doubts(a), facts, fates(a)),
			Sparkline: sparklineOf(a), Sections: c.sections(a),
		},
	}
	for _, a := range alerts {
		d.alerts = append(d.alerts, a.ID)
		d.content.Foot = append(d.content.Foot, sentencef("Rule: %s", ruleName(a.Rule.Name, a.Rule.String())),
			sentencef("Alert: %s", a.ID))
	}
	if !slices.Contains(d.alerts, i.Incident.ID) {
		d.content.Foot = append(d.content.Foot, sentencef("Incident: %s", i.Incident.ID))
	}
	d.content.Foot = append(d.content.Foot, sentencef("exiwatch on %s", c.Host))
	return d
}

// sections returns the sections of a mail about an alert.
func (c Composer) sections(a *window.Alert) []section {
	if isAnomalies(a) {
		sections := slices.Insert(c.oddEntries(a), 1, logHosts(a)...)
		return append(sections, samples(a))
	}
	o := breakdownOf(a)
	sections := slices.Concat([]section{c.topics(a)}, refusals(a), []section{{Sentences: o.sentences}}, o.rankings,
		logHosts(a), []section{
			{Sentences: append(usualVolume(a.Rule, a.Limit, a.Before, a.BeforeSince), exceptions(a)...)},
			samples(a), c.advice(a),
		})
	return slices.DeleteFunc(sections, func(s section) bool { return s.Title == "" && len(s.Sentences) == 0 })
}

// verdict says who did what, and the limit.
func (c Composer) verdict(i Item) sentence {
	return sentencef("%s %s in %s. The limit is %s.", c.theName(i), i.deed(), long(i.Window),
		measured(i.Measure, i.Limit))
}

// totalsSoFar are the totals of an open alert.
func totalsSoFar(i Item) sentence {
	return sentencef("So far, since %s: %s.", i.First.Format(stampLayout), i.totals())
}

// samples says when the messages came, and lists a few of their ids.
func samples(a *window.Alert) section {
	text := firstAndLast(a.First, a.Last)
	if len(a.Samples) > 0 {
		text += " For example:"
	}
	s := section{Title: "Messages", Sentences: []sentence{sentencef("%s", text)}}
	if isAnomalies(a) {
		s.Title = "Times and message ids"
	}
	for _, id := range a.Samples[:min(len(a.Samples), topSamples)] {
		s.Sentences = append(s.Sentences, inRow(id, valueWidth))
	}
	return s
}

// ruleName is a rule's name, followed by its definition.
func ruleName(name, rule string) sentence {
	if name == "" || name == rule {
		return sentencef("%s", rule)
	}
	return sentencef("%s (%s)", inRow(name, valueWidth), rule)
}
