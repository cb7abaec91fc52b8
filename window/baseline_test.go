package window

import (
	"fmt"
	"testing"
)

func TestBefore(t *testing.T) {
	l := newLog(t, "sender 20/1m")
	l.send(9, at(0))
	l.send(12, at(60))
	l.send(7, at(3600))
	l.send(15, at(7200)) // part of what crosses
	alert := l.send(6, at(7230))[0]
	if alert.Before != 12 || !alert.BeforeSince.Equal(at(0)) {
		t.Errorf("before %d since %v, want 12 since the first line", alert.Before, alert.BeforeSince)
	}
	again := newLog(t, "sender 20/1m").counters
	again.SetClock(l.counters.Clock())
	again.Restore(saveAndLoad(t, l.counters))
	if a := again.Open()[0]; a.Before != 12 || !a.BeforeSince.Equal(at(0)) {
		t.Errorf("restored: before %d since %v", a.Before, a.BeforeSince)
	}
}

func TestNothingIsKnownOfBefore(t *testing.T) {
	l := newLog(t, "sender 20/1m")
	l.send(9, at(0))
	if alert := l.send(12, at(59))[0]; alert.Before != 0 || !alert.BeforeSince.IsZero() {
		t.Errorf("before %d since %v, want nothing", alert.Before, alert.BeforeSince)
	}
}

// TestSteadySender: a value that never leaves has a baseline from the windows before the previous one, too.
func TestSteadySender(t *testing.T) {
	l := newLog(t, "sender 20/1m")
	var alert *Alert
	for s := 0; alert == nil; s++ {
		n := 1
		switch {
		case s >= 1000:
			n = 5
		case s%10 > 0:
			continue
		}
		if opened := l.send(n, at(s)); len(opened) > 0 {
			alert = opened[0]
		}
	}
	if alert.Before != 6 {
		t.Errorf("before %d, want the 6 of each minute", alert.Before)
	}
}

func TestBaselinesAreBounded(t *testing.T) {
	l := newLog(t, "sender 1000/10s")
	for i := range 2 * maxBaselines {
		for range 2 + i%50 {
			l.count(l.arrival(at(20*i), fmt.Sprint("sender", i)))
		}
	}
	kept := l.counters.rules[0].baselines
	if len(kept) > maxBaselines || len(kept) < maxBaselines/4 {
		t.Errorf("%d values are remembered, want %d at most", len(kept), maxBaselines)
	}
	for value, most := range kept {
		if most < 2 || most > 51 {
			t.Fatalf("%s came to %d", value, most)
		}
	}
}
