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

// A who is all that is known of one value.
type detail struct {
	Key                         window.Key
	Value                       string
	Standings                   []ruleUsage
	Chart                       *htmlkit.Columns // nil where no rule has the key
	ChartRule                   window.Rule
	Messages, Recipients, Bytes int64
	First, Last                 time.Time
	More                        bool // there are older arrivals, which were not looked at
	Since                       time.Time
	Groups                      []Group
	Arrivals                    []recentMessage
	Alerts                      []Alert
}

type ruleUsage struct {
	window.Standing
	Rule window.Rule
}

// An arrival is one line of the log.
type recentMessage struct {
	At                time.Time
	MessageID         string
	Host, Helo        string
	Sender, Subject   string
	Recipients, Bytes int64
	HasSubject        bool
}

// How much is looked at, and shown.
const (
	maxLooked   = 20_000 // arrivals
	maxArrivals = 50
	maxShown    = 10
)

// detailKeys are what is told of a value, each but its own key.
var detailKeys = [...]window.Key{window.Topic, window.Account, window.Host, window.Network, window.Sender,
	window.RecipientDomain, window.Helo}

// detail looks at the arrivals of a value. open are the alerts on it.
func (now *Snapshot) detail(k window.Key, value string, standings []window.Standing, open []Alert) *detail {
	w := &detail{Key: k, Value: value, Alerts: open}
	tallies := make([]map[string]*valueTally, len(detailKeys))
	for i := range tallies {
		tallies[i] = make(map[string]*valueTally)
	}
	w.Chart, w.ChartRule = now.countSeries(standings)
	for _, s := range standings {
		w.Standings = append(w.Standings, ruleUsage{s, now.Rules[s.Rule]})
	}
	var topic []byte
	for r := range now.Book.of(k, value, 0) {
		if w.Messages == maxLooked {
			w.More = true
			break
		}
		w.addArrival(now.Book, r)
		for i, k := range detailKeys {
			switch v := r.value(k, &topic); {
			case v == nil:
			case k == window.RecipientDomain:
				for domain := range strings.SplitSeq(string(v), "\n") {
					tally(tallies[i], []byte(domain), domain)
				}
			case k == window.Topic:
				tally(tallies[i], v, string(r.value(window.Subject, nil)))
			default:
				tally(tallies[i], v, "")
			}
		}
	}
	w.Since = now.Book.oldest()
	for i, own := range detailKeys {
		if own != k && len(tallies[i]) > 0 {
			w.Groups = append(w.Groups, newGroup(own, tallies[i], w.Messages))
		}
	}
	for _, a := range now.Ended {
		if slices.Contains(aliasKeys(k), a.Rule.Key) && a.Value == value {
			w.Alerts = append(w.Alerts, a)
		}
	}
	return w
}

func (d *detail) addArrival(v *View, r *row) {
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

// A share is how many messages have a value. shown is another text for it, the first one that came.
type valueTally struct {
	messages int64
	shown    string
}

func tally(into map[string]*valueTally, value []byte, shown string) {
	s := into[string(value)]
	if s == nil {
		s = &valueTally{shown: shown}
		if shown == "" {
			s.shown = string(value)
		}
		into[string(value)] = s
	}
	s.messages++
}

func newGroup(k window.Key, tally map[string]*valueTally, of int64) Group {
	g := Group{Key: k, Of: of, Count: len(tally)}
	for _, s := range tally {
		g.Rows = append(g.Rows, window.Row{Value: s.shown, Messages: s.messages})
	}
	slices.SortFunc(g.Rows, func(a, b window.Row) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Value, b.Value))
	})
	g.Rows = g.Rows[:min(len(g.Rows), maxShown)]
	return g
}

// countSeries draws how the count that is nearest to its limit came about: at each moment what had arrived in the window
// before.
func (now *Snapshot) countSeries(standings []window.Standing) (*htmlkit.Columns, window.Rule) {
	if len(standings) == 0 {
		return nil, window.Rule{}
	}
	s := slices.MaxFunc(standings, func(a, b window.Standing) int { return cmp.Compare(a.Share(), b.Share()) })
	rule := now.Rules[s.Rule]
	length := int64(rule.Window / time.Second)
	step := max(min(24*length, maxSeries), minSeries) / seriesSpans
	end := now.Second + 1
	from := end - seriesSpans*step
	c := &htmlkit.Columns{
		Title: "Count against the limit", Unit: rule.Count.String(), Step: time.Duration(step) * time.Second,
		From: now.Book.stamp(from),
		Series: []htmlkit.Series{{Name: rule.Count.String() + " in the " + words.Window(rule.Window) + " before",
			Class: "one", Values: make([]int64, seriesSpans)}},
		Limit: s.Limit, Window: rule.Window,
	}
	var events []increment
	for r := range now.Book.of(rule.Key, s.Value, from-length) {
		if r.counts(now.Scopes[s.Rule]) {
			if e, ok := r.increment(rule.Count); ok {
				events = append(events, e)
			}
			if len(events) == maxCounted {
				break
			}
		}
	}
	slices.SortStableFunc(events, func(a, b increment) int { return cmp.Compare(a.at, b.at) })
	m := slidingCount{distinct: make(map[string]int)}
	first := 0
	for next, i := 0, int64(0); i < seriesSpans; i++ {
		// The highest count in the span is that at its beginning, or that after one of its arrivals.
		for ; first < next && events[first].at+length <= from+i*step; first++ {
			m.remove(events[first])
		}
		c.Series[0].Values[i] = m.count()
		for ; next < len(events) && events[next].at < from+(i+1)*step; next++ {
			for ; first < next && events[first].at+length <= events[next].at; first++ {
				m.remove(events[first])
			}
			m.add(events[next])
			if events[next].at >= from+i*step {
				c.Series[0].Values[i] = max(c.Series[0].Values[i], m.count())
			}
		}
	}
	// What isn't in the book any more, or can't be told from it, is in the counters.
	c.Series[0].Values[seriesSpans-1] = max(c.Series[0].Values[seriesSpans-1], s.Count)
	return c, rule
}

// A course has so many spans, and is so many seconds long.
const (
	seriesSpans = 120
	minSeries   = 2 * 3600
	maxSeries   = 7 * 24 * 3600
	maxCounted  = 200_000 // arrivals
)

// An event is what one arrival adds to a count.
type increment struct {
	at     int64
	amount int64
	value  string // not empty where different ones are counted
}

// increment is what the arrival adds to a measure; not ok where the book doesn't tell.
func (r *row) increment(m window.Measure) (e increment, ok bool) {
	e = increment{at: r.at, amount: 1}
	switch m {
	case window.Messages:
		return e, true
	case window.Recipients:
		e.amount = r.recipients
		return e, true
	case window.Bytes:
		e.amount = r.bytes
		return e, true
	}
	k, ok := map[window.Measure]window.Key{
		window.Hosts: window.Host, window.Networks: window.Network, window.Senders: window.Sender,
		window.Subjects: window.Subject,
	}[m]
	if !ok {
		return e, false
	}
	v := r.value(k, nil)
	e.value = "=" + string(v)
	return e, v != nil
}

// A meter counts events, or their different values.
type slidingCount struct {
	sum      int64
	distinct map[string]int
}

func (m *slidingCount) add(e increment) {
	m.sum += e.amount
	if e.value != "" {
		m.distinct[e.value]++
	}
}

func (m *slidingCount) remove(e increment) {
	m.sum -= e.amount
	if e.value != "" {
		if m.distinct[e.value]--; m.distinct[e.value] == 0 {
			delete(m.distinct, e.value)
		}
	}
}

func (m *slidingCount) count() int64 {
	if len(m.distinct) > 0 {
		return int64(len(m.distinct))
	}
	return m.sum
}
