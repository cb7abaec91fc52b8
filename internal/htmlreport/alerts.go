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

// How much a report has of an alert.
const (
	maxTopics = 5
	maxHosts  = 3
	maxLanes  = 30 // senders over a limit
)

// A card describes one incident, and its worst alert in full.
type card struct {
	who
	report.Alert
	Number int // from 1
	When   *strip
	Spark  htmlkit.Spark
	Step   time.Duration // of the spark's spans
	Events []event
	Topics []window.TopicCount
	More   string // how many other topics there are
	Groups []group
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

// over is how many times its limit, which may be that of an exception, an alert reached.
func over(a *report.Alert) float64 { return float64(a.Peak) / float64(max(a.Of.Limit, 1)) }

// cards gives the n incidents that went furthest over their limits, in the order in which they began.
func (p *Page) cards(n int, on axis) (cards []card) {
	groups := p.Document.ByIncident()
	order := make([]int, len(groups))
	for i := range order {
		order[i] = i
	}
	if len(order) > n {
		slices.SortStableFunc(order, func(a, b int) int {
			return cmp.Compare(over(worst(groups[b])), over(worst(groups[a])))
		})
		order = order[:n]
		slices.Sort(order)
	}
	for _, i := range order {
		c := newCard(groups[i], on)
		c.Number = len(cards) + 1
		cards = append(cards, c)
	}
	return cards
}

// worst is the alert that went furthest over its limit.
func worst(alerts []report.Alert) *report.Alert {
	most := &alerts[0]
	for i := range alerts {
		if over(&alerts[i]) > over(most) {
			most = &alerts[i]
		}
	}
	return most
}

// newCard makes the card of an incident with these alerts.
func newCard(alerts []report.Alert, on axis) card {
	a := *worst(alerts)
	chart := a.Of.Chart()
	c := card{who: who{a.Of.Incident.About}, Alert: a, When: new(strip), Spark: htmlkit.NewSpark(chart.Messages),
		Step: chart.Step, Topics: a.Of.Topics(maxTopics)}
	for i := range alerts {
		on.mark(c.When, alerts[i].Opened.Time, alerts[i].Ended.Time)
		c.Events = append(c.Events, eventsOf(&alerts[i], len(alerts) > 1)...)
	}
	slices.SortStableFunc(c.Events, event.compare)
	c.Events = slices.CompactFunc(c.Events, func(a, b event) bool { return a.At.IsZero() && b.At.IsZero() })
	c.More = others(a.Of, window.Topic, len(c.Topics))
	for _, key := range []window.Key{window.Anomaly, window.Entry, window.Host, window.Sender} {
		if rows := a.Of.Top(key, maxHosts); len(rows) > 0 && key.String() != a.Key {
			c.Groups = append(c.Groups, group{words.Heading(key.String()), rows, others(a.Of, key, len(rows))})
		}
	}
	return c
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

// A lane is one account with all its incidents.
type lane struct {
	who
	report.Alert // the worst
	Incidents    int64
	When         *strip
	Card         int // number of the worst alert's card; 0: none
}

// lanes gives everybody who crossed a limit, the furthest over first.
func (p *Page) lanes(on axis) []*lane {
	var all []*lane
	byIdentity := make(map[window.Identity]*lane)
	for _, a := range p.Document.Alerts {
		id := a.Of.Incident.About
		l := byIdentity[id]
		if l == nil {
			l = &lane{who: who{id}, Alert: a, When: new(strip)}
			byIdentity[id], all = l, append(all, l)
		}
		if a.ID == a.Incident {
			l.Incidents++
		}
		on.mark(l.When, a.Opened.Time, a.Ended.Time)
		if over(&a) > over(&l.Alert) {
			l.Alert = a
		}
	}
	slices.SortStableFunc(all, func(a, b *lane) int {
		return cmp.Or(cmp.Compare(over(&b.Alert), over(&a.Alert)), cmp.Compare(b.Incidents, a.Incidents))
	})
	return all
}
