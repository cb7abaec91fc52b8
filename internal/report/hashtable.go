package report

import (
	"encoding/binary"
	"hash/maphash"
	"iter"
)

// A hashTable holds records by their texts, with open addressing. Each record is one piece of a block of bytes, so a
// look-up touches little memory, and the garbage collector has no pointers to follow. Its zero value is empty.
type hashTable struct {
	slots  []uint64 // by hash: the hash's upper half, below it the record's place + 1; 0: empty
	blocks [][]byte
	size   int // records

	touched byte // unused: keeps the compiler from dropping reads
}

// A record is numFields numbers, the text's length, and the text.
type record []byte

const (
	numFields  = 4
	textLength = 8 * numFields
	textStart  = textLength + 4

	align     = 8       // bytes
	blockSize = 1 << 18 // bytes
	minSlots  = 64
	upper     = ^uint64(1<<32 - 1) // half of a hash
)

// seed is shared by all tables, so that they can be joined.
var seed = maphash.MakeSeed()

func hashOf(b []byte) uint64 { return maphash.Bytes(seed, b) }

func (r record) field(i int) int64 { return int64(binary.LittleEndian.Uint64(r[8*i:])) }
func (r record) add(i int, n int64) {
	b := r[8*i : 8+8*i]
	binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)+uint64(n))
}

func (r record) set(i int, n int64) { r.add(i, n-r.field(i)) }

// text never changes.
func (r record) text() []byte {
	return r[textStart : textStart+uint64(binary.LittleEndian.Uint32(r[textLength:]))]
}

// at gives the record at a place.
func (h *hashTable) at(place uint32) record {
	return record(h.blocks[place/(blockSize/align)][place%(blockSize/align)*align:])
}

// find gives the record of a text with this hash, and its place. A new record is all zeros.
func (h *hashTable) find(text []byte, hash uint64) (r record, place uint32) {
	if 2*h.size >= len(h.slots) {
		h.grow()
	}
	mask := uint64(len(h.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := h.slots[i]
		if slot == 0 {
			r, place = h.store(text)
			h.slots[i] = hash&upper | uint64(place+1)
			return r, place
		}
		if slot&upper != hash&upper {
			continue
		}
		if r := h.at(uint32(slot) - 1); string(r.text()) == string(text) {
			return r, uint32(slot) - 1
		}
	}
}

// prefetch reads the items' records, so that they are in the processor's cache when they are needed.
func (h *hashTable) prefetch(items []Item) {
	if len(h.slots) == 0 {
		return
	}
	mask := uint64(len(h.slots) - 1)
	var places [64]uint32
	for len(items) > 0 {
		n := min(len(items), len(places))
		for i := range n {
			places[i] = uint32(h.slots[items[i].hash&mask])
		}
		for _, place := range places[:n] {
			if place > 0 {
				r := h.at(place - 1)
				h.touched += r[0] + r[textLength]
			}
		}
		items = items[n:]
	}
}

// grow doubles the slots. At least half are free.
func (h *hashTable) grow() {
	h.slots = make([]uint64, max(2*len(h.slots), minSlots))
	mask := uint64(len(h.slots) - 1)
	for place, r := range h.all() {
		hash := hashOf(r.text())
		i := hash & mask
		for h.slots[i] != 0 {
			i = (i + 1) & mask
		}
		h.slots[i] = hash&upper | uint64(place+1)
	}
}

// store makes a record. One longer than a block has a longer block of its own.
func (h *hashTable) store(text []byte) (record, uint32) {
	size := (textStart + len(text) + align - 1) &^ (align - 1)
	last := len(h.blocks) - 1
	if last < 0 || len(h.blocks[last])+size > blockSize {
		var block []byte
		if last++; last > 0 { // the first grows as it is needed: most tables are small
			block = make([]byte, 0, max(blockSize, size))
		}
		h.blocks = append(h.blocks, block)
	}
	at := len(h.blocks[last])
	h.blocks[last] = append(h.blocks[last], make([]byte, size)...)
	r := record(h.blocks[last][at:])
	binary.LittleEndian.PutUint32(r[textLength:], uint32(len(text)))
	copy(r[textStart:], text)
	h.size++
	return r, uint32(last*(blockSize/align) + at/align)
}

// all yields the records in the order in which they were stored.
func (h *hashTable) all() iter.Seq2[uint32, record] {
	return func(yield func(uint32, record) bool) {
		for i, block := range h.blocks {
			for at := 0; at < len(block); {
				r := record(block[at:])
				if !yield(uint32(i*(blockSize/align)+at/align), r) {
					return
				}
				at += (textStart + len(r.text()) + align - 1) &^ (align - 1)
			}
		}
	}
}

// sum adds up a field of all records.
func (h *hashTable) sum(field int) (n int64) {
	for _, r := range h.all() {
		n += r.field(field)
	}
	return n
}
