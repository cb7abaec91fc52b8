package htmlreport

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// How much a report has of an incident.
const (
	maxTopics = 5
	maxHosts  = 3
	maxLimits = 3  // rules
	maxEvents = 30 // of its alerts
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
	At   time.Time // zero: not yet
	What string
}

// A group are the values of a key among an alert's messages.
type group struct {
	Heading string
	Rows    []window.ValueCount
	More    string
}

// An over is the worst of an incident's alerts by one rule.
type over struct{ *report.Alert }

// Times is how many times its limit, which may be that of an exception, an alert reached.
func (o over) Times() float64 { return htmlkit.Round(o.times()) }

func (o over) times() float64 { return float64(o.Peak) / float64(max(o.Of.Limit, 1)) }

// Other is what the alert is about if that isn't whose incident it is; else nil.
func (o over) Other() *who {
	whose := o.Of.Incident.About.Value
	switch o.Value {
	case whose, "[" + whose + "]", "<" + whose + ">": // an account that is no login is in brackets
		return nil
	}
	return &who{window.Identity{Key: o.Of.Rule.Key, Value: o.Value}}
}

// compare puts the furthest over its limit first.
func (o over) compare(other over) int { return cmp.Compare(other.times(), o.times()) }

// An incident has its alerts, and the worst of them by each rule.
type incident struct {
	alerts []report.Alert
	limits []over
}

// about is whose incident it is.
func (n *incident) about() window.Identity { return n.alerts[0].Of.Incident.About }

// incidents groups the alerts. The incident that went furthest over its limit comes first.
func (p *Page) incidents() (all []incident) {
	for _, alerts := range p.Document.ByIncident() {
		all = append(all, incident{alerts, limits(alerts)})
	}
	slices.SortStableFunc(all, func(a, b incident) int {
		x, y := a.limits[0], b.limits[0]
		return cmp.Or(x.compare(y), cmp.Compare(y.Messages, x.Messages))
	})
	return all
}

// limits gives the worst alert by each rule, the worst of all first.
func limits(alerts []report.Alert) (all []over) {
	byRule := make(map[string]int)
	for i := range alerts {
		o := over{&alerts[i]}
		at, ok := byRule[o.Rule]
		if !ok {
			byRule[o.Rule], all = len(all), append(all, o)
		} else if o.times() > all[at].times() {
			all[at] = o
		}
	}
	slices.SortStableFunc(all, over.compare)
	return all
}

// newCard makes the card of an incident.
func (p *Page) newCard(n *incident, on axis) *card {
	a := n.limits[0].Alert
	chart := a.Of.Chart()
	c := &card{who: who{n.about()}, Alert: *a, Alerts: int64(len(n.alerts)), Began: n.alerts[0].Opened.Time,
		Limits: n.limits[:min(len(n.limits), maxLimits)], When: new(strip), Spark: htmlkit.NewSpark(chart.Messages),
		Step: chart.Step, Topics: a.Of.Topics(maxTopics)}
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
	for _, key := range []window.Key{window.Anomaly, window.Entry, window.Host, window.Sender} {
		if rows := a.Of.Top(key, maxHosts); len(rows) > 0 && key.String() != a.Key {
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
	events := []event{{a.Opened.Time, "opened" + by}}
	for _, g := range a.Grew {
		times := words.Number(g.Times) + " times the limit"
		if g.Times == 2 {
			times = "twice the limit"
		}
		events = append(events, event{g.At.Time, times + by})
	}
	ended := "ended" + by
	if a.Ended.IsZero() {
		ended = "still open at the end of the log"
	}
	return append(events, event{a.Ended.Time, ended})
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
