package htmlreport

import (
	"cmp"
	"slices"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/report"
	"exiwatch/window"
)

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
