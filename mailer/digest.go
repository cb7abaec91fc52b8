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

// Digest combines many incidents in one mail, a row each, most messages first. The first item gives it its name: the
// Message's ID is that of items[0], and its Event is that of items[0] with a d before it. Its X-Exiwatch-Alert header
// has the ids of all alerts, and X-Exiwatch-Incident those of the incidents, with spaces between them. The digest of
// one incident goes on with its thread.
func (c Composer) Digest(items []Item, now time.Time) (Message, error) {
	return c.digest(items, false, sentencef("Combined to limit mail volume. None is left out."), now)
}

// Past is the Digest of incidents that were over before anybody looked.
func (c Composer) Past(items []Item, now time.Time) (Message, error) {
	return c.digest(items, true, sentencef("They were over when exiwatch came to read of them."), now)
}

// digest makes a Digest, or a Past. why says why the incidents are in one mail.
func (c Composer) digest(items []Item, past bool, why sentence, now time.Time) (Message, error) {
	if len(items) == 0 {
		return Message{}, errors.New("composing a digest of nothing")
	}
	sorted := byMessages(items)
	d := digestOf(items)
	incidents, counts := words.Plain(int64(len(d.incidents)), "incident"), d.counts()
	if past {
		counts = "all over"
	}
	facts := []sentence{why}
	if d.oneRule {
		facts = append(facts, sentencef("All over the rule %s.", ruleName(items[0].Name, items[0].Rule)))
	}
	m := mimeMail{
		id: items[0].ID, event: digestEvent(items), alerts: []string{strings.Join(d.ids, " ")},
		incidents: d.incidents,
		headline: oneLine(fmt.Sprintf("%s: %s, %s; most by %s (%s)", c.name(), incidents, counts,
			c.nameOf(sorted[0], maxPrefix), words.Plain(sorted[0].Messages, words.TotalNoun(sorted[0].Measure)))),
		content: content{
			Event: "digest", Verdict: sentencef("%s in one mail, %s: %s.", incidents, between(d.first, d.last), counts),
			Facts: facts, Sections: c.digestSections(d, sorted), Foot: []sentence{sentencef("exiwatch on %s", c.Host)},
		},
	}
	if only := items[0]; len(d.incidents) == 1 && only.Incident.ID != "" {
		m.headline = c.headline(only.Incident.item())
		if !only.New {
			m.note = only.news()
		}
	}
	return c.compose(m, now)
}

// byMessages sorts items: most messages first.
func byMessages(items []Item) []Item {
	return slices.SortedStableFunc(slices.Values(items), func(a, b Item) int {
		return cmp.Compare(b.Messages, a.Messages)
	})
}

// DigestName is the name of the Digest, or the Past, of these items: see Message.Name.
func DigestName(items []Item) string { return items[0].ID + "." + digestEvent(items) }

// digestEvent is the event in the name of a digest.
func digestEvent(items []Item) string { return digestPrefix + items[0].Fleet.EventName(items[0].Event) }

// digestPrefix begins the event of a digest.
const digestPrefix = "d"

// EventOf returns the event that a mail is about; for a digest, the event of its first item.
func EventOf(event string) string { return strings.TrimPrefix(event, digestPrefix) }

// A digest is what many items have in common.
type digest struct {
	ids         []string           // of the alerts, in order
	incidents   []string           // ids
	states      [len(states)]int64 // incidents by state
	overNew     int64              // new ones that are over
	first, last time.Time          // when an alert opened
	oneRule     bool
}

// The states of incidents in a digest.
const (
	stateNew = iota
	stateUpdated
	stateEnded
	stateWithdrawn
)

var states = [...]string{"new", "updated", "ended", withdrawn}

func (i *Item) state() int {
	switch {
	case i.isWithdrawn():
		return stateWithdrawn
	case i.New:
		return stateNew
	case i.Over:
		return stateEnded
	}
	return stateUpdated
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
		for _, id := range i.alerts() {
			if !seen[id] {
				seen[id] = true
				d.ids = append(d.ids, id)
			}
		}
		d.incidents = append(d.incidents, cmp.Or(i.Incident.ID, i.ID))
		d.states[i.state()]++
		if i.state() == stateNew && i.Over {
			d.overNew++
		}
	}
	return d
}

// kindOf is the index of an event's kind in kinds.
func kindOf(event string) int {
	return max(slices.IndexFunc(kinds, func(kind string) bool { return strings.HasPrefix(event, kind) }), 0)
}

var kinds = []string{"opened", "grew", "ended", withdrawn}

// counts says how many incidents there are of each state: "280 new (12 of them over), 5 updated and 15 ended".
func (d digest) counts() string {
	var parts []string
	for i, n := range d.states {
		if n == 0 {
			continue
		}
		part := plain(n) + " " + states[i]
		if i == stateNew && d.overNew > 0 {
			part += fmt.Sprintf(" (%d of them over)", d.overNew)
		}
		parts = append(parts, part)
	}
	return enumerate(parts)
}

func (c Composer) digestSections(d digest, items []Item) []section {
	all := section{Title: "Incidents, most messages first"}
	for _, i := range items {
		lines := []sentence{c.itemSentence(i), c.itemDetails(d, i)}
		all.Rows = append(all.Rows, countRow{Count: i.Messages, Lines: lines})
	}
	if common := c.commonSubjects(items); len(common.Rows) > 0 {
		return []section{common, all}
	}
	return []section{all}
}

// itemSentence says how an incident stands.
func (c Composer) itemSentence(i Item) sentence {
	return sentencef("%s %s", c.nameOf(i, digestWidth), i.news())
}

// news says how an incident stands, without text of the log.
func (i Item) news() string {
	limit := "in " + brief(i.Window) + " (limit " + measured(i.Measure, i.Limit) + ")"
	peak := amount(i.Measure, i.Peak)
	switch {
	case i.isWithdrawn():
		return i.withdrawal()
	case i.Over && i.New:
		return act(i.Key, i.Measure) + " at most " + peak + " " + limit + ", and ended"
	case i.Over:
		return "ended: at most " + peak + " " + limit
	case i.Times > 0 && i.New:
		return act(i.Key, i.Measure) + " " + peak + " " + limit + ", " + plain(i.Times) + " times its limit"
	case !i.New && kinds[kindOf(i.Event)] == "opened": // it may have grown since
		return "also " + i.crossing()
	case i.Times > 0:
		return fmt.Sprintf("grew to %d times its limit: %s %s", i.Times, peak, limit)
	}
	return i.crossing()
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
	if i.isWithdrawn() {
		return sentencef("%s came late; %s", i.Fleet.lateLines(), text)
	}
	details := sentencef("%s", text)
	if i.Fleet.Alone != "" {
		details = sentencef("%s, %s", details, i.Fleet.countedBy("counted"))
	}
	if !i.Subjects || c.Subjects == SubjectsNone || isSubject(i.Key) {
		return details
	}
	return sentencef("%s; %s", c.subject(i.Subject, digestWidth, quoted), details)
}

// layout includes the day if the digest covers several.
func (d digest) layout() string {
	if d.first.Format(dayLayout) == d.last.In(d.first.Location()).Format(dayLayout) {
		return clockLayout
	}
	return dayLayout + " " + clockLayout
}

// commonSubjects ranks the topics that are the most frequent of more than one incident.
func (c Composer) commonSubjects(items []Item) section {
	s := section{Title: "Incidents by their most frequent subject"}
	if c.Subjects == SubjectsNone {
		return s
	}
	type topic struct {
		incidents map[string]bool
		subject   string
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
		t.incidents[cmp.Or(i.Incident.ID, i.ID)] = true
	}
	slices.SortStableFunc(order, func(a, b *topic) int { return cmp.Compare(len(b.incidents), len(a.incidents)) })
	for _, t := range order[:min(len(order), topOthers)] {
		if n := int64(len(t.incidents)); n > 1 {
			s.Rows = append(s.Rows, countRow{Count: n, Lines: []sentence{c.subject(t.subject, valueWidth, inRow)}})
		}
	}
	return s
}
