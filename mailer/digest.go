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

// Digest combines many events in one mail, a row each, most messages first. The first event gives it its name: the
// Message's ID is that of items[0], and its Event is that of items[0] with a d before it. Its one X-Exiwatch-Alert
// header has the ids of all alerts, each once, with spaces between them.
func (c Composer) Digest(items []Item, now time.Time) (Message, error) {
	if len(items) == 0 {
		return Message{}, errors.New("composing a digest of nothing")
	}
	sorted := slices.SortedStableFunc(slices.Values(items), func(a, b Item) int {
		return cmp.Compare(b.Messages, a.Messages)
	})
	d := digestOf(items)
	alerts, counts := words.Plain(int64(len(d.ids)), "alert"), d.counts()
	facts := []sentence{sentencef("Combined to limit mail volume. None is left out.")}
	if d.oneRule {
		facts = append(facts, sentencef("All over the rule %s.", ruleName(items[0].Name, items[0].Rule)))
	}
	return c.compose(mimeMail{
		id: items[0].ID, event: digestPrefix + items[0].Event, alerts: []string{strings.Join(d.ids, " ")},
		headline: oneLine(fmt.Sprintf("%s: %s, %s; most by %s (%s)", c.name(), alerts, counts,
			c.nameOf(sorted[0], maxPrefix), words.Plain(sorted[0].Messages, "message"))),
		content: content{
			Event: "digest", Verdict: sentencef("%s in one mail, %s: %s.", alerts, between(d.first, d.last), counts),
			Facts: facts, Sections: c.digestSections(d, sorted), Foot: []sentence{sentencef("exiwatch on %s", c.Host)},
		},
	}, now)
}

// digestPrefix begins the event of a digest.
const digestPrefix = "d"

// EventOf returns the event that a mail is about; for a digest, the event of its first item.
func EventOf(event string) string { return strings.TrimPrefix(event, digestPrefix) }

// A digest is what many items have in common.
type digest struct {
	ids         []string  // of the alerts, in order
	events      [3]int64  // opened, grew, ended
	first, last time.Time // when an alert opened
	oneRule     bool
}

// digestOf summarizes items.
func digestOf(items []Item) digest {
	byOpened := func(a, b Item) int { return a.Opened.Compare(b.Opened) }
	d := digest{
		first: slices.MinFunc(items, byOpened).Opened, last: slices.MaxFunc(items, byOpened).Opened,
		oneRule: !slices.ContainsFunc(items, func(i Item) bool { return i.Rule != items[0].Rule }),
	}
	seen := make(map[string]bool)
	for _, i := range items {
		if !seen[i.ID] {
			seen[i.ID] = true
			d.ids = append(d.ids, i.ID)
		}
		d.events[kindOf(i.Event)]++
	}
	return d
}

// kindOf is the index of an event's kind in kinds.
func kindOf(event string) int {
	return max(slices.IndexFunc(kinds, func(kind string) bool { return strings.HasPrefix(event, kind) }), 0)
}

var kinds = []string{"opened", "grew", "ended"}

// counts says how many events of each kind there are: "280 opened, 5 grew and 15 ended".
func (d digest) counts() string {
	var parts []string
	for i, n := range d.events {
		if n > 0 {
			parts = append(parts, plain(n)+" "+kinds[i])
		}
	}
	return enumerate(parts)
}

func (c Composer) digestSections(d digest, items []Item) []section {
	all := section{Title: "Alerts, most messages first"}
	for _, i := range items {
		lines := []sentence{c.itemSentence(i), c.itemDetails(d, i)}
		all.Rows = append(all.Rows, countRow{Count: i.Messages, Lines: lines})
	}
	if common := c.commonSubjects(items); len(common.Rows) > 0 {
		return []section{common, all}
	}
	return []section{all}
}

// itemSentence says what happened to an item.
func (c Composer) itemSentence(i Item) sentence {
	did := i.deed()
	switch kinds[kindOf(i.Event)] {
	case "grew":
		did = fmt.Sprintf("grew to %d times its limit: %s", i.Times, amount(i.Measure, i.Peak))
	case "ended":
		did = "ended: at most " + amount(i.Measure, i.Peak)
	}
	return sentencef("%s %s in %s (limit %s)", c.nameOf(i, digestWidth), did, brief(i.Window),
		measured(i.Measure, i.Limit))
}

// digestWidth is what a value may take in a digest, so that most rows fit into a line or two.
const digestWidth = 48 // runes

// itemDetails says what else is known of an item.
func (c Composer) itemDetails(d digest, i Item) sentence {
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
		return sentencef("%s", text)
	}
	return sentencef("%s; %s", c.subject(i.Subject, digestWidth, quoted), text)
}

// layout includes the day if the digest covers several.
func (d digest) layout() string {
	if d.first.Format(dayLayout) == d.last.In(d.first.Location()).Format(dayLayout) {
		return clockLayout
	}
	return dayLayout + " " + clockLayout
}

// commonSubjects ranks the topics that are the most frequent of more than one alert.
func (c Composer) commonSubjects(items []Item) section {
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
			s.Rows = append(s.Rows, countRow{Count: n, Lines: []sentence{c.subject(t.subject, valueWidth, inRow)}})
		}
	}
	return s
}
