package pipeline

import "hash/maphash"

// A lookupCache remembers what was made of short texts. Its zero value is empty.
type lookupCache []cacheSlot

// A cacheSlot holds a text and, behind it, what was made of it. It fills four lines of the processor's cache.
type cacheSlot struct {
	hash     uint64 // of the text; 0 if there is none
	of, made uint8  // bytes
	text     [maxCached]byte
}

const (
	cacheSlots = 1 << 12
	maxCached  = 256 - 10 // bytes of both
)

var cacheSeed = maphash.MakeSeed()

// slot returns the slot for what is made of b, and b's hash. The slot may hold another text.
func (c *lookupCache) slot(b []byte) (*cacheSlot, uint64) {
	if *c == nil {
		*c = make(lookupCache, cacheSlots)
	}
	hash := maphash.Bytes(cacheSeed, b) | 1
	return &(*c)[hash>>32%cacheSlots], hash
}

// get returns what was made of b, whose hash is given, if the slot holds that.
func (s *cacheSlot) get(b []byte, hash uint64) (made []byte, ok bool) {
	if s.hash != hash || string(s.text[:s.of]) != string(b) {
		return nil, false
	}
	return s.text[s.of : s.of+s.made], true
}

// put keeps what was made of b, if both fit.
func (s *cacheSlot) put(b []byte, hash uint64, made []byte) {
	if len(b)+len(made) <= maxCached {
		s.hash, s.of, s.made = hash, uint8(len(b)), uint8(len(made))
		copy(s.text[copy(s.text[:], b):], made)
	}
}
