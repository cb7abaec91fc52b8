package window

import "math"

// maxZeros is the highest class. With 1024 in it there would be 2**50 inner values.
const maxZeros = 40

// A class is the inner values of one counter whose hashes end in so many zero bits; the highest has those with more,
// too. Each but the highest has about as many as all above it together. Its size is bounded by limits.class: the
// highest is divided, the others let go what is oldest.
type class struct {
	counter     uint32
	zeros       uint32
	higher      uint32 // the next class of the counter
	held        uint32
	first, last uint32 // inner values
	lost        int64  // the latest second of those that were let go
}

const never = math.MinInt64 // of lost

// A view is what a window has of a class.
type view struct {
	tail  uint32 // the oldest inner value inside
	count uint32 // of those held
}

func (v *variety) view(k uint32, window int) *view { return &v.views[int(k)*len(v.windows)+window] }

func (v *variety) newClass(counter, zeros uint32) uint32 {
	k := v.unusedClass()
	v.classes[k] = class{counter: counter, zeros: zeros, lost: never}
	return k
}

func (v *variety) unusedClass() uint32 {
	if k := v.freeClass; k != 0 {
		v.freeClass = v.classes[k].higher
		return k
	}
	if len(v.classes) == 0 {
		v.growClasses()
	}
	v.growClasses()
	return uint32(len(v.classes) - 1)
}

func (v *variety) growClasses() {
	v.classes = append(v.classes, class{})
	for range v.windows {
		v.views = append(v.views, view{})
	}
}

// dropClass gives a class back whose inner values were given back.
func (v *variety) dropClass(k uint32) {
	for j := range v.windows {
		*v.view(k, j) = view{}
	}
	v.classes[k] = class{higher: v.freeClass}
	v.freeClass = k
}

// estimate is how many inner values a window has in class k and all above. Of a class of which it would have one that
// was let go, it has more than may be held: as many as all above, on average. So the estimate grows by arrivals only
// and shrinks by time only.
func (v *variety) estimate(k uint32, window int, left int64) int64 {
	if k == 0 {
		return 0
	}
	c := &v.classes[k]
	above := v.estimate(c.higher, window, left)
	if c.lost <= left {
		return above + int64(v.view(k, window).count)
	}
	return above + max(above, int64(v.limits.class)+1)
}

// put puts an inner value into class k at the second at: last, but that of a late line in its place.
func (v *variety) put(e, k uint32, at, now int64) {
	c := &v.classes[k]
	prev, next := c.last, uint32(0)
	for prev != 0 && v.inners[prev].at > at {
		prev, next = v.inners[prev].prev, prev
	}
	if prev != 0 {
		v.inners[prev].next = e
	} else {
		c.first = e
	}
	if next != 0 {
		v.inners[next].prev = e
	} else {
		c.last = e
	}
	in := &v.inners[e]
	in.at, in.class, in.prev, in.next = at, k, prev, next
	c.held++
	for j, window := range v.windows {
		if at+window <= now {
			continue
		}
		s := v.view(k, j)
		s.count++
		if s.tail == next {
			s.tail = e
		}
	}
}

// take takes an inner value out of its class.
func (v *variety) take(e uint32, now int64) {
	in := v.inners[e]
	c := &v.classes[in.class]
	if in.prev != 0 {
		v.inners[in.prev].next = in.next
	} else {
		c.first = in.next
	}
	if in.next != 0 {
		v.inners[in.next].prev = in.prev
	} else {
		c.last = in.prev
	}
	c.held--
	for j, window := range v.windows {
		if in.at+window <= now {
			continue
		}
		s := v.view(in.class, j)
		s.count--
		if s.tail == e {
			s.tail = in.next
		}
	}
}

// trim brings class k, which got another inner value, back to its size.
func (v *variety) trim(k uint32, now int64) {
	most := uint32(v.limits.class)
	for ; k != 0 && v.classes[k].held > most; k = v.classes[k].higher {
		if c := &v.classes[k]; c.higher == 0 && c.zeros < maxZeros {
			v.divide(k, now)
		}
		for v.classes[k].held > most {
			e := v.classes[k].first
			v.classes[k].lost = max(v.classes[k].lost, v.inners[e].at)
			v.forget(e, now)
		}
	}
}

// divide makes another class above the highest.
func (v *variety) divide(k uint32, now int64) {
	higher := v.newClass(v.classes[k].counter, v.classes[k].zeros+1)
	v.classes[k].higher = higher
	for e := v.classes[k].first; e != 0; {
		in := v.inners[e]
		if in.hash>>v.classes[k].zeros&1 == 0 {
			v.take(e, now)
			v.put(e, higher, in.at, now)
		}
		e = in.next
	}
}
