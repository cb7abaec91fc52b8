package parser

import (
	"time"
)

// flushDecided emits the pending lines that no later line can change.
func (r *Reader) flushDecided() {
	w := &r.pending
	if len(w.items) == 0 {
		return
	}
	free := w.first
	if w.open {
		free--
	}
	n := 0
	for ; n < len(w.items); n++ {
		it := &w.items[n]
		if n >= free && (n < w.first || it.kind == pendingRaw) || !r.isDecided(it) {
			break
		}
		r.emitPending(it)
	}
	r.forgetItems(n)
}

// forgetItems forgets so many pending lines, which have been emitted.
func (r *Reader) forgetItems(n int) {
	w := &r.pending
	w.items = w.items[n:]
	if w.first = max(w.first-n, 0); len(w.items) == 0 {
		w.items, w.text = w.base[:0], w.text[:0]
	}
}

// emitPending emits what a pending line is.
func (r *Reader) emitPending(it *pendingLine) {
	switch it.kind {
	case pendingForged:
		if h, ok := looksLikeArrival(it.line); ok {
			r.emitInjected(it, h.id, "the line stands inside another entry")
		}
	case pendingEnd:
		r.emitInjected(it, nil, "the end of an entry that begins further up: lines in between may be forged")
	case pendingBroken:
		r.emitInjected(it, nil, "a cwd= entry that breaks off: lines behind it may be forged")
	default:
		was := r.lasting
		r.lasting = it.lasting
		if !it.usual || it.forgeable || !r.fastLine(it.place, it.line) {
			r.whole, r.forgeable = true, it.forgeable
			if h, stamped := scanPrefix(it.line); stamped {
				r.parseEntry(it.place, h, it.line)
			} else {
				r.strayEnd(it.place, it.line)
			}
			r.whole, r.forgeable = false, false
		}
		r.lasting = was
	}
}

func (r *Reader) emitInjected(it *pendingLine, id []byte, reason string) {
	r.entry = Entry{Kind: Injected, Place: it.place, MessageID: id, Column: 1, Text: it.line, Reason: reason}
	if it.at != 0 && it.at != noSecond {
		r.entry.Time = time.Unix(it.at, 0).In(r.clock.zone)
	}
	r.emit(&r.entry)
}

// copyPending copies the pending lines, as their bytes are good for one call alone.
func (r *Reader) copyPending() {
	w := &r.pending
	if len(w.text) > 4*maxEntry {
		w.text, w.spare = w.spare[:0], w.text
		for i := range w.items {
			w.items[i].copied = false
		}
	}
	for i := range w.items {
		if it := &w.items[i]; !it.copied {
			n := len(w.text)
			w.text = append(w.text, it.line...)
			it.line, it.copied, it.lasting = w.text[n:len(w.text):len(w.text)], true, false
		}
	}
}
