package live

import (
	"slices"

	"exiwatch/window"
)

// A total sums the arrivals of one value of a key.
type total struct {
	id                                uint32
	value                             string
	messages, recipients, bytes, last int64 // last: the stamp of the last arrival, milliseconds
	hosts                             int64 // different ones
	host                              uint32
}

// A ranker sums totals. It reuses its memory.
type ranker struct {
	slots  []int32 // by number of a value: 1 and up is a place in totals, filteredOut, or 0: unknown
	totals []total
	hosts  map[hostOf]struct{}
}

// A hostOf is a host of one of the totals.
type hostOf struct {
	slot int32
	host uint32
}

const filteredOut = -1

// rank gives the totals of the wanted values of a key, in order. They are valid until the next call. Arrivals without a
// value are left out.
func (k *ranker) rank(b *arrivalBuffer, s rowRange, key window.Key, wanted func(string) bool, o order) []total {
	k.slots = slices.Grow(k.slots[:0], len(b.values.values))[:len(b.values.values)]
	clear(k.slots)
	k.totals = k.totals[:0]
	k.hosts = make(map[hostOf]struct{})
	b.each(s, func(r *bufferedArrival) {
		id := r.values[key]
		if id == 0 {
			return
		}
		if k.slots[id] == 0 {
			k.slots[id] = k.newTotal(id, b.values.values[id], wanted)
		}
		if slot := k.slots[id]; slot != filteredOut {
			k.add(slot, r)
		}
	})
	slices.SortFunc(k.totals, func(x, y total) int { return o.compare(&x, &y) })
	return k.totals
}

func (k *ranker) newTotal(id uint32, value string, wanted func(string) bool) int32 {
	if !wanted(value) {
		return filteredOut
	}
	k.totals = append(k.totals, total{id: id, value: value})
	return int32(len(k.totals))
}

func (k *ranker) add(slot int32, r *bufferedArrival) {
	t := &k.totals[slot-1]
	t.messages++
	t.recipients += r.recipients
	t.bytes += r.bytes
	t.last = max(t.last, r.stamp)
	host := r.values[window.Host]
	if host == 0 || host == t.host { // mostly there is one
		return
	}
	t.host = host
	if _, known := k.hosts[hostOf{slot, host}]; !known {
		k.hosts[hostOf{slot, host}] = struct{}{}
		t.hosts++
	}
}

// topics gives, by number of a value, the last subject of its most frequent topic.
func topics(b *arrivalBuffer, s rowRange, key window.Key, of []total) map[uint32]string {
	type pair struct{ id, topic uint32 }
	best := make(map[uint32]uint32, len(of))
	for _, t := range of {
		best[t.id] = 0
	}
	counts := make(map[pair]int64)
	subjects := make(map[pair]uint32)
	b.each(s, func(r *bufferedArrival) {
		p := pair{r.values[key], r.values[window.Topic]}
		top, shown := best[p.id]
		if !shown || p.topic == 0 {
			return
		}
		counts[p]++
		if counts[p] == 1 {
			subjects[p] = r.values[window.Subject]
		}
		if top == 0 || counts[p] > counts[pair{p.id, top}] {
			best[p.id] = p.topic
		}
	})
	named := make(map[uint32]string, len(best))
	for id, topic := range best {
		named[id] = b.values.values[subjects[pair{id, topic}]]
	}
	return named
}
