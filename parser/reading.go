package parser

import "bytes"

// A reading is one way of understanding the items between the sender and S=. Its slices stand in the line.
type reading struct {
	bounceOf                   []byte
	host, helo, hostAddress    []byte
	hostPort                   int
	interfaceAddress           []byte
	interfacePort              int
	ident, protocol, tls, auth []byte
	ambiguous                  bool // these items can be cut in another way
}

// A lineReader finds the readings of one line. It is used again and again, so that nothing is allocated.
type lineReader struct {
	b   []byte // the line from behind the sender to its end, without a `<trunc>`
	may leniency

	best      reading
	tail      tail
	ambiguous bool // another reading is well-formed too

	sized bool   // S= stands somewhere in the line
	tails []tail // well-formed ends of the line, best first
}

// read finds the best reading of b, and tells whether there is one. First those are tried in which A= agrees with P=. Only if
// there is none at all, because of what stands behind S=, the line may be two entries in one.
func (l *lineReader) read(b []byte, cut bool) bool {
	l.b, l.may = b, leniency{cut: cut}
	if l.findTails(); !l.sized {
		l.findEnds()
	} else if len(l.tails) == 0 {
		l.may.merged = true
		l.findTails()
	}
	return l.search(true) || l.search(false)
}

// findTails collects the places at which S= and a well-formed rest of the line stand, from the right.
func (l *lineReader) findTails() {
	l.sized = false
	l.tails = l.tails[:0]
	for end := len(l.b); ; {
		i := bytes.LastIndex(l.b[:end], []byte(" S="))
		if i < 0 {
			return
		}
		l.sized = true
		l.addTail(i)
		end = i
	}
}

// findEnds does the same for a line that has no S=, because it breaks off or a very old version wrote it: each blank may be
// the place, the leftmost is the best.
func (l *lineReader) findEnds() {
	for i, c := range l.b {
		if c == ' ' {
			l.addTail(i)
		}
	}
	l.addTail(len(l.b))
}

func (l *lineReader) addTail(start int) {
	var t tail
	if t.read(l.b, start, l.may) == balanced {
		l.tails = append(l.tails, t)
	}
}

// maxTries bounds the search for a second reading. A line that has more ways to try is ambiguous whatever they give.
const maxTries = 256

// search takes the reading with the rightmost peer, and looks for another one.
func (l *lineReader) search(strict bool) bool {
	found, tries := false, 0
	l.ambiguous = false
	for p := (peers{b: l.b}); p.next(); {
		for i := range l.tails {
			t := &l.tails[i]
			if t.start < p.end {
				continue
			}
			if tries++; found && tries > maxTries {
				l.ambiguous = true
				return true
			}
			r := p.reading()
			if !r.relay(l.b[p.end:t.start], strict) {
				continue
			}
			if found || r.ambiguous {
				l.ambiguous = true
			}
			if !found {
				l.best, l.tail, found, tries = r, *t, true, 0
			}
			if l.ambiguous || !l.sized {
				return true
			}
		}
	}
	return found
}

// breaksOff tells whether the line, read or not, may go on behind an LF: in A=, or in a quoted address of from or for.
func (l *lineReader) breaksOff(read bool) bool {
	if read {
		return l.tail.size < 0 && l.tail.start == len(l.b) && l.best.auth != nil
	}
	for end := len(l.b); ; {
		i := bytes.LastIndex(l.b[:end], []byte(" S="))
		if i < 0 {
			return false
		}
		var t tail
		if t.read(l.b, i, leniency{}) == open {
			return true
		}
		end = i
	}
}

// complaint says why the line can't be read, and which blank of b the item that is wrong stands behind.
func (l *lineReader) complaint() (reason string, at int) {
	p := peers{b: l.b}
	if !p.next() {
		return "H= holds no peer address", p.h
	}
	if len(l.tails) == 0 {
		return "the items after S= do not reach to the end of the line", bytes.LastIndex(l.b, []byte(" S="))
	}
	return "the items before S= are not in Exim's order", p.end
}
