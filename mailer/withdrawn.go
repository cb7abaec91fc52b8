package mailer

import (
	"fmt"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// withdrawn is the event of Withdrawn.
const withdrawn = "withdrawn"

// Withdrawn makes the mail about an alert of a fleet that was told, and that isn't one: late lines of other hosts
// (c.Fleet.Late) were counted in their place. a is the alert as it was told.
func (c Composer) Withdrawn(a *window.Alert, now time.Time) (Message, error) {
	i := c.item(a, withdrawn)
	verdict := sentencef("The alert about %s is withdrawn.", c.nameOf(i, valueWidth))
	d := c.about([]*window.Alert{a}, i, i.news(), verdict)
	advice := "If you blocked something because of this alert, lift the block. Otherwise there is nothing to do."
	if i.Fleet.Instead != "" {
		advice = "The mail about the other alert says what to do."
	}
	d.content.Facts = []sentence{
		sentencef("It said at %s: %s", a.Opened.Format(stampLayout), c.verdict(i)), i.why(),
	}
	d.content.Sparkline = nil // counts are others by now
	d.content.Sections = []section{{Title: "What to do next", Sentences: []sentence{sentencef("%s", advice)}}}
	return c.compose(d, now)
}

// why says why an alert is withdrawn.
func (i *Item) why() sentence {
	if i.Fleet.Instead != "" {
		return sentencef("%s came late. Counted in their place, the alert began differently: it is the alert %s.",
			i.Fleet.lateLines(), i.Fleet.Instead)
	}
	return sentencef("%s came late. Counted in their place, the %s was not over the limit.", i.Fleet.lateLines(),
		words.Key(i.Key))
}

// lateLines says whose lines came late: Lines of mx2 and mx3.
func (m FleetMark) lateLines() sentence {
	const most = 5
	if len(m.Late) == 0 {
		return sentencef("Lines")
	}
	text := sentencef("Lines of %s", inWords(m.Late[0], valueWidth))
	shown := min(len(m.Late), most)
	for n, host := range m.Late[1:shown] {
		joint := ","
		if n+2 == len(m.Late) {
			joint = " and"
		}
		text = sentencef("%s%s %s", text, joint, inWords(host, valueWidth))
	}
	if more := len(m.Late) - shown; more > 0 {
		text = sentencef("%s and %s", text, words.Plain(int64(more), "more host"))
	}
	return text
}

// withdrawal says how a withdrawn alert stands, without text of the log.
func (i *Item) withdrawal() string {
	if i.Fleet.Instead != "" {
		return "withdrawn: it began differently"
	}
	return fmt.Sprintf("withdrawn: not over the limit of %s in %s", measured(i.Measure, i.Limit), brief(i.Window))
}

// isWithdrawn reports whether the item's last event is that its alert was withdrawn.
func (i *Item) isWithdrawn() bool { return i.Event == withdrawn }
