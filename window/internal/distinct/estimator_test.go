package distinct

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const size = 1024 // of a level, as package window has it

// underRace is whether the race detector watches. It makes a million values ten times slower.
var underRace = false

func skipWhereSlow(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("takes a million values")
	}
}

func newEstimator(levelSize, counters int, windows ...int64) *Estimator {
	e := New(levelSize)
	for _, w := range windows {
		e.AddWindow(w)
	}
	e.Grow(counters + 1)
	return e
}

// latestArrivals is the latest arrival of each value of each counter. It counts by the definition in the doc comment.
type latestArrivals []map[uint64]int64

func (m latestArrivals) count(n uint32, levelSize int, left int64) (count int64) {
	var levels [65]int64
	for hash, at := range m[n] {
		if at > left {
			levels[bits.TrailingZeros64(hash)]++
		}
	}
	for _, held := range slices.Backward(levels[:]) {
		if held > int64(levelSize) {
			held = max(count, int64(levelSize)+1)
		}
		count += held
	}
	return count
}

func TestEstimatorAgreesWithItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		levelSize := rapid.SampledFrom([]int{1, 2, 3, 4, size}).Draw(t, "level size")
		windows := rapid.SliceOfN(rapid.Int64Range(10, 40), 1, 3).Draw(t, "windows")
		const counters = 3
		e := newEstimator(levelSize, counters, windows...)
		m := make(latestArrivals, counters+1)
		for n := range m {
			m[n] = map[uint64]int64{}
		}
		for now := int64(0); now < 200; now += rapid.SampledFrom([]int64{0, 0, 0, 1, 1, 2, 9, 30}).Draw(t, "gap") {
			for n := uint32(1); n <= counters; n++ {
				for j, w := range windows {
					e.Leave(n, j, now-w)
				}
				e.Expire(n, now)
			}
			n := rapid.Uint32Range(1, counters).Draw(t, "counter")
			if rapid.IntRange(0, 30).Draw(t, "drop") == 0 {
				e.Drop(n)
				clear(m[n])
			}
			hash, at := rapid.Uint64Range(0, 15).Draw(t, "hash"), now-rapid.Int64Range(0, 5).Draw(t, "late by")
			if !e.Renew(n, hash, at, now) {
				e.Add(n, hash, at, now)
			}
			if was, ok := m[n][hash]; !ok || at > was {
				m[n][hash] = at
			}
			ahead := rapid.Int64Range(0, 50).Draw(t, "ahead")
			for n := uint32(1); n <= counters; n++ {
				checkLevels(t, e, n, now)
				for j, w := range windows {
					if got, want := e.Count(n, j, now-w), m.count(n, levelSize, now-w); got != want {
						t.Fatalf("at %d counter %d has %d in %d s, want %d", now, n, got, w, want)
					}
					if got, want := e.Count(n, j, now+ahead-w), m.count(n, levelSize, now+ahead-w); got != want {
						t.Fatalf("at %d counter %d will have %d in %d s at %d, want %d", now, n, got, w, now+ahead,
							want)
					}
				}
			}
		}
	})
}

// checkLevels compares what the levels of counter n say with the values in them.
func checkLevels(t *rapid.T, e *Estimator, n uint32, now int64) {
	for k := e.lowest[n]; k != 0; k = e.levels[k].higher {
		l := &e.levels[k]
		held, inside := uint32(0), make([]levelWindow, len(e.windows))
		for i, prev := l.first, uint32(0); i != 0; i, prev = e.values[i].next, i {
			v := &e.values[i]
			zeros := uint32(bits.TrailingZeros64(v.hash))
			if v.prev != prev || prev != 0 && e.values[prev].at > v.at || v.level != k ||
				e.index[keyOf(n, v.hash)] != i || zeros < l.trailingZeros || zeros > l.trailingZeros && l.higher != 0 {
				t.Fatalf("value %+v is out of place in level %+v", v, l)
			}
			held++
			for j, window := range e.windows {
				if v.at+window > now {
					inside[j].count++
				}
				if v.at+window > now && inside[j].oldest == 0 {
					inside[j].oldest = i
				}
			}
		}
		if held != l.held || int(held) > e.levelSize || l.counter != n {
			t.Fatalf("%d values in level %+v", held, l)
		}
		for j := range inside {
			if inside[j] != *e.levelWindow(k, j) {
				t.Fatalf("level window %+v, want %+v", *e.levelWindow(k, j), inside[j])
			}
		}
	}
}

// The standard deviation is what the doc comment of package window states.
func TestErrorOfEstimates(t *testing.T) {
	skipWhereSlow(t)
	random := rand.New(rand.NewPCG(1, 2))
	const trials = 80
	// most above a power of two, where samples are small
	for _, n := range []int{1500, 2300, 3400, 4600, 9200, 18_400, 73_700} {
		var sum, squares float64
		for range trials {
			e := newEstimator(size, 1, 10)
			for range n {
				e.Add(1, random.Uint64(), 0, 0)
			}
			off := float64(e.Count(1, 0, -10))/float64(n) - 1
			sum += off
			squares += off * off
		}
		mean, deviation := sum/trials, math.Sqrt(squares/trials)
		t.Logf("%6d values: off by %+.2f%% on average, standard deviation %.2f%%", n, 100*mean, 100*deviation)
		if math.Abs(mean) > 0.012 || deviation > 0.035 {
			t.Errorf("%d values: off by %+.2f%%, standard deviation %.2f%%, want 3%% at most", n, 100*mean,
				100*deviation)
		}
		if n > 2*size && deviation < 0.01 {
			t.Errorf("%d values: standard deviation %.2f%%, which no sample of %d has", n, 100*deviation, 2*size)
		}
	}
}

func TestResetGivesMemoryBack(t *testing.T) {
	e := newEstimator(4, 2, 10, 20)
	for i := range uint64(1000) {
		e.Add(1+uint32(i%2), i, 0, 0)
	}
	e.Drop(1)
	e.Drop(2)
	if e.Len() != 0 || len(e.index) != 0 {
		t.Errorf("%d values held after Drop, %d in the index", e.Len(), len(e.index))
	}
	e.Reset()
	if cap(e.values)+cap(e.levels)+cap(e.levelWindows)+cap(e.lowest)+len(e.index) != 0 || len(e.windows) != 2 {
		t.Errorf("after Reset: %+v", e)
	}
}

func TestMemoryOfValues(t *testing.T) {
	skipWhereSlow(t)
	const values, perSecond = 1_000_000, 1_000_000 / 300
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	e := newEstimator(size, 2000, 300)
	random := rand.New(rand.NewPCG(1, 2))
	began := time.Now()
	for i := range values {
		e.Add(uint32(1+i%2000), random.Uint64(), int64(i/perSecond), int64(i/perSecond))
	}
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapInuse - before.HeapInuse) / uint64(e.Len())
	t.Logf("%d bytes for each of %d values; %v each", each, e.Len(), took/values)
	if e.Len() != values || each > 80 {
		t.Errorf("%d bytes for each of %d values", each, e.Len())
	}
	runtime.KeepAlive(e)
}
