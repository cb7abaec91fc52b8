package htmlreport

import (
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
	"exiwatch/mailer"
	"exiwatch/window"
)

// How much a report has of an incident.
const (
	maxTopics   = 5
	maxHosts    = 3
	maxLogHosts = 10 // of a fleet, in whose logs its messages are
	maxLimits   = 3  // rules
	maxEvents   = 30 // of its alerts
)

// A card describes one incident: its alerts, and the worst of them in full. The table has a row for each card.
type card struct {
	who
	report.Alert        // the worst
	Number       int    // from 1
	Alerts       int64  // how many the incident has
	Limits       []over // the first of them
	OtherLimits  int
	Began        time.Time
	Lasted       time.Duration // to the end of the log if it is open
	Open         bool
	When         *strip
	Spark        htmlkit.Spark
	Step         time.Duration // of the spark's spans
	Events       []event
	OtherEvents  int
	Topics       []window.TopicCount
	More         string // how many other topics there are
	Outcome      mailer.Outcome
	Groups       []group
	Ranks        []*rank // rows of rankings that have the value of one of its alerts
}

// A who is whose incident it is.
type who struct{ window.Identity }

// Name is the value as the template shows it.
func (w who) Name() string { return w.Value }

// Noun names what the value is; empty for an account.
func (w who) Noun() string {
	switch w.Key {
	case window.Account, window.Auth, window.User:
		return ""
	}
	return words.Key(w.Key.String())
}

// An event is a change of an incident: an alert opened, grew or ended.
type event struct {
	At    time.Time // zero: not yet
	What  string
	Other *who // what the alert is about if that isn't whose incident it is
}

// A group are the values of a key among an alert's messages.
type group struct {
	Heading string
	Rows    []window.ValueCount
	More    string
}

// newCard makes the card of an incident.
func (p *Page) newCard(n *incident, on axis) *card {
	a := n.limits[0].Alert
	chart := a.Of.Chart()
	c := &card{who: who{n.about()}, Alert: *a, Alerts: int64(len(n.alerts)), Began: n.alerts[0].Opened.Time,
		Limits: n.limits[:min(len(n.limits), maxLimits)], When: new(strip), Spark: htmlkit.NewSpark(chart.Messages),
		Step: chart.Step, Topics: a.Of.Topics(maxTopics), Outcome: mailer.OutcomeOf(a.Of)}
	c.More = others(a.Of, window.Topic, len(c.Topics))
	c.OtherLimits = len(n.limits) - len(c.Limits)
	c.note(n.alerts, on)
	until := c.Events[len(c.Events)-1].At
	if c.Open = until.IsZero(); c.Open {
		until = p.Document.Last.Time
	}
	c.Lasted = max(until.Sub(c.Began), 0)
	c.OtherEvents = max(len(c.Events)-maxEvents, 0)
	c.Events = c.Events[:len(c.Events)-c.OtherEvents]
	for _, key := range []window.Key{window.Anomaly, window.Entry, window.Host, window.Sender, window.LogHost} {
		most := maxHosts
		if key == window.LogHost {
			most = maxLogHosts
		}
		if rows := a.Of.Top(key, most); len(rows) > 0 && key.String() != a.Key {
			c.Groups = append(c.Groups, group{words.Heading(key.String()), rows, others(a.Of, key, len(rows))})
		}
	}
	return c
}

// note notes when what happened to the alerts.
func (c *card) note(alerts []report.Alert, on axis) {
	for i := range alerts {
		on.mark(c.When, alerts[i].Opened.Time, alerts[i].Ended.Time)
		c.Events = append(c.Events, eventsOf(&alerts[i], len(alerts) > 1)...)
	}
	slices.SortStableFunc(c.Events, event.compare)
	c.Events = slices.CompactFunc(c.Events, func(a, b event) bool { return a.At.IsZero() && b.At.IsZero() })
}

// eventsOf are what happened to an alert. One of several is named by its rule.
func eventsOf(a *report.Alert, several bool) []event {
	by := ""
	if several {
		by = " (" + a.Of.Rule.String() + ")"
	}
	other := over{a}.Other()
	events := []event{{a.Opened.Time, "opened" + by, other}}
	for _, g := range a.Grew {
		times := words.Number(g.Times) + " times the limit"
		if g.Times == 2 {
			times = "twice the limit"
		}
		events = append(events, event{g.At.Time, times + by, other})
	}
	if a.Ended.IsZero() {
		return append(events, event{What: "still open at the end of the log"})
	}
	return append(events, event{a.Ended.Time, "ended" + by, other})
}

// compare puts what hasn't happened yet last.
func (e event) compare(other event) int {
	switch {
	case e.At.IsZero() && !other.At.IsZero():
		return 1
	case other.At.IsZero() && !e.At.IsZero():
		return -1
	}
	return e.At.Compare(other.At)
}

// others says how many values of a key are not shown.
func others(a *window.Alert, key window.Key, shown int) string {
	n, more := a.Distinct(key)
	switch {
	case more:
		return fmt.Sprintf("and more than %s others", words.Number(int64(n-shown)))
	case n > shown:
		return fmt.Sprintf("and %s more", words.Number(int64(n-shown)))
	}
	return ""
}
