package window

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAlertIDOfPartsThatRunTogether(t *testing.T) {
	r := Rule{Key: Sender, Limit: 20, Window: 5 * time.Minute}
	ids := map[string]string{}
	for _, tt := range []struct {
		value, messageID string
		rule             Rule
	}{
		{"a", "bc", r},
		{"ab", "c", r},
		{"abc", "", r},
		{"", "abc", r},
		{"a", "bc", Rule{Key: Sender, Count: Recipients, Limit: 20, Window: 5 * time.Minute}},
		{"a", "bc", Rule{Key: Sender, Limit: 2, Window: 5 * time.Minute}},
	} {
		id := alertID(tt.rule, tt.value, &Arrival{MessageID: []byte(tt.messageID)})
		what := fmt.Sprintf("%v of %q by %q", tt.rule, tt.value, tt.messageID)
		if other, ok := ids[id]; ok || len(id) != 20 {
			t.Errorf("id %s of %s is also that of %s", id, what, other)
		}
		ids[id] = what
	}
}

// Mail headers and spools keep an id, so later versions must make the same one. The rule's name has no part in it.
func TestAlertIDStaysTheSame(t *testing.T) {
	r := Rule{Name: "bulk sender", Key: Account, Limit: 20, Window: 5 * time.Minute}
	const want = "0dd6dfef2c3f31d16ac4" // sha256sum of the parts, by hand
	if got := alertID(r, "alice@lab.test", &Arrival{MessageID: []byte("1vN2ab-000000001Xy-2kLm")}); got != want {
		t.Errorf("alertID = %q, want %q", got, want)
	}
}

func TestTotalsIncludeTheWindowThatCrossed(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(1, at(-5)) // leaves before the limit is crossed
	l.send(1, at(5))
	l.count(l.arrival(at(6), "bob"))
	l.send(1, at(6))
	alert := l.send(1, at(10))[0]
	checkTotals(t, alert, 3, at(5), at(10), "m2", "m4", "m5")
	l.count(l.arrival(at(11), "bob"))
	l.send(2, at(12))
	checkTotals(t, alert, 5, at(5), at(12), "m2", "m5", "m8")
	l.send(1, at(9)) // late
	checkTotals(t, alert, 6, at(5), at(12), "m2", "m5", "m8")
	if alert.Count != 3 || alert.Peak != 6 {
		t.Errorf("count %d and peak %d, want 3 and 6", alert.Count, alert.Peak)
	}
	l.ended = l.counters.Advance(at(100))
	l.endedAt(1, at(20+10)) // the two of 12 are left when that of 10 leaves
	checkTotals(t, alert, 6, at(5), at(12), "m2", "m5", "m8")
}

func checkTotals(t *testing.T, a *Alert, messages int64, first, last time.Time, samples ...string) {
	t.Helper()
	if a.Messages != messages || a.Recipients != 2*messages || a.Bytes != 1000*messages {
		t.Errorf("totals %d, %d, %d, want %d messages of 2 recipients and 1000 bytes", a.Messages, a.Recipients,
			a.Bytes, messages)
	}
	if !a.First.Equal(first) || !a.Last.Equal(last) {
		t.Errorf("from %v to %v, want %v to %v", a.First, a.Last, first, last)
	}
	if !slices.Equal(a.Samples, samples) {
		t.Errorf("samples %q, want %q", a.Samples, samples)
	}
}

func TestLateLineIsTheFirst(t *testing.T) {
	l := newLog(t, "sender recipients 1/10s")
	alert := l.send(1, at(5))[0]
	l.send(1, at(2))
	checkTotals(t, alert, 2, at(2), at(5), "m2", "m1")
}

func TestLateLineCrosses(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(2, at(5))
	alert := l.send(1, at(4))[0]
	checkTotals(t, alert, 3, at(4), at(5), "m3", "m2")
}

func TestAlertKeepsZoneAndMilliseconds(t *testing.T) {
	zone := time.FixedZone("", 5*3600+1800)
	stamp := at(0).In(zone).Add(123 * time.Millisecond)
	l := newLog(t, "sender 1/10s")
	l.send(1, stamp)
	alert := l.send(1, stamp.Add(time.Second))[0]
	l.counters.Advance(at(100))
	for _, tt := range []struct {
		name string
		got  time.Time
		want string
	}{
		{"first", alert.First, "2026-11-01T17:30:00.123+05:30"},
		{"last", alert.Last, "2026-11-01T17:30:01.123+05:30"},
		{"opened", alert.Opened, "2026-11-01T17:30:01.123+05:30"},
		{"ended", alert.Ended, "2026-11-01T17:30:20+05:30"},
	} {
		if got := tt.got.Format(time.RFC3339Nano); got != tt.want {
			t.Errorf("%s = %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestLongMessageID(t *testing.T) {
	l := newLog(t, "sender 1/10s")
	l.send(1, at(0))
	a := l.arrival(at(0), "alice")
	a.MessageID = []byte("0123456789012345678901234567890")
	alert := l.count(a)[0]
	if alert.CrossedBy != string(a.MessageID) {
		t.Errorf("crossed by %q, want %q", alert.CrossedBy, a.MessageID)
	}
	if want := []string{"m1", "012345678901234567890123"}; !slices.Equal(alert.Samples, want) {
		t.Errorf("samples %q, want %q", alert.Samples, want)
	}
}

func TestTop(t *testing.T) {
	l := newLog(t, "sender 3/10s")
	for i, subject := range []string{"b", "a", "c", "b", "a", "d", "c", "c"} {
		a := l.arrival(at(i), "alice")
		a.Values[Subject] = []byte(subject)
		if i == 5 {
			a.Values[Subject] = nil
		}
		l.count(a)
	}
	alert := l.counters.Open()[0]
	want := []ValueCount{{"c", 3, 6, 3000}, {"b", 2, 4, 2000}, {"a", 2, 4, 2000}}
	if diff := cmp.Diff(want, alert.Top(Subject, 0)); diff != "" {
		t.Errorf("Top(Subject, 0): %s", diff)
	}
	if diff := cmp.Diff(want[:2], alert.Top(Subject, 2)); diff != "" {
		t.Errorf("Top(Subject, 2): %s", diff)
	}
	if diff := cmp.Diff([]ValueCount{{"alice", 8, 16, 8000}}, alert.Top(Sender, 5)); diff != "" {
		t.Errorf("Top(Sender, 5): %s", diff)
	}
	if n, more := alert.Distinct(Subject); n != 3 || more {
		t.Errorf("Distinct(Subject) = %d, %v, want 3, false", n, more)
	}
	if rows := alert.Top(NumKeys, 0); rows != nil {
		t.Errorf("Top of no key: %v", rows)
	}
}

func TestEachSubjectAnother(t *testing.T) {
	l := newLog(t, "sender 1/10s")
	for i := range maxDistinct + 1 {
		if i == maxDistinct {
			if n, more := l.counters.Open()[0].Distinct(Subject); n != maxDistinct || more {
				t.Errorf("Distinct at the bound = %d, %v, want %d, false", n, more, maxDistinct)
			}
		}
		for range 2 {
			a := l.arrival(at(i), "alice")
			a.Values[Subject] = fmt.Appendf(nil, "subject %d", i)
			l.count(a)
		}
	}
	alert := l.counters.Open()[0]
	if n, more := alert.Distinct(Subject); n != maxDistinct || !more {
		t.Errorf("Distinct beyond the bound = %d, %v, want %d, true", n, more, maxDistinct)
	}
	if rows := alert.Top(Subject, 0); len(rows) != maxDistinct || rows[0].Messages != 2 {
		t.Errorf("%d rows, the first %+v, want %d of 2 messages", len(rows), rows[0], maxDistinct)
	}
	if alert.Messages != 2*(maxDistinct+1) {
		t.Errorf("%d messages, want %d", alert.Messages, 2*(maxDistinct+1))
	}
}
