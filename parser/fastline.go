package parser

import "bytes"

// The fast path reads most lines of a log: those that are skipped, and arrivals of the usual shape, in which no item
// can be read in two ways. It emits of a line what fullParse would. Any other line it leaves to that.

// Lines reads whole lines of the log, each with its LF (the last may lack it), and returns their number. The first one
// stands at p. It does what Line does for each of them, but faster.
func (r *Reader) Lines(p Place, text []byte) (n int64) {
	clean := bytes.IndexByte(text, 0) < 0
	r.lasting = clean
	for ; len(text) > 0; n++ {
		end := bytes.IndexByte(text, '\n')
		next := end + 1
		if end < 0 {
			end, next = len(text), len(text)
		}
		if line := trimCR(text[:end]); !clean || mayBeJSON(line) {
			r.anyLine(p, line, end)
			r.copyPending() // its text gives way to that of the next
		} else if r.isPending() {
			r.nextPending(p, line, end)
		} else if !r.fastLine(p, line) {
			r.fullParse(p, line, end)
		}
		text = text[next:]
		p.Line++
	}
	r.lasting = false
	r.judgement.lines += n
	r.copyPending()
	return n
}

// fastLine reads a line without NULs while no line is pending. If it returns false, fullParse must read the line.
func (r *Reader) fastLine(p Place, line []byte) bool {
	switch sight, at := r.classify(line); sight {
	case classSkipped:
		if r.judgement.Exim = true; r.deliveries {
			r.fastDelivery(p, line, at)
		}
		return true
	case classNoMessage:
		r.judgeStamped(p, line, line[at:])
		return true
	case classArrival:
		r.judgement.Exim = true
		return r.fastArrival(p, line[at:])
	}
	return false
}

// A lineClass says what a line looks like.
type lineClass uint8

const (
	classUnknown   lineClass = iota
	classSkipped             // an entry of a message, which is skipped
	classNoMessage           // an entry of no message, which is skipped
	classArrival
	classOther // an entry of a message that isn't an arrival; it gets the full parse
)

// classify tells what a line without NULs looks like. at is where the flag of an arrival stands, or the text of an
// entry of no message or of one that is skipped. It sets the stamp and the pid in prefix, unless the class is unknown,
// and the id of an arrival.
func (r *Reader) classify(line []byte) (lineClass, int) {
	const stampEnd, shortest = len("yyyy-mm-dd hh:mm:ss "), len("iiiiii-iiiiii-ii Completed")
	if len(line) < stampEnd+shortest || !r.stamped(line) {
		return classUnknown, 0
	}
	h, i := &r.prefix, stampEnd
	h.stamp, h.pid = stamp{text: line[:19], millis: -1}, 0
	if line[stampEnd-1] != ' ' || mayBeZoneOrPID(line[stampEnd]) {
		i = h.eximStamp(line)
		i += h.scanPID(line[i:])
	}
	b := line[i:]
	if len(b) < shortest || b[0] == 'c' {
		return classUnknown, 0 // perhaps cwd=
	}
	end := hyphensEnd(b)
	if end == 0 {
		return classNoMessage, i
	}
	switch b[end+1] {
	case '*', 'S':
		return classOther, 0 // an overflow mark, an identification
	case '<', '(':
		if b[end+2] != '=' {
			return classSkipped, i + end + 1
		}
		if h.id = b[:end]; messageIDLength(b) != end || len(line) > mostItems {
			return classUnknown, 0
		}
		return classArrival, i + end + 1
	}
	return classSkipped, i + end + 1
}

// fastDelivery emits a line of the class classSkipped if it is a delivery line. at is where its text begins.
func (r *Reader) fastDelivery(p Place, line []byte, at int) {
	if !mayBeDelivery(line[at]) {
		return
	}
	h := &r.prefix
	end := at - len("iiiiii-iiiiii-ii ")
	if end < 0 || line[end+6] != '-' || line[end+13] != '-' {
		end = at - len("iiiiii-iiiiiiiiiii-iiii ")
	}
	if h.id = line[end : at-1]; messageIDLength(line[end:]) != len(h.id) {
		return
	}
	h.host, h.tag, h.length = nil, nil, at
	if kind, ok := deliveryKind(line[at:]); ok {
		r.emitDelivery(p, h, kind, line)
	}
}

// mayBeZoneOrPID tells whether what stands behind a stamp may be a zone or a pid, going by its first byte.
func mayBeZoneOrPID(c byte) bool { return c == '[' || c == '+' || c == '-' || c >= 'A' && c <= 'Z' }

// hyphensEnd gives where the message id at the start of b ends, going by its hyphens and the blank behind it alone; 0
// if there can be none.
func hyphensEnd(b []byte) int {
	switch {
	case b[6] != '-':
		return 0
	case b[13] == '-' && b[16] == ' ':
		return 16
	case b[18] == '-' && b[23] == ' ':
		return 23
	}
	return 0
}

// stamped tells whether the line begins with a stamp. Most often its minute is that of the line before.
func (r *Reader) stamped(line []byte) bool {
	if *(*[16]byte)(line) == r.minute && line[16] == ':' && isDigit(line[17]) && isDigit(line[18]) &&
		(line[19] == ' ' || line[19] == '.') {
		return true
	}
	if !isStamp(line) {
		return false
	}
	r.minute = [16]byte(line)
	return true
}
