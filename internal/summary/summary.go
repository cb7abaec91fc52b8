package summary

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/report"
	"exiwatch/mailer"
	"exiwatch/window"
)

// A Summary says what a log holds about a Span. Its texts are as logged: only Text makes them safe to show.
type Summary struct {
	From       time.Time             `json:"from"`
	Until      time.Time             `json:"until"` // the midnight behind the last day
	Messages   int64                 `json:"messages"`
	Recipients int64                 `json:"recipients"`
	Bytes      int64                 `json:"bytes"`
	Counted    int64                 `json:"counted"`           // messages that rules count
	Accounts   int                   `json:"accounts"`          // whose these are
	AtLeast    bool                  `json:"accounts_at_least"` // there were more accounts: figures may be too low
	Before     []Totals              `json:"before"`            // earlier spans that the log covers, the latest first
	Top        []Account             `json:"top"`
	Incidents  []Story               `json:"incidents"`
	Closest    []Near                `json:"closest"`
	Anomalies  int64                 `json:"anomalies"`
	Uncounted  []report.UncountedRow `json:"uncounted"`
	Hours      []int64               `json:"hours"` // arrivals of each hour from From on: 23 or 25 where clocks change
	Gaps       []string              `json:"gaps"`  // what the logs lack

	span      Span
	uncounted int64
}

// Totals are those of an earlier span.
type Totals struct {
	From       time.Time `json:"from"`
	Messages   int64     `json:"messages"`
	Recipients int64     `json:"recipients"`
	Bytes      int64     `json:"bytes"`
}

// An Account is one of those with the most messages.
type Account struct {
	report.Row
	Topic         string `json:"topic"`          // which most of its messages have; "" if none has a subject
	TopicMessages int64  `json:"topic_messages"` // that have it
}

// A Story is an incident that has alerts that were open in the span.
type Story struct {
	ID     string     `json:"id"`
	Key    string     `json:"key"`
	Value  string     `json:"value"`
	Rule   string     `json:"rule"` // of the first alert
	Count  string     `json:"count"`
	Limit  int64      `json:"limit"`
	Window string     `json:"window"`
	Peak   int64      `json:"peak"` // of the alerts of this rule
	Alerts int        `json:"alerts"`
	Opened time.Time  `json:"opened"`
	Ended  *time.Time `json:"ended"` // null if it was open at the end of the span

	// What became of the recipients of the alert with the most messages, as in report.Alert.
	Delivered  int64                 `json:"delivered"`
	Refused    int64                 `json:"refused"`
	Deferred   int64                 `json:"deferred"`
	Queued     int64                 `json:"queued"`
	Refusals   []report.RefusalCount `json:"refusals"` // each with at most three hosts
	BlockLists []string              `json:"block_lists"`

	window  time.Duration
	outcome mailer.Outcome
}

// Near is the value that came closest to the limit of a rule without crossing it.
type Near struct {
	Rule    string `json:"rule"`
	Key     string `json:"key"`
	Value   string `json:"value"`
	Highest int64  `json:"highest"`
	Limit   int64  `json:"limit"`
	Count   string `json:"count"`
}

// maxRows is how many rows each part of a summary has.
const maxRows = 10

// maxStories is how many incidents a text tells of.
const maxStories = 25

// maxGap is how late the first line of a covered day may come.
const maxGap = time.Hour

// Summary gives what was collected when all logs were read. First is their earliest arrival, which may be before Since.
// Broken are the errors of those that could not be read.
func (c *Collector) Summary(first time.Time, broken []error) Summary {
	c.first = first
	now := c.days[0]
	s := Summary{
		From: c.span.From, Until: c.span.To, Messages: now.messages, Recipients: now.recipients, Bytes: now.bytes,
		Counted: c.counted, Accounts: c.accounts.Len(), AtLeast: c.accounts.forgot,
		Before: []Totals{}, Top: []Account{}, Incidents: c.incidents(),
		Closest: append([]Near{}, c.closest()...), Anomalies: c.anomalies,
		Hours: now.hours, Gaps: c.gaps(broken), span: c.span,
	}
	for i, span := range c.spans[1:] {
		if sums := c.days[i+1]; c.covers(span) {
			s.Before = append(s.Before, Totals{span.From, sums.messages, sums.recipients, sums.bytes})
		}
	}
	for _, row := range c.accounts.Top(maxRows, report.Messages) {
		s.Top = append(s.Top, Account{Row: row})
	}
	c.addTopics(s.Top)
	var uncounted report.Uncounted
	for _, u := range c.uncounted {
		uncounted.Join(u)
	}
	uncounted.Subtract(&c.relayed)
	s.uncounted = uncounted.Total()
	s.Uncounted = append([]report.UncountedRow{}, uncounted.Rows(maxRows)...)
	return s
}

// covers tells whether the log reaches back to the beginning of a span.
func (c *Collector) covers(span Span) bool {
	return !c.first.IsZero() && c.first.Before(span.From.Add(maxGap))
}

func (c *Collector) gaps(broken []error) []string {
	gaps := []string{}
	switch {
	case c.first.IsZero() || !c.first.Before(c.span.To):
		gaps = append(gaps, "The log holds no arrival before the end of this time.")
	case c.days[0].messages == 0:
		gaps = append(gaps, "The log holds no arrival of this time: is it whole?")
	case !c.covers(c.span):
		gaps = append(gaps, "The log begins only at "+c.first.Format(time.DateTime)+": what came before is missing.")
	}
	gaps = append(gaps, c.quiet()...)
	for _, name := range c.missing {
		gaps = append(gaps, name+" is missing, though older rotated files are there: its messages aren't counted.")
	}
	for _, err := range broken {
		gaps = append(gaps, "Not all could be read: "+err.Error())
	}
	return gaps
}

// An hour without a message is odd if it has had so many in each of the spans before. Of days there must be enough.
const usual, enough = 20, 3

// quiet tells of hours without a message, in which there were some in all spans before.
func (c *Collector) quiet() (gaps []string) {
	var before []*sums
	for i, span := range c.spans[1:] {
		if c.covers(span) {
			before = append(before, &c.days[i+1])
		}
	}
	if len(before) < min(enough, len(c.spans)-1) {
		return nil
	}
	odd := func(hour int) bool {
		return c.days[0].hours[hour] == 0 && !slices.ContainsFunc(before, func(s *sums) bool {
			return hour >= len(s.hours) || s.hours[hour] < usual
		})
	}
	at := func(hour int) string {
		return c.span.From.Add(time.Duration(hour) * time.Hour).Format(time.DateTime)
	}
	hours := len(c.days[0].hours)
	for from := 0; from < hours; from++ {
		to := from
		for to < hours && odd(to) {
			to++
		}
		if to > from {
			gaps = append(gaps, fmt.Sprintf("No message from %s to %s, when there were %d or more an hour before: "+
				"does the log lack something, or did Exim stand still?", at(from), at(to), usual))
			from = to
		}
	}
	return gaps
}

// addTopics adds to each account the topic that most of its messages have.
func (c *Collector) addTopics(top []Account) {
	place := make(map[string]int)
	for i := range top {
		place[top[i].Value] = i
	}
	for _, row := range c.topics.Top(0, report.Messages) {
		account, topic, _ := strings.Cut(row.Value, "\x00")
		if i, ok := place[account]; ok && top[i].TopicMessages == 0 {
			top[i].Topic, top[i].TopicMessages = topic, row.Messages
		}
	}
}

// incidents gives those that have an alert which was open in the span.
func (c *Collector) incidents() []Story {
	all := []Story{}
	for _, alerts := range window.ByIncident(c.alerts, func(a *window.Alert) *window.Incident { return a.Incident }) {
		first := alerts[0].Incident
		n := Story{ID: first.ID, Key: first.Rule.Key.String(), Value: first.Value,
			Rule: first.Rule.Name, Count: first.Rule.Count.String(),
			Limit: first.Limit, Window: first.Rule.Window.String(), Alerts: len(alerts),
			Opened: first.Opened, Peak: first.Count, window: first.Rule.Window}
		n.tell(c.outcome(slices.MaxFunc(alerts, func(a, b *window.Alert) int {
			return cmp.Compare(a.Messages, b.Messages)
		})))
		var ended time.Time
		open := false
		for _, a := range alerts {
			if a.Rule.Name == n.Rule {
				n.Peak = max(n.Peak, a.Peak)
			}
			if a.Ended.IsZero() || !a.Ended.Before(c.span.To) {
				open = true
			} else if a.Ended.After(ended) {
				ended = a.Ended
			}
		}
		if !open {
			ended = ended.In(c.span.From.Location())
			n.Ended = &ended
		}
		all = append(all, n)
	}
	return all
}

// tell adds what became of an alert's messages.
func (n *Story) tell(o mailer.Outcome) {
	n.outcome, n.Delivered, n.Refused, n.Deferred = o, o.Fates.Delivered, o.Fates.Refused, o.Fates.Deferred
	n.Queued, n.BlockLists = mailer.QueuedOf(o.Fates), append([]string{}, o.BlockLists...)
	n.Refusals = []report.RefusalCount{}
	for _, r := range o.Reasons {
		n.Refusals = append(n.Refusals, report.RefusalCount{Text: r.Text, Hosts: append([]string{}, r.Hosts...),
			Recipients: r.Recipients})
	}
}

// IsQuiet reports whether there is nothing to tell but how much was sent. Mail that no rule counts is ordinary.
func (s *Summary) IsQuiet() bool {
	return len(s.Incidents)+len(s.Closest)+len(s.Gaps) == 0 && s.Anomalies == 0 && !s.AtLeast
}

// comparison says how the span compares with those before.
func (s *Summary) comparison() string {
	if len(s.Before) == 0 {
		return "no earlier days in the log to compare with"
	}
	sum := int64(0)
	for _, b := range s.Before {
		sum += b.Messages
	}
	mean := (sum + int64(len(s.Before))/2) / int64(len(s.Before))
	if !s.span.IsDay() {
		return fmt.Sprintf("%s the week before", plural(mean, "message"))
	}
	text := fmt.Sprintf("on average %s a day, %s before", plural(mean, "message"), plural(int64(len(s.Before)), "day"))
	if last := s.Before[len(s.Before)-1]; len(s.Before) == compared {
		text += fmt.Sprintf("; %s the %s before", plural(last.Messages, "message"), last.From.Weekday())
	}
	return text
}
