package window

import (
	"fmt"
	"testing"
)

// TestValueCountsOutgrowTheirRows: each value has one row, however many values there are.
func TestValueCountsOutgrowTheirRows(t *testing.T) {
	for _, values := range []int{1, maxScanned, maxScanned + 1, 3 * maxScanned} {
		var of valueCounts
		b := memoryBudget{limits: &defaultLimits}
		for i := range 2 * values {
			of.add(fmt.Append(nil, i%values), ValueCount{Messages: 1}, &b)
		}
		for i := range values {
			if row := of.row(fmt.Append(nil, i), &b); row.Value != fmt.Sprint(i) || row.Messages != 2 {
				t.Errorf("of %d values the row of %d is %+v, want 2 messages", values, i, *row)
			}
		}
		if len(of.rows) != values || b.rows != values {
			t.Errorf("%d rows, %d of the budget; want %d", len(of.rows), b.rows, values)
		}
	}
}

// TestTopHoldsItsRowsAlone: keeping the first rows of an alert keeps no memory for the others.
func TestTopHoldsItsRowsAlone(t *testing.T) {
	var values valueCounts
	b := memoryBudget{limits: &defaultLimits}
	for i := range 500 {
		values.add(fmt.Append(nil, i), ValueCount{Messages: 1}, &b)
	}
	if rows := values.top(5); len(rows) != 5 || cap(rows) > 10 {
		t.Errorf("%d rows with room for %d, want 5", len(rows), cap(rows))
	}
}
