package window

import (
	"cmp"
	"slices"
)

// Snapshot is the alert as it is now, to be told of elsewhere while this one goes on.
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

// TalliedValues is how many values an alert tells apart, of all keys: what it takes in memory is some hundred bytes for each.
func (a *Alert) TalliedValues() (n int) {
	for k := range a.values {
		n += len(a.values[k].rows)
	}
	return n
}

// Trim leaves an alert that has ended the n values of each key with the most messages. The others are counted together.
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
