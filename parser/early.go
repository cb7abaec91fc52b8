package parser

import "math"

// Here is what keeps forged stamps from moving the clock, where nothing else shows that the line is forged.

// maxAhead is how far a stamp may be ahead of one that was logged before it, or behind one, without being odd.
const maxAhead = 5 // seconds

// A shadowed line may be forged.
type shadowed struct {
	forgeable bool
	early     bool  // it is stamped long after a beginning within reach
	framed    bool  // a line without a stamp came within reach of that
	denied    bool  // a line behind it has a stamp of long before
	passed    bool  // no line to come can deny it
	until     int64 // where the reach ends
	at        int64 // its second; of forged lines that of the beginning above them
}

// doubt looks whether the stamp of the item held last is early.
func (r *Reader) doubt(s *stamp) {
	w := &r.held
	it := &w.items[len(w.items)-1]
	first, any := w.stamps.within(w.read - maxEntry)
	if !any || it.forgeable {
		return
	}
	if it.at = r.second(s); it.at-first > maxAhead {
		it.early, it.until = true, w.begins+maxEntry
		if w.doubts++; w.doubts == 1 {
			w.latest = it.at
		}
		w.latest = max(w.latest, it.at)
	}
}

// frame says that this line has no stamp: the items before the nearest beginning may stand with it in an entry that
// begins above them.
func (r *Reader) frame() {
	w := &r.held
	for i := range w.items[:w.first] {
		if it := &w.items[i]; it.early && w.read <= it.until {
			it.framed, w.framed = true, true
		}
	}
}

// witness compares the stamp of a line with those in doubt.
func (r *Reader) witness(s *stamp) {
	w := &r.held
	at := r.second(s)
	if at == noSecond || !w.framed && w.latest-at <= maxAhead {
		return
	}
	for i := range w.items {
		it := &w.items[i]
		if it.early && it.at-at > maxAhead {
			it.denied = true
		}
		it.passed = it.passed || w.read > it.until || w.paused && at >= it.at
	}
	w.paused = false
}

// decided tells whether no line to come changes what is to be told of the item.
func (r *Reader) decided(it *heldLine) bool {
	if !it.early || it.forgeable || it.sort == asForged {
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
		if r.held.doubts--; r.held.doubts == 0 {
			r.held.framed = false
		}
	}
}

// earliest finds the earliest stamp of the lines behind a place.
type earliest struct {
	all []stampAt // each later than the ones before it
}

type stampAt struct {
	byte int64
	at   int64 // second
}

// add takes a line. Those before it with a later stamp don't matter any more.
func (e *earliest) add(byte, at int64) {
	if at == noSecond {
		return
	}
	n := len(e.all)
	for n > 0 && e.all[n-1].at >= at {
		n--
	}
	e.all = append(e.all[:n], stampAt{byte, at})
}

// within gives the earliest stamp of the lines at or behind a byte, and forgets the lines before it.
func (e *earliest) within(from int64) (at int64, any bool) {
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

// noSecond stands for a stamp that names no time.
const noSecond = math.MinInt64

// A second is what a stamp was found to be: many lines have the same one.
type second struct {
	text [19]byte
	at   int64
}

// plain tells whether the stamp alone says which second it is, in the log's zone.
func (s *stamp) plain() bool {
	return len(s.zone) == 0 && s.near == 0 && len(s.text) == len(second{}.text)
}

// second gives the second since 1970 that a stamp names. What is told of arrivals doesn't depend on it otherwise.
func (r *Reader) second(s *stamp) int64 {
	if s.plain() && string(s.text) == string(r.last.text[:]) {
		return r.last.at
	}
	t := r.stampOf(head{stamp: *s})
	if t.IsZero() {
		return noSecond
	}
	if s.plain() && r.clock.whole {
		r.last = second{[19]byte(s.text), t.Unix()}
	}
	return t.Unix()
}
