package parser

import "bytes"

// mostItems is how long the items before the recipients may be, in bytes, before the entry counts as overflowed. Those
// of an honest client take less than half of it.
const mostItems = 7500

// cutFrom is the length from which an entry may be cut, in bytes without its LF and without what syslogd puts before
// it. Before Exim 4.98 the last recipient that fits leaves less than one address of maxEntry. From 4.98 on Exim writes
// up to maxEntry-2 bytes, less what syslog_timestamp and syslog_pid drop.
const cutFrom = 8100

const (
	overflowMark = "**** log string overflowed log buffer ****"
	truncMark    = "<trunc>"
)

// A cutMarks is what Exim left at the end of an entry that didn't fit.
type cutMarks struct {
	marked    bool // the overflow mark or a piece of it: the items didn't fit
	truncated bool // `<trunc>`: what stands before it may be incomplete
}

// withoutCutMarks removes the marks of a cut from b, the end of an entry near Exim's buffer size. Exim cuts the items
// to fit the overflow mark. Then ` from <…>`, ` for …` and `<trunc>` overwrite what comes after it, and often a part of
// it.
func withoutCutMarks(b []byte) ([]byte, cutMarks) {
	text, truncated := bytes.CutSuffix(b, []byte(truncMark))
	if t, ok := bytes.CutSuffix(bytes.TrimSuffix(text, []byte{' '}), []byte(overflowMark)); ok {
		return t, cutMarks{true, truncated}
	}
	n := pieceOfMark(text)
	return text[:len(text)-n], cutMarks{n > 0, truncated}
}

// isCut tells whether b ends in a mark of a cut.
func isCut(b []byte) bool {
	_, c := withoutCutMarks(b)
	return c != cutMarks{}
}

// pieceOfMark gives the length of the longest beginning of the overflow mark that text ends in.
func pieceOfMark(text []byte) int {
	for n := min(len(overflowMark), len(text)); n > 0; n-- {
		if string(text[len(text)-n:]) == overflowMark[:n] {
			return n
		}
	}
	return 0
}

// cutItems reads what stands behind the sender of an entry that may be cut. An item that the cut touches isn't
// believed. If the cut touches more than the recipients, the entry overflowed.
func (r *Reader) cutItems(h linePrefix, line, b []byte) bool {
	a := &r.arrival
	text, c := withoutCutMarks(b)
	whole := r.backtracker.parse(text, c.marked || c.truncated)
	if c == (cutMarks{}) {
		if r.mayHold(h) && r.backtracker.breaksOff(whole) {
			return false
		}
		if !whole || r.backtracker.open { // ` from <…` may be cut
			whole = r.backtracker.parse(text, true)
			c.truncated = true
		}
	}
	a.Overflowed = c.marked || c.truncated && !(whole && r.backtracker.tail.recipients != nil)
	if a.Overflowed {
		r.backtracker.parseWholeItems(text, whole)
		r.backtracker.ambiguous = r.backtracker.ambiguous || c.marked
	}
	r.fill(bytes.IndexByte(line, '\n') >= 0)
	if c.marked {
		a.RecipientList, a.RecipientCount = nil, 0 // they stand behind the mark
	}
	a.Overflowed = a.Overflowed || len(line)-h.start-len(a.RecipientList) > mostItems
	return r.emitArrival()
}

// parseWholeItems reads the items of text that are certainly whole: those before the last one. If text itself has a
// parse, quoted text that breaks off is its last item, and no S= stands in that.
func (l *backtracker) parseWholeItems(text []byte, found bool) {
	peer, size, ambiguous, named := l.peer, l.tail.start, found && l.ambiguous, l.work.named
	budget := cutEffortPerByte * len(text)
	for k := len(text); budget > 0; {
		if k = bytes.LastIndexByte(text[:k], ' '); k < 0 {
			break
		}
		if !mayBreakOff(text[k:]) || isEscaped(text, k) {
			continue
		}
		if l.parse(text[:k], false) && !(found && l.peer == peer && l.tail.start > size) {
			l.ambiguous = l.ambiguous || ambiguous || found && l.peer != peer
			if l.tail.size < 0 { // free text whose end nobody knows
				l.best.auth = nil
			}
			if l.best.protocol == nil {
				l.best.ident = nil
			}
			l.work.named.add(&named)
			return
		}
		budget -= 2 * (k + l.memo.bytesRead + effortPerByte*k - max(l.work.budget, 0)) // for two searches
	}
	l.parse(nil, false)
	l.ambiguous, l.work.named = true, named
}

// cutEffortPerByte bounds the search for the whole items of a cut entry, as effortPerByte does. If the client was
// honest, the first few attempts succeed.
const cutEffortPerByte = effortPerByte / 4

// mayBreakOff tells whether b, a blank and what follows, can be an item that is cut: a name or a part of it, or a name
// with anything behind it.
func mayBreakOff(b []byte) bool {
	i := 1
	for i < len(b) && isAlphanumeric(b[i]) {
		i++
	}
	name := b[1:i]
	switch {
	case len(name) > maxItemName:
		return false
	case i == len(b), b[i] == '=', b[i] == '*':
		return true
	case b[i] == ' ':
		return string(name) == "from" || string(name) == "for"
	}
	return string(name) == "L"
}
