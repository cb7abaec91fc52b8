package window

import (
	"cmp"
	"math"
	"slices"
)

// maxDistinct is how many values of one key an alert tells apart. The first so many count exactly. Later ones are only
// known to exist.
const maxDistinct = 1000

// A ValueCount is what arrived under one value.
type ValueCount struct {
	Value                       string
	Messages, Recipients, Bytes int64
}

func (r *ValueCount) add(n ValueCount) {
	r.Messages = saturate(r.Messages, n.Messages)
	r.Recipients = saturate(r.Recipients, n.Recipients)
	r.Bytes = saturate(r.Bytes, n.Bytes)
}

// saturate adds two numbers that are not negative, and stops at the highest int64.
func saturate(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// maxScanned is how many rows are searched without an index. Most keys of an alert have no more values.
const maxScanned = 8

// valueCounts is how often each value of one key occurred.
type valueCounts struct {
	rows  []ValueCount
	index map[string]int // in rows; only if these are more than maxScanned
	other ValueCount     // of all values beyond maxDistinct or the budget
}

// A memoryBudget is what the value counts of all open alerts share.
type memoryBudget struct {
	rows, text int // bytes
	limits     *limits
}

func (b *memoryBudget) reserve(length int) bool {
	if b.rows >= b.limits.tallied || b.text+length > b.limits.talliedText {
		return false
	}
	b.rows++
	b.text += length
	return true
}

// add adds n to the row of a value.
func (t *valueCounts) add(value []byte, n ValueCount, b *memoryBudget) { t.row(value, b).add(n) }

func (t *valueCounts) row(value []byte, b *memoryBudget) *ValueCount {
	if i := t.find(value); i >= 0 {
		return &t.rows[i]
	}
	if len(t.rows) == maxDistinct || !b.reserve(len(value)) {
		return &t.other
	}
	t.rows = append(t.rows, ValueCount{Value: string(value)})
	last := len(t.rows) - 1
	switch {
	case last == maxScanned:
		t.index = make(map[string]int)
		for i := range t.rows {
			t.index[t.rows[i].Value] = i
		}
	case last > maxScanned:
		t.index[t.rows[last].Value] = last
	}
	return &t.rows[last]
}

// find is the index of a value's row, or -1.
func (t *valueCounts) find(value []byte) int {
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

// release gives back what the rows took of the budget.
func (t *valueCounts) release(b *memoryBudget) {
	b.rows -= len(t.rows)
	for i := range t.rows {
		b.text -= len(t.rows[i].Value)
	}
}

// top returns the n rows with the most messages, or all where n is 0 or less. Equal ones are in the order of sort -gr.
func (t *valueCounts) top(n int) []ValueCount {
	rows := slices.SortedFunc(slices.Values(t.rows), func(a, b ValueCount) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(b.Value, a.Value))
	})
	if n > 0 && n < len(rows) {
		rows = slices.Clone(rows[:n]) // the copy has no room for the others
	}
	return rows
}
