package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A link is what the URL of a value's page needs.
type link struct{ Key, Value string }

func (a Alert) Named() link        { return link{canonicalKey(a.Rule.Key).String(), a.Value} }
func (s rankedSender) Named() link { return link{canonicalKey(s.Rule.Key).String(), s.Value} }

// Noun names what the sender is; empty for an account.
func (s rankedSender) Noun() string { return senderNoun(s.Rule.Key) }
func (a Alert) Noun() string        { return senderNoun(a.Rule.Key) }
func (s *sender) Noun() string      { return senderNoun(s.Key) }

func senderNoun(k window.Key) string {
	if k = canonicalKey(k); k == window.Account {
		return ""
	}
	return noun(k)
}

// Links tells whether the values have pages. Topics have none: their pages would need the folded form.
func (g Group) Links() bool { return g.Key < window.NumKeys && g.Key != window.Topic }

// Named is the link of one of the group's values.
func (g Group) Named(value string) link { return link{g.Key.String(), value} }

// One names the value of a row.
func (g Group) One() string { return strings.ToUpper(noun(g.Key)[:1]) + noun(g.Key)[1:] }

// Others is how many values have no row.
func (g Group) Others() int64 { return int64(g.Count - len(g.Rows)) }

func (g Group) Count64() int64       { return int64(g.Count) }
func (now *Snapshot) Opens64() int64 { return int64(now.Opens) }
func (now *Snapshot) Keys64() int64  { return int64(now.Keys) }

// Begin says where the data begins, if the chart is longer.
func (o *overview) Begin() string {
	for i := range o.Chart.Series[0].Values {
		for _, s := range o.Chart.Series {
			if s.Values[i] > 0 {
				if i < len(s.Values)/30 {
					return ""
				}
				return "Data since " + o.Chart.From.Add(o.Chart.Step*time.Duration(i)).Format("15:04") + "."
			}
		}
	}
	return ""
}

// PeakText says when most messages came.
func (o *overview) PeakText() string { return peakText(o.Chart, "in one minute") }

// PeakText says when the count was highest.
func (d *detail) PeakText() string { return peakText(d.Chart, "") }

func peakText(c *htmlkit.Columns, in string) string {
	n, at := c.Peak()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("Peak: %s, at %s.", strings.TrimSpace(words.Amount(n, c.Unit)+" "+in), at.Format("15:04"))
}

// Level is bad if the value is over a limit now.
func (d *detail) Level() string {
	if slices.ContainsFunc(d.Standings, func(s ruleUsage) bool { return s.Count > s.Limit }) {
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
	largest := sender{Alerts: d.Alerts}
	return !a.Ended.IsZero() || a.ID == largest.Largest().ID
}

// IsOpen tells whether an alert on the value is open.
func (d *detail) IsOpen() bool {
	return slices.ContainsFunc(d.Alerts, func(a Alert) bool { return a.Ended.IsZero() })
}

// All are the alerts, the last opened first.
func (h *history) All() []Alert {
	all := slices.Concat(h.Open, h.Ended)
	slices.SortStableFunc(all, func(a, b Alert) int { return cmp.Compare(b.Opened.UnixNano(), a.Opened.UnixNano()) })
	return all
}

// Lines splits a text.
func (Finding) Lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
