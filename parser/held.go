package parser

import "bytes"

// held are the lines from an unfinished entry on, until it is known what they are.
type held struct {
	text   []byte // the lines, each with its LF
	places []Place
	ends   []int // of each line in text, before its LF
}

func (h *held) active() bool { return len(h.places) > 0 }

// begin holds the unfinished line.
func (h *held) begin(p Place, line []byte) {
	h.text, h.places, h.ends = h.text[:0], h.places[:0], h.ends[:0]
	h.add(p, line)
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
	sender := r.held.text[h.length+3 : r.held.ends[i]]
	n, state := scanSender(sender)
	if state != balanced {
		return false
	}
	read := r.line.read(sender[n:], false)
	return read && !r.line.breaksOff(read)
}

// finish reads the lines held up to the i-th as one entry, and reports those but the first that look like arrivals.
func (r *Reader) finish(i int) {
	was := r.held
	r.held = held{}
	whole := was.text[:was.ends[i]]
	h, _ := scanHead(whole)
	r.whole = true
	r.read(was.places[0], h, whole)
	r.whole = false
	for k := 1; k <= i; k++ {
		if h, ok := looksLikeArrival(was.line(k)); ok {
			r.entry = Entry{Kind: Injected, Place: was.places[k], MessageID: h.id, Column: 1,
				Reason: "the line stands inside another entry"}
			r.emit(&r.entry)
		}
	}
	for k := i + 1; k < len(was.places); k++ {
		r.Line(was.places[k], was.line(k))
	}
}

// release reads the lines held, as none without a stamp finishes the first. Open quotes, and a cwd= that was broken in two,
// may be finished by one with a stamp: whoever put an LF there can write that too, and no ordinary line would do.
func (r *Reader) release() {
	h, _ := scanHead(r.held.line(0))
	if h.id == nil || !r.line.read(r.afterSender(h), false) {
		for i := 1; i < len(r.held.places); i++ {
			if r.finishes(i) {
				r.finish(i)
				return
			}
		}
	}
	was := r.held
	r.held = held{}
	r.whole = true
	r.read(was.places[0], h, was.line(0))
	r.whole = false
	for i := 1; i < len(was.places); i++ {
		r.Line(was.places[i], was.line(i))
	}
}

// afterSender gives the items of the first line held; none if the sender itself is unfinished.
func (r *Reader) afterSender(h head) []byte {
	line := r.held.line(0)
	b := line[min(h.length+3, len(line)):]
	n, state := scanSender(b)
	if state != balanced {
		return []byte(" (") // nothing that could be read
	}
	return b[n:]
}
