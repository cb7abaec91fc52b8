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
type Row struct {
	Value                       string
	Messages, Recipients, Bytes int64
}

func (r *Row) add(recipients, bytes int64) {
	r.Messages = saturate(r.Messages, 1)
	r.Recipients = saturate(r.Recipients, recipients)
	r.Bytes = saturate(r.Bytes, bytes)
}

// saturate adds two numbers that are not negative, as far as an int64 goes.
func saturate(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// A tally is how often each value of one key occurred.
type tally struct {
	rows  []Row
	index map[string]int // in rows
	other Row            // of the values beyond maxDistinct
}

func (t *tally) add(value string, recipients, bytes int64) { t.row(value).add(recipients, bytes) }

func (t *tally) row(value string) *Row {
	if i, ok := t.index[value]; ok {
		return &t.rows[i]
	}
	if len(t.rows) == maxDistinct {
		return &t.other
	}
	if t.index == nil {
		t.index = make(map[string]int)
	}
	t.index[value] = len(t.rows)
	t.rows = append(t.rows, Row{Value: value})
	return &t.rows[len(t.rows)-1]
}

// top returns the n rows with the most messages, ties by value downwards as sort -gr has them; all of them where n is 0 or less.
func (t *tally) top(n int) []Row {
	rows := slices.SortedFunc(slices.Values(t.rows), func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(b.Value, a.Value))
	})
	if n > 0 && n < len(rows) {
		rows = rows[:n]
	}
	return rows
}
