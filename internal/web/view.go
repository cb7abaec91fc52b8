package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A link is what the URL of a value's page needs.
type link struct {
	Key   window.Key
	Value string
}

// Named is the page of the sender.
func (s ruleUsage) Named() link { return link{canonicalKey(s.Rule.Key), s.Value} }

// Noun names what the value is; empty for an account.
func (l link) Noun() string {
	if l.Key == window.Account {
		return ""
	}
	return words.Key(l.Key.String())
}

// Links tells whether the values have pages. Topics have none: their pages would need the folded form.
func (g Group) Links() bool { return g.Key < window.NumKeys && g.Key != window.Topic }

// Named is the link of one of the group's values.
func (g Group) Named(value string) link { return link{g.Key, value} }

// One names the value of a row.
func (g Group) One() string {
	noun := words.Key(g.Key.String())
	return strings.ToUpper(noun[:1]) + noun[1:]
}

// Others is how many values have no row.
func (g Group) Others() int { return g.Count - len(g.Rows) }

// Begin says where the data begins, if the chart is longer.
func (o *overview) Begin() string {
	for i := range MinutesKept {
		if o.Chart.Sum(len(o.Chart.Series), i) > 0 {
			if i < MinutesKept/30 {
				break
			}
			return "Data since " + o.Chart.At(i).Format("15:04") + "."
		}
	}
	return ""
}

// peakText says when the count was highest. in is what it counts in, if that has to be said.
func peakText(c *htmlkit.Columns, in string) string {
	n, at := c.Peak()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("Peak: %s, at %s.", strings.TrimSpace(words.Amount(n, c.Unit)+" "+in), at.Format("15:04"))
}

// Level is bad if the value is over a limit now.
func (d *detail) Level() string {
	if slices.ContainsFunc(d.Standings, func(s ruleUsage) bool { return s.Count > s.Limit }) || d.IsOverInFleet() {
		return "bad"
	}
	if d.IsOpen() || len(d.Standings) == 0 {
		return "unsure"
	}
	return "good"
}

// Details tells whether the page shows an alert's groups: those of ended alerts, and of the open alert with the most
// messages.
func (d *detail) Details(a Alert) bool {
	largest := incident{Alerts: d.Alerts}
	return !a.Ended.IsZero() || a.ID == largest.Largest().ID
}

// IsOpen tells whether an alert on the value is open.
func (d *detail) IsOpen() bool {
	return len(d.Together) > 0 || slices.ContainsFunc(d.Alerts, func(a Alert) bool { return a.Ended.IsZero() })
}

// IsOverInFleet tells whether the value is over a limit of the fleet now.
func (d *detail) IsOverInFleet() bool {
	return slices.ContainsFunc(d.Together, func(a FleetAlert) bool { return a.Over() })
}

// LogLinks are searches of the logs for what is known of the value.
func (d *detail) LogLinks() (all []logLink) {
	for _, k := range [...]string{"topic", "host", "network", "sender"} {
		if k == d.Key.String() {
			continue
		}
		one := logLink{Text: words.Key(k)}
		for _, span := range [...]choice{{"1d", "24 hours", false}, {"7d", "7 days", false}, {"all", "all", false}} {
			q := url.Values{"key": {k}, "span": {span.Value}, "within": {d.Key.String()}, "value": {d.Value}}
			one.Spans = append(one.Spans, choice{"find?" + q.Encode(), span.Text, false})
		}
		all = append(all, one)
	}
	return all
}

// A logLink is what may be searched for in the logs, with the addresses for some spans.
type logLink struct {
	Text  string
	Spans []choice
}

// Mail says what became of the last mail about an incident.
func (now *Snapshot) Mail(incident string) string { return now.Told[incident] }

// Lines splits a text.
func (Finding) Lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
