package suggest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// ran runs a search over what limits open, and gives the passes.
func ran(t *testing.T, sorted []peak, allowed int64, alerts func(limit int64) int64) (*search, int) {
	t.Helper()
	s := newSearch(sorted, allowed)
	passes := 0
	for limits := s.next(); len(limits) > 0; limits = s.next() {
		if passes++; passes > 30 {
			t.Fatalf("no end: %+v", s)
		}
		if !slices.IsSorted(limits) || len(slices.Compact(slices.Clone(limits))) != len(limits) || limits[0] < 1 {
			t.Fatalf("limits %d are to be tried", limits)
		}
		for _, limit := range limits {
			s.record(limit, alerts(limit))
		}
	}
	return s, passes
}

// verify wants the limit found to open no more than allowed, and one less more.
func verify(t *testing.T, s *search, alerts func(limit int64) int64) {
	t.Helper()
	if got := alerts(s.high); got > s.allowed {
		t.Errorf("limit %d opens %d alerts, %d are allowed", s.high, got, s.allowed)
	}
	if s.high == 1 {
		return
	}
	below := alerts(s.high - 1)
	if below <= s.allowed {
		t.Errorf("limit %d opens %d alerts, and so would do: found %d", s.high-1, below, s.high)
	}
	if told, ok := s.alerts[s.high-1]; !ok || told != below {
		t.Errorf("limit %d opens %d alerts, it says %d, %t", s.high-1, below, told, ok)
	}
}

// TestSearch: values that open several alerts each, whatever the limit.
func TestSearch(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 1))
		sorted := make([]peak, 1+random.IntN(40))
		for i := range sorted {
			sorted[i] = peak{fmt.Sprint(i), random.Int64N(1 + int64(1)<<random.IntN(30))}
		}
		sorted[0].count = max(sorted[0].count, 1)
		slices.SortFunc(sorted, func(a, b peak) int { return int(b.count - a.count) })
		many := make([]int64, len(sorted)) // alerts of the value just under its peak
		for i := range many {
			many[i] = 1 + random.Int64N(4)
		}
		alerts := func(limit int64) (n int64) {
			for i, p := range sorted {
				if p.count > limit*5/4 {
					n++
				} else if p.count > limit {
					n += many[i]
				}
			}
			return n
		}
		s, passes := ran(t, sorted, random.Int64N(12), alerts)
		verify(t, s, alerts)
		if passes > 12 {
			t.Errorf("seed %d: %d passes for peaks up to %d", seed, passes, sorted[0].count)
		}
		if t.Failed() {
			t.Fatalf("seed %d: %+v of %v", seed, s, sorted)
		}
	}
}

// TestSearchOfAnyNumbers: as the limit rises the number of alerts may rise too.
func TestSearchOfAnyNumbers(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 2))
		highest := 1 + random.Int64N(300)
		numbers := make([]int64, highest+1)
		for i := range numbers[:highest] {
			numbers[i] = 1 + random.Int64N(6)
		}
		alerts := func(limit int64) int64 { return numbers[limit] }
		s, _ := ran(t, []peak{{"a", highest}}, random.Int64N(5), alerts)
		if s.allowed == 0 && s.high != highest {
			t.Errorf("seed %d: limit %d, want %d", seed, s.high, highest)
		}
		if s.high > 1 && s.allowed == 0 || s.low > 0 {
			verify(t, s, alerts)
		}
	}
}

// TestFirstLimit: under the next value's peak there are too many values, so that needs no search.
func TestFirstLimit(t *testing.T) {
	sorted := []peak{{"d", 90}, {"c", 40}, {"b", 7}, {"a", 3}}
	alerts := func(limit int64) (n int64) {
		for _, p := range sorted {
			if p.count > limit {
				n++
			}
		}
		return n
	}
	for allowed, want := range []int64{90, 40, 7, 3, 1, 1} {
		s, passes := ran(t, sorted, int64(allowed), alerts)
		verify(t, s, alerts)
		if s.high != want || passes != 1 {
			t.Errorf("%d allowed: limit %d in %d passes, want %d in one", allowed, s.high, passes, want)
		}
	}
}

func TestPercentiles(t *testing.T) {
	var sorted []peak
	for i := int64(1000); i > 0; i-- {
		sorted = append(sorted, peak{"", i})
	}
	for _, test := range []struct {
		values, thousandths int
		want                int64
	}{
		{1000, 500, 500}, {1000, 950, 950}, {1000, 990, 990}, {1000, 999, 999},
		{1, 500, 1}, {1, 999, 1}, {2, 500, 1}, {2, 950, 2}, {3, 500, 2}, {20, 950, 19}, {20, 990, 20}, {100, 999, 100},
	} {
		if got := percentile(sorted[1000-test.values:], test.thousandths); got != test.want {
			t.Errorf("%d thousandths of 1 to %d: %d, want %d", test.thousandths, test.values, got, test.want)
		}
	}
}
