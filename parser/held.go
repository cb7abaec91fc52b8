package parser

import (
	"bytes"
	"time"
)

// held are the lines near a beginning: a line from which an entry of several lines may run on. Exim writes an entry
// with one write of at most maxEntry bytes, so an end can come only that far behind its beginning.
type held struct {
	items    []heldLine // that are not told yet, in their order
	base     []heldLine // their buffer
	first    int        // of the items behind the nearest beginning
	near     bool       // a beginning is within reach
	open     bool       // the nearest beginning, items[first-1], waits for its end
	tries    int        // to finish it
	finished bool       // it was: any line without a stamp may be its true end

	read   int64 // bytes of the log, while something is watched
	start  int64 // where the line begins that is read
	begins int64 // where the nearest beginning stands
	began  int64 // its second, or noSecond
	shadow int64 // up to here lines may stand inside an entry that breaks off

	stamps earliest // of the beginnings within reach
	doubts int      // items of which the stamp is in doubt
	latest int64    // no stamp in doubt is later
	framed bool     // an item in doubt is framed
	paused bool     // the line to come is the first behind a place between two writes

	since since  // where the first item was, of those held without a break
	text  []byte // the lines that must outlast a call
	spare []byte // its buffer is used next
}

// maxFinishes is how often Reader tries whether a line finishes an entry. Only forged lines need more.
const maxFinishes = 64

// A sort says how an item is told.
type sort uint8

const (
	asLine   sort = iota // a line, read as it is
	asForged             // a line inside an entry
	asEnd                // the end of an entry whose beginning looks whole
	asBroken             // a cwd= line that breaks off, and is never finished
	asEntry              // a whole entry, of several lines
)

// A heldLine is a line that is held, or an entry of several.
type heldLine struct {
	place   Place
	line    []byte
	sort    sort
	own     bool // line stands in held.text
	lasting bool // line stands in the text given to Lines
	usual   bool // an arrival that may be of the usual shape
	shadowed
}

// A since says where the first of the lines began that are held without a break.
type since struct {
	start  int64     // by held.read
	line   int64     // Place.Line
	last   time.Time // Reader.Last
	pieces bool      // of an entry were held there, too
}

// watching tells whether the next line needs a look at the lines above it.
func (r *Reader) watching() bool { return r.held.near || len(r.held.items) > 0 || r.split.any() }

// follow reads the next line, of raw bytes, while lines are watched: those of which nothing is told are passed over
// at once.
func (r *Reader) follow(p Place, line []byte, raw int) {
	r.advance(raw)
	h := &r.seen
	switch sight, at := r.glance(h, line); sight {
	case noMessage:
		r.judgedShort(p, line, line[at:])
		r.pass(p, h, line)
	case nothing:
		r.pass(p, h, line)
	case anArrival:
		r.arrives(p, h, line, line[at:])
	case another:
		r.pass(p, h, line)
		if !r.held.open {
			r.hold(p, line, asLine)
		}
	default:
		r.look(p, line)
	}
	r.settle()
}

// longWay reads the next line, of raw bytes, of which no shape is expected.
func (r *Reader) longWay(p Place, line []byte, raw int) {
	r.advance(raw)
	r.look(p, line)
	r.settle()
}

// advance says that the next line, of raw bytes, is read.
func (r *Reader) advance(raw int) {
	if r.split.any() {
		r.overdue()
	}
	w := &r.held
	w.start = w.read
	w.read += int64(raw) + 1
	if w.near && w.read > w.begins+maxEntry {
		r.unfinished()
		w.first, w.near = len(w.items), false
		r.settle()
	}
}

// pass passes over a line that nothing is told of.
func (r *Reader) pass(p Place, h *head, line []byte) {
	if r.held.doubts > 0 {
		r.witness(&h.stamp)
	}
	if r.held.open {
		r.hold(p, line, asLine)
	}
}

// arrives takes an arrival, of which b begins with the flag.
func (r *Reader) arrives(p Place, h *head, line, b []byte) {
	if r.held.doubts > 0 {
		r.witness(&h.stamp)
	}
	switch {
	case mayRunOn(b):
		r.look(p, line)
	case r.watching():
		r.hold(p, line, asLine)
		r.held.items[len(r.held.items)-1].usual = true
		r.doubt(&h.stamp)
	default:
		r.tell(&heldLine{place: p, line: line, lasting: r.lasting, usual: true})
	}
}

// look takes a line of which nothing is known.
func (r *Reader) look(p Place, line []byte) {
	h, stamped := scanHead(line)
	r.judged(p, &h, stamped, line)
	if !stamped {
		r.unstamped(p, line)
		return
	}
	if r.held.doubts > 0 {
		r.witness(&h.stamp)
	}
	isCall := h.id == nil && h.tag == nil && bytes.HasPrefix(line[h.length:], []byte("cwd="))
	switch {
	case isCall:
		r.calls(p, h, line)
	case !r.watching():
		last := r.clock.last
		if h.piece.m > 1 {
			r.piece(p, h, line)
		} else if !r.read(p, h, line) {
			r.clock.last = last // as it isn't told yet
			r.waits(p, h, line)
		}
	case h.tag == nil && r.isUnfinished(h, line):
		r.waits(p, h, line)
	default:
		r.hold(p, line, asLine)
		if h.id != nil && isArrival(line[h.length:]) {
			r.doubt(&h.stamp)
		}
	}
}

// calls takes a cwd= line. From each an entry may run on, as the name of a folder may look like the rest of the line.
func (r *Reader) calls(p Place, h head, line []byte) {
	w := &r.held
	r.unfinished()
	w.first = len(w.items)
	if r.settle(); len(w.items) == 0 {
		if r.read(p, h, line) {
			r.begins(h)
		} else {
			r.waits(p, h, line)
		}
		return
	}
	if _, n := argumentsStart(line[h.length:]); n == 0 {
		r.waits(p, h, line)
		return
	}
	r.hold(p, line, asLine)
	r.begins(h)
}

// waits holds a line that breaks off, or may do so, until a line to come shows whether it does.
func (r *Reader) waits(p Place, h head, line []byte) {
	r.unfinished()
	r.hold(p, line, asLine)
	if h.id != nil {
		r.doubt(&h.stamp)
	}
	r.begins(h)
	r.held.open = true
}

// begins makes the line that is read the nearest beginning.
func (r *Reader) begins(h head) {
	w := &r.held
	w.begins, w.near, w.first = w.start, true, len(w.items)
	w.open, w.finished, w.tries = false, false, 0
	w.began = r.second(&h.stamp)
	w.stamps.add(w.start, w.began)
}

// unstamped takes a line without a stamp: an entry begins further up, if any.
func (r *Reader) unstamped(p Place, line []byte) {
	w := &r.held
	if w.doubts > 0 {
		r.frame()
	}
	switch {
	case !w.near && !r.watching():
		r.stray(p, line)
	case !w.near:
		r.hold(p, line, asLine)
	case w.open && r.finishes(line):
		r.finish(line)
	case w.finished || endsNear(line):
		r.forge()
		r.hold(p, line, asEnd)
		w.items[len(w.items)-1].at = w.began
		if !w.open {
			w.first = len(w.items)
		}
	case w.open:
		r.hold(p, line, asLine)
	}
}

// endsNear tells whether a line without a stamp may be the end of an entry that begins within reach.
func endsNear(line []byte) bool { return isEndOfEntry(line) || bytes.Contains(line, []byte(`"@`)) }

// hold adds a line to those held.
func (r *Reader) hold(p Place, line []byte, s sort) {
	w := &r.held
	if len(w.items) == 0 {
		w.since = since{w.start, p.Line, r.clock.last, r.split.any()}
	}
	if len(w.items) == cap(w.items) {
		if cap(w.base) < 2*len(w.items)+1 {
			w.base = make([]heldLine, 0, 4*len(w.items)+16)
		}
		w.items = append(w.base[:0], w.items...)
	}
	w.items = append(w.items, heldLine{place: p, line: line, sort: s, lasting: r.lasting})
	w.items[len(w.items)-1].forgeable = w.read <= w.shadow
	if !w.near {
		w.first = len(w.items)
	}
}

// forge says that the items behind the nearest beginning stand inside an entry that ends at this line.
func (r *Reader) forge() {
	for i := r.held.first; i < len(r.held.items); i++ {
		if it := &r.held.items[i]; it.sort == asLine {
			it.sort, it.at = asForged, r.held.began
		}
	}
}

// finishes tells whether the line is the end of the nearest beginning.
func (r *Reader) finishes(line []byte) bool {
	w := &r.held
	h, _ := scanHead(w.items[w.first-1].line)
	if h.id == nil {
		_, n := argumentsStart(line)
		return n > 0
	}
	if bytes.IndexByte(line, '"') < 0 && !bytes.Contains(line, []byte(" S=")) || w.tries >= maxFinishes {
		return false
	}
	w.tries++
	items := afterSender(r.join(line), h)
	return items != nil && r.line.read(items, false) && r.line.tail.size >= 0
}

// join gives the lines from the nearest beginning on as one entry, which ends in line.
func (r *Reader) join(line []byte) []byte {
	r.joined = r.joined[:0]
	for _, it := range r.held.items[r.held.first-1:] {
		r.joined = append(append(r.joined, it.line...), '\n')
	}
	r.joined = append(r.joined, line...)
	return r.joined
}

// finish makes one entry of the lines from the nearest beginning to this one. Another may follow: only the last end
// is the true one.
func (r *Reader) finish(line []byte) {
	w := &r.held
	it := &w.items[w.first-1]
	n := len(w.text)
	w.text = append(w.text, r.join(line)...)
	it.line, it.sort, it.own, it.lasting = w.text[n:], asEntry, true, false
	r.forge()
	w.open, w.finished, w.first = false, true, len(w.items)
}

// unfinished says that no line to come can finish the nearest beginning. If that breaks off, the lines behind it may
// be real, or forged within it.
func (r *Reader) unfinished() {
	w := &r.held
	if !w.open {
		return
	}
	w.open = false
	it := &w.items[w.first-1]
	h, _ := scanHead(it.line)
	if h.id != nil && r.canBeRead(h, it.line) {
		return
	}
	if h.id == nil {
		it.sort, it.at = asBroken, w.began
	}
	w.shadow = w.begins + maxEntry
	for i := w.first; i < len(w.items); i++ {
		w.items[i].forgeable = true
	}
}

// settle tells of the items that nothing to come can change.
func (r *Reader) settle() {
	w := &r.held
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
		if n >= free && (n < w.first || it.sort == asLine) || !r.decided(it) {
			break
		}
		r.tell(it)
	}
	if n == 0 {
		return
	}
	w.items = w.items[n:]
	if w.first = max(w.first-n, 0); len(w.items) == 0 {
		w.items, w.text = w.base[:0], w.text[:0]
	}
}

// tell emits what an item is.
func (r *Reader) tell(it *heldLine) {
	switch it.sort {
	case asForged:
		if h, ok := looksLikeArrival(it.line); ok {
			r.injected(it, h.id, "the line stands inside another entry")
		}
	case asEnd:
		r.injected(it, nil, "the end of an entry that begins further up: lines in between may be forged")
	case asBroken:
		r.injected(it, nil, "a cwd= entry that breaks off: lines behind it may be forged")
	default:
		was := r.lasting
		r.lasting = it.lasting
		done := it.usual && !it.forgeable && r.quick(it.place, it.line)
		if r.lasting = was; !done {
			r.whole, r.forgeable = true, it.forgeable
			r.single(it.place, it.line)
			r.whole, r.forgeable = false, false
		}
	}
}

func (r *Reader) injected(it *heldLine, id []byte, reason string) {
	r.entry = Entry{Kind: Injected, Place: it.place, MessageID: id, Column: 1, Text: it.line, Reason: reason}
	if it.at != 0 && it.at != noSecond {
		r.entry.Time = time.Unix(it.at, 0).In(r.clock.zone)
	}
	r.emit(&r.entry)
}

// keep copies the lines that are held, as they are good for a call alone.
func (r *Reader) keep() {
	w := &r.held
	if len(w.text) > 4*maxEntry {
		w.text, w.spare = w.spare[:0], w.text
		for i := range w.items {
			w.items[i].own = false
		}
	}
	for i := range w.items {
		if it := &w.items[i]; !it.own {
			n := len(w.text)
			w.text = append(w.text, it.line...)
			it.line, it.own, it.lasting = w.text[n:len(w.text):len(w.text)], true, false
		}
	}
}

// isUnfinished tells whether an arrival may run on behind an LF.
func (r *Reader) isUnfinished(h head, line []byte) bool {
	if h.id == nil || !isArrival(line[h.length:]) {
		return false
	}
	n, state := scanAddress(line[min(h.length+3, len(line)):], ' ')
	items := line[min(h.length+3, len(line))+n:]
	return state == open || state == balanced && r.line.breaksOff(r.line.read(items, false))
}

// canBeRead tells whether an arrival may be whole, though it may run on as well.
func (r *Reader) canBeRead(h head, line []byte) bool {
	items := afterSender(line, h)
	return items != nil && r.line.read(items, false) && r.line.tail.size >= 0
}

// mayRunOn tells, fast, whether isUnfinished may be true of an arrival of which b begins with the flag.
func mayRunOn(b []byte) bool {
	u := usual{b: b}
	if !u.quotes() {
		return true
	}
	i := bytes.Index(b, []byte(" A="))
	if i < 0 {
		return false // nothing else may hold an LF
	}
	n := bytes.Index(b[i:], []byte(" S="))
	return n < 0 || bytes.Count(b[i:i+n], []byte{':'}) > 1
}

// afterSender gives the items of an arrival, nil if the sender itself is unfinished.
func afterSender(arrival []byte, h head) []byte {
	b := arrival[min(h.length+3, len(arrival)):]
	n, state := scanAddress(b, ' ')
	if state != balanced {
		return nil
	}
	return b[n:]
}
