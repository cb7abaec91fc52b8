package window

import (
	"fmt"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// newExcepted is newLog for one rule with exceptions for alice.
func newExcepted(t *testing.T, rule string, exceptions ...Exception) *testLog {
	t.Helper()
	r, err := ParseRule(rule)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range exceptions {
		if e.Match == nil {
			e.Match = func(value string) bool { return value == "alice" }
		}
		r.Except = append(r.Except, e)
	}
	return &testLog{t: t, counters: newCounters(t, []Rule{r})}
}

func TestExceptionIsForValuesThatMatch(t *testing.T) {
	l := newExcepted(t, "sender 2/10s", Exception{Limit: 4})
	for i, sender := range []string{"bob", "alice", "bob", "alice", "bob", "alice", "alice", "alice"} {
		opened := l.count(l.arrival(at(i), sender))
		if want := i == 4 || i == 7; (len(opened) > 0) != want {
			t.Errorf("arrival %d of %s opened %d alerts", i, sender, len(opened))
		}
		for _, a := range opened {
			if want := map[string]int64{"alice": 4, "bob": 2}[sender]; a.Limit != want || a.Count != want+1 ||
				a.Rule.Limit != 2 {
				t.Errorf("%s: limit %d crossed by %d, want %d", sender, a.Limit, a.Count, want)
			}
		}
	}
	l.ended = append(l.ended, l.counters.Advance(at(1000))...)
	l.endedAt(2, at(11+10)) // alice had four when that of 1 left; bob's, two when that of 0 left, ended before
}

func TestValidateExceptions(t *testing.T) {
	all := func(string) bool { return true }
	for _, tt := range []struct {
		name string
		e    []Exception
		want string
	}{
		{"the rule's limit", []Exception{{Match: all, Limit: 3}, {Match: all, Limit: 2}}, "exception 2: limit 2"},
		{"no match", []Exception{{Limit: 3}}, "exception 1: no pattern"},
		{"too many", make([]Exception, maxExceptions+1), "65536 exceptions"},
	} {
		r := Rule{Key: Sender, Limit: 2, Window: time.Minute, Except: tt.e}
		if _, err := New([]Rule{r}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

func TestExceptionEnds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		until time.Time
		lower int // first second at which an arrival crosses the rule's own limit
	}{
		{"at a second", at(5), 5},
		{"within a second", at(5).Add(time.Millisecond), 6},
		{"before the log", at(-100), 0},
		{"never", time.Time{}, -1},
	} {
		for second := range 9 {
			l := newExcepted(t, "sender 2/10s", Exception{Limit: 9, Until: tt.until})
			l.send(2, at(0))
			opened := l.send(1, at(second))
			if want := tt.lower >= 0 && second >= tt.lower; (len(opened) > 0) != want || want && opened[0].Limit != 2 {
				t.Errorf("%s: at %d opened %+v", tt.name, second, opened)
			}
			if _, over := l.counters.CountNow(Sender, []byte("alice")); over != (len(opened) > 0) {
				t.Errorf("%s: at %d over: %v", tt.name, second, over)
			}
		}
	}
}

// No arrival comes as the exception ends. The next message opens the alert, with those of the window.
func TestOverWhenTheExceptionEnds(t *testing.T) {
	l := newExcepted(t, "sender 2/10s", Exception{Limit: 9, Until: at(5)})
	l.send(4, at(0))
	l.counters.Advance(at(4))
	if _, over := l.counters.CountNow(Sender, []byte("alice")); over {
		t.Error("over before the exception ends")
	}
	l.counters.Advance(at(5))
	if _, over := l.counters.CountNow(Sender, []byte("alice")); !over || len(l.counters.Open()) > 0 {
		t.Errorf("over: %v and %d alerts open when the exception ends, want true and none", over,
			len(l.counters.Open()))
	}
	opened := l.send(1, at(9))
	if len(opened) != 1 || opened[0].Messages != 5 || opened[0].Limit != 2 {
		t.Errorf("opened %+v", opened)
	}
}

// An alert is open when a lower limit starts to apply. Twelve messages at 0 open it; six more come from 10 to 17.
func TestAlertOpenWhenTheExceptionEnds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		until int
		ended int
	}{
		{"before the count falls", 5, 28},
		{"as it falls", 10, 28},
		{"while it is down", 15, 28},
		{"as what is left leaves", 18, 20},
		{"in the last second", 19, 20},
		{"when it has ended", 20, 20},
	} {
		for _, step := range []int{1, 1000} { // however long the log says nothing
			l := newExcepted(t, "sender 2/10s", Exception{Limit: 9, Until: at(tt.until)})
			if opened := l.send(12, at(0)); len(opened) != 1 || opened[0].Limit != 9 {
				t.Fatalf("opened %+v", opened)
			}
			l.send(6, at(8))
			for second := 8; second < 1000; second += step {
				l.ended = append(l.ended, l.counters.Advance(at(second))...)
			}
			l.ended = append(l.ended, l.counters.Advance(at(2000))...)
			l.endedAt(1, at(tt.ended))
		}
	}
}

// Twelve messages leave at 10, so the alert would end at 20. Six are there from 12 to 21.
func TestExceptionThatEndsAsTheAlertDoes(t *testing.T) {
	for _, tt := range []struct{ until, ended int }{{20, 22 + 10}, {21, 20}, {22, 20}} {
		for _, step := range []int{1, 1000} {
			l := newExcepted(t, "sender 2/10s", Exception{Limit: 9, Until: at(tt.until)})
			l.send(12, at(0))
			l.send(6, at(12))
			for second := 12; second < 1000; second += step {
				l.ended = append(l.ended, l.counters.Advance(at(second))...)
			}
			l.ended = append(l.ended, l.counters.Advance(at(2000))...)
			l.endedAt(1, at(tt.ended))
		}
	}
}

func TestExceptionsEndInTheOrderOfTime(t *testing.T) {
	is := func(name string) func(string) bool { return func(value string) bool { return value == name } }
	l := newExcepted(t, "sender 1/1m", Exception{Limit: 5, Until: at(20), Match: is("alice")},
		Exception{Limit: 5, Until: at(10), Match: is("bob")})
	for _, step := range []struct {
		second int
		sender string
		over   bool
	}{{0, "alice", false}, {0, "bob", false}, {9, "bob", false}, {10, "bob", true}, {19, "alice", false},
		{20, "alice", true}} {
		l.count(l.arrival(at(step.second), step.sender))
		if _, over := l.counters.CountNow(Sender, []byte(step.sender)); over != step.over {
			t.Errorf("at %d: %s over: %v", step.second, step.sender, over)
		}
	}
}

func TestFirstExceptionThatHasNotEnded(t *testing.T) {
	l := newExcepted(t, "sender 2/10s",
		Exception{Limit: 50, Match: func(value string) bool { return value == "bob" }},
		Exception{Limit: 4, Until: at(20)}, Exception{Limit: 6, Until: at(30)}, Exception{Limit: 5},
		Exception{Limit: 7})
	for _, step := range []struct{ second, limit int }{{0, 4}, {10, 4}, {20, 6}, {30, 5}, {40, 5}} {
		l.counters.Advance(at(step.second))
		for i := range step.limit {
			l.send(1, at(step.second))
			if _, over := l.counters.CountNow(Sender, []byte("alice")); over {
				t.Errorf("at %d: over with %d", step.second, i+1)
			}
		}
		l.counters.CountNow(Sender, []byte("alice"))
	}
	l.send(1, at(40))
	if open := l.counters.Open(); len(open) != 1 || open[0].Limit != 5 {
		t.Errorf("open %+v, want one over 5", open)
	}
}

// The count falls below a higher limit when that starts to apply.
func TestHigherLimitComesToApply(t *testing.T) {
	l := newExcepted(t, "sender 2/10s", Exception{Limit: 3, Until: at(5)}, Exception{Limit: 8})
	l.send(6, at(0))
	l.ended = l.counters.Advance(at(100))
	l.endedAt(1, at(5+10))
}

func TestNoRoomNearAnExceptedLimit(t *testing.T) {
	l := newExcepted(t, "sender 2/1m", Exception{Limit: 20, Until: at(10)})
	l.counters.limits.keys = 2
	l.send(10, at(0)) // half of her limit
	for _, sender := range []string{"bob", "carol"} {
		l.count(l.arrival(at(1), sender))
	}
	l.want(10, "of whom is near an excepted limit")
	l = newExcepted(t, "sender 2/1m", Exception{Limit: 20, Until: at(10)})
	l.counters.limits.keys = 2
	l.send(9, at(0)) // far from her limit, though not from the rule's
	for _, sender := range []string{"bob", "carol"} {
		l.count(l.arrival(at(1), sender))
	}
	l.want(0, "of whom is far from an excepted limit")
}

// The end of the exception keeps the alert open. Reading the log again doesn't show that; Restore does.
func TestRestoreWithAnException(t *testing.T) {
	read := func(l *testLog, from int) {
		l.n = 0
		for _, second := range []int{14, 14, 14, 14, 14, 14, 23, 23, 23, 23} {
			l.n++
			if second >= from {
				l.n--
				l.send(1, at(second))
			}
		}
		l.counters.Advance(at(40))
	}
	exception := Exception{Limit: 5, Until: at(30)}
	whole, again := newExcepted(t, "sender 2/10s", exception), newExcepted(t, "sender 2/10s", exception)
	read(whole, 0)
	read(again, 20)
	saved := saveAndLoad(t, whole.counters)
	if len(saved.Alerts) != 1 || saved.Alerts[0].Limit != 5 || len(again.counters.Open()) != 0 {
		t.Fatalf("saved %+v, and %d open", saved, len(again.counters.Open()))
	}
	again.counters.Restore(saved)
	if diff := gocmp.Diff(seenOfAll(whole.counters.Open()), seenOfAll(again.counters.Open())); diff != "" {
		t.Error(diff)
	}
	for _, l := range []*testLog{whole, again} {
		l.ended = l.counters.Advance(at(1000))
		l.endedAt(1, at(33+10))
	}
}

// The log of an alert is gone, and the alert was saved while under its limit. It ends a window after its count fell to
// the exception's limit.
func TestRestoreOfOneThatFellToAnException(t *testing.T) {
	exception := Exception{Limit: 5}
	l, gone := newExcepted(t, "sender 2/10s", exception), newExcepted(t, "sender 2/10s", exception)
	l.send(6, at(0))
	l.send(4, at(7))
	l.counters.Advance(at(12))
	gone.counters.SetClock(l.counters.Clock())
	gone.counters.Restore(saveAndLoad(t, l.counters))
	gone.ended = gone.counters.Advance(at(1000))
	gone.endedAt(1, at(10+10))
}

// A checkpoint of a version without exceptions has no limits.
func TestRestoreWithoutALimit(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(3, at(0))
	saved := saveAndLoad(t, l.counters)
	saved.Alerts[0].Limit = 0
	l.counters.Restore(saved)
	if got := l.counters.Open()[0].Limit; got != 2 {
		t.Errorf("limit %d, want the rule's, 2", got)
	}
}

func TestExceptionsOfManyValues(t *testing.T) {
	l := newExcepted(t, "sender 2/1m", Exception{
		Limit: 9, Until: at(5), Match: func(value string) bool { return strings.HasSuffix(value, "@lab.test") },
	})
	for i := range 1000 {
		for range 3 {
			a := l.arrival(at(0), fmt.Sprintf("%d@lab.test", i))
			if opened := l.count(a); len(opened) > 0 {
				t.Fatalf("opened %+v", opened[0])
			}
		}
	}
	opened := 0
	for i := range 1000 {
		opened += len(l.count(l.arrival(at(5), fmt.Sprintf("%d@lab.test", i))))
	}
	if opened != 1000 {
		t.Errorf("%d alerts opened when the exception had ended, want 1000", opened)
	}
}
