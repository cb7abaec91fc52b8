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

// A card describes one alert in full.
type card struct {
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

// An event is a change of an alert: opened, grew or ended.
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

// cards gives the n alerts that went furthest over their limits, in the order in which they opened.
func (p *Page) cards(n int, on axis) (cards []card) {
	order := make([]int, len(p.Document.Alerts))
	for i := range order {
		order[i] = i
	}
	if len(order) > n {
		slices.SortStableFunc(order, func(a, b int) int {
			return cmp.Compare(over(&p.Document.Alerts[b]), over(&p.Document.Alerts[a]))
		})
		order = order[:n]
		slices.Sort(order)
	}
	for _, i := range order {
		c := newCard(p.Document.Alerts[i], on)
		c.Number = len(cards) + 1
		cards = append(cards, c)
	}
	return cards
}

func newCard(a report.Alert, on axis) card {
	chart := a.Of.Chart()
	c := card{Alert: a, When: new(strip), Spark: htmlkit.NewSpark(chart.Messages), Step: chart.Step,
		Topics: a.Of.Topics(maxTopics)}
	on.mark(c.When, a.Opened.Time, a.Ended.Time)
	c.Events = append(c.Events, event{a.Opened.Time, "opened"})
	for _, g := range a.Grew {
		times := words.Number(g.Times) + " times the limit"
		if g.Times == 2 {
			times = "twice the limit"
		}
		c.Events = append(c.Events, event{g.At.Time, times})
	}
	ended := "ended"
	if a.Ended.IsZero() {
		ended = "still open at the end of the log"
	}
	c.Events = append(c.Events, event{a.Ended.Time, ended})
	c.More = others(a.Of, window.Topic, len(c.Topics))
	for _, key := range []window.Key{window.Anomaly, window.Entry, window.Host, window.Sender} {
		if rows := a.Of.Top(key, maxHosts); len(rows) > 0 && key.String() != a.Key {
			c.Groups = append(c.Groups, group{words.Heading(key.String()), rows, others(a.Of, key, len(rows))})
		}
	}
	return c
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

// A lane is one sender with all its alerts.
type lane struct {
	report.Alert // the worst
	Alerts       int64
	When         *strip
	Card         int // number of the worst alert's card; 0: none
}

// lanes gives everybody who crossed a limit, the furthest over first.
func (p *Page) lanes(on axis) []*lane {
	var all []*lane
	byValue := make(map[[2]string]*lane)
	for _, a := range p.Document.Alerts {
		id := [2]string{a.Key, a.Value}
		l := byValue[id]
		if l == nil {
			l = &lane{Alert: a, When: new(strip)}
			byValue[id], all = l, append(all, l)
		}
		l.Alerts++
		on.mark(l.When, a.Opened.Time, a.Ended.Time)
		if over(&a) > over(&l.Alert) {
			l.Alert = a
		}
	}
	slices.SortStableFunc(all, func(a, b *lane) int {
		return cmp.Or(cmp.Compare(over(&b.Alert), over(&a.Alert)), cmp.Compare(b.Alerts, a.Alerts))
	})
	return all
}
