package web

import (
	"slices"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A front answers: is anybody sending in bulk right now?
type front struct {
	*Now
	Title   string
	Level   string   // of the verdict: good, bad or unsure
	Parties []*party // with open alerts
	Active  []*party // of these, those who send over a limit now
	Tampers bool     // an alert about the log's integrity is over its limit now
	Nearest *place   // to its limit, but not over it
	Chart   *htmlkit.Columns
	Ranking []place
	Silent  bool // the log has had no line for a while
}

// A place in the ranking.
type place struct {
	window.Standing
	Rule  window.Rule
	Spark htmlkit.Spark
}

// silence is how long a log may have no line before that is said.
const silence = time.Hour

func newFront(n *Now) *front {
	f := &front{Now: n, Level: "good", Title: "Nobody is sending in bulk", Chart: n.arrivals()}
	ranking := n.ranked()
	sparks := n.sparks(ranking)
	for i, s := range ranking {
		f.Ranking = append(f.Ranking, place{s, n.Rules[s.Rule], sparks[i]})
	}
	for i := range f.Ranking {
		if p := &f.Ranking[i]; p.Count <= p.Limit {
			f.Nearest = p
			break
		}
	}
	f.Parties = parties(n.Open)
	for _, p := range f.Parties {
		switch {
		case !p.Over():
		case p.Alerts[0].Rule.Count == window.Anomalies:
			f.Tampers = true
		default:
			f.Active = append(f.Active, p)
		}
	}
	for _, l := range n.Logs {
		f.Silent = f.Silent || l.Read && n.At.Sub(l.Change) > silence
	}
	switch {
	case len(f.Active) == 1:
		f.Level, f.Title = "bad", show(f.Active[0].Value)+" is sending in bulk"
	case len(f.Active) > 1:
		f.Level, f.Title = "bad", words.Number(int64(len(f.Active)))+" are sending in bulk"
	case f.Tampers:
		f.Level, f.Title = "bad", "Somebody may be tampering with the log"
	case n.Waits():
		f.Level, f.Title = "unsure", "The log can't be read"
	case !f.Read():
		f.Level, f.Title = "unsure", "Still reading the log"
	case n.Opens > 0:
		f.Level, f.Title = "unsure", "Nobody is sending in bulk any more"
	}
	return f
}

// Waits tells whether a log isn't read on, as a file of it can't be read.
func (n *Now) Waits() bool {
	return slices.ContainsFunc(n.Logs, func(l Log) bool { return l.Waits != "" })
}

// shownRanking is how many parties are ranked.
const shownRanking = 20

// ranked has of each party the standing that is nearest to its limit.
func (n *Now) ranked() (places []window.Standing) {
	seen := make(map[named]bool)
	for _, s := range n.Ranking {
		id := named{partyKey(n.Rules[s.Rule].Key).String(), s.Value}
		if !seen[id] && len(places) < shownRanking {
			places = append(places, s)
		}
		seen[id] = true
	}
	return places
}

// Read tells whether all logs were read to their ends.
func (n *Now) Read() bool {
	for _, l := range n.Logs {
		if !l.Read {
			return false
		}
	}
	return true
}

// Stamp is the time of the last line of all logs.
func (n *Now) Stamp() (last time.Time) {
	for _, l := range n.Logs {
		if l.Stamp.After(last) {
			last = l.Stamp
		}
	}
	return last
}

// history is the alerts since the daemon began.
type history struct {
	Open  []Alert
	Opens int
	Ended []Alert
	Since time.Time
}

// health is whether the daemon can do its work.
type health struct {
	*Now
	Findings []Finding
	Checked  time.Time // zero: it is being found out
	Bad      int       // findings that fail
	Poor     int       // or warn
}

func (d *desk) health(n *Now) *health {
	h := &health{Now: n}
	h.Findings, h.Checked = d.findings()
	for _, f := range h.Findings {
		switch f.Status {
		case "fail":
			h.Bad++
		case "warn":
			h.Poor++
		}
	}
	return h
}
