package window

import (
	"slices"
	"testing"
)

func TestGrows(t *testing.T) {
	l := newLog(t, "sender 10/1m")
	var told []int64 // counts at which Times grew
	for i := range int64(520) {
		_, grown := l.counters.Count(l.arrival(at(0), "alice"))
		for _, a := range grown {
			told = append(told, i+1, a.Times)
		}
	}
	if want := []int64{20, 2, 50, 5, 100, 10, 200, 20, 500, 50}; !slices.Equal(told, want) {
		t.Errorf("grown at (count, times) %v, want %v", told, want)
	}
}

// One arrival of many recipients skips some of the steps. Times is then the last one.
func TestGrowsByLeaps(t *testing.T) {
	l := newLog(t, "sender recipients 10/1m")
	a := l.arrival(at(0), "alice")
	a.Recipients = 70
	opened, grown := l.counters.Count(a)
	if len(opened) != 1 || opened[0].Times != 5 || len(grown) != 0 {
		t.Fatalf("opened %v, grown %v, want an alert that has five times its limit at once", opened, grown)
	}
	_, grown = l.counters.Count(a)
	if len(grown) != 1 || grown[0].Times != 10 {
		t.Errorf("grown %v, want to ten times", grown)
	}
}

func TestTimesForEver(t *testing.T) {
	var a Alert
	a.Limit = 1
	a.raisePeak(1 << 62)
	if a.Times != maxMultiple {
		t.Errorf("%d times, want %d", a.Times, maxMultiple)
	}
	a.Limit, a.Times, a.Peak = 1<<62, 0, 0
	if a.raisePeak(1<<62) || a.Times != 0 {
		t.Errorf("%d times its limit, want 0", a.Times)
	}
}
