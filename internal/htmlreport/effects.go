package htmlreport

import (
	"time"

	"exiwatch/internal/report"
	"exiwatch/window"
)

// maxBy is how many values are listed for a rule.
const maxBy = 5

// An effect is a rule with the alerts that it would have raised.
type effect struct {
	window.Rule
	Text   string // Rule.String
	Alerts int64
	Days   int64 // with alerts
	By     []report.Row
	More   int64 // values not listed
}

func (p *Page) effects() (all []effect) {
	for _, rule := range p.Rules {
		e := effect{Rule: rule, Text: rule.String()}
		days, values := make(map[time.Time]bool), new(report.Ranking)
		for _, a := range p.Document.Alerts {
			if a.Of.Rule.String() == e.Text {
				e.Alerts++
				days[dayOf(shown(a.Opened.Time))] = true
				values.Add([]byte(a.Value), 0, 0)
			}
		}
		e.By = values.Top(maxBy, report.Messages)
		e.Days, e.More = int64(len(days)), int64(values.Len()-len(e.By))
		all = append(all, e)
	}
	return all
}
