package pipeline

import (
	"testing"
	"time"

	"exiwatch/window"
)

// TestPresent: in a log without lines time passes as on the wall, but for a log whose stamps are off.
func TestPresent(t *testing.T) {
	wall := time.Unix(1_800_000_000, 0)
	after := func(s float64) time.Time { return wall.Add(time.Duration(s * float64(time.Second))) }
	for _, test := range []struct {
		name           string
		stamp, shift   int64   // of the last line, in seconds after wall
		read, end, now float64 // the same
		unknown        bool    // end is
		want           int64
	}{
		{name: "just now", stamp: 0, read: 0.1, end: -0.4, now: 0.2, want: 0},
		{name: "a minute ago", stamp: 0, read: 0.1, end: -0.4, now: 60, want: 60},
		{name: "an hour ago, before the daemon began", stamp: -3600, read: 0, unknown: true, now: 1, want: 1},
		{name: "an hour behind", stamp: -3600, read: 0.1, end: -0.4, now: 0.2, want: -3599},
		{name: "an hour behind, ten minutes later", stamp: -3600, read: 0.1, end: -0.4, now: 600, want: -2999},
		{name: "an hour ahead", stamp: 3600, read: 0.1, end: -0.4, now: 0.2, want: 3600},
		{name: "an hour ahead, ten minutes later", stamp: 3600, read: 0.1, end: -0.4, now: 600.2, want: 4200},
		{name: "the clock was set back an hour", stamp: 3600, shift: 3600, read: 0.1, end: -0.4, now: 60, want: 3660},
		{name: "the daemon hung for an hour", stamp: -3590, read: 0, end: -3600, now: 0.5, want: 0},
	} {
		var p logClock
		end := after(test.end)
		if test.unknown {
			end = time.Time{}
		}
		p.note(window.Clock{Now: wall.Unix() + test.stamp, Shift: test.shift}, end, after(test.read))
		p.note(p.clock, after(test.now), after(test.now)) // nothing new
		if got := p.now(after(test.now)) - wall.Unix(); got != test.want {
			t.Errorf("%s: it is %d seconds after, want %d", test.name, got, test.want)
		}
		least := test.want
		if !test.unknown && test.stamp < -60 && test.read-test.end < 60 { // behind the wall clock
			least = test.stamp + int64(test.now-test.read)
		}
		if got := p.least(after(test.now)) - wall.Unix(); got != least {
			t.Errorf("%s: it is at least %d seconds after, want %d", test.name, got, least)
		}
	}
}
