package window

import (
	"cmp"
	"slices"
)

// Snapshot returns a copy of the alert as it is now. Further arrivals don't change the copy.
func (a *Alert) Snapshot() *Alert {
	s := *a
	s.Samples = slices.Clone(a.Samples)
	s.chart.bars = slices.Clone(a.chart.bars)
	s.values = make([]valueCounts, len(a.values))
	for k := range a.values {
		t := &a.values[k]
		s.values[k] = valueCounts{rows: slices.Clone(t.rows), other: t.other}
	}
	return &s
}

// Summary returns a copy of the alert as it is now without its values: Top, Topics, Distinct and Chart find nothing in
// it. It takes little memory, whatever the alert has come to.
func (a *Alert) Summary() *Alert {
	s := *a
	s.Samples = slices.Clone(a.Samples)
	s.values, s.chart = nil, series{}
	return &s
}

// TalliedValues is how many values an alert tells apart, of all keys. Each takes some hundred bytes of memory.
func (a *Alert) TalliedValues() (n int) {
	for k := range a.values {
		n += len(a.values[k].rows)
	}
	return n
}

// Trim keeps the n values of each key with the most messages, of an alert that has ended. The others are added up.
func (a *Alert) Trim(n int) {
	for k := range a.values {
		t := &a.values[k]
		if len(t.rows) <= n {
			continue
		}
		rows := slices.Clone(t.rows)
		slices.SortStableFunc(rows, func(a, b ValueCount) int { return cmp.Compare(b.Messages, a.Messages) })
		other := t.other
		for _, r := range rows[n:] {
			other.add(r)
		}
		*t = valueCounts{rows: slices.Clone(rows[:n]), other: other}
	}
}
