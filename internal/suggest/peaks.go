package suggest

import (
	"cmp"
	"math"
	"slices"
	"time"

	"exiwatch/window"
)

// A day is a date of the log's zone, in days since 1970-01-01.
type day int32

func dayOf(t time.Time) day {
	_, offset := t.Zone()
	return day((t.Unix() + int64(offset)) / secondsOfDay)
}

const secondsOfDay = 24 * 60 * 60

func (d day) String() string { return time.Unix(int64(d)*secondsOfDay, 0).UTC().Format(time.DateOnly) }

// A dayPeak is the highest count that a value had in one window on a day.
type dayPeak struct {
	day  day
	peak int64
}

// A history is what is known of a value: its peak on each day on which it sent. The days are in order.
type history struct{ days []dayPeak }

// add notes a count of a day.
func (h *history) add(on day, count int64) {
	at, known := slices.BinarySearchFunc(h.days, on, func(d dayPeak, on day) int { return cmp.Compare(d.day, on) })
	if known {
		h.days[at].peak = max(h.days[at].peak, count)
	} else {
		h.days = slices.Insert(h.days, at, dayPeak{on, count})
	}
}

// highest is the highest peak of any day.
func (h *history) highest() (peak int64) {
	for _, d := range h.days {
		peak = max(peak, d.peak)
	}
	return peak
}

// usual is the median of the peaks on days outside of a period; 0 if there are none.
func (h *history) usual(from, to day) int64 {
	var others []int64
	for _, d := range h.days {
		if d.day < from || d.day > to {
			others = append(others, d.peak)
		}
	}
	if len(others) == 0 {
		return 0
	}
	slices.Sort(others)
	return others[(len(others)-1)/2]
}

// peaks are the histories of the values of a rule's key. Their counts are what the counters say after each arrival, so
// that a limit is crossed by just those values whose peak is over it, whatever the rule counts.
type peaks struct {
	rule      window.Rule
	counters  *window.Counters
	scope     int   // of window.Counters.Scopes
	inside    int64 // arrivals of the scope, and what the log says later of them
	arrivals  int64 // of them, those that the rule counts
	histories map[string]*history
	short     bool // not all could be held: counts may be too low
}

// uncapped is the rule without a limit: no alert opens, of which only so many may be open.
func (p *peaks) uncapped() window.Rule {
	rule := p.rule
	rule.Limit, rule.Except = math.MaxInt64, nil
	return rule
}

// reset lets another log begin, which is counted by itself.
func (p *peaks) reset() (err error) {
	p.finish()
	p.counters, err = window.New([]window.Rule{p.uncapped()})
	return err
}

// finish notes what the bounds on memory have cost.
func (p *peaks) finish() {
	if p.counters != nil {
		stats := p.counters.Stats()
		p.short = p.short || stats.DroppedKeys+stats.MergedArrivals > 0
	}
}

// count takes an arrival. It leaves out a value that has a limit of its own, which isn't asked about.
func (p *peaks) count(a *window.Arrival) {
	if a.Outside>>p.scope&1 != 0 {
		return
	}
	p.inside++
	value := a.Values[p.rule.Key]
	if value == nil || !p.rule.Accepts(a.Nature) ||
		slices.ContainsFunc(p.rule.Except, func(e window.Exception) bool { return e.Match(string(value)) }) {
		return
	}
	p.arrivals++
	own := *a
	own.Outside = 0 // these counters have one scope alone
	p.counters.Count(&own)
	count, _ := p.counters.CountNow(p.rule.Key, value)
	h := p.histories[string(value)]
	if h == nil {
		h = new(history)
		p.histories[string(value)] = h
	}
	h.add(dayOf(a.At), count)
}

// highest gives the value with the highest peak; of equal ones the last by its text.
func (p *peaks) highest() (value string, peak int64) {
	for v, h := range p.histories {
		if n := h.highest(); n > peak || n == peak && v > value {
			value, peak = v, n
		}
	}
	return value, peak
}

// ordinary is a peak that is high, but not out of the ordinary: the 90th percentile. Where abuse or lists have a tenth
// of the peaks, as on a small host, five times the median is less.
func ordinary(sorted []int64) int64 { return min(percentile(sorted, 900), 5*percentile(sorted, 500)) }

// percentile gives the lowest of the sorted peaks that so many thousandths of them don't exceed; 0 if there are none.
func percentile(sorted []int64, thousandths int) int64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*thousandths + 999) / 1000 // from 1
	return sorted[max(rank, 1)-1]
}
