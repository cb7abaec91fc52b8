package live

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"exiwatch/window"

	"pgregory.net/rapid"
)

// start is when the tests' logs begin.
var start = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

// A logged arrival as a naive count knows it.
type loggedArrival struct {
	window.Arrival
	at int64
}

// drawArrivals makes arrivals whose stamps go on, come late, stand still, and step back.
func drawArrivals(t *rapid.T) []*window.Arrival {
	stamp := start
	var all []*window.Arrival
	for range rapid.IntRange(0, 300).Draw(t, "arrivals") {
		step := rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 20, -2, -5, -6, -400}).Draw(t, "step")
		stamp = stamp.Add(time.Duration(step) * time.Second)
		a := &window.Arrival{At: stamp, Recipients: rapid.Int64Range(0, 5).Draw(t, "recipients"),
			Bytes: rapid.Int64Range(0, 9).Draw(t, "bytes")}
		if n := rapid.IntRange(0, 6).Draw(t, "account"); n > 0 {
			a.Values[window.Account] = fmt.Appendf(nil, "account%d", n)
		}
		if n := rapid.IntRange(0, 4).Draw(t, "host"); n > 0 {
			a.Values[window.Host] = fmt.Appendf(nil, "192.0.2.%d", n)
		}
		all = append(all, a)
	}
	return all
}

// TestRankingIsWhatTheRulesCount: whatever the clock does, the totals are those of counters that count by rules, and
// those of somebody who looks through all arrivals.
func TestRankingIsWhatTheRulesCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := time.Duration(rapid.IntRange(10, 60).Draw(t, "window")) * time.Second
		key := rapid.SampledFrom([]window.Key{window.Account, window.Host}).Draw(t, "key")
		measures := []window.Measure{window.Messages, window.Recipients, window.Bytes, window.Hosts}
		counters := make([]*window.Counters, len(measures))
		for i, m := range measures {
			counters[i], _ = window.New([]window.Rule{{Key: key, Count: m, Limit: 1 << 40, Window: length}})
		}
		b, arrivals := newArrivalBuffer(time.Minute), drawArrivals(t)
		var logged []loggedArrival
		for _, a := range arrivals {
			for _, c := range counters {
				c.Count(a)
			}
			clock := counters[0].Clock()
			b.add(a, clock)
			logged = append(logged, loggedArrival{*a, min(a.At.Unix()+clock.Shift, clock.Now)})
		}
		o := order(rapid.IntRange(0, int(numOrders)-1).Draw(t, "order"))
		var k ranker
		got := slices.Clone(k.rank(b, b.rowRange(length, -1), key, func(string) bool { return true }, o))
		want := naive(logged, b.now, length, key)
		slices.SortFunc(want, func(x, y total) int { return o.compare(&x, &y) })
		if !slices.EqualFunc(got, want, sameTotal) {
			t.Fatalf("by %s over %v: %v, want %v", o, length, got, want)
		}
		for i := range got {
			amounts := []int64{got[i].messages, got[i].recipients, got[i].bytes, got[i].hosts}
			for j, c := range counters {
				if n, _ := c.CountNow(key, []byte(got[i].value)); n != amounts[j] {
					t.Fatalf("%s of %s: %d, the rule counts %d", measures[j], got[i].value, amounts[j], n)
				}
			}
		}
	})
}

func sameTotal(x, y total) bool {
	return x.value == y.value && x.messages == y.messages && x.recipients == y.recipients && x.bytes == y.bytes &&
		x.hosts == y.hosts &&
		x.last == y.last
}

func naive(logged []loggedArrival, now int64, length time.Duration, key window.Key) (totals []total) {
	hosts := map[string]bool{}
	for _, a := range logged {
		if a.Values[key] == nil || a.at+int64(length/time.Second) <= now {
			continue
		}
		value := string(a.Values[key])
		i := slices.IndexFunc(totals, func(t total) bool { return t.value == value })
		if i < 0 {
			i = len(totals)
			totals = append(totals, total{value: value})
		}
		t := &totals[i]
		t.messages++
		t.recipients += a.Recipients
		t.bytes += a.Bytes
		t.last = max(t.last, a.At.UnixMilli())
		if host := a.Values[window.Host]; host != nil && !hosts[value+" "+string(host)] {
			hosts[value+" "+string(host)] = true
			t.hosts++
		}
	}
	return totals
}

// rowRange selects the arrivals of the last while.
func (b *arrivalBuffer) rowRange(length time.Duration, scope int) rowRange {
	return rowRange{b.now, b.next, int64(length / time.Second), scope}
}

// fill puts n arrivals into a buffer, one a second, of a new account each.
func fill(b *arrivalBuffer, n int) {
	for i := range n {
		a := window.Arrival{At: start.Add(time.Duration(i) * time.Second)}
		a.Values[window.Account] = fmt.Appendf(nil, "account%d", i)
		b.add(&a, window.Clock{Now: a.At.Unix()})
	}
}

// TestBoundedArrivalBuffer: what a bound takes is the oldest, and it is known to be missing from the windows that
// reach it alone.
func TestBoundedArrivalBuffer(t *testing.T) {
	for name, b := range map[string]*arrivalBuffer{"rows": newArrivalBuffer(time.Hour), "text": newArrivalBuffer(time.Hour)} {
		if name == "rows" {
			b.maxRows = 100
		} else {
			b.maxText = 100 * len("account1234")
		}
		fill(b, 5000)
		if n := b.len(); n < 100 || n > 110 || len(b.values.ids) != n {
			t.Errorf("bound on %s: %d arrivals and %d values are held", name, n, len(b.values.ids))
		}
		if b.missing(b.rowRange(time.Minute, -1)) || !b.missing(b.rowRange(3*time.Minute, -1)) {
			t.Errorf("bound on %s: it is not known what is missing", name)
		}
	}
}

// TestArrivalBufferForgets: arrivals go with their time, and take their values along.
func TestArrivalBufferForgets(t *testing.T) {
	b := newArrivalBuffer(time.Minute)
	fill(b, 5000)
	if b.len() != 60 || len(b.values.ids) != 60 || b.values.text != 60*len("account1234") ||
		b.missing(b.rowRange(time.Minute, -1)) {
		t.Errorf("%d arrivals, %d values and %d bytes are held of the last minute", b.len(), len(b.values.ids),
			b.values.text)
	}
	if len(b.rows) > minRows {
		t.Errorf("there is room for %d rows", len(b.rows))
	}
}

// TestScopes: a ranking that is drawn against a rule's limit has the arrivals of its scope alone.
func TestScopes(t *testing.T) {
	b := newArrivalBuffer(time.Minute)
	for i := range 6 {
		a := window.Arrival{At: start, Outside: uint64(i % 4)}
		a.Values[window.Account] = []byte("alice")
		b.add(&a, window.Clock{Now: start.Unix()})
	}
	var k ranker
	for scope, want := range map[int]int64{-1: 6, 0: 3, 1: 4} {
		if got := k.rank(b, b.rowRange(time.Minute, scope), window.Account, func(string) bool { return true },
			byMessages); got[0].messages != want {
			t.Errorf("scope %d has %d arrivals, want %d", scope, got[0].messages, want)
		}
	}
}

// TestMeter counts a minute of log time, also where stamps come late or step back.
func TestMeter(t *testing.T) {
	for _, test := range []struct {
		seconds []int64
		want    int64
	}{
		{nil, 0},
		{[]int64{1000}, 1},
		{[]int64{1000, 1000, 1001}, 3},
		{[]int64{1000, 1059}, 2},
		{[]int64{1000, 1060}, 1},
		{[]int64{1000, 1030, 1061}, 2},
		{[]int64{1000, 9000}, 1},
		{[]int64{1000, 998, 1001}, 3},
		{[]int64{1000, 500, 501}, 3},
	} {
		var m ratePerMinute
		for _, at := range test.seconds {
			m.add(at)
		}
		if got := m.sum(); got != test.want {
			t.Errorf("%d: %d in the last minute, want %d", test.seconds, got, test.want)
		}
	}
}

// TestPlaceOfTheCursor: it stays on the rows, and on the screen.
func TestPlaceOfTheCursor(t *testing.T) {
	for _, test := range []struct{ index, top, rows, n, wantIndex, wantTop int }{
		{0, 0, 20, 0, 0, 0},
		{5, 0, 20, 3, 2, 0},
		{25, 0, 20, 100, 25, 6},
		{5, 10, 20, 100, 5, 5},
		{99, 0, 20, 100, 99, 80},
		{99, 80, 20, 30, 29, 10},
		{-1, 0, 20, 10, 0, 0},
	} {
		q := query{index: test.index, top: test.top, rows: test.rows}
		if q.clampCursor(test.n); q.index != test.wantIndex || q.top != test.wantTop {
			t.Errorf("row %d of %d from %d on: row %d from %d on, want %d from %d", test.index, test.n, test.top,
				q.index, q.top, test.wantIndex, test.wantTop)
		}
	}
}
