package htmlreport

import (
	"cmp"
	"strings"

	"exiwatch/internal/report"
	"exiwatch/internal/suggest"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// maxLogs is how many logs are named.
const maxLogs = 10

// A view is what the template needs of a Page, within bounds.
type view struct {
	*Page
	Axis      axis
	Chart     *arrivalChart
	Heat      *heat
	Logs      []string
	MoreLogs  int
	Senders   []who  // over a limit, the furthest over first
	Tampered  bool   // alerts are about the log
	Crossed   string // how many crossed a limit: 530 accounts, 3 hosts
	Cards     folded[*card]
	Effects   []effect
	Rankings  []ranking
	Recipient bool       // recipients are logged
	Uncounted *uncounted // nil: every arrival counted
}

// maxUncounted is how many rows the arrivals that no rule counts have.
const maxUncounted = 10

// uncounted are the arrivals that no rule counts.
type uncounted struct {
	Total int64
	Rows  []report.UncountedRow // the first ones
}

// newUncounted gives nil where there are none.
func newUncounted(d *report.Document) *uncounted {
	if len(d.Uncounted) == 0 {
		return nil
	}
	u := &uncounted{Rows: d.Uncounted[:min(len(d.Uncounted), maxUncounted)]}
	for _, row := range d.Uncounted {
		u.Total += row.Messages
	}
	return u
}

// How many rows stand open. A page of them is some twenty screens long at the most.
const (
	openCards = 30
	openRanks = 15
)

// A folded list shows its first elements, and the others when the reader asks for them.
type folded[E any] struct{ All, Shown, Rest []E }

func fold[E any](all []E, n int) folded[E] {
	n = min(n, len(all))
	return folded[E]{all, all[:n], all[n:]}
}

// view gives the first incidents and ranks, within b.
func (p *Page) view(incidents []incident, b bounds) *view {
	v := &view{Page: p, Logs: p.Logs[:min(len(p.Logs), maxLogs)], Effects: p.effects(),
		Recipient: p.Document.Recipients > 0, Uncounted: newUncounted(&p.Document)}
	v.MoreLogs = len(p.Logs) - len(v.Logs)
	if len(p.Hours) > 0 {
		v.Axis, v.Chart, v.Heat = newAxis(p.Hours), newArrivalChart(p.Hours), newHeat(p.Hours)
	}
	v.name(incidents)
	places := v.rank(b.rows)
	var cards []*card
	for i := range incidents[:min(len(incidents), b.incidents)] {
		c := p.newCard(&incidents[i], v.Axis)
		c.Number = i + 1
		c.link(incidents[i].alerts, places)
		cards = append(cards, c)
	}
	v.Cards = fold(cards, openCards)
	return v
}

// name names the senders behind incidents.
func (v *view) name(incidents []incident) {
	seen := make(map[window.Identity]bool)
	for i := range incidents {
		about := incidents[i].about()
		switch {
		case seen[about]:
		case incidents[i].limits[0].Of.Rule.Count == window.Anomalies:
			v.Tampered = true
		default:
			v.Senders = append(v.Senders, who{about})
		}
		seen[about] = true
	}
	v.Crossed = crossed(v.Senders)
}

// maxBy is how many values are listed for a rule.
const maxBy = 5

// An effect is a rule with the alerts that it would have raised.
type effect struct {
	window.Rule
	Alerts int64
	Days   int // with alerts
	By     []report.Row
	More   int // values not listed
}

func (p *Page) effects() (all []effect) {
	for _, e := range p.Effects {
		by := e.Values.Top(maxBy, report.Messages)
		all = append(all, effect{e.Rule, e.Values.Total(), len(e.Days), by, e.Values.Len() - len(by)})
	}
	return all
}

// crossed counts senders by their keys.
func crossed(senders []who) string {
	n := make(map[string]int64)
	for _, w := range senders {
		n[cmp.Or(w.Noun(), "account")]++
	}
	var parts []string
	for _, k := range words.KeyNames {
		if n[k.Noun] > 0 {
			parts = append(parts, words.Plural(n[k.Noun], k.Noun))
		}
	}
	return strings.Join(parts, ", ")
}

// Omitted is how many incidents have no row.
func (v *view) Omitted() int { return len(v.Document.Incidents) - len(v.Cards.All) }

// Zone names the zone of the last arrival, as it is logged or the machine's.
func (v *view) Zone() string { return v.Document.Last.Format("-0700") }

// By are the first of some values.
func (v *view) By(all []suggest.By) []suggest.By { return all[:min(len(all), maxBy)] }

// LikelyAbuse are the first of some incidents.
func (v *view) LikelyAbuse(all []suggest.Abuse) []suggest.Abuse {
	return all[:min(len(all), maxBy)]
}
