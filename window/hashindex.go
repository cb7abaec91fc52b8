package window

import "bytes"

// The index of a table finds the counter of a value. It holds positions of counters, each at the first free slot from
// the slot of its hash on.

// find returns the position of a value's counter, or 0. The hash is that of Counters.hash.
func (t *counterTable) find(value []byte, hash uint32) uint32 {
	if len(t.index) == 0 {
		return 0
	}
	for i := t.slot(hash); ; i = t.slot(i + 1) {
		n := t.index[i]
		if n == 0 {
			return 0
		}
		if c := t.counters.At(n); c.hash == hash && bytes.Equal(t.values.Get(c.value), value) {
			return n
		}
	}
}

func (t *counterTable) slot(i uint32) uint32 { return i & uint32(len(t.index)-1) }

// indexCounter adds counter n to the index and keeps at least a quarter of the slots free.
func (t *counterTable) indexCounter(n uint32) {
	if 4*t.counters.Used() > 3*len(t.index) {
		was := t.index
		t.index = make([]uint32, max(2*len(was), minTable))
		for _, n := range was {
			if n != 0 {
				t.placeInIndex(n)
			}
		}
	}
	t.placeInIndex(n)
}

const minTable = 16 // a power of two

func (t *counterTable) placeInIndex(n uint32) {
	i := t.slot(t.counters.At(n).hash)
	for t.index[i] != 0 {
		i = t.slot(i + 1)
	}
	t.index[i] = n
}

// unindexCounter removes counter n from the index. Counters behind it move up if a search for them would stop at its
// slot.
func (t *counterTable) unindexCounter(n uint32) {
	i := t.slot(t.counters.At(n).hash)
	for t.index[i] != n {
		i = t.slot(i + 1)
	}
	for j := t.slot(i + 1); t.index[j] != 0; j = t.slot(j + 1) {
		home := t.slot(t.counters.At(t.index[j]).hash)
		if t.slot(j-home) >= t.slot(j-i) {
			t.index[i] = t.index[j]
			i = j
		}
	}
	t.index[i] = 0
}
