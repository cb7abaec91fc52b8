package window

import (
	"cmp"
	"slices"
)

// Snapshot is the alert as it is now, to be told of elsewhere while this one goes on.
func (a *Alert) Snapshot() *Alert {
	s := *a
	s.Samples = slices.Clone(a.Samples)
	s.course.bars = slices.Clone(a.course.bars)
	s.tallies = make([]tally, len(a.tallies))
	for k := range a.tallies {
		t := &a.tallies[k]
		s.tallies[k] = tally{rows: slices.Clone(t.rows), other: t.other}
	}
	return &s
}

// Summary is a copy of the alert as it is now, without what was tallied: Top, Topics, Distinct and Chart find nothing in
// it. It takes little memory, whatever the alert has come to.
func (a *Alert) Summary() *Alert {
	s := *a
	s.Samples = slices.Clone(a.Samples)
	s.tallies, s.course = nil, series{}
	return &s
}

// TalliedValues is how many values an alert tells apart, of all keys: what it takes in memory is some hundred bytes for each.
func (a *Alert) TalliedValues() (n int) {
	for k := range a.tallies {
		n += len(a.tallies[k].rows)
	}
	return n
}

// Trim leaves an alert that has ended the n values of each key with the most messages. The others are counted together.
func (a *Alert) Trim(n int) {
	for k := range a.tallies {
		t := &a.tallies[k]
		if len(t.rows) <= n {
			continue
		}
		rows := slices.Clone(t.rows)
		slices.SortStableFunc(rows, func(a, b ValueCount) int { return cmp.Compare(b.Messages, a.Messages) })
		other := t.other
		for _, r := range rows[n:] {
			other.add(r)
		}
		*t = tally{rows: slices.Clone(rows[:n]), other: other}
	}
}
