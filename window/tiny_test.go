package window

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Bounds make counts lower, never higher. A value whose counts they didn't touch has the same alerts.
func TestTinyBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		levelSize := drawLevelSize(t)
		small := func(name string) int { return rapid.IntRange(0, 12).Draw(t, name) }
		bounded, err := newLimited(rules, limits{
			keys: small("keys"), keyText: small("key text"), buckets: small("buckets"),
			distinct: small("distinct"), levelSize: levelSize,
			rows: small("rows"), text: 30 * small("text"),
			open: small("open"), tallied: small("tallied"), talliedText: small("tallied text"),
		})
		if err != nil {
			t.Fatal(err)
		}
		free := newWithLevelSize(t, rules, levelSize)
		touched := map[string]bool{}
		for i, l := range drawLog(t) {
			_, want, _ := l.read(free)
			_, got, _ := l.read(bounded)
			compareCounts(t, free, bounded, touched)
			// A merged arrival leaves early between two lines, which may end an alert early.
			if s := bounded.Stats(); s.RefusedAlerts == 0 && s.MergedArrivals == 0 {
				if diff := gocmp.Diff(untouched(want, touched), untouched(got, touched)); diff != "" {
					t.Fatalf("line %d opened: %s", i, diff)
				}
			}
			checkBounds(t, bounded)
			if s, most := bounded.Stats(), bounded.limits; s.Rows > 1 && s.Bytes > most.text {
				t.Fatalf("%+v with bounds of %+v and rows that could go", s, most)
			}
		}
		bounded.Restore(saveAndLoad(t, bounded))
		checkBounds(t, bounded)
		free.Restore(saveAndLoad(t, bounded))
		bounded.Restore(saveAndLoad(t, free))
		checkBounds(t, bounded)
		bounded.Advance(time.Unix(bounded.Clock().Now+1000, 0))
		got := bounded.Stats()
		got.DroppedKeys, got.MergedArrivals, got.ForgottenRows, got.RefusedAlerts, got.OmittedDistinct = 0, 0, 0, 0, 0
		got.ForgottenIncidents = 0
		if got != (Stats{}) {
			t.Fatalf("held at the end: %+v", got)
		}
	})
}

// compareCounts notes the values whose counts a bound has lowered.
func compareCounts(t *rapid.T, free, bounded *Counters, touched map[string]bool) {
	want, got := countsOf(free), countsOf(bounded)
	for value, n := range want {
		touched[value] = touched[value] || got[value] < n
	}
	for value, n := range got {
		if n > want[value] {
			t.Fatalf("%s: %d counted, by counters without bounds %d", value, n, want[value])
		}
	}
}

// countsOf returns each rule's counts.
func countsOf(c *Counters) map[string]int64 {
	counts := map[string]int64{}
	for _, r := range c.rules {
		for _, v := range drawnValues {
			if n := r.table.find([]byte(v), c.hash([]byte(v))); n != 0 {
				counts[r.text+" "+v] = r.countOf(n).count
			}
		}
	}
	return counts
}

func untouched(alerts []*Alert, touched map[string]bool) (ids []string) {
	for _, a := range alerts {
		if !touched[a.Rule.String()+" "+a.Value] {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// checkBounds checks that nothing exceeds its bound and that the counters agree with themselves.
func checkBounds(t *rapid.T, c *Counters) {
	s, most := c.Stats(), c.limits
	if s.Open > most.open || s.Rows > max(most.rows, 1) || c.budget.rows > most.tallied ||
		c.budget.text > most.talliedText {
		t.Fatalf("%+v, budget %+v, with bounds of %+v", s, c.budget, most)
	}
	for _, f := range c.tables {
		if f.distinctHeld() > most.distinct {
			t.Fatalf("%d distinct values with bounds of %+v", f.distinctHeld(), most)
		}
		if f.counters.Used() > most.keys || f.buckets.Used() > most.buckets || f.values.Held() > most.keyText {
			t.Fatalf("%d keys, %d bytes, %d buckets with bounds of %+v", f.counters.Used(), f.values.Held(),
				f.buckets.Used(), most)
		}
		checkTable(t, f, c.clock.Now)
	}
}

func checkTable(t *rapid.T, f *counterTable, now int64) {
	held, used, text := 0, 0, 0
	for n := range f.counters.Len() {
		c := f.counters.At(n)
		if c.idle() {
			continue
		}
		held++
		text += len(f.value(n))
		sums := make([]int64, len(f.rules))
		b := c.newest
		for range c.buckets {
			used++
			in := f.buckets.At(b)
			for i, r := range f.rules {
				if r.estimator == nil && in.at.second(now)+r.window > now {
					sums[i] += in.sums()[r.measure]
				}
			}
			if in.counter != n || in.at.second(now)+f.longest <= now {
				t.Fatalf("counter %d has bucket %+v at %d", n, in, now)
			}
			b = in.older
		}
		for i, r := range f.rules {
			if r.estimator != nil {
				sums[i] = r.estimator.Count(n, r.nth, now-r.window)
			}
		}
		for i, sum := range sums {
			if got := f.rules[i].countOf(n).count; got != sum {
				t.Fatalf("count %d is %d, its buckets have %d", i, got, sum)
			}
		}
	}
	chained := 0
	for s := f.seconds.First(); s < f.seconds.Next(); s++ {
		if s > f.seconds.First() && f.seconds.At(s-1).at >= f.seconds.At(s).at {
			t.Fatalf("second %d is not in order", s)
		}
		for b, left := f.seconds.At(s).first, uint32(0); b != 0; left, b = b, f.buckets.At(b).nextInSecond {
			if chained++; f.buckets.At(b).at != stamp(f.seconds.At(s).at) || f.buckets.At(b).prevInSecond != left {
				t.Fatalf("bucket %+v is in second %+v", f.buckets.At(b), f.seconds.At(s))
			}
		}
	}
	if held != f.counters.Used() || used != f.buckets.Used() || chained != used || text != f.values.Held() {
		t.Fatalf("%d counters, %d and %d buckets, %d bytes, known as %d, %d, %d", held, used, chained, text,
			f.counters.Used(), f.buckets.Used(), f.values.Held())
	}
}
