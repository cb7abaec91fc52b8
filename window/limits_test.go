package window

import (
	"fmt"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// newLimitedLog is newLog with other bounds.
func newLimitedLog(t *testing.T, change func(*limits), rules ...string) *testLog {
	t.Helper()
	l := newLog(t, rules...)
	change(&l.counters.limits)
	return l
}

func TestNearALimitIsNotDropped(t *testing.T) {
	l := newLimitedLog(t, func(l *limits) { l.keys = 4 }, "sender 10/1m")
	send := func(second int, senders ...string) {
		for _, sender := range senders {
			l.count(l.arrival(at(second), sender))
		}
	}
	want := func(sender string, count int64) {
		t.Helper()
		if got, _ := l.counters.CountNow(Sender, []byte(sender)); got != count {
			t.Errorf("%s: count %d, want %d", sender, got, count)
		}
	}
	send(0, "near", "near", "near", "near", "near", "two", "two", "old")
	send(1, "young", "new") // for which the least with the oldest arrival goes
	want("old", 0)
	want("young", 1)
	send(2, "newer", "newest")
	want("young", 0)
	want("new", 0)
	want("two", 2)
	want("near", 5)
	if got := l.counters.Stats(); got.Keys != 4 || got.DroppedKeys != 3 {
		t.Errorf("held %+v, want 4 keys and 3 dropped", got)
	}
}

func TestWhereAllAreNearTheNewIsNotCounted(t *testing.T) {
	l := newLimitedLog(t, func(l *limits) { l.keys = 2 }, "sender 1/10s")
	for i, sender := range []string{"a", "b", "c", "c", "b"} {
		if opened := l.count(l.arrival(at(0), sender)); len(opened) != i/4 {
			t.Errorf("arrival %d opened %d alerts", i, len(opened))
		}
	}
	if got := l.counters.Stats(); got.Keys != 2 || got.DroppedKeys != 2 {
		t.Errorf("held %+v, want 2 keys and 2 arrivals without one", got)
	}
	l.count(l.arrival(at(10), "c"))
	if got, _ := l.counters.CountNow(Sender, []byte("c")); got != 1 {
		t.Errorf("count %d when there is room again, want 1", got)
	}
}

func TestTextOfKeys(t *testing.T) {
	l := newLimitedLog(t, func(l *limits) { l.keyText = 100 }, "sender 10/10s")
	for i := range 100 {
		l.count(l.arrival(at(0), fmt.Sprintf("sender %03d", i)))
	}
	if got := l.counters.Stats(); got.Keys != 10 || got.DroppedKeys != 90 || l.counters.tables[0].values.Held() != 100 {
		t.Errorf("held %+v, want 10 keys of 10 bytes", got)
	}
}

func TestSecondsOfKeys(t *testing.T) {
	l := newLimitedLog(t, func(l *limits) { l.buckets = 20 }, "sender 20/1m")
	l.count(l.arrival(at(0), "bob"))
	for s := range 30 { // bob goes when the seconds run out, then there is none to go
		l.send(1, at(s))
	}
	l.want(30, "beyond the seconds there are")
	got := l.counters.Stats()
	if got.Keys != 1 || got.DroppedKeys != 1 || got.MergedArrivals != 10 || got.Open != 1 {
		t.Errorf("held %+v, want alice alone with her alert, and 10 arrivals at the second of another", got)
	}
	if l.count(l.arrival(at(30), "carol")); l.counters.Stats().DroppedKeys != 2 {
		t.Error("carol counted without room")
	}
	l.counters.Advance(at(79)) // the twentieth second took eleven
	l.want(0, "a window after the last second there was")
}

func TestLateLineWithoutABucket(t *testing.T) {
	l := newLimitedLog(t, func(l *limits) { l.buckets = 1 }, "sender 1/10s")
	l.send(1, at(5))
	l.send(1, at(3)) // none before it
	l.want(1, "after a late line without room")
	l.send(1, at(6))
	l.want(2, "at the second of another")
}

func TestSecondThatHasLeftAShortWindow(t *testing.T) {
	l := newLimitedLog(t, func(l *limits) { l.buckets = 1 }, "sender 1/10s", "sender 1/1h")
	l.send(1, at(0))
	l.send(2, at(20)) // would go with the first, of which the short window knows nothing any more
	l.want(1, "after arrivals without room")
	if got := l.counters.Stats(); got.DroppedKeys != 2 || got.MergedArrivals != 0 {
		t.Errorf("%+v, want 2 arrivals dropped", got)
	}
}

// rowBytes is the size of a row of alice's with a subject of four bytes: hash, second, milliseconds, recipients, bytes,
// scopes, message id, the bits of its values, sender, and subject.
const rowBytes = 2 + 1 + 1 + 1 + 2 + 1 + 4 + 2 + 3 + 5

func TestForgottenRowsAreStillCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*limits)
		rows   int
	}{
		{"rows", func(l *limits) { l.rows = 5 }, 5},
		{"bytes", func(l *limits) { l.text = 6*rowBytes + rowBytes/2 }, 6},
		{"all but the newest", func(l *limits) { l.text = 0 }, 1},
	} {
		l := newLimitedLog(t, tt.change, "sender 20/1m")
		send := func(n int, sender string) (opened []*Alert) {
			for range n {
				a := l.arrival(at(l.n), sender)
				a.Values[Subject] = fmt.Appendf(nil, "s %02d", l.n)
				opened = append(opened, l.count(a)...)
			}
			return opened
		}
		send(1, "bob")
		send(1, "carol")
		opened := send(21, "alice")
		if len(opened) != 1 {
			t.Fatalf("%s: %d alerts opened, want 1", tt.name, len(opened))
		}
		a := opened[0]
		if a.Messages != 21 || a.Recipients != 42 || a.Bytes != 21000 || a.CrossedBy != "m23" {
			t.Errorf("%s: totals %d, %d, %d by %s", tt.name, a.Messages, a.Recipients, a.Bytes, a.CrossedBy)
		}
		if n, _ := a.Distinct(Subject); n != tt.rows || !a.Last.Equal(at(22)) || !a.First.Equal(at(23-tt.rows)) {
			t.Errorf("%s: %d subjects from %v to %v, want the last %d", tt.name, n, a.First, a.Last, tt.rows)
		}
		if got := l.counters.Stats(); got.Rows != tt.rows || got.ForgottenRows != 23-tt.rows || got.Keys != 3 {
			t.Errorf("%s: held %+v", tt.name, got)
		}
		l.ended = l.counters.Advance(at(1000))
		l.endedAt(1, at(62+60)) // the first of 21, of second 2, leaves a minute later
		if got := l.counters.Stats(); got != (Stats{ForgottenRows: 23 - tt.rows}) {
			t.Errorf("%s: held at the end: %+v", tt.name, got)
		}
	}
}

func TestTooManyAlerts(t *testing.T) {
	l := newLimitedLog(t, func(l *limits) { l.open = 2 }, "sender 1/10s")
	for _, sender := range []string{"a", "b", "c"} {
		l.count(l.arrival(at(0), sender))
		l.count(l.arrival(at(0), sender))
	}
	if got := l.counters.Stats(); got.Open != 2 || got.RefusedAlerts != 1 || got.Keys != 3 {
		t.Errorf("%+v, want 2 open and 1 refused", got)
	}
	l.count(l.arrival(at(15), "c"))
	l.count(l.arrival(at(15), "c")) // refused again
	opened := l.count(l.arrival(at(20), "c"))
	if len(opened) != 1 || opened[0].Count != 3 || len(l.ended) != 2 {
		t.Errorf("opened %+v when two had ended, want one", opened)
	}
	if got := l.counters.Stats(); got.RefusedAlerts != 2 {
		t.Errorf("%d refused, want 2", got.RefusedAlerts)
	}
}

func TestTooManyAlertsRestored(t *testing.T) {
	l := newLog(t, "sender 1/10s")
	for _, sender := range []string{"a", "b", "c"} {
		l.count(l.arrival(at(0), sender))
		l.count(l.arrival(at(0), sender))
	}
	for _, change := range []func(*limits){
		func(l *limits) { l.open = 2 },
		func(l *limits) { l.keys = 2 },
	} {
		again := newLimitedLog(t, change, "sender 1/10s")
		again.counters.SetClock(l.counters.Clock())
		again.counters.Restore(saveAndLoad(t, l.counters))
		if got := again.counters.Stats(); got.Open != 2 || got.RefusedAlerts != 1 {
			t.Errorf("%+v, want 2 open and 1 refused", got)
		}
	}
}

func TestBudgetOfTallies(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*limits)
	}{
		{"rows", func(l *limits) { l.tallied = 1 + 9 + 1 }}, // alice, subjects, the topic
		{"bytes", func(l *limits) { l.talliedText = len("alice") + 9*len("s 10") + len("s #") }},
	} {
		l := newLimitedLog(t, tt.change, "sender 1/10s")
		send := func() {
			for range 20 {
				a := l.arrival(at(l.n), "alice")
				a.Values[Subject] = fmt.Appendf(nil, "s %02d", l.n%16+10)
				l.count(a)
			}
		}
		send()
		a := l.counters.Open()[0]
		if n, more := a.Distinct(Subject); n != 9 || !more || a.Messages != 20 {
			t.Errorf("%s: %d subjects, %v more, of %d messages, want 9, true, of 20", tt.name, n, more, a.Messages)
		}
		if diff := gocmp.Diff([]ValueCount{{"alice", 20, 40, 20000}}, a.Top(Sender, 0)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		l.counters.Restore(saveAndLoad(t, l.counters))
		if n, more := a.Distinct(Subject); n != 9 || !more {
			t.Errorf("%s: restored %d subjects, %v more", tt.name, n, more)
		}
		l.counters.Advance(at(1000))
		if b := l.counters.budget; b.rows != 0 || b.text != 0 {
			t.Errorf("%s: %d rows and %d bytes not given back", tt.name, b.rows, b.text)
		}
	}
}
