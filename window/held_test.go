package window

import (
	"slices"
	"testing"
	"time"
)

func TestHeldByRule(t *testing.T) {
	l := newLog(t, "sender 1/1m", "account 5/1m", "sender bytes 1000000/1h")
	want := func(want ...RuleStats) {
		t.Helper()
		if got := l.counters.RuleStats(); !slices.Equal(got, want) {
			t.Errorf("held %v, want %v", got, want)
		}
	}
	want(RuleStats{}, RuleStats{}, RuleStats{})
	for _, sender := range []string{"a", "b", "b", "c", "c"} {
		l.count(l.arrival(at(0), sender))
	}
	want(RuleStats{Keys: 3, Open: 2}, RuleStats{}, RuleStats{Keys: 3})
	l.counters.Advance(noon.Add(2 * time.Hour))
	want(RuleStats{}, RuleStats{}, RuleStats{})
}
