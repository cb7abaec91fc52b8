package live

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"exiwatch/mailer"
	"exiwatch/window"
)

// A detail is all that is known about one value.
type detail struct {
	row       rankingRow
	sections  []section
	arrivals  []recentMessage // the last ones, newest first
	incidents []incidentRow
	subjects  bool // the log has subjects
}

// An incidentRow is an incident with copies of its alerts, the newest first.
type incidentRow struct {
	alerts   []*window.Alert
	worst    *window.Alert  // of these, the one that went furthest over its limit
	outcome  mailer.Outcome // of the worst
	silenced string         // until when and why its updates are held; "": they aren't
}

// A section ranks the values of one key among the value's arrivals.
type section struct {
	key  window.Key
	rows []*valueTally // the first ones
	more int           // how many values have no row

	tallies  map[string]*valueTally // of all values
	subjects map[[2]uint32]bool     // pairs of topic and subject seen
}

// A valueTally is one row of a section.
type valueTally struct {
	value    string // of a topic, its last subject
	messages int64
	subjects int // of a topic
}

// A recentMessage is one of the last arrivals.
type recentMessage struct {
	at                time.Time
	messageID         string
	host, subject     string
	recipients, bytes int64
}

// How much of a value is shown.
const (
	maxShares    = 10
	maxArrivals  = 50
	maxIncidents = 20
)

// sectionKeys are the keys of the sections; a fleet has window.LogHost, too. A value has no section of its own key.
var sectionKeys = []window.Key{window.Topic, window.Account, window.Host, window.Sender, window.Helo,
	window.RecipientDomain}

// detail fills an answer with what is known about the query's value.
func (e *engine) detail(a *answer, arrivals rowRange, open []*window.Alert) {
	buffer, q, d := e.buffer, &a.query, new(detail)
	for _, k := range e.sections {
		if k != q.key {
			d.sections = append(d.sections, section{key: k, tallies: make(map[string]*valueTally),
				subjects: make(map[[2]uint32]bool)})
		}
	}
	sum := ranker{totals: []total{{value: q.value}}, hosts: make(map[hostOf]struct{})}
	id := buffer.values.ids[q.value]
	buffer.each(arrivals, func(r *bufferedArrival) {
		d.subjects = d.subjects || r.values[window.Subject] != 0
		if id == 0 || r.values[q.key] != id {
			return
		}
		sum.add(1, r)
		for i := range d.sections {
			d.sections[i].add(buffer, r)
		}
		if len(d.arrivals) < maxArrivals {
			d.arrivals = append(d.arrivals, buffer.arrival(r))
		}
	})
	for i := range d.sections {
		d.sections[i].rank()
	}
	a.detail, d.row, d.incidents = d, e.rankingRow(a, sum.totals[0]), e.incidents(q, open)
}

// add counts an arrival under its value, or under each of its values.
func (s *section) add(b *arrivalBuffer, r *bufferedArrival) {
	id := r.values[s.key]
	if id == 0 {
		return
	}
	value := b.values.values[id]
	switch s.key {
	case window.RecipientDomain:
		for domain := range strings.SplitSeq(value, "\n") {
			s.tally(domain, domain)
		}
	case window.Topic:
		subject := r.values[window.Subject]
		topic := s.tally(value, b.values.values[subject])
		if pair := [2]uint32{id, subject}; !s.subjects[pair] {
			s.subjects[pair] = true
			topic.subjects++
		}
	default:
		s.tally(value, value)
	}
}

// tally counts a value, with the text to show if it is new.
func (s *section) tally(value, shown string) *valueTally {
	t := s.tallies[value]
	if t == nil {
		t = &valueTally{value: shown}
		s.tallies[value] = t
	}
	t.messages++
	return t
}

// rank ranks the values.
func (s *section) rank() {
	s.rows = slices.SortedFunc(maps.Values(s.tallies), func(x, y *valueTally) int {
		return cmp.Or(cmp.Compare(y.messages, x.messages), cmp.Compare(x.value, y.value))
	})
	s.more = max(len(s.rows)-maxShares, 0)
	s.rows = s.rows[:len(s.rows)-s.more]
}

func (b *arrivalBuffer) arrival(r *bufferedArrival) recentMessage {
	return recentMessage{
		at:         time.UnixMilli(r.stamp).In(b.zone),
		messageID:  strings.TrimRight(string(r.messageID[:]), "\x00"),
		host:       b.values.values[r.values[window.Host]],
		subject:    b.values.values[r.values[window.Subject]],
		recipients: r.recipients,
		bytes:      r.bytes,
	}
}

// incidents are those with alerts on the query's value, open and ended ones.
func (e *engine) incidents(q *query, open []*window.Alert) (rows []incidentRow) {
	var alerts []*window.Alert
	for _, list := range [][]*window.Alert{open, e.ended} {
		for _, a := range slices.Backward(list) {
			if a.Rule.Key == q.key && a.Value == q.value {
				alerts = append(alerts, a)
			}
		}
	}
	all := window.ByIncident(alerts, incidentOf)
	all = all[:min(len(all), maxIncidents)]
	silenced := func(*window.Incident) string { return "" }
	if e.silences != nil && len(all) > 0 {
		silenced = e.silences()
	}
	for _, incident := range all {
		worst := slices.MaxFunc(incident, func(a, b *window.Alert) int {
			return cmp.Compare(timesOver(a), timesOver(b))
		})
		row := incidentRow{alerts: incident, worst: worst.Summary(), outcome: mailer.OutcomeOf(worst)}
		for i, a := range incident {
			if a.Ended.IsZero() {
				row.silenced = silenced(a.Incident)
			}
			incident[i] = a.Summary()
		}
		rows = append(rows, row)
	}
	return rows
}

// timesOver is how many times its limit an alert reached.
func timesOver(a *window.Alert) float64 { return float64(a.Peak) / float64(max(a.Limit, 1)) }
