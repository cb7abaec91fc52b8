package htmlreport

import (
	"cmp"
	"slices"
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
	Lanes     []*lane
	AllLanes  int
	Only      *lane  // the only sender over a limit; nil: none, or several
	Tampered  bool   // alerts are about the log
	Crossed   string // how many crossed a limit: 530 accounts, 3 hosts
	Cards     []card
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

// A ranking is one of the document's.
type ranking struct {
	Heading, Noun string
	Rows          []report.Row
	More          int // values without a row
}

func (p *Page) view(b bounds) *view {
	v := &view{Page: p, Logs: p.Logs[:min(len(p.Logs), maxLogs)], Effects: p.effects(),
		Recipient: p.Document.Recipients > 0, Uncounted: newUncounted(&p.Document)}
	v.MoreLogs = len(p.Logs) - len(v.Logs)
	if len(p.Hours) > 0 {
		v.Axis, v.Chart, v.Heat = newAxis(p.Hours), newArrivalChart(p.Hours), newHeat(p.Hours)
	}
	v.Lanes = p.lanes(v.Axis)
	v.AllLanes = len(v.Lanes)
	isAboutLog := func(l *lane) bool { return l.Count == window.Anomalies.String() }
	senders := slices.DeleteFunc(slices.Clone(v.Lanes), isAboutLog)
	v.Crossed, v.Tampered = crossed(senders), len(senders) < len(v.Lanes)
	if len(senders) == 1 {
		v.Only = senders[0]
	}
	v.Lanes = v.Lanes[:min(len(v.Lanes), maxLanes)]
	v.Cards = p.cards(b.alerts, v.Axis)
	numbers := make(map[string]int)
	for _, c := range v.Cards {
		numbers[c.Incident] = c.Number
	}
	for _, l := range v.Lanes {
		l.Card = numbers[l.Incident]
	}
	for _, k := range words.KeyNames {
		rows := p.Document.Top[k.Key]
		rows = rows[:min(len(rows), b.rows)]
		if len(rows) > 0 {
			v.Rankings = append(v.Rankings, ranking{k.Heading, k.Noun, rows, p.Document.Values[k.Key] - len(rows)})
		}
	}
	return v
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

// crossed counts lanes by their keys.
func crossed(lanes []*lane) string {
	n := make(map[string]int64)
	for _, l := range lanes {
		n[cmp.Or(l.Noun(), "account")]++
	}
	var parts []string
	for _, k := range words.KeyNames {
		if n[k.Noun] > 0 {
			parts = append(parts, words.Plural(n[k.Noun], k.Noun))
		}
	}
	return strings.Join(parts, ", ")
}

// Omitted is how many incidents have no card.
func (v *view) Omitted() int { return len(v.Document.Incidents) - len(v.Cards) }

// Zone names the zone of the last arrival, as it is logged or the machine's.
func (v *view) Zone() string { return v.Document.Last.Format("-0700") }

// By are the first of some values.
func (v *view) By(all []suggest.By) []suggest.By { return all[:min(len(all), maxBy)] }

// LikelyAbuse are the first of some incidents.
func (v *view) LikelyAbuse(all []suggest.Abuse) []suggest.Abuse {
	return all[:min(len(all), maxBy)]
}
