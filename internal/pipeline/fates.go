package pipeline

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"time"

	"exiwatch/internal/refusal"
	"exiwatch/parser"
	"exiwatch/window"
)

// A deliveryLine is a delivery line that is to be applied.
type deliveryLine struct {
	text      []byte
	id        idHash
	kind      parser.DeliveryKind
	forgeable bool
	early     bool  // its arrival stands behind it
	now       int64 // second of the log's clock where it stands; 0: that of now
}

// lineOf makes one of an entry. Its text is the entry's.
func lineOf(e *parser.Entry) deliveryLine {
	return deliveryLine{text: e.Text, id: hashID(e.MessageID), kind: kindOf(e), forgeable: e.Forgeable}
}

// kindOf is the kind of a delivery line. A message that is discarded isn't delivered.
func kindOf(e *parser.Entry) parser.DeliveryKind {
	if e.Delivery == parser.Delivered && isDiscarded(e.Text[e.Column-1:]) {
		return noFate
	}
	return e.Delivery
}

// asksForFates tells whether rules or the listener ask what becomes of the recipients of all arrivals.
func (p *Pipeline) asksForFates() bool {
	return p.listener.Fate != nil || slices.ContainsFunc(p.rules, func(r window.Rule) bool { return r.Count.Fates() })
}

// wantedFates are what rules or the listener ask to become of recipients.
func (p *Pipeline) wantedFates() [window.NumNatures]bool {
	counts := func(measures ...window.Measure) bool {
		return p.listener.Fate != nil ||
			slices.ContainsFunc(p.rules, func(r window.Rule) bool { return slices.Contains(measures, r.Count) })
	}
	return [window.NumNatures]bool{
		window.Delivered: counts(window.BounceShare), window.Refused: counts(window.Bounces, window.BounceShare),
		window.Deferred: counts(window.Deferrals),
	}
}

// asksForDeliveries tells whether anything asks for delivery lines: alerts, rules that count what is relayed, or the
// listener.
func (p *Pipeline) asksForDeliveries() bool {
	l := &p.listener
	alerts := len(p.rules) > 0 && !l.Idle && l.Publish == nil
	return alerts || l.Fate != nil || p.relays && (!l.Idle || l.Relayed != nil) || p.asksForFates() && !l.Idle
}

// enqueue puts an arrival into the queue if something asks what becomes of it. The argument waits has the scopes that
// count it when it is relayed; counts says whether others have counted it.
func (p *Pipeline) enqueue(w *window.Arrival, waits uint64, counts bool, own string) {
	q := p.queue
	if q == nil {
		return
	}
	id := hashID(w.MessageID)
	if waits != 0 || q.all && (counts || p.listener.Fate != nil) {
		p.catchUp()
		m := q.enter(id, p.counters.Clock().Now)
		m.own, m.counted, m.outside = own, counts, w.Outside
		m.arrival.pack(w)
		m.waits = waits
	}
}

// applyEarly applies the delivery lines that stand before an arrival, which has come. An alert that opens with it or
// with them gets them here, and not by lookBack.
func (p *Pipeline) applyEarly(id idHash) {
	q := p.queue
	if q == nil || !q.early.has(id) {
		return
	}
	for _, l := range q.early.of(id) {
		if m := q.byID[id]; m != nil {
			p.applyToQueued(m, &l)
		}
	}
	q.early.drop(id)
}

// applyDelivery applies a delivery line of a host.
func (p *Pipeline) applyDelivery(l *deliveryLine, host []byte) {
	p = p.of(host)
	q := p.queue
	if q == nil || l.forgeable || p.past || !p.listener.Until.IsZero() && p.isPast(p.stampOf(l)) {
		return
	}
	if !q.hasLines {
		q.noteLines()
	}
	now := cmp.Or(l.now, p.counters.Clock().Now)
	m := q.find(l.id, now)
	switch {
	case m == nil && l.kind == parser.CutThrough:
		q.early.add(l, q.bounds.early)
	case (m == nil || !m.arrival.isSet()) && p.tellsUnjoined():
		if nature, ok := natureOf(l.kind); ok {
			p.listener.Unjoined(nature)
		}
	}
	if m != nil {
		p.applyToQueued(m, l)
	}
	q.past.add(l.id, l.kind, l.text, now)
}

// tellsUnjoined tells whether somebody gets the lines of messages whose arrivals aren't known.
func (p *Pipeline) tellsUnjoined() bool {
	return p.queue.all && p.listener.Keep == nil && p.listener.Unjoined != nil && !p.hosts.silent
}

// stampOf returns the time of a delivery line. In an hour of the clock that occurs twice it is the one near the last
// arrival. A line before its arrival counts with that: it would set the clock back.
func (p *Pipeline) stampOf(l *deliveryLine) time.Time {
	if l.early {
		return p.last
	}
	at, ok := parser.Stamp(l.text, p.zone, p.last)
	if !ok {
		return p.last
	}
	for _, other := range [...]time.Time{at.Add(-time.Hour), at.Add(time.Hour)} {
		if other.Hour() == at.Hour() && other.Sub(p.last).Abs() < at.Sub(p.last).Abs() {
			return other
		}
	}
	return at
}

// applyToQueued applies a delivery line of a message that is held.
func (p *Pipeline) applyToQueued(m *queued, l *deliveryLine) {
	q := p.queue
	if l.kind == parser.Completed {
		q.complete(m)
		return
	}
	f, ok := q.fateOf(m, l)
	if !ok {
		return
	}
	if m.waits != 0 {
		p.relay(m, f.delivery, l)
	}
	if m.lines++; !m.add(&f) {
		return
	}
	if q.wants[f.nature] && m.arrival.isSet() {
		p.countFate(m, f.nature, l)
	}
	for _, follower := range m.followed {
		if a := follower.open(); a != nil {
			host, why := q.reason(&f)
			p.counters.AddFate(a, f.nature, host, why)
		}
	}
}

// A fate is what became of a recipient.
type fate struct {
	nature   window.Nature
	delivery *parser.Delivery // nil where it isn't needed
	here     bool             // the recipient was delivered on this host, perhaps to a content filter
}

// fateOf tells what became of the recipient of a delivery line; ok is false if the line doesn't say. It is good until
// the next call.
func (q *queue) fateOf(m *queued, l *deliveryLine) (f fate, ok bool) {
	if f.nature, ok = natureOf(l.kind); !ok {
		return f, false
	}
	if f.nature == window.Delivered {
		f.here = q.mayComeBack && l.id == m.ids[0] && isHere(l.text)
		if m.waits == 0 {
			return f, true
		}
	}
	f.delivery = read(q.reader, l.text)
	return f, f.delivery != nil
}

// add notes what became of a recipient. It reports whether that counts: a recipient is deferred once, and what goes to
// a filter isn't delivered.
func (m *queued) add(f *fate) bool {
	if f.nature == window.Deferred {
		return isTry(f.delivery) && m.isFirstDeferral(f.delivery)
	}
	if f.here {
		m.here++
	}
	return !f.here || !m.back
}

// isFirstDeferral tells whether a recipient of a message is deferred for the first time.
func (m *queued) isFirstDeferral(d *parser.Delivery) bool {
	address := d.Original
	if address == nil {
		address = d.Address
	}
	hash := maphash.Bytes(returnSeed, address)
	if len(m.deferred) == maxDeferred || slices.Contains(m.deferred, hash) {
		return false
	}
	m.deferred = append(m.deferred, hash)
	return true
}

// natureOf tells what became of the recipient of a delivery line; ok is false if the line doesn't say.
func natureOf(k parser.DeliveryKind) (n window.Nature, ok bool) {
	switch k {
	case parser.Delivered, parser.DeliveredWith, parser.CutThrough:
		return window.Delivered, true
	case parser.Refused:
		return window.Refused, true
	case parser.Deferred:
		return window.Deferred, true
	}
	return 0, false
}

// isDiscarded tells whether a message was discarded. b begins with the flag.
func isDiscarded(b []byte) bool {
	const flag = len("=> ")
	if len(b) <= flag || b[flag] != ':' && b[flag] != 'd' && b[flag] != 'b' {
		return false
	}
	b = b[flag:]
	return bytes.HasPrefix(b, []byte(":blackhole:")) || bytes.HasPrefix(b, []byte("discarded ")) ||
		bytes.HasPrefix(b, []byte("blackhole "))
}

// isHere tells, fast, whether the recipient of a line was delivered on this host: it names no other one.
func isHere(line []byte) bool {
	_, b, _ := bytes.Cut(line, []byte("> ")) // behind the flag, for a wrapper and [pid] have brackets, too
	host := b[bytes.IndexByte(b, '[')+1:]
	return len(host) == len(b) || bytes.HasPrefix(host, []byte("127.")) || bytes.HasPrefix(host, []byte("::1]"))
}

// read parses a line; nil if it can't be read.
func read(r *parser.DeliveryReader, text []byte) *parser.Delivery {
	if d := r.Line(text); d != nil && d.Reason == "" {
		return d
	}
	return nil
}

// noTries are in lines that only say that a recipient isn't tried now. Each version of Exim has other codes for that
// (macros.h), but the same texts.
var noTries = [...]string{
	"etry time not ", "reusing SMTP connection skips ", "concurrency limit reached for transport",
}

// isTry tells whether a recipient that was deferred was tried.
func isTry(d *parser.Delivery) bool {
	for _, text := range noTries {
		if bytes.Contains(d.Error, []byte(text)) {
			return false
		}
	}
	return true
}

// reason is who refused or deferred a recipient, and why. It is good until the next call.
func (q *queue) reason(f *fate) (host, text []byte) {
	if f.nature == window.Delivered {
		return nil, nil
	}
	d := f.delivery
	if host = d.Host; host == nil {
		host = d.HostAddress
	}
	q.text = refusal.AppendFolded(q.text[:0], d.Error)
	return host, q.text
}

// passesBy notes a delivery line of the log's own host, fast, if nobody waits for it and its text isn't kept, as
// mostly. It reports whether it did.
func (p *Pipeline) passesBy(d *parsedDelivery, now int64) bool {
	q := p.queue
	switch d.kind {
	case parser.Delivered, parser.DeliveredWith, parser.Completed:
	default:
		return false
	}
	if !p.hosts.areUnnamed() || q.all || d.forgeable || !p.listener.Until.IsZero() || !q.hasLines {
		return false
	}
	if _, held := q.byID[d.id]; held {
		return false
	}
	q.past.add(d.id, d.kind, nil, cmp.Or(now, p.counters.Clock().Now))
	return true
}

// hasEmptyQueue tells whether nobody waits for delivery lines: then they are applied together, later.
func (p *Pipeline) hasEmptyQueue() bool {
	q := p.queue
	return q == nil || len(q.byID) == 0 && !q.all && p.listener.Until.IsZero() && p.hosts.areUnnamed()
}

// catchUp applies the delivery lines that stand in the log before the entry that is applied now.
func (p *Pipeline) catchUp() {
	if w := p.hosts.all[0].applying; w != nil && !w.delivering {
		w.deliver(w.from, math.MaxInt64)
	}
}
