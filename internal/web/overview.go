package web

import (
	"slices"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/htmlkit"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// An overview answers: is anybody sending in bulk right now?
type overview struct {
	*Snapshot
	Title    string
	Level    string        // class of the verdict: good, bad or unsure
	Standing []*incident   // with open alerts
	Active   []*incident   // those of Standing that are over a limit now
	Tampered bool          // an alert about the log's integrity is over its limit now
	Nearest  *rankedSender // closest to its limit, but not over it
	Chart    *htmlkit.Columns
	Ranking  []rankedSender
	Silent   bool // the log has had no line for a while
}

// A rankedSender is a row of the ranking.
type rankedSender struct {
	ruleUsage
	Spark htmlkit.Spark
}

// silence is how long a log may go without a line before the page says so.
const silence = time.Hour

func newOverview(now *Snapshot) *overview {
	o := &overview{Snapshot: now, Chart: now.arrivalChart()}
	ranking := now.ranked()
	counts := now.lastHour(ranking)
	for i, s := range ranking {
		o.Ranking = append(o.Ranking, rankedSender{ruleUsage{s, now.Rules[s.Rule]}, htmlkit.NewSpark(counts[i])})
	}
	if i := slices.IndexFunc(o.Ranking, func(s rankedSender) bool { return s.Count <= s.Limit }); i >= 0 {
		o.Nearest = &o.Ranking[i]
	}
	o.Standing = incidentsOf(now.Open)
	for _, p := range o.Standing {
		switch {
		case !p.Over():
		case p.Alerts[0].Rule.Count == window.Anomalies:
			o.Tampered = true
		default:
			o.Active = append(o.Active, p)
		}
	}
	o.Silent = slices.ContainsFunc(now.Logs, func(l LogStatus) bool { return l.Read && now.At.Sub(l.Change) > silence })
	o.Level, o.Title = o.verdict()
	return o
}

// verdict gives the level and the title.
func (o *overview) verdict() (level, title string) {
	switch {
	case len(o.Active) == 1:
		return "bad", escape.Shown(o.Active[0].Value) + " is sending in bulk"
	case len(o.Active) > 1:
		return "bad", words.Number(int64(len(o.Active))) + " are sending in bulk"
	case o.Tampered:
		return "bad", "Somebody may be tampering with the log"
	case o.Waits():
		return "unsure", "The log can't be read"
	case !o.Read():
		return "unsure", "Still reading the log"
	case o.Opens > 0:
		return "unsure", "Nobody is sending in bulk any more"
	}
	return "good", "Nobody is sending in bulk"
}

// Waits tells whether reading of a log has stopped at a file that can't be read.
func (now *Snapshot) Waits() bool {
	return slices.ContainsFunc(now.Logs, func(l LogStatus) bool { return l.Waits != "" })
}

// shownRanking is how many senders the ranking has.
const shownRanking = 20

// ranked gives, for each sender, the standing closest to its limit.
func (now *Snapshot) ranked() (places []window.Usage) {
	seen := make(map[link]bool)
	for _, s := range now.Ranking {
		id := ruleUsage{s, now.Rules[s.Rule]}.Named()
		if !seen[id] && len(places) < shownRanking {
			places = append(places, s)
		}
		seen[id] = true
	}
	return places
}

// Read tells whether all logs have been read to their ends.
func (now *Snapshot) Read() bool {
	return !slices.ContainsFunc(now.Logs, func(l LogStatus) bool { return !l.Read })
}

// history has the alerts since the daemon started.
type history struct{ *Snapshot }

// health tells whether the daemon can do its work.
type health struct {
	*Snapshot
	Findings []Finding
	Checked  time.Time // zero: check has not finished yet
}

// Has tells whether a finding has a status.
func (h *health) Has(status string) bool {
	return slices.ContainsFunc(h.Findings, func(f Finding) bool { return f.Status == status })
}
