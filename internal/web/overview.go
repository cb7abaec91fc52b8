package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	Level    string      // class of the verdict: good, bad or unsure
	Standing []*incident // with open alerts
	Active   []*incident // those of Standing that are over a limit now
	Tampered bool        // an alert about the log's integrity is over its limit now
	Nearest  *ruleUsage  // closest to its limit, but not over it
	Chart    *htmlkit.Columns
	Ranking  []rankedSender // of the page
	Table    table
	Chosen   string   // the rule of the ranking; empty: all rules
	Choices  []choice // all rules, and each
	Silent   bool     // the log has had no line for a while

	// Of a host for which a fleet counts; Standing and Active are empty then.
	Together []FleetAlert  // open ones, the worst first
	Senders  []*FleetAlert // of each sender who is over a limit now, one
	Count    int           // open ones, of the fleet or of this host
}

// A rankedSender is a row of the ranking.
type rankedSender struct {
	ruleUsage
	Spark htmlkit.Spark
}

// silence is how long a log may go without a line before the page says so.
const silence = time.Hour

func newOverview(now *Snapshot, query url.Values) *overview {
	o := &overview{Snapshot: now, Chart: now.arrivalChart()}
	o.rank(query)
	if i := slices.IndexFunc(now.Ranking, func(s window.Usage) bool { return s.Count <= s.Limit }); i >= 0 {
		o.Nearest = &ruleUsage{now.Ranking[i], now.Rules[now.Ranking[i].Rule]}
	}
	if o.Count = now.Opens; now.Fleet.Counts() {
		o.judgeFleet()
	} else {
		o.judgeHost()
	}
	o.Silent = slices.ContainsFunc(now.Logs, func(l LogStatus) bool { return l.Read && now.At.Sub(l.Change) > silence })
	o.Level, o.Title = o.verdict()
	return o
}

// judgeHost finds out who sends in bulk on this host.
func (o *overview) judgeHost() {
	o.Standing = incidentsOf(o.Open)
	for _, p := range o.Standing {
		switch {
		case !p.Over():
		case p.Alerts[0].Rule.Count == window.Anomalies:
			o.Tampered = true
		default:
			o.Active = append(o.Active, p)
		}
	}
}

// active is how many are sending in bulk, and the first of them.
func (o *overview) active() (n int, first string) {
	if len(o.Senders) > 0 {
		return len(o.Senders), o.Senders[0].Value
	}
	if len(o.Active) > 0 {
		return len(o.Active), o.Active[0].Value
	}
	return 0, ""
}

// verdict gives the level and the title.
func (o *overview) verdict() (level, title string) {
	switch n, first := o.active(); {
	case n == 1:
		return "bad", escape.Shown(first) + " is sending in bulk"
	case n > 1:
		return "bad", words.Number(int64(n)) + " are sending in bulk"
	case o.Tampered:
		return "bad", "Somebody may be tampering with the log"
	case o.Waits():
		return "unsure", "The log can't be read"
	case !o.Read():
		return "unsure", "Still reading the log"
	case o.Fleet.Counts() && !o.Fleet.Known():
		return "unsure", "Waiting for the fleet"
	case o.Count > 0:
		return "unsure", "Nobody is sending in bulk any more" + o.Fleet.hostAlone()
	case o.Fleet.hostAlone() != "":
		return "unsure", "Nobody is sending in bulk" + o.Fleet.hostAlone()
	}
	return "good", "Nobody is sending in bulk"
}

// Waits tells whether reading of a log has stopped at a file that can't be read.
func (now *Snapshot) Waits() bool {
	return slices.ContainsFunc(now.Logs, func(l LogStatus) bool { return l.Waits != "" })
}

// rank makes the ranking: by all rules or one, sorted as the parameters say.
func (o *overview) rank(query url.Values) {
	ranking := o.ranked()
	o.Choices = append(o.Choices, choice{"", "all rules", true})
	for i, r := range o.Rules {
		name := strconv.Itoa(i)
		chosen := query.Get("rule") == name
		if o.Choices = append(o.Choices, choice{name, ruleText(r), chosen}); chosen {
			o.Chosen, o.Choices[0].Chosen, ranking = name, false, o.ByRule[i]
		}
	}
	o.Table = readTable(query, "share", []column{{"who", "Who", false, false},
		{"count", "Count and limit", true, false},
		{"share", "Share of limit", true, false}, {"headroom", "Headroom", true, true}})
	o.Table.page, o.Table.query, o.Table.rows = "./", url.Values{"rule": {o.Chosen}}, shownRanking
	ranking = slices.Clone(ranking)
	slices.SortStableFunc(ranking, func(a, b window.Usage) int {
		if o.Table.Down {
			a, b = b, a
		}
		return compareUsages(a, b, o.Table.By)
	})
	o.Table.cut(len(ranking))
	ranking = ranking[o.Table.first:o.Table.last]
	counts := o.lastHour(ranking)
	for i, s := range ranking {
		o.Ranking = append(o.Ranking, rankedSender{ruleUsage{s, o.Rules[s.Rule]}, htmlkit.NewSpark(counts[i])})
	}
}

// compareUsages compares two by a column.
func compareUsages(a, b window.Usage, by string) int {
	switch by {
	case "who":
		return strings.Compare(a.Value, b.Value)
	case "count":
		return cmp.Compare(a.Count, b.Count)
	case "headroom":
		return cmp.Compare(a.Limit-a.Count, b.Limit-b.Count)
	}
	return cmp.Compare(a.Share(), b.Share())
}

// ruleText is a rule's name, key and window.
func ruleText(r window.Rule) string {
	return r.Name + " (" + words.Key(r.Key.String()) + ", " + words.Window(r.Window) + ")"
}

// shownRanking is how many senders a page of the ranking has.
const shownRanking = 20

// ranked gives, for each sender, the standing closest to its limit.
func (now *Snapshot) ranked() (places []window.Usage) {
	seen := make(map[link]bool)
	for _, s := range now.Ranking {
		id := ruleUsage{s, now.Rules[s.Rule]}.Named()
		if !seen[id] {
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

// history has the incidents since the daemon started.
type history struct {
	*Snapshot
	Text  string // which part of a name they have
	Table table
	Found []*incident // of all pages
	All   []*incident // of the page
}

// newHistory makes the page from its parameters.
func newHistory(now *Snapshot, query url.Values) *history {
	h := &history{Snapshot: now, Text: query.Get("q")}
	h.Table = readTable(query, "since", []column{{"since", "Since", true, false}, {"who", "Who", false, false},
		{"state", "State", false, false}, {"peak", "Peak", true, false}, {"share", "Share of limit", true, false},
		{"messages", "Messages", true, true}, {"subject", "Main subject", false, false},
		{"mail", "Mail", false, false}})
	h.Table.page, h.Table.query = "alerts", url.Values{"q": {h.Text}}
	h.Found = slices.DeleteFunc(h.incidents(), func(n *incident) bool {
		return !strings.Contains(strings.ToLower(n.Value), strings.ToLower(h.Text))
	})
	slices.SortStableFunc(h.Found, func(a, b *incident) int {
		if h.Table.Down {
			a, b = b, a
		}
		return h.compare(a, b)
	})
	h.Table.cut(len(h.Found))
	h.All = h.Found[h.Table.first:h.Table.last]
	return h
}

// incidents are all of them, the last one first.
func (now *Snapshot) incidents() []*incident {
	alerts := slices.Concat(now.Open, now.Ended)
	slices.SortStableFunc(alerts, func(a, b Alert) int { return a.Opened.Compare(b.Opened) })
	all := incidentsOf(alerts)
	slices.SortStableFunc(all, func(a, b *incident) int { return b.Opened().Compare(a.Opened()) })
	return all
}

// compare compares two incidents by the column that the table is sorted by.
func (h *history) compare(a, b *incident) int {
	worst, other := a.Worst(), b.Worst()
	switch h.Table.By {
	case "who":
		return strings.Compare(a.Value, b.Value)
	case "state":
		return strings.Compare(a.state(), b.state())
	case "peak":
		return cmp.Compare(worst.Peak, other.Peak)
	case "share":
		return cmp.Compare(worst.times(), other.times())
	case "messages":
		return cmp.Compare(a.Largest().Messages, b.Largest().Messages)
	case "subject":
		return strings.Compare(a.Subject(), b.Subject())
	case "mail":
		return strings.Compare(h.Told[a.ID], h.Told[b.ID])
	}
	return a.Opened().Compare(b.Opened())
}

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
