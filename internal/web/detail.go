package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A detail is all that is known about one value.
type detail struct {
	Key                         window.Key
	Value                       string
	Standings                   []ruleUsage
	Chart                       *htmlkit.Columns // nil: no rule has the key
	ChartRule                   window.Rule
	Messages, Recipients, Bytes int64
	First, Last                 time.Time
	More                        bool // there are older arrivals, which are not included
	Since                       time.Time
	Groups                      []Group
	Arrivals                    []recentMessage
	Alerts                      []Alert      // those that this host has counted
	Together                    []FleetAlert // open ones of the fleet
	InFleet                     bool         // the fleet counts for this host
}

// A ruleUsage is how much of a rule's limit a value has used.
type ruleUsage struct {
	window.Usage
	Rule window.Rule
}

// A recentMessage is one arrival.
type recentMessage struct {
	At                time.Time
	MessageID         string
	Host, Helo        string
	Sender, Subject   string
	Recipients, Bytes int64
	HasSubject        bool
}

// How much is read and shown.
const (
	maxLooked   = 20_000 // arrivals
	maxArrivals = 50
	maxShown    = 10
)

// detailKeys are the keys of a value's groups; its own key has none.
var detailKeys = [...]window.Key{window.Topic, window.Account, window.Host, window.Network, window.Sender,
	window.RecipientDomain, window.Helo}

// detail collects the arrivals of a value. open are the alerts on it.
func (now *Snapshot) detail(k window.Key, value string, standings []window.Usage, open []Alert) *detail {
	w := &detail{Key: k, Value: value, Alerts: open}
	if w.InFleet = now.Fleet.Counts(); w.InFleet {
		w.Alerts, w.Together = nil, now.Fleet.of(aliasKeys(k), value)
	}
	var tallies detailTallies
	w.Chart, w.ChartRule = now.countSeries(standings)
	for _, s := range standings {
		w.Standings = append(w.Standings, ruleUsage{s, now.Rules[s.Rule]})
	}
	for r := range now.Arrivals.of(k, value, 0) {
		if w.Messages == maxLooked {
			w.More = true
			break
		}
		w.addArrival(now.Arrivals, r)
		tallies.add(r)
	}
	w.Since = now.Arrivals.oldest()
	for i, own := range detailKeys {
		if own != k && len(tallies.of[i]) > 0 {
			w.Groups = append(w.Groups, newGroup(own, tallies.of[i], w.Messages))
		}
	}
	for _, a := range now.Ended {
		if a.concerns(aliasKeys(k), value) {
			w.Alerts = append(w.Alerts, a)
		}
	}
	return w
}

func (d *detail) addArrival(v *BufferSnapshot, r *storedArrival) {
	at := time.UnixMilli(r.stamp).In(v.zone)
	if d.Messages == 0 {
		d.Last = at
	}
	d.First = at
	d.Messages++
	d.Recipients += r.recipients
	d.Bytes += r.bytes
	if len(d.Arrivals) < maxArrivals {
		subject := r.value(window.Subject, nil)
		d.Arrivals = append(d.Arrivals, recentMessage{
			At: at, MessageID: string(r.messageID), Host: string(r.value(window.Host, nil)),
			Helo:   string(r.value(window.Helo, nil)),
			Sender: string(r.value(window.Sender, nil)), Subject: string(subject), HasSubject: subject != nil,
			Recipients: r.recipients, Bytes: r.bytes,
		})
	}
}

// detailTallies count the arrivals by their values of detailKeys. Each row has the text to show for its value.
type detailTallies struct {
	of    [len(detailKeys)]map[string]*window.ValueCount
	topic []byte // buffer
}

func (t *detailTallies) add(r *storedArrival) {
	for i, k := range detailKeys {
		switch v := r.value(k, &t.topic); {
		case v == nil:
		case k == window.RecipientDomain:
			for domain := range strings.SplitSeq(string(v), "\n") {
				t.count(i, []byte(domain), domain)
			}
		case k == window.Topic:
			t.count(i, v, string(r.value(window.Subject, nil)))
		default:
			t.count(i, v, "")
		}
	}
}

func (t *detailTallies) count(i int, value []byte, shown string) {
	into := t.of[i]
	if into == nil {
		into = make(map[string]*window.ValueCount)
		t.of[i] = into
	}
	s := into[string(value)]
	if s == nil {
		s = &window.ValueCount{Value: cmp.Or(shown, string(value))}
		into[string(value)] = s
	}
	s.Messages++
}

func newGroup(k window.Key, tally map[string]*window.ValueCount, of int64) Group {
	g := Group{Key: k, Of: of, Count: len(tally)}
	for _, s := range tally {
		g.Rows = append(g.Rows, *s)
	}
	slices.SortFunc(g.Rows, func(a, b window.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Value, b.Value))
	})
	g.Rows = g.Rows[:min(len(g.Rows), maxShown)]
	return g
}

// countSeries charts the count that is closest to its limit: for each moment, what had arrived in the window before.
func (now *Snapshot) countSeries(standings []window.Usage) (*htmlkit.Columns, window.Rule) {
	if len(standings) == 0 {
		return nil, window.Rule{}
	}
	s := slices.MaxFunc(standings, func(a, b window.Usage) int { return cmp.Compare(a.Share(), b.Share()) })
	rule := now.Rules[s.Rule]
	length := int64(rule.Window / time.Second)
	step := max(min(24*length, maxSeries), minSeries) / seriesSpans
	end := now.Second + 1
	from := end - seriesSpans*step
	c := &htmlkit.Columns{
		Title: "Count against the limit", Unit: rule.Count.String(), Step: time.Duration(step) * time.Second,
		From: now.Arrivals.stamp(from),
		Series: []htmlkit.Series{{Name: rule.Count.String() + " in the " + words.Window(rule.Window) + " before",
			Class: "one", Values: make([]int64, seriesSpans)}},
		Limit: s.Limit, Window: rule.Window,
	}
	events := now.increments(s, from-length)
	m := slidingCount{distinct: make(map[string]int)}
	first := 0
	for next, i := 0, int64(0); i < seriesSpans; i++ {
		// The highest count of the span is the one at its beginning, or after one of its arrivals.
		for ; first < next && events[first].at+length <= from+i*step; first++ {
			m.add(events[first], -1)
		}
		c.Series[0].Values[i] = m.count()
		for ; next < len(events) && events[next].at < from+(i+1)*step; next++ {
			for ; first < next && events[first].at+length <= events[next].at; first++ {
				m.add(events[first], -1)
			}
			m.add(events[next], +1)
			if events[next].at >= from+i*step {
				c.Series[0].Values[i] = max(c.Series[0].Values[i], m.count())
			}
		}
	}
	// The counters know of arrivals that the buffer has dropped, and of measures that it doesn't have.
	c.Series[0].Values[seriesSpans-1] = max(c.Series[0].Values[seriesSpans-1], s.Count)
	return c, rule
}

// increments are what the arrivals since a second have added to a count, the oldest first.
func (now *Snapshot) increments(s window.Usage, since int64) (all []increment) {
	rule := now.Rules[s.Rule]
	for r := range now.Arrivals.of(rule.Key, s.Value, since) {
		if r.counts(now.Scopes[s.Rule]) {
			if e, ok := r.increment(rule.Count); ok {
				all = append(all, e)
			}
			if len(all) == maxCounted {
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b increment) int { return cmp.Compare(a.at, b.at) })
	return all
}

// How many spans a chart of counts has, and its length in seconds.
const (
	seriesSpans = 120
	minSeries   = 2 * 3600
	maxSeries   = 7 * 24 * 3600
	maxCounted  = 200_000 // arrivals
)

// An increment is what one arrival adds to a count.
type increment struct {
	at     int64
	amount int64
	value  string // set where a rule counts different values
}

// increment is what the arrival adds to a measure; not ok if the buffer lacks what is measured.
func (r *storedArrival) increment(m window.Measure) (e increment, ok bool) {
	e = increment{at: r.at, amount: 1}
	switch m {
	case window.Messages:
	case window.Recipients:
		e.amount = r.recipients
	case window.Bytes:
		e.amount = r.bytes
	default:
		k, ok := distinctKeys[m]
		v := r.value(k, nil)
		e.value = "=" + string(v)
		return e, ok && v != nil
	}
	return e, true
}

// distinctKeys are the keys whose different values are counted.
var distinctKeys = map[window.Measure]window.Key{window.Hosts: window.Host, window.Networks: window.Network,
	window.Senders: window.Sender, window.Subjects: window.Subject}

// A slidingCount sums increments, or counts their different values.
type slidingCount struct {
	sum      int64
	distinct map[string]int
}

// add adds an increment, n times; -1 takes it away.
func (m *slidingCount) add(e increment, n int) {
	m.sum += int64(n) * e.amount
	if e.value == "" {
		return
	}
	if m.distinct[e.value] += n; m.distinct[e.value] == 0 {
		delete(m.distinct, e.value)
	}
}

func (m *slidingCount) count() int64 {
	if len(m.distinct) > 0 {
		return int64(len(m.distinct))
	}
	return m.sum
}
