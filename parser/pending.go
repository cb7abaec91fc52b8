package parser

import (
	"bytes"
	"time"
)

// pendingLines are the lines near a beginning, which is a line from which an entry of several lines may run on. Exim
// writes an entry with one write of at most maxEntry bytes. So its end can come only that far behind its beginning.
type pendingLines struct {
	items    []pendingLine // that aren't emitted yet, in their order
	base     []pendingLine // their buffer
	first    int           // of the items behind the nearest beginning
	inReach  bool          // a beginning is within reach
	open     bool          // the nearest beginning, items[first-1], waits for its end
	tries    int           // to finish it
	finished bool          // it was ended: any later line without a stamp may be its true end

	bytesRead       int64 // bytes of the log, while lines are pending
	lineStart       int64 // where the current line begins
	beginningAt     int64 // where the nearest beginning stands
	beginningSecond int64 // its second, or noSecond
	shadowEnd       int64 // up to here, lines may stand inside an entry that breaks off

	stamps     earliestStamps // of the beginnings within reach
	doubts     int            // items of which the stamp is in doubt
	latest     int64          // no stamp in doubt is later
	framed     bool           // an item in doubt is framed
	afterPause bool           // the line to come is the first behind a place between two writes

	since pendingSince // where the first item was, of those pending without a break
	text  []byte       // the lines that must outlast a call
	spare []byte       // its buffer is used next
}

// maxFinishes is how often Reader tries whether a line ends an entry. Only forged lines need more.
const maxFinishes = 64

// A pendingKind says how a pending line is emitted.
type pendingKind uint8

const (
	pendingRaw    pendingKind = iota // a line, read as it is
	pendingForged                    // a line inside an entry
	pendingEnd                       // the end of an entry whose beginning looks whole
	pendingBroken                    // a cwd= line that breaks off, and is never finished
	pendingJoined                    // a whole entry, of several lines
)

// A pendingLine is a pending line, or an entry of several.
type pendingLine struct {
	place   Place
	start   int64 // by pendingLines.bytesRead
	line    []byte
	kind    pendingKind
	copied  bool // line lies in pendingLines.text
	lasting bool // line stands in the text given to Lines
	usual   bool // fastLine may read it
	stampDoubt
}

// A pendingSince says where the first of the lines began that have been pending without a break.
type pendingSince struct {
	start     int64     // by pendingLines.bytesRead
	line      int64     // Place.Line
	lastStamp time.Time // Reader.Last
	pieces    bool      // of an entry were pending there, too
}

// isPending tells whether the next line must be compared with the lines above it.
func (r *Reader) isPending() bool { return r.pending.inReach || r.Holding() }

// nextPending reads the next line while lines are pending. It skips at once a line that can't matter. raw is the line's
// length in the log.
func (r *Reader) nextPending(p Place, line []byte, raw int) {
	r.advance(raw)
	switch sight, at := r.classify(line); sight {
	case classNoMessage:
		r.judgeStamped(p, line, line[at:])
		r.skipLine(p, line)
	case classSkipped:
		r.skippedLine(p, line, at)
	case classArrival:
		r.arrivalLine(p, line, line[at:])
	case classOther:
		r.compareStamp(&r.prefix.stamp)
		r.buffer(p, line, pendingRaw)
	default:
		r.unknownLine(p, line)
	}
	r.flushDecided()
}

// fullParse reads the next line, whatever it holds. raw is the line's length in the log.
func (r *Reader) fullParse(p Place, line []byte, raw int) {
	r.advance(raw)
	r.unknownLine(p, line)
	r.flushDecided()
}

// advance notes that the next line is read. raw is its length in the log.
func (r *Reader) advance(raw int) {
	if s := &r.split; r.InPieces() {
		if s.lines++; s.lines-s.parts[0].begun > maxAway {
			r.giveUp(0)
		}
	}
	w := &r.pending
	w.lineStart = w.bytesRead
	w.bytesRead += int64(raw) + 1
	if w.inReach && w.bytesRead > w.beginningAt+maxEntry {
		r.closeBeginning()
		w.inReach = false
		r.flushDecided()
	}
}

// skipLine skips a line of which nothing is emitted.
func (r *Reader) skipLine(p Place, line []byte) {
	r.compareStamp(&r.prefix.stamp)
	if r.pending.open {
		r.buffer(p, line, pendingRaw)
	}
}

// skippedLine takes a line of the class classSkipped, of which the text begins at. A delivery line waits for the lines
// before it.
func (r *Reader) skippedLine(p Place, line []byte, at int) {
	if !r.deliveries || !mayBeDelivery(line[at]) {
		r.skipLine(p, line)
		return
	}
	r.compareStamp(&r.prefix.stamp)
	r.buffer(p, line, pendingRaw).usual = true
}

// arrivalLine takes an arrival. b begins with its flag.
func (r *Reader) arrivalLine(p Place, line, b []byte) {
	s := &r.prefix.stamp
	r.compareStamp(s)
	switch {
	case mayRunOn(b):
		r.unknownLine(p, line)
	case r.isPending():
		r.buffer(p, line, pendingRaw).usual = true
		r.doubtStamp(s)
	default:
		r.emitPending(&pendingLine{place: p, line: line, lasting: r.lasting, usual: true})
	}
}

// unknownLine takes a line of which nothing is known.
func (r *Reader) unknownLine(p Place, line []byte) {
	h, stamped := scanPrefix(line)
	r.judge(p, &h, stamped, line)
	if !stamped {
		r.unstamped(p, line)
		return
	}
	r.compareStamp(&h.stamp)
	switch {
	case h.id == nil && h.tag == nil && bytes.HasPrefix(line[h.length:], []byte("cwd=")):
		r.callLine(p, h, line)
	case !r.isPending():
		last := r.clock.last
		if !r.parseEntry(p, h, line) {
			r.clock.last = last // as it isn't emitted yet
			r.keepOpen(p, h, line)
		}
	case h.tag == nil && r.mayBeUnfinished(h, line):
		r.keepOpen(p, h, line)
	default:
		r.buffer(p, line, pendingRaw)
		if h.id != nil && isArrival(line[h.length:]) {
			r.doubtStamp(&h.stamp)
		}
	}
}

// callLine takes a cwd= line. An entry may run on from each, as a folder's name may look like the rest of the line.
func (r *Reader) callLine(p Place, h linePrefix, line []byte) {
	r.closeBeginning()
	if r.flushDecided(); len(r.pending.items) == 0 {
		r.forgeable = r.pending.bytesRead <= r.pending.shadowEnd
		whole := r.parseEntry(p, h, line)
		if r.forgeable = false; whole {
			r.setBeginning(h)
		} else {
			r.keepOpen(p, h, line)
		}
		return
	}
	if _, n := argumentsStart(line[h.length:]); n == 0 {
		r.keepOpen(p, h, line)
		return
	}
	r.buffer(p, line, pendingRaw)
	r.setBeginning(h)
}

// keepOpen makes a line pending that breaks off, or may do so, until a later line shows whether it does.
func (r *Reader) keepOpen(p Place, h linePrefix, line []byte) {
	r.closeBeginning()
	r.buffer(p, line, pendingRaw)
	if h.id != nil {
		r.doubtStamp(&h.stamp)
	}
	r.setBeginning(h)
	r.pending.open = true
}

// setBeginning makes the current line the nearest beginning.
func (r *Reader) setBeginning(h linePrefix) {
	w := &r.pending
	w.beginningAt, w.inReach, w.first = w.lineStart, true, len(w.items)
	w.open, w.finished, w.tries = false, false, 0
	w.beginningSecond = r.secondOf(&h.stamp)
	w.stamps.add(w.lineStart, w.beginningSecond)
}

// unstamped takes a line without a stamp. Its entry, if any, begins further up.
func (r *Reader) unstamped(p Place, line []byte) {
	w := &r.pending
	if w.doubts > 0 {
		r.markFramed()
	}
	switch {
	case !w.inReach && !r.isPending():
		r.strayEnd(p, line)
	case !w.inReach:
		r.buffer(p, line, pendingRaw)
	case w.open && r.endsEntry(line):
		r.joinEntry(line)
	case w.finished || endsNear(line):
		r.markForged()
		r.buffer(p, line, pendingEnd).at = w.beginningSecond
		if !w.open {
			w.first = len(w.items)
		}
	case w.open:
		r.buffer(p, line, pendingRaw)
	}
}

// endsNear tells whether a line without a stamp may end an entry that begins within reach.
func endsNear(line []byte) bool { return isEndOfEntry(line) || bytes.Contains(line, []byte(`"@`)) }

// buffer makes a line pending.
func (r *Reader) buffer(p Place, line []byte, s pendingKind) *pendingLine {
	w := &r.pending
	if len(w.items) == 0 {
		w.since = pendingSince{w.lineStart, p.Line, r.clock.last, r.InPieces()}
	}
	if len(w.items) == cap(w.items) {
		if cap(w.base) < 2*len(w.items)+1 {
			w.base = make([]pendingLine, 0, 4*len(w.items)+16)
		}
		w.items = append(w.base[:0], w.items...)
	}
	w.items = append(w.items, pendingLine{place: p, start: w.lineStart, line: line, kind: s, lasting: r.lasting})
	if !w.inReach {
		w.first = len(w.items)
	}
	it := &w.items[len(w.items)-1]
	it.forgeable = w.bytesRead <= w.shadowEnd
	return it
}

// markForged marks the lines behind the nearest beginning as standing inside an entry that ends at this line.
func (r *Reader) markForged() {
	for i := r.pending.first; i < len(r.pending.items); i++ {
		if it := &r.pending.items[i]; it.kind == pendingRaw {
			it.kind, it.at = pendingForged, r.pending.beginningSecond
		}
	}
}

// endsEntry tells whether the line ends the entry of the nearest beginning.
func (r *Reader) endsEntry(line []byte) bool {
	w := &r.pending
	h, _ := scanPrefix(w.items[w.first-1].line)
	if h.id == nil {
		_, n := argumentsStart(line)
		return n > 0
	}
	if bytes.IndexByte(line, '"') < 0 && !bytes.Contains(line, []byte(" S=")) || w.tries >= maxFinishes {
		return false
	}
	w.tries++
	return r.canBeRead(h, r.join(line))
}

// join gives the lines from the nearest beginning on as one entry, which ends in line.
func (r *Reader) join(line []byte) []byte {
	r.joined = r.joined[:0]
	for _, it := range r.pending.items[r.pending.first-1:] {
		r.joined = append(append(r.joined, it.line...), '\n')
	}
	r.joined = append(r.joined, line...)
	return r.joined
}

// joinEntry makes one entry of the lines from the nearest beginning to this one. Another end may follow: only the last
// one is true.
func (r *Reader) joinEntry(line []byte) {
	w := &r.pending
	it := &w.items[w.first-1]
	n := len(w.text)
	w.text = append(w.text, r.join(line)...)
	it.line, it.kind, it.copied, it.lasting = w.text[n:], pendingJoined, true, false
	r.markForged()
	w.open, w.finished, w.first = false, true, len(w.items)
}

// closeBeginning says that no later line can end the entry of the nearest beginning. If that breaks off, the lines
// behind it may be real, or forged within it.
func (r *Reader) closeBeginning() {
	w := &r.pending
	first := w.first
	if w.first = len(w.items); !w.open {
		return
	}
	w.open = false
	it := &w.items[first-1]
	h, _ := scanPrefix(it.line)
	if h.id != nil && r.canBeRead(h, it.line) {
		return
	}
	if h.id == nil {
		it.kind, it.at = pendingBroken, w.beginningSecond
	}
	w.shadowEnd = w.beginningAt + maxEntry
	for i := first; i < len(w.items); i++ {
		w.items[i].forgeable = true
	}
}

// mayBeUnfinished tells whether an arrival may run on behind an LF.
func (r *Reader) mayBeUnfinished(h linePrefix, line []byte) bool {
	if h.id == nil || !isArrival(line[h.length:]) {
		return false
	}
	_, items, state := h.sender(line)
	return state == open || state == balanced && r.backtracker.breaksOff(r.backtracker.parse(items, false))
}

// canBeRead tells whether an arrival may be whole, though it may run on as well.
func (r *Reader) canBeRead(h linePrefix, line []byte) bool {
	_, items, state := h.sender(line)
	return state == balanced && r.backtracker.parse(items, false) && r.backtracker.tail.size >= 0
}

// mayRunOn tells, fast, whether mayBeUnfinished may be true of an arrival. b begins with its flag.
func mayRunOn(b []byte) bool {
	u := fastArrival{rest: b}
	if !u.quotes() || bytes.Contains(b, []byte("@[")) { // a domain literal may lack its end, as a quoted address may
		return true
	}
	i := bytes.Index(b, []byte(" A="))
	if i < 0 {
		return false // nothing else may hold an LF
	}
	n := bytes.Index(b[i:], []byte(" S="))
	return n < 0 || bytes.Count(b[i:i+n], []byte{':'}) > 1
}
