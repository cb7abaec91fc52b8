package parser

import "bytes"

// held are the lines from an unfinished entry on, until it is known what they are.
type held struct {
	text   []byte // the lines, each with its LF
	places []Place
	ends   []int // of each line in text, before its LF
	tries  int   // to finish the first
}

// maxFinishes is how often it is tried whether a line finishes the first. Nobody but who forges lines gives cause for more.
const maxFinishes = 64

func (h *held) active() bool { return len(h.places) > 0 }

// begin holds the unfinished line.
func (h *held) begin(p Place, line []byte) {
	h.text, h.places, h.ends, h.tries = h.text[:0], h.places[:0], h.ends[:0], 0
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
	r.spare = held{text: was.text[:0], places: was.places[:0], ends: was.ends[:0]}
}

func (h *held) add(p Place, line []byte) {
	h.text = append(h.text, line...)
	h.places, h.ends = append(h.places, p), append(h.ends, len(h.text))
	h.text = append(h.text, '\n')
}

// line gives the i-th line held.
func (h *held) line(i int) []byte {
	if i == 0 {
		return h.text[:h.ends[0]]
	}
	return h.text[h.ends[i-1]+1 : h.ends[i]]
}

// hold adds a line to those held, and reads them as soon as it is known what they are: at the line without a stamp that
// finishes the first, or when more was held than Exim writes at once.
func (r *Reader) hold(p Place, line []byte) {
	if len(r.held.text)+len(line)+1 > maxEntry {
		r.release()
		r.Line(p, line)
		return
	}
	r.held.add(p, line)
	last := len(r.held.places) - 1
	if _, stamped := scanHead(line); !stamped && r.finishes(last) {
		r.finish(last)
	}
	if r.held.tries > maxFinishes {
		r.giveUp()
	}
}

// finishes tells whether the first line held, all up to the i-th included, is a finished entry.
func (r *Reader) finishes(i int) bool {
	first, last := r.held.line(0), r.held.line(i)
	h, _ := scanHead(first)
	if h.id == nil {
		_, n := argumentsStart(last)
		return n > 0
	}
	if bytes.IndexByte(last, '"') < 0 && !bytes.Contains(last, []byte(" S=")) {
		return false
	}
	r.held.tries++
	items := r.afterSender(r.held.text[:r.held.ends[i]], h)
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
	r.injected(&was, len(was.places)-1)
}

// finish reads the lines held up to the i-th as one entry, and reports those but the first that look like arrivals.
func (r *Reader) finish(i int) {
	was := r.take()
	defer r.giveBack(was)
	whole := was.text[:was.ends[i]]
	h, _ := scanHead(whole)
	r.whole = true
	r.read(was.places[0], h, whole)
	r.whole = false
	r.injected(&was, i)
	for k := i + 1; k < len(was.places); k++ {
		r.Line(was.places[k], was.line(k))
	}
}

// injected reports the lines up to the i-th, but for the first, that look like arrivals.
func (r *Reader) injected(was *held, i int) {
	for k := 1; k <= i; k++ {
		if h, ok := looksLikeArrival(was.line(k)); ok {
			r.entry = Entry{Kind: Injected, Place: was.places[k], MessageID: h.id, Column: 1,
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
		for i := 1; i < len(r.held.places); i++ {
			if r.finishes(i) && (h.id == nil || r.endsInAddress()) {
				r.finish(i)
				return
			}
		}
	}
	was := r.take()
	defer r.giveBack(was)
	r.whole = true
	r.read(was.places[0], h, was.line(0))
	r.whole = false
	for i := 1; i < len(was.places); i++ {
		r.Line(was.places[i], was.line(i))
	}
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
