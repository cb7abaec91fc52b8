package parser

import "time"

// Here is what keeps forged stamps from moving the clock, where nothing else shows that the line is forged.

// maxAhead is how far a stamp may be ahead of one that was logged before it, or behind one, without being odd.
const maxAhead = 5 * time.Second

// A shadowed line may be forged.
type shadowed struct {
	forgeable bool
	early     bool      // it is stamped long after a beginning within reach
	framed    bool      // a line without a stamp came within reach of that
	denied    bool      // a line behind it has a stamp of long before
	passed    bool      // no line to come can deny it
	until     int64     // where the reach ends
	at        time.Time // its stamp
}

// doubt looks whether the stamp of the item held last is early.
func (r *Reader) doubt(s stamp) {
	w := &r.held
	first, any := w.stamps.within(w.read - maxEntry)
	if !any {
		return
	}
	it := &w.items[len(w.items)-1]
	if it.at = r.stampOf(head{stamp: s}); it.at.Sub(first) > maxAhead && !it.forgeable {
		it.early, it.until = true, w.begins+maxEntry
		w.doubts++
	}
}

// frame says that this line has no stamp: the items before the nearest beginning may stand with it in an entry that begins above
// them.
func (r *Reader) frame() {
	w := &r.held
	for i := range w.items[:w.first] {
		it := &w.items[i]
		it.framed = it.framed || it.early && w.read <= it.until
	}
}

// witness compares the stamp of a line with those in doubt.
func (r *Reader) witness(s stamp) {
	w := &r.held
	at := r.stampOf(head{stamp: s})
	if at.IsZero() {
		return
	}
	for i := range w.items {
		it := &w.items[i]
		if it.early && it.at.Sub(at) > maxAhead {
			it.denied = true
		}
		it.passed = it.passed || w.read > it.until || w.paused && !at.Before(it.at)
	}
	w.paused = false
}

// decided tells whether no line to come changes what is to be told of the item.
func (r *Reader) decided(it *heldLine) bool {
	if !it.early || it.sort == asForged {
		r.sure(it)
		return true
	}
	w := &r.held
	if it.framed && it.denied {
		it.forgeable = true
	} else if !it.framed && w.read < it.until || it.framed && !it.passed && w.read <= it.until+maxEntry {
		return false
	}
	r.sure(it)
	return true
}

// sure says that the item's stamp isn't in doubt any more.
func (r *Reader) sure(it *heldLine) {
	if it.early {
		it.early = false
		r.held.doubts--
	}
}

// earliest finds the earliest stamp of the lines behind a place.
type earliest struct {
	all []stampAt // each later than the ones before it
}

type stampAt struct {
	byte int64
	at   time.Time
}

// add takes a line. Those before it with a later stamp don't matter any more.
func (e *earliest) add(byte int64, at time.Time) {
	if at.IsZero() {
		return
	}
	n := len(e.all)
	for n > 0 && !e.all[n-1].at.Before(at) {
		n--
	}
	e.all = append(e.all[:n], stampAt{byte, at})
}

// within gives the earliest stamp of the lines at or behind a byte, and forgets the lines before it.
func (e *earliest) within(from int64) (at time.Time, any bool) {
	n := 0
	for n < len(e.all) && e.all[n].byte < from {
		n++
	}
	if n > 0 {
		e.all = append(e.all[:0], e.all[n:]...)
	}
	if len(e.all) == 0 {
		return at, false
	}
	return e.all[0].at, true
}
