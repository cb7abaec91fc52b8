package parser

import (
	"bytes"
	"time"

	"golang.org/x/text/encoding"
)

// maxEntry is the longest entry that Exim writes: LOG_BUFFER_SIZE in its macros.h, in bytes with the LF.
const maxEntry = 8192

// A Reader turns a log's lines, given in their order, into entries. It isn't safe for concurrent use.
type Reader struct {
	emit  func(*Entry)
	clock clock

	backtracker backtracker
	minute      [16]byte // "yyyy-mm-dd hh:mm" of the stamp last seen by Lines
	lasting     bool     // the current line lies in the text given to Lines
	arrival     Arrival
	entry       Entry
	short       Entry  // a Reception that fastArrival has read: nothing else is set in it
	sent        Entry  // a DeliveryLine: its other fields are never set
	deliveries  bool   // delivery lines are emitted
	unwrapped   []byte // the text of a line in JSON
	current     []byte // the entry being read
	subject     []byte // unescaped
	decoder     subjectDecoder
	logins      [][]byte

	pending    pendingLines
	joined     []byte      // lines as one entry
	lastSecond stampSecond // that was looked up
	prefix     linePrefix  // of the line that was classified last
	whole      bool        // the line is read as it is: it doesn't become pending
	forgeable  bool        // an arrival that is read may be forged
	split      splitEntries
	judgement  judgeState
}

// NewReader makes a Reader that calls emit for each entry that matters. zone is that of stamps that name none. A syslog
// prefix names no year; its stamp is the latest one that isn't more than a day after reference.
func NewReader(zone *time.Location, reference time.Time, emit func(*Entry)) *Reader {
	r := &Reader{emit: emit, clock: clock{zone: zone, reference: reference}, sent: Entry{Kind: DeliveryLine}}
	r.decoder.setFallback(nil)
	return r
}

// SetCharset sets the charset of subjects that aren't UTF-8 and don't name theirs; nil is windows-1252.
func (r *Reader) SetCharset(charset encoding.Encoding) { r.decoder.setFallback(charset) }

// SetDeliveries makes the Reader emit delivery lines, too. Call it before the first line.
func (r *Reader) SetDeliveries(wanted bool) { r.deliveries = wanted }

// SetReference moves the reference of NewReader. A followed log grows older than the reference it was opened with.
func (r *Reader) SetReference(reference time.Time) { r.clock.reference = reference }

// Line reads the next line of the log, without its LF. It may call emit at once. If later lines can change what an
// entry means, a later call does.
func (r *Reader) Line(p Place, line []byte) {
	r.anyLine(p, trimCR(line), len(line))
	r.judgement.lines++
	r.copyPending()
}

// anyLine reads a line that may hold anything. line has no CR; raw is its length in the log.
func (r *Reader) anyLine(p Place, line []byte, raw int) {
	if mayBeJSON(line) {
		r.judgement.raw = line
		line = r.unwrap(line)
	}
	if bytes.IndexByte(line, 0) >= 0 {
		line = r.skipNULs(p, line)
	}
	if r.isPending() {
		r.nextPending(p, line, raw)
	} else if !r.fastLine(p, line) {
		r.fullParse(p, line, raw)
	}
	r.judgement.raw = nil
}

// Flush emits all that is pending: the log ends here.
func (r *Reader) Flush() { r.FlushBut(Held{}) }

// FlushBut emits all that is pending but the latest, which is as much as held.
func (r *Reader) FlushBut(held Held) {
	w := &r.pending
	from := w.bytesRead - held.Bytes
	n := 0
	for n < len(w.items) && w.items[n].start < from {
		n++
	}
	if w.open && w.first <= n {
		r.closeBeginning()
	}
	for i := range w.items[:n] {
		it := &w.items[i]
		if it.passed = true; !r.isDecided(it) {
			r.clearDoubt(it)
		}
		r.emitPending(it)
	}
	r.forgetItems(n)
	w.afterPause = w.afterPause && w.doubts > 0
	for len(r.split.parts) > held.Pieces {
		r.giveUp(0)
	}
}

// Pause says that nothing was added to the log for a while. Exim writes an entry at once, so the next line begins
// another one. Its stamp is no earlier than the reference of NewReader or SetReference, which is the wall clock. Pause
// changes when entries are emitted, but not which. A line with a doubtful stamp that is ahead of the wall clock may
// stay pending.
func (r *Reader) Pause() {
	w := &r.pending
	r.closeBeginning()
	for i := range w.items {
		it := &w.items[i]
		if !it.framed {
			r.clearDoubt(it)
		}
		it.passed = it.passed || it.at <= r.clock.reference.Unix()
	}
	r.flushDecided()
	w.afterPause = w.doubts > 0
	for r.InPieces() {
		r.giveUp(0)
	}
}

// strayEnd reports a line without a stamp that ends as an entry does, if no beginning is within reach. A line with the
// flag of an arrival was copied from somewhere.
func (r *Reader) strayEnd(p Place, line []byte) {
	if !bytes.Contains(line, []byte("<= ")) && isEndOfEntry(line) {
		r.emitPending(&pendingLine{place: p, line: line, kind: pendingEnd})
	}
}

// isEndOfEntry tells whether a line without a stamp ends as an entry does.
func isEndOfEntry(line []byte) bool {
	if _, n := argumentsStart(line); n > 0 {
		return true
	}
	var t trailingItems
	i := bytes.LastIndex(line, []byte(" S="))
	return i >= 0 && t.parse(line, i, leniency{}, new(recipientMemo)) == balanced
}

// parseEntry emits the entry, or keeps a piece of one. If it returns false, the entry is unfinished and nothing was
// emitted.
func (r *Reader) parseEntry(p Place, h linePrefix, line []byte) bool {
	if h.piece.m > 1 {
		r.pieceLine(p, h, line)
		return true
	}
	r.current = line
	rest := line[h.length:]
	if h.id == nil {
		return r.submission(p, h, rest)
	}
	switch {
	case isArrival(rest):
		return r.reception(p, h, line)
	case bytes.HasPrefix(rest, []byte(overflowMark)):
		r.entry = Entry{Kind: Overflow, Place: p, Text: line}
		r.report(&h)
	case bytes.HasPrefix(rest, []byte("Sender identification ")):
		r.identification(p, h, rest)
	case r.deliveries:
		if kind, ok := deliveryKind(rest); ok {
			r.emitDelivery(p, &h, kind, line)
		}
	}
	return true
}

// emitDelivery emits a delivery line.
func (r *Reader) emitDelivery(p Place, h *linePrefix, kind DeliveryKind, line []byte) {
	e := &r.sent
	e.Place, e.Delivery, e.MessageID, e.SyslogHost, e.Text = p, kind, h.id, h.host, line
	e.Column, e.Forgeable, e.lasting = h.length+1, r.forgeable, r.lasting && h.tag == nil
	r.emit(e)
}

// isArrival tells whether b, the text of an entry, is an arrival's.
func isArrival(b []byte) bool {
	return len(b) >= 2 && (b[0] == '<' || b[0] == '(') && b[1] == '=' && isEnd(b, 2)
}

// looksLikeArrival tells whether line has the head and the flag of an arrival.
func looksLikeArrival(line []byte) (linePrefix, bool) {
	h, ok := scanPrefix(line)
	return h, ok && h.id != nil && isArrival(line[h.length:])
}

// reception reads an arrival.
func (r *Reader) reception(p Place, h linePrefix, line []byte) bool {
	a := &r.arrival
	*a = Arrival{
		Place: p, Millis: h.stamp.millis >= 0, PID: h.pid, MessageID: h.id, FakeReject: line[h.length] == '(', Size: -1,
		SyslogHost: h.host,
		Cut:        len(line)-h.start >= cutFrom, Forgeable: r.forgeable,
	}
	var ok bool
	if a.Time, ok = r.clock.time(h.stamp); !ok {
		return r.malformed(h, 1, "the stamp names no time")
	}
	sender, items, state := h.sender(line)
	if a.Cut && (len(items) == 0 || state == open) && isCut(line) { // not even the whole sender is left
		a.Overflowed, a.Suspicious = true, true
		return r.emitArrival()
	}
	if state == open && r.mayHold(h) {
		return false
	}
	if state != balanced || len(sender) == 0 {
		return r.malformed(h, len(line)-len(sender)-len(items)+1, "there is no sender, or it is no address")
	}
	a.EnvelopeSender = withoutBrackets(sender)
	return r.afterSender(h, line, items)
}

// sender splits what stands behind the flag of an arrival into the sender and the items behind it.
func (h *linePrefix) sender(arrival []byte) (sender, items []byte, state quoting) {
	b := arrival[min(h.length+len("<= "), len(arrival)):]
	n, state := scanAddress(b, ' ')
	return b[:n], b[n:], state
}

// mayHold tells whether an unfinished entry becomes pending. In syslog an LF never ends a line.
func (r *Reader) mayHold(h linePrefix) bool { return !r.whole && h.tag == nil }

func withoutBrackets(sender []byte) []byte {
	if string(sender) == "<>" {
		return sender[:0]
	}
	return sender
}

// afterSender reads what stands behind the sender.
func (r *Reader) afterSender(h linePrefix, line, b []byte) bool {
	if r.arrival.Cut {
		return r.cutItems(h, line, b)
	}
	ok := r.backtracker.parse(b, false)
	if r.mayHold(h) && r.backtracker.breaksOff(ok) {
		return false
	}
	if !ok {
		reason, at := r.backtracker.explain()
		return r.malformed(h, len(line)-len(b)+at+2, reason)
	}
	r.fill(bytes.IndexByte(line, '\n') >= 0)
	r.arrival.Overflowed = len(line)-h.start-len(r.arrival.RecipientList) > mostItems
	return r.emitArrival()
}

// fill sets the arrival from the best parse. A client that puts an LF into an entry means to forge lines.
func (r *Reader) fill(lineFeed bool) {
	a, best, t := &r.arrival, &r.backtracker.best, &r.backtracker.tail
	a.BounceOf = best.bounceOf
	a.Host, a.Helo, a.HostAddress, a.HostPort = best.host, best.helo, best.hostAddress, best.hostPort
	a.InterfaceAddress, a.InterfacePort = best.interfaceAddress, best.interfacePort
	a.Ident, a.Protocol, a.TLS = best.ident, best.protocol, best.tls
	a.Suspicious = r.backtracker.ambiguous || lineFeed
	if best.auth != nil && !r.backtracker.may.merged {
		a.Authenticator, a.AuthenticatedID, a.AuthenticatedSender = splitAuth(best.auth)
	}
	if a.Suspicious {
		r.setLogins(&r.backtracker.work.named)
	}
	a.Size = t.size
	a.HeaderMessageID = t.headerID
	a.Subject = r.decode(t.subject)
	a.ReceivedSender = t.receivedSender
	a.RecipientList, a.RecipientCount = t.recipients, t.recipientCount
}

func (r *Reader) emitArrival() bool {
	a := &r.arrival
	r.entry = Entry{Kind: Reception, Place: a.Place, MessageID: a.MessageID, SyslogHost: a.SyslogHost, Arrival: a}
	if r.arrival.IsOdd() {
		r.arrival.Text = r.current
	}
	r.emit(&r.entry)
	return true
}

// malformed emits the arrival that can't be read.
func (r *Reader) malformed(h linePrefix, column int, reason string) bool {
	r.entry = Entry{
		Kind: Malformed, Place: r.arrival.Place, Column: column, Reason: reason, Text: r.current,
		Torn: endsInDaemonStart(r.current),
	}
	r.report(&h)
	return true
}

// report emits r.entry, which is no arrival, with what its prefix says.
func (r *Reader) report(h *linePrefix) {
	r.entry.MessageID, r.entry.SyslogHost, r.entry.Time = h.id, h.host, r.stampOf(&h.stamp)
	r.emit(&r.entry)
}

// stampOf gives the time of an entry that isn't an arrival; zero if its stamp names no time. It doesn't change how the
// stamps of arrivals are read.
func (r *Reader) stampOf(s *stamp) time.Time {
	last := r.clock.last
	t, _ := r.clock.time(*s)
	r.clock.last = last
	return t
}
