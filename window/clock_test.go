package window

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	type reading struct{ stamp, at, now int64 }
	for _, tt := range []struct {
		name     string
		readings []reading
	}{
		{"forward", []reading{{100, 100, 100}, {100, 100, 100}, {900, 900, 900}}},
		{"late lines", []reading{{100, 100, 100}, {95, 95, 100}, {98, 98, 100}, {101, 101, 101}}},
		{"one second later than disorder", []reading{{100, 100, 100}, {94, 100, 100}, {95, 101, 101}}},
		{"late line after a step", []reading{{100, 100, 100}, {50, 100, 100}, {60, 110, 110}, {57, 107, 110}}},
		{"return", []reading{{100, 100, 100}, {50, 100, 100}, {60, 110, 110}, {109, 159, 159}, {159, 159, 159},
			{155, 155, 159}}},
		{"return in a pause", []reading{{100, 100, 100}, {50, 100, 100}, {101, 101, 101}, {102, 102, 102}}},
		{"steps upon steps", []reading{{100, 100, 100}, {50, 100, 100}, {20, 100, 100}, {21, 101, 101},
			{51, 131, 131}}},
		{"stepping back by little, often", []reading{{100, 100, 100}, {97, 97, 100}, {92, 100, 100}, {93, 101, 101},
			{89, 97, 101}, {84, 101, 101}}},
		{"years ahead and back", []reading{{100, 100, 100}, {1e9, 1e9, 1e9}, {101, 1e9, 1e9}, {103, 1e9 + 2, 1e9 + 2},
			{1e9 + 3, 1e9 + 3, 1e9 + 3}}},
		{"before 1970", []reading{{minStamp, minStamp, minStamp}, {-7, -7, -7}, {-20, -7, -7}, {0, 0, 0}}},
	} {
		c := Clock{Now: minStamp}
		for i, r := range tt.readings {
			for range 2 {
				if got := c.read(r.stamp); got != r.at || c.Now != r.now {
					t.Errorf("%s: reading %d of stamp %d = %d and now %d, want %d and %d", tt.name, i, r.stamp, got,
						c.Now, r.at, r.now)
				}
			}
		}
	}
}

func TestClockStopsBeforeOverflow(t *testing.T) {
	c := Clock{Now: maxNow - 1}
	for range 100 {
		was := c.Now
		for _, stamp := range []int64{minStamp, maxStamp} {
			if at := c.read(stamp); at < was-disorder || at > maxNow || c.Now < was {
				t.Fatalf("stamp %d read as %d, now %d after %d", stamp, at, c.Now, was)
			}
		}
	}
}

func TestStepBackByASecond(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(1, at(0))
	l.send(1, at(1))
	if opened := l.send(1, at(0)); len(opened) != 1 {
		t.Fatalf("%d alerts opened by the third message, a second behind, want 1", len(opened))
	}
	l.counters.Advance(at(10))
	l.want(1, "after the messages of the late line's second left")
}

func TestStepBackByDaysWithReturn(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(2, at(0))
	booted := at(-3 * 86400)
	opened := l.send(1, booted)
	if len(opened) != 1 {
		t.Fatalf("%d alerts opened by the first message after the step, want 1", len(opened))
	}
	if !opened[0].Opened.Equal(booted) || !opened[0].First.Equal(at(0)) || !opened[0].Last.Equal(booted) {
		t.Errorf("alert of %v, first %v, last %v: want the log's own stamps", opened[0].Opened, opened[0].First,
			opened[0].Last)
	}
	l.send(1, booted.Add(4*time.Second))
	l.want(4, "four seconds after the step")

	l.send(1, at(30)) // NTP has set the clock
	l.want(1, "after the return")
	// Of the four, three left 10 s after the step: 10 s more with one, then none.
	l.endedAt(1, booted.Add(20*time.Second))
	l.send(1, at(35))
	l.send(1, at(33))
	l.want(3, "after the shift is forgotten, with a late line")
}

func TestAutumnHour(t *testing.T) {
	two := time.Date(2026, 10, 25, 2, 0, 0, 0, time.UTC) // a log without zones, read as one
	fill := func(l *testLog) {
		l.send(1, two.Add(59*time.Minute+50*time.Second))
		l.send(1, two.Add(59*time.Minute+59*time.Second))
	}
	t.Run("while mail goes on", func(t *testing.T) {
		l := newLog(t, "sender 2/10s")
		fill(l)
		if opened := l.send(1, two.Add(time.Second)); len(opened) != 1 {
			t.Fatalf("%d alerts opened, want 1: the hour repeated is not a pause", len(opened))
		}
		for s := 2; s < 7200; s++ {
			l.counters.Advance(two.Add(time.Duration(s) * time.Second))
			if s == 10 {
				l.want(2, "nine seconds after the step")
			}
			if s == 11 {
				l.want(0, "ten seconds after the step")
			}
		}
		if l.send(1, two.Add(2*time.Hour)); len(l.counters.Open()) != 0 {
			t.Error("alert still open after two hours")
		}
	})
	t.Run("with a pause longer than the hour", func(t *testing.T) {
		l := newLog(t, "sender 2/10s")
		fill(l)
		l.send(1, two.Add(time.Second))
		l.send(1, two.Add(2*time.Hour))
		l.want(1, "after the pause")
		// 2:00:01 went on from 2:59:59; the message of 2:59:50 left a second later
		l.endedAt(1, two.Add(12*time.Second))
	})
}

func TestFilesInTheWrongOrder(t *testing.T) {
	l := newLog(t, "sender 3/1m")
	opened := 0
	for _, day := range []int{2, 1, 3} {
		for i := range 100 { // one each 20 s: never more than 3 in a minute
			opened += len(l.send(1, at(day*86400+20*i)))
		}
	}
	// Each jump back loses 20 s once: a file's first message counts at the time of the last one before.
	if opened != 1 {
		t.Errorf("%d alerts opened, want the one where time was lost", opened)
	}
	if got := l.counters.Stats(); got.Rows != 6 {
		t.Errorf("%d rows held, want the 6 of the last two minutes", got.Rows)
	}
}

func TestStampsAtRandomHoldNothingForLong(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	for i := range 1000 {
		l.send(1, at((i*7919)%100003))
	}
	l.counters.Advance(at(1e6))
	l.counters.Advance(at(1e6 + 1e9))
	if got := l.counters.Stats(); got != (Stats{}) {
		t.Errorf("held after a long time: %+v", got)
	}
}
