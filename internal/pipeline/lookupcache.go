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

// append appends to dst what is made of b. The function appends that, and is called if the cache doesn't hold it.
func (c *lookupCache) append(dst, b []byte, made func(dst, b []byte) []byte) []byte {
	if *c == nil {
		*c = make(lookupCache, cacheSlots)
	}
	hash := maphash.Bytes(cacheSeed, b) | 1
	s := &(*c)[hash>>32%cacheSlots]
	if s.hash == hash && string(s.text[:s.of]) == string(b) {
		return append(dst, s.text[s.of:s.of+s.made]...)
	}
	n := len(dst)
	dst = made(dst, b)
	if size := len(dst) - n; len(b)+size <= maxCached {
		s.hash, s.of, s.made = hash, uint8(len(b)), uint8(size)
		copy(s.text[copy(s.text[:], b):], dst[n:])
	}
	return dst
}
