package merge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/window"

	"pgregory.net/rapid"
)

// A stream is what one host logs, in its order.
type stream struct {
	name    string
	log     int
	records []*pipeline.Record
}

// drawStreams gives hosts, two of which may be one in two logs. The ids of records tell them apart.
func drawStreams(t *rapid.T) (all []*stream) {
	for i := range rapid.IntRange(1, 7).Draw(t, "hosts") {
		s := &stream{name: fmt.Sprint("mx", i/2), log: i % 2}
		now := rapid.Int64Range(0, 20).Draw(t, "begins")
		for n := range rapid.IntRange(0, 30).Draw(t, "records") {
			r := &pipeline.Record{Now: now, Arrival: window.Arrival{At: time.Unix(now, 0).UTC()}}
			r.Arrival.MessageID = fmt.Appendf(nil, "%s#%d-%d", s.name, s.log, n)
			s.records = append(s.records, r)
			now += rapid.SampledFrom([]int64{0, 0, 1, 2, 9}).Draw(t, "passes")
		}
		all = append(all, s)
	}
	return all
}

// inFleetOrder sorts the records of hosts as the fleet order is defined, and gives their ids.
func inFleetOrder(all []*stream) (ids []string) {
	type one struct {
		*stream
		*pipeline.Record
	}
	var sorted []one
	for _, s := range all {
		for _, r := range s.records {
			sorted = append(sorted, one{s, r})
		}
	}
	slices.SortStableFunc(sorted, func(a, b one) int {
		return cmp.Or(cmp.Compare(a.Now, b.Now), cmp.Compare(a.name, b.name), cmp.Compare(a.log, b.log))
	})
	for _, s := range sorted {
		ids = append(ids, string(s.Arrival.MessageID))
	}
	return ids
}

// TestMergerKeepsFleetOrder: whatever batches come in whatever order, also again after a drop, and whenever they are
// released, the records come in the fleet order.
func TestMergerKeepsFleetOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawStreams(t)
		want := inFleetOrder(all)
		whole := make(map[*stream][]*pipeline.Record)
		for _, s := range all {
			whole[s] = s.records
		}
		m := NewMerger(math.MinInt64)
		var got []string
		take := func(r *pipeline.Record) { got = append(got, string(r.Arrival.MessageID)) }
		for left := slices.Clone(all); len(left) > 0; {
			i := rapid.IntRange(0, len(left)-1).Draw(t, "which")
			s := left[i]
			h := m.HostIn(s.name, s.log)
			if rapid.IntRange(0, 9).Draw(t, "drop") == 9 { // and push it once more
				m.Drop(h)
				h.From, h.Until, s.records = m.Released(), m.Released(), whole[s]
			}
			n := min(rapid.IntRange(1, 5).Draw(t, "chunk"), len(s.records))
			if n == 0 {
				h.Until = math.MaxInt64
				left = slices.Delete(left, i, i+1)
			} else {
				late, err := m.Push(h, encoded(s.records[:n]))
				if late != (s.records[0].Now < m.Released()) || err != nil {
					t.Fatalf("late %t, %v", late, err)
				}
				s.records = s.records[n:]
			}
			if rapid.Bool().Draw(t, "release") {
				testkit.Must(t, m.Release(untilOf(m, all), take))
			}
		}
		testkit.Must(t, m.Release(math.MaxInt64, take))
		if !slices.Equal(got, want) {
			t.Fatalf("released %q\nwant %q", got, want)
		}
		if m.Size() != 0 {
			t.Errorf("%d bytes are kept of nothing", m.Size())
		}
	})
}

// untilOf is the second before which all hosts have pushed everything.
func untilOf(m *Merger, all []*stream) int64 {
	until := int64(math.MaxInt64)
	for _, s := range all {
		until = min(until, m.HostIn(s.name, s.log).Until)
	}
	return until
}

// TestMergerPassesOverBrokenRecords: a host's other batches count.
func TestMergerPassesOverBrokenRecords(t *testing.T) {
	batch := func(now int64, id string) Records {
		a := window.Arrival{At: time.Unix(now, 0).UTC(), MessageID: []byte(id)}
		return encoded([]*pipeline.Record{{Now: now, Arrival: a}})
	}
	broken := append(batch(5, "half"), 0xff)
	begun := slices.Clone(batch(6, "none"))
	begun[span] = 0xff
	m := NewMerger(0)
	h := m.Host("mx1")
	for _, b := range []Records{batch(4, "one"), broken, begun, batch(7, "two")} {
		_, err := m.Push(h, b)
		testkit.Must(t, err)
	}
	var got []string
	err := m.Release(10, func(r *pipeline.Record) { got = append(got, string(r.Arrival.MessageID)) })
	if want := []string{"one", "half", "two"}; !slices.Equal(got, want) || err == nil {
		t.Errorf("released %q, %v, want %q and an error", got, err, want)
	}
	if _, err := m.Push(h, Records("none")); err == nil {
		t.Error("no error for what is no batch")
	}
	if late, err := m.Push(h, batch(9, "late")); !late || err != nil {
		t.Errorf("late %t, %v for a second that has been released", late, err)
	}
}

// BenchmarkMerge merges the records of so many hosts and counts them by the default rules.
func BenchmarkMerge(b *testing.B) {
	for _, hosts := range []int{1, 10, 50} {
		for name, count := range map[string]bool{"merge": false, "count": true} {
			b.Run(fmt.Sprint(name, "-", hosts), func(b *testing.B) {
				counter := newCounter(b, "", Events{})
				m := NewMerger(math.MinInt64)
				batches := make([]Records, hosts)
				for i, all := range split(busyRecords(inBatch*hosts), hosts) {
					batches[i] = encoded(all)
				}
				fn := func(*pipeline.Record) {}
				if count {
					fn = counter.Add
				}
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					if n--; n <= 0 { // an operation is a record
						for i, batch := range batches {
							_, err := m.Push(m.Host(fmt.Sprint("mx", i)), batch)
							testkit.Must(b, err)
						}
						testkit.Must(b, m.Release(math.MaxInt64, fn))
						n = inBatch * hosts
					}
				}
			})
		}
	}
}

// split deals records to hosts.
func split(all []*pipeline.Record, hosts int) [][]*pipeline.Record {
	dealt := make([][]*pipeline.Record, hosts)
	for i, r := range all {
		dealt[i*7%hosts] = append(dealt[i*7%hosts], r)
	}
	return dealt
}
