package web

import (
	"slices"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A front answers: is anybody sending in bulk right now?
type overview struct {
	*Snapshot
	Title    string
	Level    string        // of the verdict: good, bad or unsure
	Senders  []*sender     // with open alerts
	Active   []*sender     // of these, those who send over a limit now
	Tampered bool          // an alert about the log's integrity is over its limit now
	Nearest  *rankedSender // to its limit, but not over it
	Chart    *htmlkit.Columns
	Ranking  []rankedSender
	Silent   bool // the log has had no line for a while
}

// A place in the ranking.
type rankedSender struct {
	window.Standing
	Rule  window.Rule
	Spark htmlkit.Spark
}

// silence is how long a log may have no line before that is said.
const silence = time.Hour

func newOverview(now *Snapshot) *overview {
	f := &overview{Snapshot: now, Level: "good", Title: "Nobody is sending in bulk", Chart: now.arrivalChart()}
	ranking := now.ranked()
	sparks := now.sparklines(ranking)
	for i, s := range ranking {
		f.Ranking = append(f.Ranking, rankedSender{s, now.Rules[s.Rule], sparks[i]})
	}
	for i := range f.Ranking {
		if p := &f.Ranking[i]; p.Count <= p.Limit {
			f.Nearest = p
			break
		}
	}
	f.Senders = groupBySender(now.Open)
	for _, p := range f.Senders {
		switch {
		case !p.Over():
		case p.Alerts[0].Rule.Count == window.Anomalies:
			f.Tampered = true
		default:
			f.Active = append(f.Active, p)
		}
	}
	for _, l := range now.Logs {
		f.Silent = f.Silent || l.Read && now.At.Sub(l.Change) > silence
	}
	switch {
	case len(f.Active) == 1:
		f.Level, f.Title = "bad", show(f.Active[0].Value)+" is sending in bulk"
	case len(f.Active) > 1:
		f.Level, f.Title = "bad", words.Number(int64(len(f.Active)))+" are sending in bulk"
	case f.Tampered:
		f.Level, f.Title = "bad", "Somebody may be tampering with the log"
	case now.Waits():
		f.Level, f.Title = "unsure", "The log can't be read"
	case !f.Read():
		f.Level, f.Title = "unsure", "Still reading the log"
	case now.Opens > 0:
		f.Level, f.Title = "unsure", "Nobody is sending in bulk any more"
	}
	return f
}

// Waits tells whether a log isn't read on, as a file of it can't be read.
func (now *Snapshot) Waits() bool {
	return slices.ContainsFunc(now.Logs, func(l LogStatus) bool { return l.Waits != "" })
}

// shownRanking is how many parties are ranked.
const shownRanking = 20

// ranked has of each party the standing that is nearest to its limit.
func (now *Snapshot) ranked() (places []window.Standing) {
	seen := make(map[link]bool)
	for _, s := range now.Ranking {
		id := link{canonicalKey(now.Rules[s.Rule].Key).String(), s.Value}
		if !seen[id] && len(places) < shownRanking {
			places = append(places, s)
		}
		seen[id] = true
	}
	return places
}

// Read tells whether all logs were read to their ends.
func (now *Snapshot) Read() bool {
	for _, l := range now.Logs {
		if !l.Read {
			return false
		}
	}
	return true
}

// Stamp is the time of the last line of all logs.
func (now *Snapshot) Stamp() (last time.Time) {
	for _, l := range now.Logs {
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
	*Snapshot
	Findings []Finding
	Checked  time.Time // zero: it is being found out
	Bad      int       // findings that fail
	Poor     int       // or warn
}

func (b *pageBuilder) health(now *Snapshot) *health {
	h := &health{Snapshot: now}
	h.Findings, h.Checked = b.findings()
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
