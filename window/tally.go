package window

import (
	"cmp"
	"math"
	"slices"
)

// maxDistinct is how many values of one key an alert tells apart. The first so many are counted exactly; those that
// turn up later are only known to be there.
const maxDistinct = 1000

// A Row is what arrived under one value.
type ValueCount struct {
	Value                       string
	Messages, Recipients, Bytes int64
}

func (r *ValueCount) add(n ValueCount) {
	r.Messages = saturate(r.Messages, n.Messages)
	r.Recipients = saturate(r.Recipients, n.Recipients)
	r.Bytes = saturate(r.Bytes, n.Bytes)
}

// saturate adds two numbers that are not negative, as far as an int64 goes.
func saturate(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// few rows are looked through one by one, as most keys of an alert have no more values.
const few = 8

// A tally is how often each value of one key occurred.
type tally struct {
	rows  []ValueCount
	index map[string]int // in rows, where these are more than few
	other ValueCount            // of the values beyond maxDistinct or the budget
}

// A budget is what the tallies of all open alerts share.
type budget struct {
	rows, text int // bytes
	limits     *limits
}

func (b *budget) take(length int) bool {
	if b.rows >= b.limits.tallied || b.text+length > b.limits.talliedText {
		return false
	}
	b.rows++
	b.text += length
	return true
}

// add adds what n has to the row of a value.
func (t *tally) add(value []byte, n ValueCount, b *budget) { t.row(value, b).add(n) }

func (t *tally) row(value []byte, b *budget) *ValueCount {
	if i := t.find(value); i >= 0 {
		return &t.rows[i]
	}
	if len(t.rows) == maxDistinct || !b.take(len(value)) {
		return &t.other
	}
	t.rows = append(t.rows, ValueCount{Value: string(value)})
	last := len(t.rows) - 1
	switch {
	case last == few:
		t.index = make(map[string]int)
		for i := range t.rows {
			t.index[t.rows[i].Value] = i
		}
	case last > few:
		t.index[t.rows[last].Value] = last
	}
	return &t.rows[last]
}

// find is the place of a value's row, or -1.
func (t *tally) find(value []byte) int {
	if t.index != nil {
		if i, ok := t.index[string(value)]; ok {
			return i
		}
		return -1
	}
	for i := range t.rows {
		if t.rows[i].Value == string(value) {
			return i
		}
	}
	return -1
}

// giveBack returns to the budget what the tally took.
func (t *tally) giveBack(b *budget) {
	b.rows -= len(t.rows)
	for i := range t.rows {
		b.text -= len(t.rows[i].Value)
	}
}

// top returns the n rows with the most messages, ties by value downwards as sort -gr has them; all of them where n is
// 0 or less.
func (t *tally) top(n int) []ValueCount {
	rows := slices.SortedFunc(slices.Values(t.rows), func(a, b ValueCount) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(b.Value, a.Value))
	})
	if n > 0 && n < len(rows) {
		rows = slices.Clone(rows[:n]) // without room for the others
	}
	return rows
}
