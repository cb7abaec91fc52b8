package window

import (
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestLongestOfNoRules(t *testing.T) {
	if got := newLog(t).counters.Longest(); got != 0 {
		t.Errorf("Longest without rules = %v", got)
	}
	if got := newLog(t, "sender 1/10s", "host 1/1h", "sender 2/1m").counters.Longest(); got != time.Hour {
		t.Errorf("Longest = %v, want 1h", got)
	}
}

func TestSavedIsExactWhateverTheBytes(t *testing.T) {
	l := newLog(t, "sender 1/10s")
	const value = "\xff<\x00>\u2028\xc3"
	stamp := time.Date(9999, 12, 31, 23, 59, 58, 123456789, time.FixedZone("", -(5*3600+30*60+15)))
	for range 2 {
		a := l.arrival(stamp, value)
		a.MessageID = []byte("\xfe\x01")
		for k := range a.Values {
			a.Values[k] = []byte(value)
		}
		l.count(a)
	}
	open := l.counters.Open()[0]
	open.Fates.Known, open.Fates.Queued = true, 4
	for i, n := range []Nature{Delivered, Refused, Refused, Deferred} {
		l.counters.AddFate(open, n, []byte(value), []byte(fmt.Sprint(value, i/2)))
	}
	want := open.Refusals(0)
	saved := saveAndLoad(t, l.counters)
	again := newLog(t, "sender 1/10s").counters
	again.SetClock(l.counters.Clock())
	again.Restore(saved)
	if diff := gocmp.Diff(seenOfAll(l.counters.Open()), seenOfAll(again.Open())); diff != "" {
		t.Error(diff)
	}
	if diff := gocmp.Diff(l.counters.Save(), again.Save()); diff != "" {
		t.Errorf("saved again: %s", diff)
	}
	restored := again.Open()[0]
	if restored.Fates != open.Fates || restored.Fates == (Fates{}) || !gocmp.Equal(restored.Refusals(0), want) {
		t.Errorf("restored %+v, %+v, want %+v, %+v", restored.Fates, restored.Refusals(0), open.Fates, want)
	}
}

func TestSavedIsOfOneMoment(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(4, at(0))
	saved := l.counters.Save()
	want := fmt.Sprintf("%+v", saved)
	l.send(5, at(1))
	if got := fmt.Sprintf("%+v", saved); got != want {
		t.Errorf("saved %s, a message later %s", want, got)
	}
}

func TestRestoreWithoutTheLog(t *testing.T) {
	for _, tt := range []struct {
		name  string
		saved int // second
		again int // second of three more messages, 0 for none
		ended int
	}{
		{"saved while over", 3, 0, 3 + 10},
		{"saved when the count had fallen", 14, 0, 20},
		{"kept open", 14, 16, 36},
		{"kept open in the last second", 14, 19, 39},
	} {
		l := newLog(t, "sender 2/10s")
		id := l.send(3, at(0))[0].ID
		l.counters.Advance(at(tt.saved))
		gone := newLog(t, "sender 2/10s")
		gone.n = 10
		gone.counters.SetClock(l.counters.Clock())
		if fresh := gone.counters.Restore(saveAndLoad(t, l.counters)); len(fresh) > 0 {
			t.Errorf("%s: %d alerts of no lines", tt.name, len(fresh))
		}
		if tt.again > 0 {
			if opened := gone.send(3, at(tt.again)); len(opened) > 0 {
				t.Errorf("%s: opened again", tt.name)
			}
		}
		gone.ended = gone.counters.Advance(at(tt.ended - 1))
		gone.ended = append(gone.ended, gone.counters.Advance(at(100))...)
		gone.endedAt(1, at(tt.ended))
		if a := gone.ended[0]; a.ID != id || a.Messages != 3 && tt.again == 0 || a.Messages != 6 && tt.again > 0 {
			t.Errorf("%s: ended %+v", tt.name, a)
		}
		if got := gone.counters.Stats(); got != (Stats{}) {
			t.Errorf("%s: held at the end: %+v", tt.name, got)
		}
	}
}

func TestRestoreOfAnAlertLongPast(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(3, at(0))
	later := newLog(t, "sender 2/10s")
	later.counters.Advance(at(1000)) // it isn't the log of the checkpoint
	later.counters.Restore(saveAndLoad(t, l.counters))
	later.ended = later.counters.Advance(at(1001))
	later.endedAt(1, at(1000))
}

func TestRestoreWithPartOfTheLog(t *testing.T) {
	whole := newLog(t, "sender 2/10s")
	id := whole.send(3, at(0))[0].ID
	part := newLog(t, "sender 2/10s")
	part.n = 3
	part.send(2, at(5)) // what is left of six
	part.send(1, at(6))
	part.counters.Advance(at(15)) // it fell, but ends later, as of the others
	whole.send(3, at(5))
	whole.send(6, at(9))
	whole.counters.Advance(at(15))
	part.counters.Restore(saveAndLoad(t, whole.counters))
	part.ended = part.counters.Advance(at(24))
	part.ended = append(part.ended, part.counters.Advance(at(100))...)
	part.endedAt(1, at(25))
	if part.ended[0].ID != id {
		t.Errorf("ended %s, want %s", part.ended[0].ID, id)
	}
}

func TestRestoreUnderOtherRules(t *testing.T) {
	l := newLog(t, "sender 1/10s", "sender 2/10s", "sender 3/10s")
	l.send(4, at(0))
	rules := []Rule{l.counters.rules[2].Rule, l.counters.rules[0].Rule}
	rules[0].Name = "renamed"
	c := newCounters(t, rules)
	c.SetClock(l.counters.Clock())
	c.Restore(saveAndLoad(t, l.counters))
	var names []string
	for _, a := range c.Open() {
		names = append(names, a.Rule.Name)
	}
	if want := []string{"sender 1/10s", "renamed"}; !slices.Equal(names, want) {
		t.Errorf("open after the rules changed: %q, want %q", names, want)
	}
}

func TestLinesAddedToThePast(t *testing.T) {
	read := func(late bool) *testLog {
		l := newLog(t, "sender 2/10s")
		for second, sender := range []string{"bob", "alice", "carol", "bob", "alice", "bob", "alice"} {
			if late && sender == "alice" {
				l.count(l.arrival(at(second), "dave"))
			}
			l.count(l.arrival(at(second), sender))
		}
		return l
	}
	was, is := read(false), read(true)
	saved := saveAndLoad(t, was.counters)
	fresh := is.counters.Restore(saved)
	if len(fresh) != 1 || fresh[0].Value != "dave" {
		t.Fatalf("fresh alerts %+v, want that of dave", fresh)
	}
	var open []string
	for _, a := range is.counters.Open() {
		open = append(open, a.Value)
	}
	if want := []string{"bob", "alice", "dave"}; !slices.Equal(open, want) {
		t.Errorf("open %q, want %q", open, want)
	}
	if got := is.counters.Open()[1].ID; got != saved.Alerts[1].ID {
		t.Errorf("alice's alert is %s, want the saved %s", got, saved.Alerts[1].ID)
	}
	if fresh := is.counters.Restore(is.counters.Save()); len(fresh) > 0 {
		t.Errorf("restored what was just saved: %d fresh", len(fresh))
	}
}

func TestSetClockOutOfRange(t *testing.T) {
	for _, to := range []Clock{{-1 << 63, -1 << 63}, {1<<63 - 1, 1<<63 - 1}} {
		l := newLog(t, "sender 1/10s")
		l.counters.SetClock(to)
		l.send(3, at(0))
		l.send(3, at(-100))
		if got := l.counters.Clock(); got.Now < minStamp || got.Now > maxNow || got.Shift < 0 {
			t.Errorf("clock set to %+v is %+v after a line", to, got)
		}
	}
}
