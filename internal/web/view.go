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

// Named is a value with its key, as a link to its page wants them.
type named struct{ Key, Value string }

func (a Alert) Named() named { return named{partyKey(a.Rule.Key).String(), a.Value} }
func (p place) Named() named { return named{partyKey(p.Rule.Key).String(), p.Value} }

// Noun is what the party is, where that isn't an account.
func (p place) Noun() string  { return partyNoun(p.Rule.Key) }
func (a Alert) Noun() string  { return partyNoun(a.Rule.Key) }
func (p *party) Noun() string { return partyNoun(p.Key) }

func partyNoun(k window.Key) string {
	if k = partyKey(k); k == window.Account {
		return ""
	}
	return noun(k)
}

// Links tells whether the values have pages: that of a topic would be of its folded form, which isn't shown.
func (g Group) Links() bool { return g.Key < window.NumKeys && g.Key != window.Topic }

// Named is one of the group's values.
func (g Group) Named(value string) named { return named{g.Key.String(), value} }

// One is what each row has.
func (g Group) One() string { return strings.ToUpper(noun(g.Key)[:1]) + noun(g.Key)[1:] }

// Others is how many values are not in the rows.
func (g Group) Others() int64 { return int64(g.Count - len(g.Rows)) }

func (g Group) Count64() int64 { return int64(g.Count) }
func (n *Now) Opens64() int64  { return int64(n.Opens) }
func (n *Now) Keys64() int64   { return int64(n.Keys) }

// Begin says since when messages are known, where that is within the chart.
func (f *front) Begin() string {
	for i := range f.Chart.Series[0].Values {
		for _, s := range f.Chart.Series {
			if s.Values[i] > 0 {
				if i < len(s.Values)/30 {
					return ""
				}
				return "Known since " + f.Chart.From.Add(f.Chart.Step*time.Duration(i)).Format("15:04") + "."
			}
		}
	}
	return ""
}

// PeakText says when the most messages came.
func (f *front) PeakText() string { return peakText(f.Chart, "in one minute") }

// PeakText says when the count was highest.
func (w *who) PeakText() string { return peakText(w.Chart, "") }

func peakText(c *htmlkit.Columns, in string) string {
	n, at := c.Peak()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("The most were %s, at %s.", strings.TrimSpace(words.Amount(n, c.Unit)+" "+in),
		at.Format("15:04"))
}

// Level is whether the value is over a limit now.
func (w *who) Level() string {
	if slices.ContainsFunc(w.Standings, func(s standing) bool { return s.Count > s.Limit }) {
		return "bad"
	}
	if w.IsOpen() || len(w.Standings) == 0 {
		return "unsure"
	}
	return "good"
}

// Details tells whether an alert is shown with all that is known of it: one that has ended, and of those that are
// open that which knows most.
func (w *who) Details(a Alert) bool {
	largest := party{Alerts: w.Alerts}
	return !a.Ended.IsZero() || a.ID == largest.Largest().ID
}

// IsOpen tells whether an alert on it is open.
func (w *who) IsOpen() bool {
	return slices.ContainsFunc(w.Alerts, func(a Alert) bool { return a.Ended.IsZero() })
}

// All are the alerts, those that opened last first.
func (h *history) All() []Alert {
	all := slices.Concat(h.Open, h.Ended)
	slices.SortStableFunc(all, func(a, b Alert) int { return cmp.Compare(b.Opened.UnixNano(), a.Opened.UnixNano()) })
	return all
}

// Lines are those of a text.
func (Finding) Lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
