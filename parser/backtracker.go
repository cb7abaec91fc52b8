package parser

import (
	"bytes"
	"slices"
)

// A parse is one way of understanding the items between the sender and S=. Its slices lie in the line.
type parse struct {
	bounceOf                   []byte
	host, helo, hostAddress    []byte
	hostPort                   int
	interfaceAddress           []byte
	interfacePort              int
	ident, protocol, tls, auth []byte
	ambiguous                  bool // these items can be cut in another way

	*parseWork
}

// A parseWork is what all parses of a line share.
type parseWork struct {
	budget   int    // the work left for the line
	hasSize  bool   // S= stands behind the items that are read: what they name counts
	unpaired bool   // a parse fits except that the quotes in A= don't balance
	named    logins // by the parses that fit
}

// spend uses up some of the budget, and tells whether there was enough.
func (w *parseWork) spend(n int) bool {
	w.budget -= n
	return w.budget >= 0
}

// noteLogin notes the login that a parse names. The parse fits as well as the best one.
func (w *parseWork) noteLogin(auth []byte) {
	if w.hasSize {
		w.named.note(auth)
	}
}

// A backtracker finds the parses of one line. It is used again and again, so nothing is allocated.
type backtracker struct {
	b   []byte // the line from behind the sender to its end, without a `<trunc>`
	may leniency

	best      parse
	peer      int // where its items after H= begin
	tail      trailingItems
	ambiguous bool // another parse is well-formed, too

	starts []int           // of S= in the line
	tails  []trailingItems // well-formed ends of the line, best first
	open   bool            // an end of the line breaks off inside quotes
	memo   recipientMemo
	work   parseWork
}

// effortPerByte bounds the work on a line, in bytes looked at for each byte of it, whatever free text it holds. A line
// of an honest client takes less than a tenth.
const effortPerByte = 64

// parse finds the best parse of b, and tells whether there is one. It first tries those in which A= agrees with P=. If
// what stands behind S= allows none at all, the line may be two entries in one.
func (l *backtracker) parse(b []byte, cut bool) bool {
	l.b, l.may = b, leniency{cut: cut}
	l.open, l.work.named.n = false, 0
	l.findTails()
	switch {
	case len(l.starts) == 0:
		l.findEnds()
	case len(l.tails) == 0 && !l.findTailsWith(leniency{cut: cut, escaped: true}):
		l.findTailsWith(leniency{cut: cut, merged: true})
	}
	return l.search(true) || l.search(false)
}

// findTailsWith looks for tails with more leniency, and tells whether there are any.
func (l *backtracker) findTailsWith(may leniency) bool {
	l.may = may
	l.findTails()
	return len(l.tails) > 0
}

// findTails collects, from the right, the places of S= from which the rest of the line is well-formed. A blank behind a
// backslash is part of a message id or an address.
func (l *backtracker) findTails() {
	l.starts, l.tails, l.memo = l.starts[:0], l.tails[:0], recipientMemo{}
	for from := 0; ; {
		i := bytes.Index(l.b[from:], []byte(" S="))
		if i < 0 {
			break
		}
		l.starts = append(l.starts, from+i)
		from += i + len(" S=")
	}
	for _, start := range slices.Backward(l.starts) {
		if l.memo.bytesRead > effortPerByte*len(l.b) {
			break
		}
		if l.may.escaped || !isEscaped(l.b, start) {
			l.addTail(start)
		}
	}
}

// isEscaped tells whether an odd number of backslashes stands before b[i].
func isEscaped(b []byte, i int) bool {
	n := 0
	for n < i && b[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// findEnds does the same for a line without S=, because it breaks off or a very old version wrote it. Each blank may be
// the place; the leftmost is the best.
func (l *backtracker) findEnds() {
	left := effortPerByte * len(l.b)
	for i, c := range l.b {
		if c == ' ' && left > 0 {
			l.addTail(i)
			left -= len(l.b) - i
			l.memo = recipientMemo{} // holds only from the right
		}
	}
	l.addTail(len(l.b))
}

func (l *backtracker) addTail(start int) {
	var t trailingItems
	switch t.parse(l.b, start, l.may, &l.memo) {
	case balanced:
		l.tails = append(l.tails, t)
	case open:
		l.open = true
	}
}

// search takes the parse with the rightmost peer, and looks for others. The line is ambiguous if the budget doesn't
// suffice to rule them out.
func (l *backtracker) search(strict bool) bool {
	found := false
	l.ambiguous = l.may.merged || l.memo.bytesRead > effortPerByte*len(l.b)
	l.work.budget, l.work.unpaired = effortPerByte*len(l.b), false
	for p := newPeerSearch(l.b, &l.work); p.next(); {
		for i := range l.tails {
			t := &l.tails[i]
			if t.start < p.end {
				continue
			}
			r := p.begun
			l.work.hasSize = t.size >= 0
			fits := r.spend(t.start-p.end) && r.relayItems(l.b[p.end:t.start], strict)
			if l.work.showsAnother(found, fits, r.ambiguous) {
				l.ambiguous = true
			}
			if fits && !found {
				l.best, l.peer, l.tail, found = r, p.end, *t, true
			}
			if l.work.budget < 0 || found && len(l.starts) == 0 {
				return found
			}
		}
	}
	return found
}

// showsAnother tells whether the line may have another parse than the best one. found says that there is a best one,
// fits that the last attempt succeeded, and ambiguous that the attempt itself saw another.
func (w *parseWork) showsAnother(found, fits, ambiguous bool) bool {
	return found && (fits || w.budget < 0 || w.unpaired) || fits && (ambiguous || w.unpaired)
}

// breaksOff tells whether the line may go on behind an LF: in the third part of A=, or in a quoted address of from or
// for. That may be so even if the line has a parse: whoever can put an LF there can forge a complete beginning.
func (l *backtracker) breaksOff(read bool) bool {
	if read && l.best.auth != nil {
		if l.tail.size < 0 && l.tail.start == len(l.b) || bytes.Count(l.best.auth, []byte{':'}) > 1 {
			return true
		}
	}
	behind := 0
	if n := len(l.starts); n > 0 {
		behind = l.starts[n-1]
	}
	i := bytes.Index(l.b[behind:], []byte(" A="))
	return l.open || i >= 0 && bytes.Count(l.b[behind+i:], []byte{':'}) >= 2
}

// explain says why the line has no parse. at is the blank of b behind which the wrong item stands.
func (l *backtracker) explain() (reason string, at int) {
	p := newPeerSearch(l.b, nil)
	if !p.next() {
		return "H= holds no peer address", p.h
	}
	if l.work.budget < 0 {
		return "the line can be cut in too many ways", p.end
	}
	if len(l.tails) == 0 {
		return "the items after S= do not reach to the end of the line", l.starts[len(l.starts)-1]
	}
	return "the items before S= are not in Exim's order", p.end
}
