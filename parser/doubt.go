package parser

import (
	"math"
	"slices"
)

// This file keeps forged stamps from moving the clock, if nothing else shows that the line is forged.

// maxAhead is how far a stamp may be ahead of an earlier one, or behind it, without being odd.
const maxAhead = 5 // seconds

// A stampDoubt says what is known of a line whose stamp may be forged.
type stampDoubt struct {
	forgeable bool
	early     bool  // its stamp is long after that of a beginning within reach
	framed    bool  // a line without a stamp came within reach of that beginning
	denied    bool  // a later line has a stamp of long before
	passed    bool  // no later line can deny it
	until     int64 // where the reach ends
	at        int64 // its second; for forged lines, that of the beginning above them
}

// doubtStamp looks whether the stamp of the last pending line is early.
func (r *Reader) doubtStamp(s *stamp) {
	w := &r.pending
	it := &w.items[len(w.items)-1]
	first := w.stamps.within(w.bytesRead - maxEntry)
	if first == noSecond || it.forgeable {
		return
	}
	if it.at = r.secondOf(s); it.at-first > maxAhead {
		it.early, it.until = true, w.beginningAt+maxEntry
		if w.doubts++; w.doubts == 1 {
			w.latest = it.at
		}
		w.latest = max(w.latest, it.at)
	}
}

// markFramed notes that this line has no stamp. The lines before the nearest beginning may stand with it in an entry
// that begins above them.
func (r *Reader) markFramed() {
	w := &r.pending
	for i := range w.items[:w.first] {
		if it := &w.items[i]; it.early && w.bytesRead <= it.until {
			it.framed, w.framed = true, true
		}
	}
}

// compareStamp compares a line's stamp with those in doubt.
func (r *Reader) compareStamp(s *stamp) {
	w := &r.pending
	if w.doubts == 0 {
		return
	}
	at := r.secondOf(s)
	if at == noSecond || !w.framed && w.latest-at <= maxAhead {
		return
	}
	for i := range w.items {
		it := &w.items[i]
		if it.early && it.at-at > maxAhead {
			it.denied = true
		}
		it.passed = it.passed || w.bytesRead > it.until || w.afterPause && at >= it.at
	}
	w.afterPause = false
}

// isDecided tells whether no later line changes what is emitted of the pending line.
func (r *Reader) isDecided(it *pendingLine) bool {
	if w := &r.pending; it.early && !it.forgeable && it.kind != pendingForged {
		if it.framed && it.denied {
			it.forgeable = true
		} else if !it.framed && w.bytesRead < it.until || it.framed && !it.passed && w.bytesRead <= it.until+maxEntry {
			return false
		}
	}
	r.clearDoubt(it)
	return true
}

// clearDoubt says that the stamp of a pending line is no longer in doubt.
func (r *Reader) clearDoubt(it *pendingLine) {
	if it.early {
		it.early = false
		if r.pending.doubts--; r.pending.doubts == 0 {
			r.pending.framed = false
		}
	}
}

// An earliestStamps finds the earliest stamp of the lines behind a place. Each is later than the ones before it.
type earliestStamps []stampedByte

type stampedByte struct {
	byte int64
	at   int64 // second
}

// add takes a line. Earlier lines with a later stamp no longer matter.
func (e *earliestStamps) add(byte, at int64) {
	if at == noSecond {
		return
	}
	n := len(*e)
	for n > 0 && (*e)[n-1].at >= at {
		n--
	}
	*e = append((*e)[:n], stampedByte{byte, at})
}

// within gives the earliest stamp of the lines from a byte on, or noSecond, and forgets the lines before.
func (e *earliestStamps) within(from int64) (at int64) {
	if *e = slices.DeleteFunc(*e, func(s stampedByte) bool { return s.byte < from }); len(*e) == 0 {
		return noSecond
	}
	return (*e)[0].at
}

// noSecond stands for a stamp that names no time.
const noSecond = math.MinInt64

// A stampSecond is the second that a stamp names. Many lines have the same one.
type stampSecond struct {
	text [19]byte
	at   int64
}

// plain tells whether the stamp alone gives the second, in the log's zone.
func (s *stamp) plain() bool {
	return len(s.zone) == 0 && s.instant == 0 && len(s.text) == len(stampSecond{}.text)
}

// secondOf gives the second since 1970 that a stamp names. It doesn't change how the stamps of arrivals are read.
func (r *Reader) secondOf(s *stamp) int64 {
	if s.plain() && string(s.text) == string(r.lastSecond.text[:]) {
		return r.lastSecond.at
	}
	t := r.stampOf(s)
	if t.IsZero() {
		return noSecond
	}
	if s.plain() && r.clock.hourIsPlain {
		r.lastSecond = stampSecond{[19]byte(s.text), t.Unix()}
	}
	return t.Unix()
}
