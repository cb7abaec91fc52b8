package watch

import "hash/maphash"

// A memo remembers what was made of short texts, so that it needn't be made again. Its zero value is empty.
type memo []cell

// A cell holds a text and, behind it, what was made of it. It takes four lines of the processor's cache.
type cell struct {
	hash     uint64 // of the text; 0 if there is none
	of, made uint8  // bytes
	text     [maxKnown]byte
}

const (
	memoSize = 1 << 12
	maxKnown = 256 - 10 // bytes of both
)

var memoSeed = maphash.MakeSeed()

// of gives the cell for what is made of b, and b's hash. Something else may be there.
func (m *memo) of(b []byte) (*cell, uint64) {
	if *m == nil {
		*m = make(memo, memoSize)
	}
	hash := maphash.Bytes(memoSeed, b) | 1
	return &(*m)[hash>>32%memoSize], hash
}

// get gives what was made of b, whose hash is given, if that is known.
func (c *cell) get(b []byte, hash uint64) (made []byte, ok bool) {
	if c.hash != hash || string(c.text[:c.of]) != string(b) {
		return nil, false
	}
	return c.text[c.of : c.of+c.made], true
}

// put keeps what was made of b, if there is room for it.
func (c *cell) put(b []byte, hash uint64, made []byte) {
	if len(b)+len(made) <= maxKnown {
		c.hash, c.of, c.made = hash, uint8(len(b)), uint8(len(made))
		copy(c.text[copy(c.text[:], b):], made)
	}
}
