package window

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLimitIsCrossedByTheNext(t *testing.T) {
	l := newLog(t, "sender 20/5m")
	if opened := l.send(20, at(0)); len(opened) != 0 {
		t.Fatalf("%d alerts at the limit, want none", len(opened))
	}
	if count, over := l.counters.CountNow(Sender, []byte("alice")); count != 20 || over {
		t.Errorf("Value at the limit = %d, %v, want 20, false", count, over)
	}
	opened := l.send(1, at(299))
	if len(opened) != 1 || opened[0].CrossedBy != "m21" || opened[0].Count != 21 || !opened[0].Opened.Equal(at(299)) {
		t.Fatalf("alerts opened by the 21st: %+v", opened)
	}
	if count, over := l.counters.CountNow(Sender, []byte("alice")); count != 21 || !over {
		t.Errorf("Value over the limit = %d, %v, want 21, true", count, over)
	}
}

func TestArrivalLeavesAfterExactlyTheWindow(t *testing.T) {
	for _, window := range []int{10, 300, 86400, 31 * 86400} {
		l := newLog(t, fmt.Sprintf("sender 1/%ds", window))
		l.send(1, at(0))
		l.counters.Advance(at(window - 1))
		l.want(1, "in the last second of the window")
		if opened := l.send(1, at(window)); len(opened) != 0 {
			t.Errorf("window of %d s: still counted when it is over", window)
		}
		l.want(1, "a window later")
	}
}

func TestAlertEndsAfterOneWindowDown(t *testing.T) {
	// Limit 2 in 10 s, three messages at 0: the count falls to 0 at 10 and the alert ends at 20.
	for _, tt := range []struct {
		name   string
		again  int // second of three more messages
		opened int
		ended  []int
	}{
		{"again as the count falls", 10, 1, []int{30}},
		{"again in the last second", 19, 1, []int{39}},
		{"again when it has ended", 20, 2, []int{20, 40}},
		{"again days later", 200000, 2, []int{20, 200020}},
	} {
		l := newLog(t, "sender 2/10s")
		alerts := l.send(3, at(0))
		alerts = append(alerts, l.send(3, at(tt.again))...)
		l.ended = append(l.ended, l.counters.Advance(at(1e6))...)
		if len(alerts) != tt.opened || len(l.ended) != len(tt.ended) {
			t.Errorf("%s: %d alerts opened and %d ended, want %d", tt.name, len(alerts), len(l.ended), tt.opened)
			continue
		}
		for i, second := range tt.ended {
			if !alerts[i].Ended.Equal(at(second)) {
				t.Errorf("%s: alert %d ended %v, want %v", tt.name, i, alerts[i].Ended, at(second))
			}
		}
		if tt.opened == 2 && alerts[0].ID == alerts[1].ID {
			t.Errorf("%s: both alerts are %s", tt.name, alerts[0].ID)
		}
	}
}

func TestAlertStillOverWhenLookedAtEndsInTime(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(3, at(0))
	l.send(3, at(2))
	for s := 3; s < 22; s++ { // the count falls at 12
		if ended := l.counters.Advance(at(s)); len(ended) != 0 {
			t.Fatalf("ended at %d", s)
		}
	}
	l.ended = l.counters.Advance(at(22))
	l.endedAt(1, at(22))
}

func TestLateLineBeforeTheOldestBucket(t *testing.T) {
	l := newLog(t, "sender 9/10s")
	l.send(1, at(0))
	l.send(1, at(9))
	l.send(1, at(10)) // 0 leaves
	l.send(1, at(8))
	for _, step := range []struct {
		second int
		count  int64
	}{{17, 3}, {18, 2}, {19, 1}, {20, 0}} {
		l.counters.Advance(at(step.second))
		l.want(step.count, fmt.Sprintf("at %d", step.second))
	}
}

func TestOpenInTheOrderOpened(t *testing.T) {
	l := newLog(t, "sender 1/10s", "sender 2/1h")
	var want []*Alert
	for i := range 60 {
		want = append(want, l.count(l.arrival(at(i/12), fmt.Sprint("sender", i*7%20)))...)
	}
	if open := l.counters.Open(); len(open) != 40 || !slices.Equal(open, want) {
		t.Errorf("%d alerts open in another order than the %d opened", len(open), len(want))
	}
}

func TestAtTheLimitIsNotOver(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(3, at(0))
	for s := 5; s < 100; s += 5 { // two in any 10 s from 10 on
		l.send(1, at(s))
	}
	l.endedAt(1, at(20))
	if alerts := l.counters.Open(); len(alerts) != 0 {
		t.Errorf("%d alerts open at the limit", len(alerts))
	}
}

func TestAlertThatEndedInCountIsReturnedByAdvance(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	first := l.send(3, at(0))
	var second []*Alert
	for range 3 {
		opened, _ := l.counters.Count(l.arrival(at(20), "alice"))
		second = append(second, opened...)
	}
	if len(second) != 1 || second[0].ID == first[0].ID {
		t.Fatalf("alerts opened by Count alone: %v", second)
	}
	if ended := l.counters.Advance(at(20)); len(ended) != 1 || ended[0] != first[0] || !ended[0].Ended.Equal(at(20)) {
		t.Errorf("Advance returned %v, want the first alert", ended)
	}
	if ended := l.counters.Advance(at(20)); len(ended) != 0 {
		t.Errorf("Advance returned an alert twice")
	}
}

func TestRecipientsAndBytes(t *testing.T) {
	l := newLog(t, "sender recipients 5/10s", "sender bytes 5000/10s")
	weigh := func(recipients, bytes int64) []*Alert {
		a := l.arrival(at(0), "alice")
		a.Recipients, a.Bytes = recipients, bytes
		return l.count(a)
	}
	for _, step := range []struct {
		recipients, bytes int64
		opened            string
	}{
		{5, 0, ""},
		{0, 0, ""},
		{-7, -7, ""},
		{0, 5000, ""},
		{1, 0, "recipients"},
		{0, 1, "bytes"},
		{1, 1, ""},
	} {
		var names []string
		for _, a := range weigh(step.recipients, step.bytes) {
			names = append(names, a.Rule.Count.String())
		}
		if got := strings.Join(names, " "); got != step.opened {
			t.Errorf("%d recipients and %d bytes opened %q, want %q", step.recipients, step.bytes, got, step.opened)
		}
	}
}

func TestHostileWeightsDoNotWrap(t *testing.T) {
	l := newLog(t, "sender bytes 1/1d")
	var alert *Alert
	for range 1000 {
		a := l.arrival(at(0), "alice")
		a.Bytes, a.Recipients = 1<<63-1, 1<<63-1
		if opened := l.count(a); len(opened) > 0 {
			alert = opened[0]
		}
	}
	if alert == nil || alert.Peak != 1000*maxWeight || alert.Bytes != alert.Peak || alert.Recipients != alert.Peak {
		t.Fatalf("alert %+v, want sums of %d", alert, int64(1000*maxWeight))
	}
	l.counters.Advance(at(86400))
	l.want(0, "after the window")
}

func TestSaturate(t *testing.T) {
	const most = 1<<63 - 1
	if got := saturate(most-1, 5); got != most {
		t.Errorf("saturate = %d, want %d", got, int64(most))
	}
}

func TestArrivalWithoutTheKey(t *testing.T) {
	l := newLog(t, "auth 1/10s", "subject 1/10s")
	for range 3 {
		l.send(1, at(0))
	}
	if got := l.counters.Stats(); got.Keys != 0 {
		t.Errorf("%d keys counted of arrivals without them", got.Keys)
	}
	empty := l.arrival(at(0), "alice")
	empty.Values[Subject] = []byte{}
	l.count(empty)
	if count, _ := l.counters.CountNow(Subject, nil); count != 1 {
		t.Errorf("count of the empty subject %d, want 1", count)
	}
}

func TestSeveralRulesOnOneArrival(t *testing.T) {
	l := newLog(t, "host 1/1m", "sender 1/1h", "sender 2/10s", "sender recipients 1/1d", "host 1/10s")
	send := func(second int) string {
		a := l.arrival(at(second), "alice")
		a.Values[Host] = []byte("192.0.2.1")
		var opened []string
		for _, alert := range l.count(a) {
			opened = append(opened, alert.Rule.Name)
		}
		return strings.Join(opened, ", ")
	}
	for _, step := range []struct {
		second int
		want   string
	}{
		{0, "sender recipients 1/1d"},
		{20, "host 1/1m, sender 1/1h"},
		{21, "host 1/10s"},
		{22, "sender 2/10s"},
	} {
		if got := send(step.second); got != step.want {
			t.Errorf("at %d opened %q, want %q", step.second, got, step.want)
		}
	}
	if got := len(l.counters.Open()); got != 5 {
		t.Errorf("%d alerts open, want 5", got)
	}
	if count, over := l.counters.CountNow(Sender, []byte("alice")); count != 8 || !over {
		t.Errorf("Value = %d, %v, want the highest, 8 recipients, and over", count, over)
	}
	l.ended = append(l.ended, l.counters.Advance(at(1e6))...)
	var order []string
	for _, a := range l.ended {
		order = append(order, a.Rule.Name)
	}
	want := []string{"sender 2/10s", "host 1/10s", "host 1/1m", "sender 1/1h", "sender recipients 1/1d"}
	if !slices.Equal(order, want) {
		t.Errorf("ended in the order %q, want %q", order, want)
	}
}

func TestAskingChangesNothing(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(3, at(0))
	l.counters.Advance(at(15))
	before := l.counters.Stats()
	for _, value := range []string{"alice", "bob", ""} {
		for k := range NumKeys + 2 {
			l.counters.CountNow(k, []byte(value))
		}
	}
	if after := l.counters.Stats(); after != before {
		t.Errorf("held %+v after asking, %+v before", after, before)
	}
	l.ended = l.counters.Advance(at(50))
	l.endedAt(1, at(20))
}

func TestValueFollowsTime(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(2, at(0))
	l.send(3, at(4))
	for _, step := range []struct {
		second int
		count  int64
		over   bool
	}{{9, 5, true}, {10, 3, true}, {13, 3, true}, {14, 0, false}} {
		l.counters.Advance(at(step.second))
		if count, over := l.counters.CountNow(Sender, []byte("alice")); count != step.count || over != step.over {
			t.Errorf("at %d: Value = %d, %v, want %d, %v", step.second, count, over, step.count, step.over)
		}
	}
}

func TestNoRules(t *testing.T) {
	l := newLog(t)
	l.send(3, at(0))
	if got := l.counters.Stats(); got != (Stats{}) {
		t.Errorf("held without a rule: %+v", got)
	}
}

func TestSameArrivalsSameAlerts(t *testing.T) {
	run := func() (ids []string) {
		l := newLog(t, "sender 3/10s", "sender bytes 2500/1m")
		for i := range 2000 {
			a := l.arrival(at(i/4), fmt.Sprintf("sender%d", i*i%17))
			for _, alert := range l.count(a) {
				ids = append(ids, alert.ID)
			}
		}
		for _, alert := range slices.Concat(l.ended, l.counters.Open(), l.counters.Advance(at(1e6))) {
			ids = append(ids, alert.ID)
		}
		return ids
	}
	first := run()
	if len(first) < 20 {
		t.Fatalf("only %d alerts", len(first))
	}
	for range 5 {
		if again := run(); !slices.Equal(again, first) {
			t.Fatalf("another run gave other alerts:\n%q\n%q", again, first)
		}
	}
}

func TestZeroTimeIsATime(t *testing.T) {
	l := newLog(t, "sender 1/10s")
	if opened := l.send(2, time.Time{}); len(opened) != 1 {
		t.Errorf("%d alerts opened at the zero time, want 1", len(opened))
	}
}
