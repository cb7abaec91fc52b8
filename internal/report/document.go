package report

import (
	"exiwatch/mailer"
	"exiwatch/window"
)

// A Document is what `replay --json` prints.
type Document struct {
	Lines            int64            `json:"lines"`
	Bytes            int64            `json:"bytes"`
	Arrivals         int64            `json:"arrivals"`
	Malformed        int64            `json:"malformed"`
	MalformedLines   []MalformedLine  `json:"malformed_lines"`
	Overflowed       int64            `json:"overflowed"`
	Suspicious       int64            `json:"suspicious"`
	Injected         int64            `json:"injected"`
	Recipients       int64            `json:"recipients"`
	Size             int64            `json:"size"`
	First            Time             `json:"first"`
	Last             Time             `json:"last"`
	SelectorsMissing []string         `json:"selectors_missing"`
	Top              map[string][]Row `json:"top"`
	Uncounted        []UncountedRow   `json:"uncounted"`
	Alerts           []Alert          `json:"alerts"`
	Incidents        []Incident       `json:"incidents"`

	Values map[string]int `json:"-"` // how many values each key has; Top has the first of them
	Only   string         `json:"-"` // the line for [count] that counts the first rows of Uncounted
}

// An Incident is what one account's alerts tell together: see window.Incident.
type Incident struct {
	ID      string   `json:"id"`      // of the first alert
	Key     string   `json:"key"`     // what Account is: auth, user, host, sender, or the key of a rule
	Account string   `json:"account"` // whose alerts these are
	Alerts  []string `json:"alerts"`  // ids, in the order in which they opened
	Opened  Time     `json:"opened"`
	Ended   Time     `json:"ended"` // null while one of the alerts is open
}

// An Alert is one of a Document's alerts.
type Alert struct {
	ID         string         `json:"id"`
	Incident   string         `json:"incident"` // its id
	Rule       string         `json:"rule"`
	Key        string         `json:"key"`
	Value      string         `json:"value"`
	Count      string         `json:"count"`
	Limit      int64          `json:"limit"`
	Window     string         `json:"window"`
	Opened     Time           `json:"opened"`
	CrossedBy  string         `json:"crossed_by"`
	Peak       int64          `json:"peak"`
	Grew       []Growth       `json:"grew"`
	Ended      Time           `json:"ended"`
	Closes     bool           `json:"closes"` // with its end none of the incident's alerts was open
	Messages   int64          `json:"messages"`
	Recipients int64          `json:"recipients"`
	Bytes      int64          `json:"bytes"`
	Suspicious int64          `json:"suspicious"`
	Delivered  int64          `json:"delivered"` // recipients, while the alert was open
	Refused    int64          `json:"refused"`   // for good
	Deferred   int64          `json:"deferred"`  // at least once
	Queued     int64          `json:"queued"`    // messages that weren't completed
	Refusals   []RefusalCount `json:"refusals"`
	BlockLists []string       `json:"block_lists"` // by which more than one host refuses this one
	Subjects   []SubjectCount `json:"subjects"`
	Anomalies  []AnomalyCount `json:"anomalies,omitempty"` // what is wrong with the log's entries
	Entries    []string       `json:"entries,omitempty"`   // some of these
	LogHosts   []LogHostCount `json:"log_hosts,omitempty"` // in whose logs the messages are; of a fleet

	Of *window.Alert `json:"-"` // has more than the JSON
}

// A Growth says when the count came to so many times the limit.
type Growth struct {
	Times int64 `json:"times"`
	At    Time  `json:"at"`
}

// A SubjectCount is a subject with the number of messages that had it.
type SubjectCount struct {
	Subject  string `json:"subject"`
	Messages int64  `json:"messages"`
}

// A RefusalCount is why so many recipients were refused or deferred.
type RefusalCount struct {
	Text       string   `json:"text"`  // folded
	Hosts      []string `json:"hosts"` // that said so; none where this host did
	Recipients int64    `json:"recipients"`
}

// An AnomalyCount is how many entries have something wrong.
type AnomalyCount struct {
	Anomaly  string `json:"anomaly"`
	Messages int64  `json:"messages"`
}

// A LogHostCount is how many messages are in one host's log.
type LogHostCount struct {
	LogHost  string `json:"log_host"`
	Messages int64  `json:"messages"`
}

// Document gives the summary with n rows for each key, all if n is 0.
func (s *Summary) Document(n int) Document {
	t, joined := &s.Tally, s.joined()
	d := Document{
		Lines: s.Totals.Lines, Bytes: s.Totals.Bytes, Arrivals: t.Arrivals,
		Malformed: t.Malformed, MalformedLines: append([]MalformedLine{}, s.malformed...),
		Overflowed: t.Overflowed, Suspicious: t.Suspicious,
		Injected: t.Injected, Recipients: t.Recipients, Size: t.Size, First: t.First, Last: t.Last,
		SelectorsMissing: s.selectors.missing(), Top: make(map[string][]Row),
		Alerts: []Alert{}, Incidents: []Incident{},
		Values:    make(map[string]int),
		Uncounted: joined.uncounted.Rows(0),
	}
	d.Only = Only(s.Only, s.Inside, d.Uncounted)
	for key := range rankedKeys {
		ranking := &joined.rankings[key]
		d.Top[key.String()], d.Values[key.String()] = ranking.Top(n, Messages), ranking.Len()
	}
	for _, a := range s.alerts {
		d.Alerts = append(d.Alerts, a.document())
	}
	for _, group := range d.ByIncident() {
		d.Incidents = append(d.Incidents, newIncident(group))
	}
	return d
}

// ByIncident groups the alerts by incidents, in the order in which these began.
func (d *Document) ByIncident() [][]Alert {
	return window.ByIncident(d.Alerts, func(a Alert) *window.Incident { return a.Of.Incident })
}

func newIncident(alerts []Alert) Incident {
	first := alerts[0]
	about := first.Of.Incident.About
	n := Incident{ID: first.Incident, Key: about.Key.String(), Account: about.Value, Opened: first.Opened,
		Ended: first.Ended}
	for _, a := range alerts {
		n.Alerts = append(n.Alerts, a.ID)
		if a.Ended.IsZero() || !n.Ended.IsZero() && a.Ended.After(n.Ended.Time) {
			n.Ended = a.Ended
		}
	}
	return n
}

func (o *openedAlert) document() Alert {
	d := Alert{
		ID: o.ID, Incident: o.Alert.Incident.ID, Closes: o.Closes, Rule: o.Rule.Name,
		Key: o.Rule.Key.String(), Value: o.Value, Count: o.Rule.Count.String(),
		Limit: o.Rule.Limit, Window: o.Rule.Window.String(), Opened: Time{o.Opened, o.millis}, CrossedBy: o.CrossedBy,
		Peak: o.Peak, Ended: Time{o.Ended, o.millis}, Messages: o.Messages, Recipients: o.Recipients,
		Bytes: o.Bytes, Suspicious: o.Suspicious,
		Delivered: o.Fates.Delivered, Refused: o.Fates.Refused, Deferred: o.Fates.Deferred,
		Queued:   mailer.QueuedOf(o.Fates),
		Refusals: []RefusalCount{},
		Grew:     append([]Growth{}, o.grew...), Subjects: []SubjectCount{},
		Of: o.Alert,
	}
	values := o.values()
	for _, row := range values.subjects {
		d.Subjects = append(d.Subjects, SubjectCount{row.Value, row.Messages})
	}
	for _, r := range values.refusals {
		d.Refusals = append(d.Refusals, RefusalCount{r.Text, append([]string{}, r.Hosts...), r.Recipients})
	}
	d.BlockLists = append([]string{}, values.blockLists...)
	for _, row := range values.anomalies {
		d.Anomalies = append(d.Anomalies, AnomalyCount{row.Value, row.Messages})
	}
	for _, row := range values.logHosts {
		d.LogHosts = append(d.LogHosts, LogHostCount{row.Value, row.Messages})
	}
	for _, row := range values.entries {
		d.Entries = append(d.Entries, row.Value)
	}
	return d
}
