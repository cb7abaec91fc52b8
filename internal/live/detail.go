package live

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"exiwatch/window"
)

// A detail is all that is known about one value.
type detail struct {
	total    total
	row      rankingRow
	sections []section
	arrivals []recentMessage // the last ones, newest first
	alerts   []*window.Alert // copies, newest first
	subjects bool            // the log has subjects
}

// A section ranks the values of one key among the value's arrivals.
type section struct {
	key  window.Key
	rows []valueTally // the first ones
	more int          // how many values have no row
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
	maxShares   = 10
	maxArrivals = 50
	maxAlerts   = 20
)

// sectionKeys are the keys of the sections. A value has no section of its own key.
var sectionKeys = []window.Key{window.Topic, window.Account, window.Host, window.Sender, window.Helo,
	window.RecipientDomain}

// detail collects the arrivals of the query's value.
func (e *engine) detail(q *query, arrivals rowRange) *detail {
	buffer := e.buffer
	d := &detail{total: total{value: q.value}}
	id := buffer.values.ids[q.value]
	tallies := make([]keyTally, len(sectionKeys))
	hosts := make(map[uint32]bool)
	buffer.each(arrivals, func(r *bufferedArrival) bool {
		d.subjects = d.subjects || r.values[window.Subject] != 0
		if id == 0 || r.values[q.key] != id {
			return true
		}
		d.total.messages++
		d.total.recipients += r.recipients
		d.total.bytes += r.bytes
		d.total.last = max(d.total.last, r.stamp)
		if host := r.values[window.Host]; host != 0 {
			hosts[host] = true
		}
		for i, k := range sectionKeys {
			buffer.tally(&tallies[i], k, r)
		}
		if len(d.arrivals) < maxArrivals {
			d.arrivals = append(d.arrivals, buffer.arrival(r))
		}
		return true
	})
	d.total.hosts = int64(len(hosts))
	for i, k := range sectionKeys {
		if k != q.key {
			d.sections = append(d.sections, tallies[i].section(k))
		}
	}
	return d
}

// A keyTally counts the arrivals by their values of a key.
type keyTally struct {
	shares   map[string]*valueTally
	subjects map[[2]uint32]bool // pairs of topic and subject seen
}

func (b *arrivalBuffer) tally(t *keyTally, k window.Key, r *bufferedArrival) {
	id := r.values[k]
	if id == 0 {
		return
	}
	value := b.values.values[id]
	if k == window.RecipientDomain {
		for domain := range strings.SplitSeq(value, "\n") {
			t.share(domain, domain).messages++
		}
		return
	}
	if k != window.Topic {
		t.share(value, value).messages++
		return
	}
	subject := r.values[window.Subject]
	topic := t.share(value, b.values.values[subject])
	topic.messages++
	if pair := [2]uint32{id, subject}; !t.subjects[pair] {
		if t.subjects == nil {
			t.subjects = make(map[[2]uint32]bool)
		}
		t.subjects[pair] = true
		topic.subjects++
	}
}

// share gives the count of a value, made with the text to show if it is new.
func (t *keyTally) share(value, shown string) *valueTally {
	if t.shares == nil {
		t.shares = make(map[string]*valueTally)
	}
	s := t.shares[value]
	if s == nil {
		s = &valueTally{value: shown}
		t.shares[value] = s
	}
	return s
}

// section ranks the values.
func (t *keyTally) section(k window.Key) section {
	s := section{key: k}
	for _, share := range t.shares {
		s.rows = append(s.rows, *share)
	}
	slices.SortFunc(s.rows, func(x, y valueTally) int {
		return cmp.Or(cmp.Compare(y.messages, x.messages), cmp.Compare(x.value, y.value))
	})
	s.more = max(len(s.rows)-maxShares, 0)
	s.rows = s.rows[:len(s.rows)-s.more]
	return s
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

// alerts are those on the query's value, open and ended.
func (e *engine) alerts(q *query, open []*window.Alert) (all []*window.Alert) {
	for _, list := range [][]*window.Alert{open, e.ended} {
		for _, a := range slices.Backward(list) {
			if a.Rule.Key == q.key && a.Value == q.value && len(all) < maxAlerts {
				all = append(all, a.Summary())
			}
		}
	}
	return all
}
