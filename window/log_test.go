package window

import (
	"fmt"
	"testing"
	"time"
)

// A testLog feeds counters with arrivals as Advance demands. Their message ids are m1, m2 and so on.
type testLog struct {
	t        *testing.T
	counters *Counters
	n        int
	ended    []*Alert
}

func newLog(t *testing.T, rules ...string) *testLog {
	t.Helper()
	var parsed []Rule
	for _, s := range rules {
		r, err := ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, r)
	}
	c, err := New(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return &testLog{t: t, counters: c}
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// at is a stamp, in seconds after noon.
func at(second int) time.Time { return noon.Add(time.Duration(second) * time.Second) }

func (l *testLog) arrival(stamp time.Time, sender string) *Arrival {
	l.n++
	a := &Arrival{At: stamp, MessageID: fmt.Appendf(nil, "m%d", l.n), Recipients: 2, Bytes: 1000}
	a.Values[Sender] = []byte(sender)
	return a
}

func (l *testLog) count(a *Arrival) []*Alert {
	l.ended = append(l.ended, l.counters.Advance(a.At)...)
	opened, _ := l.counters.Count(a)
	return opened
}

// send counts n arrivals from alice at one stamp and returns the alerts they opened.
func (l *testLog) send(n int, stamp time.Time) (opened []*Alert) {
	for range n {
		opened = append(opened, l.count(l.arrival(stamp, "alice"))...)
	}
	return opened
}

// want checks alice's count.
func (l *testLog) want(count int64, when string) {
	l.t.Helper()
	if got, _ := l.counters.CountNow(Sender, []byte("alice")); got != count {
		l.t.Errorf("%s: count %d, want %d", when, got, count)
	}
}

func (l *testLog) endedAt(n int, want time.Time) {
	l.t.Helper()
	if len(l.ended) != n {
		l.t.Fatalf("%d alerts ended, want %d", len(l.ended), n)
	}
	if got := l.ended[n-1].Ended; !got.Equal(want) {
		l.t.Errorf("alert %d ended %v, want %v", n, got, want)
	}
}
