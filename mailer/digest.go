package mailer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// Digest makes one mail of events that are too many for a mail each, a row each, most messages first. It is named
// after the first of them: its Message's ID is that of items[0], and its Event that of items[0] with a d before it.
// It has one X-Exiwatch-Alert header, with the ids of all its alerts, each once and spaces between them.
func (c Composer) Digest(items []Item, now time.Time) (Message, error) {
	if len(items) == 0 {
		return Message{}, errors.New("composing a digest of nothing")
	}
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b Item) int { return cmp.Compare(b.Messages, a.Messages) })
	d := gathered(items)
	return c.compose(draft{
		id: items[0].ID, event: gatheredPrefix + items[0].Event, kind: "digest",
		alerts:   []string{strings.Join(d.ids, " ")},
		headline: c.digestHeadline(d, sorted[0]),
		sheet: sheet{
			Event: "digest", Name: c.name(), Verdict: say(d.verdict()), Facts: d.facts(items[0]),
			Sections: c.digestSections(d, sorted), Foot: []sentence{say("exiwatch on " + c.Host)},
		},
	}, now)
}

// gatheredPrefix stands before the event that a digest is named after.
const gatheredPrefix = "d"

// EventOf is the event that the mail of a name tells, or the first of those that it does, if it is a digest.
func EventOf(event string) string { return strings.TrimPrefix(event, gatheredPrefix) }

// A digest is what many items have in common.
type digest struct {
	ids         []string  // of the alerts, in order
	events      [3]int64  // opened, grew, ended
	first, last time.Time // when an alert opened
	oneRule     bool
}

// gathered looks through the items.
func gathered(items []Item) digest {
	d := digest{first: items[0].Opened, last: items[0].Opened, oneRule: true}
	seen := make(map[string]bool)
	for _, i := range items {
		if !seen[i.ID] {
			seen[i.ID] = true
			d.ids = append(d.ids, i.ID)
		}
		d.events[kindOf(i.Event)]++
		d.oneRule = d.oneRule && i.Rule == items[0].Rule
		if i.Opened.Before(d.first) {
			d.first = i.Opened
		}
		if i.Opened.After(d.last) {
			d.last = i.Opened
		}
	}
	return d
}

// kindOf is the number of an event's kind in kinds.
func kindOf(event string) int {
	return max(slices.IndexFunc(kinds, func(kind string) bool { return strings.HasPrefix(event, kind) }), 0)
}

var kinds = []string{"opened", "grew", "ended"}

// counts tells how many events of each kind there are: "280 opened, 5 grew and 15 ended".
func (d digest) counts() string {
	var parts []string
	for i, n := range d.events {
		if n > 0 {
			parts = append(parts, plain(n)+" "+kinds[i])
		}
	}
	return enumerate(parts)
}

// verdict is what happened, in a sentence.
func (d digest) verdict() string {
	return fmt.Sprintf("%s in one mail, %s: %s.", words.Plain(int64(len(d.ids)), "alert"), between(d.first, d.last),
		d.counts())
}

// facts say what the digest is, and what holds for all.
func (d digest) facts(first Item) []sentence {
	facts := []sentence{say("They are too many to be told one by one. None is left out.")}
	if d.oneRule {
		facts = append(facts, append(append(say("All over the rule "), ruleName(first.Name, first.Rule)...),
			say(".")...))
	}
	return facts
}

// digestHeadline tells how many there are, and which is the largest.
func (c Composer) digestHeadline(d digest, largest Item) string {
	return oneLine(fmt.Sprintf("%s: %s, %s; most by %s (%s)",
		c.name(), words.Plain(int64(len(d.ids)), "alert"), d.counts(), c.who(largest, maxPrefix),
		words.Plain(largest.Messages, "message")))
}

func (c Composer) digestSections(d digest, items []Item) []section {
	all := section{Title: "Alerts, most messages first"}
	for _, i := range items {
		all.Rows = append(all.Rows, row{Count: i.Messages, Lines: []sentence{c.event(i), c.details(d, i)}})
	}
	if common := c.common(items); len(common.Rows) > 0 {
		return []section{common, all}
	}
	return []section{all}
}

// event is what an item tells, in a sentence.
func (c Composer) event(i Item) sentence {
	who := c.who(i, digestWidth)
	in := " in " + brief(i.Window) + " (limit " + measured(i.Measure, i.Limit) + ")"
	switch kinds[kindOf(i.Event)] {
	case "grew":
		return append(who, say(fmt.Sprintf(" grew to %d times its limit: %s%s", i.Times, amount(i.Measure, i.Peak),
			in))...)
	case "ended":
		return append(who, say(fmt.Sprintf(" ended: at most %s%s", amount(i.Measure, i.Peak), in))...)
	}
	return append(who, say(" "+i.deed()+in)...)
}

// digestWidth is what a value may take in a digest, so that most rows fit into a line or two.
const digestWidth = 48 // runes

// details are what else is known of an item.
func (c Composer) details(d digest, i Item) sentence {
	text := "since " + i.First.Format(d.layout())
	if took := i.took(); took > 0 {
		text += ", in " + brief(took)
	}
	if i.Recipients > 0 {
		text += ", " + words.Plain(i.Recipients, "recipient")
	}
	if i.Bytes > 0 {
		text += ", " + words.Size(i.Bytes)
	}
	if !d.oneRule {
		text += ", rule " + i.Rule
	}
	if !i.Subjects || c.Subjects == SubjectsNone || isSubject(i.Key) {
		return say(text)
	}
	return say("{}; "+text, c.subject(i.Subject, digestWidth, quoted))
}

// layout shows a day where there are several.
func (d digest) layout() string {
	if d.first.Format(dayLayout) == d.last.In(d.first.Location()).Format(dayLayout) {
		return clockLayout
	}
	return dayLayout + " " + clockLayout
}

// common ranks the topics that are the first of more than one alert.
func (c Composer) common(items []Item) section {
	s := section{Title: "Alerts by their most frequent subject"}
	if c.Subjects == SubjectsNone {
		return s
	}
	type topic struct {
		alerts  map[string]bool
		subject string
	}
	var order []*topic
	topics := make(map[string]*topic)
	for _, i := range items {
		if !i.Subjects {
			continue
		}
		folded := string(window.FoldSubject([]byte(i.Subject), nil))
		t := topics[folded]
		if t == nil {
			t = &topic{make(map[string]bool), i.Subject}
			topics[folded] = t
			order = append(order, t)
		}
		t.alerts[i.ID] = true
	}
	slices.SortStableFunc(order, func(a, b *topic) int { return cmp.Compare(len(b.alerts), len(a.alerts)) })
	for _, t := range order[:min(len(order), topOthers)] {
		if n := int64(len(t.alerts)); n > 1 {
			s.Rows = append(s.Rows, row{Count: n, Lines: []sentence{say("{}",
				c.subject(t.subject, valueWidth, inRow))}})
		}
	}
	return s
}
