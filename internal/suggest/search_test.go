package suggest

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// ran runs a search over what limits open, and gives the passes.
func ran(t *testing.T, first int64, peaks []int64, allowed int64, alerts func(limit int64) int64) (*search, int) {
	t.Helper()
	s := newSearch(first, peaks, allowed)
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
func verify(t *testing.T, s *search, first int64, alerts func(limit int64) int64) {
	t.Helper()
	if got := alerts(s.high); got > s.allowed {
		t.Errorf("limit %d opens %d alerts, %d are allowed", s.high, got, s.allowed)
	}
	if s.high == first {
		return
	}
	below := alerts(s.high - 1)
	if below <= s.allowed {
		t.Errorf("limit %d opens %d alerts, and so would do: found %d", s.high-1, below, s.high)
	}
}

// TestSearch: values that open several alerts each, whatever the limit.
func TestSearch(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 1))
		sorted := make([]int64, 1+random.IntN(40))
		for i := range sorted {
			sorted[i] = random.Int64N(1 + int64(1)<<random.IntN(30))
		}
		slices.SortFunc(sorted, func(a, b int64) int { return int(b - a) })
		many := make([]int64, len(sorted)) // alerts of the value just under its peak
		for i := range many {
			many[i] = 1 + random.Int64N(4)
		}
		alerts := func(limit int64) (n int64) {
			for i, p := range sorted {
				if p > limit*5/4 {
					n++
				} else if p > limit {
					n += many[i]
				}
			}
			return n
		}
		first := 1 + random.Int64N(20)
		s, passes := ran(t, first, sorted, random.Int64N(12), alerts)
		verify(t, s, first, alerts)
		if passes > 12 {
			t.Errorf("seed %d: %d passes for peaks up to %d", seed, passes, sorted[0])
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
		s, _ := ran(t, 1, []int64{highest}, random.Int64N(5), alerts)
		if s.allowed == 0 && s.high != highest {
			t.Errorf("seed %d: limit %d, want %d", seed, s.high, highest)
		}
		verify(t, s, 1, alerts)
	}
}

// TestFirstLimit: under the next value's peak there are too many values, so that needs no search.
func TestFirstLimit(t *testing.T) {
	sorted := []int64{90, 40, 7, 3}
	alerts := func(limit int64) (n int64) {
		for _, p := range sorted {
			if p > limit {
				n++
			}
		}
		return n
	}
	for _, test := range []struct{ first, allowed, want int64 }{
		{1, 0, 90}, {1, 1, 40}, {1, 2, 7}, {1, 3, 3}, {1, 4, 1}, {1, 5, 1},
		{10, 0, 90}, {10, 1, 40}, {10, 2, 10}, {10, 5, 10}, {100, 0, 100},
	} {
		s, passes := ran(t, test.first, sorted, test.allowed, alerts)
		if s.high != test.want || passes != 1 {
			t.Errorf("%+v: limit %d in %d passes, want one", test, s.high, passes)
		}
	}
}

func TestPercentiles(t *testing.T) {
	var sorted []int64
	for i := range int64(1000) {
		sorted = append(sorted, i+1)
	}
	for _, test := range []struct {
		values, thousandths int
		want                int64
	}{
		{1000, 500, 500}, {1000, 950, 950}, {1000, 990, 990}, {1000, 999, 999}, {0, 500, 0},
		{1, 500, 1}, {1, 999, 1}, {2, 500, 1}, {2, 950, 2}, {3, 500, 2}, {20, 950, 19}, {20, 990, 20}, {100, 999, 100},
	} {
		if got := percentile(sorted[:test.values], test.thousandths); got != test.want {
			t.Errorf("%d thousandths of 1 to %d: %d, want %d", test.thousandths, test.values, got, test.want)
		}
	}
}
