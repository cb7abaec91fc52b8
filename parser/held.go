package parser

import (
	"bytes"
	"slices"
)

// held are the lines from an unfinished entry on, until it is known what they are.
type held struct {
	text   []byte // the lines, each with its LF
	places []Place
	ends   []int // of each line in text, before its LF
	starts []int // of unfinished entries among them: the first, and others
	tries  int   // to finish one
}

// maxFinishes is how often it is tried whether a line finishes one. Nobody but who forges lines gives cause for more.
const maxFinishes = 64

func (h *held) active() bool { return len(h.places) > 0 }

// begin holds the unfinished line.
func (h *held) begin(p Place, line []byte) {
	h.text, h.places, h.ends, h.tries = h.text[:0], h.places[:0], h.ends[:0], 0
	h.starts = append(h.starts[:0], 0)
	h.add(p, line)
}

// take gives what is held and leaves nothing, in the buffers of what was given back before.
func (r *Reader) take() held {
	was := r.held
	r.held, r.spare = r.spare, held{}
	return was
}

// giveBack takes the buffers of what was held.
func (r *Reader) giveBack(was held) {
	r.spare = held{text: was.text[:0], places: was.places[:0], ends: was.ends[:0], starts: was.starts[:0]}
}

func (h *held) add(p Place, line []byte) {
	h.text = append(h.text, line...)
	h.places, h.ends = append(h.places, p), append(h.ends, len(h.text))
	h.text = append(h.text, '\n')
}

// line gives the i-th line held.
func (h *held) line(i int) []byte { return h.lines(i, i) }

// lines gives the lines from one to another, with the LFs between them.
func (h *held) lines(from, to int) []byte {
	start := 0
	if from > 0 {
		start = h.ends[from-1] + 1
	}
	return h.text[start:h.ends[to]]
}

// hold adds a line to those held, and reads them as soon as it is known what they are: at a line without a stamp that
// finishes one of them, or when more was held than Exim writes at once.
func (r *Reader) hold(p Place, line []byte) {
	if len(r.held.text)+len(line)+1 > maxEntry {
		r.release()
		r.longWay(p, line)
		return
	}
	r.held.add(p, line)
	last := len(r.held.places) - 1
	if h, stamped := scanHead(line); stamped {
		if r.isUnfinished(h, line) {
			r.held.starts = append(r.held.starts, last)
		}
		return
	}
	for _, first := range slices.Backward(r.held.starts) {
		if r.held.tries > maxFinishes {
			r.giveUp()
			return
		}
		if r.finishes(first, last) {
			r.finish(first, last)
			return
		}
	}
}

// isUnfinished tells whether the line, alone, would be held.
func (r *Reader) isUnfinished(h head, line []byte) bool {
	rest := line[h.length:]
	if h.id == nil {
		_, n := argumentsStart(rest)
		return bytes.HasPrefix(rest, []byte("cwd=")) && n == 0
	}
	if !isArrival(rest) {
		return false
	}
	sender := line[min(h.length+3, len(line)):]
	n, state := scanAddress(sender, ' ')
	return state == open || state == balanced && r.line.breaksOff(r.line.read(sender[n:], false))
}

// finishes tells whether the lines held from the first to the last are a finished entry.
func (r *Reader) finishes(first, last int) bool {
	h, _ := scanHead(r.held.line(first))
	if h.id == nil {
		_, n := argumentsStart(r.held.line(last))
		return n > 0
	}
	if line := r.held.line(last); bytes.IndexByte(line, '"') < 0 && !bytes.Contains(line, []byte(" S=")) {
		return false
	}
	r.held.tries++
	items := r.afterSender(r.held.lines(first, last), h)
	return items != nil && r.line.read(items, false) && r.line.tail.size >= 0
}

// giveUp reads the first line held, and reports the others as forged.
func (r *Reader) giveUp() {
	was := r.take()
	defer r.giveBack(was)
	h, _ := scanHead(was.line(0))
	r.whole = true
	r.read(was.places[0], h, was.line(0))
	r.whole = false
	r.injected(&was, 1, len(was.places)-1)
}

// finish reads the lines held from the first to the last as one entry, and reports those behind the first that look like
// arrivals. Other lines are read as they are.
func (r *Reader) finish(first, last int) {
	was := r.take()
	defer r.giveBack(was)
	r.again(&was, 0, first)
	for r.held.active() {
		r.release()
	}
	entry := was.lines(first, last)
	h, _ := scanHead(entry)
	r.whole = true
	r.read(was.places[first], h, entry)
	r.whole = false
	r.injected(&was, first+1, last)
	r.again(&was, last+1, len(was.places))
}

// again reads the lines from one to before another.
func (r *Reader) again(was *held, from, to int) {
	for i := from; i < to; i++ {
		r.longWay(was.places[i], was.line(i))
	}
}

// injected reports the lines from one to another that look like arrivals.
func (r *Reader) injected(was *held, from, to int) {
	for k := from; k <= to; k++ {
		if h, ok := looksLikeArrival(was.line(k)); ok {
			r.entry = Entry{Kind: Injected, Place: was.places[k], MessageID: h.id, Column: 1, Text: was.line(k),
				Reason: "the line stands inside another entry"}
			r.emit(&r.entry)
		}
	}
}

// release reads the lines held, as none without a stamp finishes the first. Open quotes, and a cwd= that was broken in two,
// may be finished by one with a stamp: whoever put an LF there can write that too. The quotes of ordinary lines balance, so
// that none of them does it.
func (r *Reader) release() {
	h, _ := scanHead(r.held.line(0))
	items := r.afterSender(r.held.line(0), h)
	if h.id == nil || items == nil || !r.line.read(items, false) {
		for i := 1; i < len(r.held.places) && r.held.tries <= maxFinishes; i++ {
			if r.finishes(0, i) && (h.id == nil || r.endsInAddress()) {
				r.finish(0, i)
				return
			}
		}
	}
	was := r.take()
	defer r.giveBack(was)
	r.whole = true
	r.read(was.places[0], h, was.line(0))
	r.whole = false
	r.again(&was, 1, len(was.places))
}

// endsInAddress tells whether the entry just read ends in addresses with a domain, behind the last LF.
func (r *Reader) endsInAddress() bool {
	b := r.line.b
	for recipient := range bytes.SplitSeq(b[bytes.LastIndexByte(b, '"')+1:], []byte(" ")) {
		if len(recipient) > 0 && bytes.IndexByte(recipient, '@') < 0 {
			return false
		}
	}
	return true
}

// afterSender gives the items of an entry, nil if the sender itself is unfinished.
func (r *Reader) afterSender(entry []byte, h head) []byte {
	b := entry[min(h.length+3, len(entry)):]
	n, state := scanAddress(b, ' ')
	if h.id == nil || state != balanced {
		return nil
	}
	return b[n:]
}
