package window

import (
	"fmt"
	"math"
	"math/bits"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// from counts an arrival of alice from each of the hosts.
func (l *testLog) from(second int, hosts ...string) (opened []*Alert) {
	for _, host := range hosts {
		a := l.arrival(at(second), "alice")
		a.Values[Host] = []byte(host)
		opened = append(opened, l.count(a)...)
	}
	return opened
}

// hosts returns n host addresses, from a number on.
func hosts(first, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("192.0.%d.%d", (first+i)/256, (first+i)%256))
	}
	return names
}

func TestHashStaysTheSame(t *testing.T) {
	const want = 0xca978112ca1bbdca // printf a | sha256sum
	if got := distinctHash([]byte("a")); got != want {
		t.Errorf("hashOf = %x, want %x", got, uint64(want))
	}
}

func TestDistinctAlert(t *testing.T) {
	l := newLog(t, "sender hosts 2/10s")
	if opened := l.from(0, "a", "b", "a", "b", "b"); len(opened) > 0 {
		t.Fatalf("%d alerts opened by two hosts", len(opened))
	}
	l.from(3, "a")
	a := l.arrival(at(4), "alice") // without a host
	l.count(a)
	l.want(2, "of two hosts")
	opened := l.from(5, "c")
	if len(opened) != 1 || opened[0].Count != 3 || opened[0].Messages != 8 {
		t.Fatalf("opened by the third host: %+v", opened)
	}
	l.from(6, "d")
	l.from(11, "c", "b")
	l.want(4, "when b has come again: a, c, d and b")
	l.ended = append(l.ended, l.counters.Advance(at(13))...)
	l.want(3, "when a has left")
	l.ended = append(l.ended, l.counters.Advance(at(1000))...)
	l.endedAt(1, at(16+10)) // d left at 16
	if peak := opened[0].Peak; peak != 4 {
		t.Errorf("peak %d, want 4", peak)
	}
}

func TestLateLineOfAnInnerValue(t *testing.T) {
	l := newLog(t, "sender hosts 9/10s")
	l.from(9, "a")
	l.from(10, "b")
	l.from(8, "a", "b", "c")
	for _, step := range []struct {
		second int
		count  int64
	}{{17, 3}, {18, 2}, {19, 1}, {20, 0}} {
		l.counters.Advance(at(step.second))
		l.want(step.count, fmt.Sprintf("at %d", step.second))
	}
}

// A late value that a full level doesn't take is older than one that the level dropped before.
func TestLateLineOfAFullClass(t *testing.T) {
	l := newLimitedLog(t, func(l *limits) { l.levelSize = 1 }, "sender hosts 9/10s")
	var first []string // of the first level
	for i := 0; len(first) < 3; i++ {
		if host := fmt.Sprint(i); distinctHash([]byte(host))&1 == 1 {
			first = append(first, host)
		}
	}
	l.from(9, first[0])
	l.from(10, first[1])
	l.from(8, first[2])
	for _, step := range []struct {
		second int
		count  int64
	}{{18, 2}, {19, 1}, {20, 0}} {
		l.counters.Advance(at(step.second))
		l.want(step.count, fmt.Sprintf("at %d", step.second))
	}
}

func TestEachDistinctMeasure(t *testing.T) {
	l := newLog(t, "auth hosts 9/10s", "auth networks 9/1m", "auth senders 9/2m", "auth subjects 9/3m",
		"auth addresses 9/4m")
	for i := range 24 {
		a := l.arrival(at(0), fmt.Sprint(i%4))
		a.Values[Auth] = []byte("alice")
		a.Values[Host] = fmt.Append(nil, i%2)
		a.Values[Network] = fmt.Append(nil, i%3)
		a.Values[Subject] = fmt.Append(nil, i%6)
		a.Addresses = [][]byte{fmt.Append(nil, i%4), fmt.Append(nil, i%8)}
		l.count(a)
	}
	for _, step := range []struct {
		measure Measure
		second  int
		count   int64
	}{{Addresses, 0, 8}, {Addresses, 239, 8}, {Addresses, 240, 0}} {
		l.counters.Advance(at(step.second))
		if got, _ := l.counters.CountNow(Auth, []byte("alice")); got != step.count {
			t.Errorf("at %d: %d %v, want %d", step.second, got, step.measure, step.count)
		}
	}
}

func TestCountsAddresses(t *testing.T) {
	for _, tt := range []struct {
		rule string
		want bool
	}{{"sender hosts 1/10s", false}, {"sender recipients 1/10s", false}, {"host addresses 1/10s", true}} {
		if got := newLog(t, "sender 1/10s", tt.rule).counters.CountsAddresses(); got != tt.want {
			t.Errorf("CountsAddresses with %s = %v", tt.rule, got)
		}
	}
}

func TestExactUpToAClass(t *testing.T) {
	l := newLog(t, "sender hosts 1000000/1h", "sender hosts 1000000/10s")
	for i, host := range hosts(0, maxLevelSize) {
		l.from(i, host, host)
		l.want(int64(i+1), fmt.Sprintf("after %d hosts", i+1))
	}
	for i := range maxLevelSize {
		l.counters.Advance(at(3600 + i))
		l.want(int64(maxLevelSize-i-1), fmt.Sprintf("when %d hosts have left", i+1))
	}
}

// Somebody who chooses hosts by their hashes gets the count no lower than one more than the size of a level.
func TestChosenHashes(t *testing.T) {
	for _, zeros := range []int{0, 3} {
		l := newLog(t, "sender hosts 1000000/1m")
		n := int64(0)
		for i := 0; n < 3*maxLevelSize; i++ {
			host := fmt.Sprint(i)
			if bits.TrailingZeros64(distinctHash([]byte(host))) != zeros {
				continue
			}
			l.from(0, host)
			n++
			l.want(min(n, maxLevelSize+1), fmt.Sprintf("after %d hosts that end in %d zeros", n, zeros))
		}
	}
}

func TestExactAgainAfterASpike(t *testing.T) {
	l := newLog(t, "sender hosts 1000000/1m")
	l.from(0, hosts(0, 20_000)...)
	if got, _ := l.counters.CountNow(Sender, []byte("alice")); got == 20_000 || math.Abs(float64(got)-20_000) > 2000 {
		t.Errorf("%d of 20000 hosts, want an estimate", got)
	}
	l.from(30, hosts(20_000, 1000)...)
	l.from(59, "198.51.100.1")
	l.counters.Advance(at(60))
	l.want(1001, "when the spike has left")
	for i, host := range hosts(30_000, 20) {
		l.from(61, host)
		l.want(int64(1002+i), "after the spike")
	}
}

// A short window is exact beside a long one that isn't.
func TestShortWindowOfManyInnerValues(t *testing.T) {
	l := newLog(t, "sender hosts 1001/10s", "sender hosts 1000000/1d")
	l.from(0, hosts(0, 50_000)...)
	for second := 10; second < 60; second += 10 {
		opened := l.from(second, hosts(50_000+1000*second, 1001)...)
		if len(opened) > 0 {
			t.Fatalf("opened by 1001 hosts in 10 s: %+v", opened[0])
		}
	}
	if opened := l.from(59, "198.51.100.1"); len(opened) != 1 || opened[0].Count != 1002 {
		t.Errorf("opened by 1002 hosts in 10 s: %+v", opened)
	}
}

func TestEstimatorIsGivenBack(t *testing.T) {
	l := newLog(t, "sender hosts 1000000/1m", "sender subjects 1000000/10s", "sender hosts 1000000/5m")
	for i := range 5000 {
		a := l.arrival(at(i/100), fmt.Sprint("sender", i%7))
		a.Values[Host] = fmt.Append(nil, i)
		a.Values[Subject] = fmt.Append(nil, i/2)
		l.count(a)
	}
	held := l.counters.Stats().DistinctValues
	for i := range 7 {
		l.count(l.arrival(at(49+10), fmt.Sprint("sender", i)))
	}
	f := l.counters.tables[0]
	if got := f.estimators[1].Len(); got != 0 || held < 5000 {
		t.Errorf("%d subjects held after their window, of %d distinct values", got, held)
	}
	l.counters.Advance(at(49 + 10 + 2*300)) // another window for the charts
	if got := l.counters.Stats(); got != (Stats{}) {
		t.Errorf("held at the end: %+v", got)
	}
}

func TestTooManyInnerValues(t *testing.T) {
	l := newLimitedLog(t, func(l *limits) { l.distinct = 10 }, "sender hosts 8/1m")
	send := func(sender string, first, n int) {
		for _, host := range hosts(first, n) {
			a := l.arrival(at(0), sender)
			a.Values[Host] = []byte(host)
			l.count(a)
		}
	}
	want := func(sender string, count int64) {
		t.Helper()
		if got, _ := l.counters.CountNow(Sender, []byte(sender)); got != count {
			t.Errorf("%s: count %d, want %d", sender, got, count)
		}
	}
	send("near", 0, 4)
	send("few", 0, 2)
	send("fewer", 0, 1)
	send("many", 0, 3)
	want("few", 2)
	send("many", 3, 3) // for which fewer and few go, but not near
	want("near", 4)
	want("few", 0)
	want("fewer", 0)
	want("many", 6)
	send("many", 0, 9) // all but the first six are new
	want("near", 4)
	want("many", 6)
	got := l.counters.Stats()
	if got.DistinctValues != 10 || got.DroppedKeys != 2 || got.OmittedDistinct != 3 {
		t.Errorf("held %+v, want 10 distinct values, 2 keys dropped and 3 distinct values omitted", got)
	}
	l.counters.Advance(at(60))
	send("many", 0, 9)
	want("many", 9)
}

func TestRestoreDistinct(t *testing.T) {
	read := func(l *testLog, from, to int) {
		for i := from; i < to; i++ {
			l.n = i
			a := l.arrival(at(i/50), "alice")
			a.Values[Host] = fmt.Append(nil, uint32(i)*2654435761>>20)
			l.count(a)
		}
	}
	rules := []string{"sender hosts 1500/1m", "sender hosts 400/10s", "sender subjects 1/10s"}
	const per, split = 50, 50 * 300
	whole, again := newLog(t, rules...), newLog(t, rules...)
	read(whole, 0, split-per*120)
	again.counters.SetClock(whole.counters.Clock())
	read(whole, split-per*120, split)
	read(again, split-per*120, split)
	if count, _ := whole.counters.CountNow(Sender, []byte("alice")); count < 1500 || len(whole.counters.Open()) != 2 {
		t.Fatalf("count %d and %d alerts open, want two beyond a level", count, len(whole.counters.Open()))
	}
	if fresh := again.counters.Restore(saveAndLoad(t, whole.counters)); len(fresh) > 0 {
		t.Errorf("%d fresh alerts", len(fresh))
	}
	for second := 300; second < 400; second += 7 {
		read(whole, per*second, per*second+20)
		read(again, per*second, per*second+20)
		if diff := gocmp.Diff(seenOfAll(whole.counters.Open()), seenOfAll(again.counters.Open())); diff != "" {
			t.Fatalf("at %d: %s", second, diff)
		}
		if diff := gocmp.Diff(valuesOf(whole.counters), valuesOf(again.counters)); diff != "" {
			t.Fatalf("at %d: %s", second, diff)
		}
	}
	if len(whole.counters.Open()) == 2 {
		t.Error("no alert ended")
	}
}
