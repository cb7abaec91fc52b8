package pipeline

import (
	"bytes"
	"math"
	"runtime"
	"slices"
	"time"

	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"
)

// A Worker parses chunks of a log for a Pipeline, as one of several that work in parallel. It belongs to one goroutine
// while it reads. Only one worker at a time applies what it has read: the one whose chunk is next in the log.
type Worker struct {
	Reader *parser.Reader
	Chunk

	Lines     int64            // of the chunk
	Judgement parser.Judgement // of the chunk, its lines numbered from 1
	Joins     []Join           // at most maxJoins
	Seen      Look             // in the chunk, and what ApplyInOrder got

	pipeline   *Pipeline
	keys       keyExtractor
	parsed     []parsedEntry    // in the order of the chunk
	other      []parser.Entry   // those of them that are no arrivals
	delivered  []parsedDelivery // delivery lines, in the order of the chunk
	wrapped    [][]byte         // hosts that wrappers of delivery lines name
	next       int              // of delivered: another reader has applied those before it
	delivering bool             // deliver is being called
	from       int              // of parsed: another reader has applied those before it
	inPlace    bool             // delivery lines are applied one by one, each in its place
	began      int              // of parsed: the first that is applied
	clock      int64            // second of the log's clock before that
	kept       []byte           // copies of text that a Reader uses again
	collector  func([]report.Reception)
	collected  []report.Reception
}

// A Chunk is whole lines of a log.
type Chunk struct {
	Buf    []byte
	Text   []byte // in Buf
	File   string
	Source int  // which of the logs that are read, from 0
	First  bool // of its file
}

// A Join is a place in a chunk. From there on the worker has parsed the chunk right, if a reader that knows all earlier
// lines holds there what the worker held.
type Join struct {
	Lines, Bytes int64
	parsed       int
	delivered    int
	oldest       int64 // line that is held; 0: none is
	seen         Look
}

// maxJoins is how many joins are tried. Only whoever forges lines gives cause for more.
const maxJoins = 4

// A parsedEntry is an entry of the log that has not been applied yet.
type parsedEntry struct {
	other   int // 1 + its place in Worker.other; 0 of an arrival
	arrival parser.Arrival
	values  window.Arrival
	verdict
	clock  int64 // second of the log's clock behind it
	wanted bool  // Listener.Arrival got it
	back   bool  // a content filter has handed it back
}

// MaxWorkers bounds the workers: more would wait for each other.
const MaxWorkers = 8

// NumWorkers is how many workers can work at a time.
func NumWorkers() int { return min(runtime.GOMAXPROCS(0), MaxWorkers) }

// NewWorker makes a worker without a buffer. Zone and reference are those of parser.NewReader.
func (p *Pipeline) NewWorker(zone *time.Location, reference time.Time) *Worker {
	w := &Worker{pipeline: p}
	w.Reader = p.NewReader(zone, reference, w.entry)
	return w
}

// Workers returns a worker for each of the sizes, with a buffer of so many bytes. They are made once: pipelines made by
// Another share them, one after the other.
func (p *Pipeline) Workers(zone *time.Location, reference time.Time, sizes []int) []*Worker {
	p.zone = zone
	if p.workers == nil {
		for _, size := range sizes {
			w := &Worker{Chunk: Chunk{Buf: make([]byte, size)}}
			if p.listener.NewCollector != nil {
				w.collector = p.listener.NewCollector()
			}
			p.workers = append(p.workers, w)
		}
	}
	for _, w := range p.workers {
		w.pipeline, w.Reader = p, p.NewReader(zone, reference, w.entry)
	}
	return p.workers
}

// Read parses the chunk as if nothing before it mattered, and notes the joins: places where nothing does any more.
// Behind parser.Reach only held lines matter.
func (w *Worker) Read() {
	w.parsed, w.other, w.kept, w.Joins, w.from = w.parsed[:0], w.other[:0], w.kept[:0], w.Joins[:0], 0
	w.delivered, w.wrapped, w.next, w.inPlace = w.delivered[:0], w.wrapped[:0], 0, false
	w.keys.reset()
	w.Reader.Restart()
	w.Lines, w.Seen = 0, Look{}
	reached, read := int64(0), 0
	for len(w.Joins) < maxJoins && read < len(w.Text) {
		n := wholeLines(w.Text[read:], parser.Reach)
		w.Lines += w.Reader.Lines(parser.Place{File: w.File, Line: w.Lines + 1}, w.Text[read:read+n])
		read += n
		if reached == 0 {
			reached = w.Lines
		}
		oldest := w.Reader.Oldest().Line
		if read >= parser.Reach && !w.Reader.InPieces() && (oldest == 0 || oldest > reached) {
			w.Joins = append(w.Joins, Join{w.Lines, int64(read), len(w.parsed), len(w.delivered), oldest, w.Seen})
		}
		if w.Reader.Blank() {
			break
		}
	}
	w.Lines += w.Reader.Lines(parser.Place{File: w.File, Line: w.Lines + 1}, w.Text[read:])
	w.Judgement = w.Reader.Judgement()
}

// wholeLines is how many bytes the lines have that the first n bytes of text touch, or end with.
func wholeLines(text []byte, n int) int {
	if n >= len(text) {
		return len(text)
	}
	if i := bytes.IndexByte(text[n-1:], '\n'); i >= 0 {
		return n + i
	}
	return len(text)
}

// entry keeps an entry that the reader has parsed.
func (w *Worker) entry(e *parser.Entry) {
	n := len(w.parsed)
	if e.Kind == parser.DeliveryLine {
		w.delivery(e)
		return
	}
	if n == cap(w.parsed) {
		w.parsed = append(w.parsed, parsedEntry{})
	}
	w.parsed = w.parsed[:n+1]
	f := &w.parsed[n]
	f.other, f.wanted = 0, false
	if e.Kind != parser.Reception {
		w.other = append(w.other, *e)
		f.other = len(w.other)
		kept := &w.other[f.other-1]
		w.keep(&kept.MessageID, &kept.Directory, &kept.Arguments, &kept.User, &kept.Text, &kept.SyslogHost)
		return
	}
	f.arrival = *e.Arrival
	if !e.Lasting() {
		w.keepArrival(&f.arrival)
	}
	f.verdict = w.pipeline.classify(&f.arrival, &f.values, &w.keys)
	w.Seen.note(f.values.At, f.keep)
	if !f.keep && !w.pipeline.remembers() {
		w.parsed = w.parsed[:n]
	}
}

// A parsedDelivery is a delivery line that has not been applied yet. It has no pointers, as there may be many.
type parsedDelivery struct {
	id        idHash
	line      int32  // in the chunk
	before    int32  // entries that were parsed before it
	text      uint32 // where its text begins in Chunk.Text, or in Worker.kept
	host      int32  // 1 + its place in Worker.wrapped; 0: no wrapper names one
	length    uint32
	kind      parser.DeliveryKind
	forgeable bool
	isKept    bool // its text is in Worker.kept
}

// delivery keeps a delivery line that the reader has parsed.
func (w *Worker) delivery(e *parser.Entry) {
	d := parsedDelivery{
		id: hashID(e.MessageID), line: int32(e.Line), before: int32(len(w.parsed)), length: uint32(len(e.Text)),
		kind: kindOf(e), forgeable: e.Forgeable,
	}
	if e.Lasting() {
		d.text = uint32(cap(w.Text) - cap(e.Text)) // as it is a piece of it
	} else {
		d.isKept, d.text = true, uint32(len(w.kept))
		w.kept = append(w.kept, e.Text...)
	}
	if e.SyslogHost != nil {
		host := e.SyslogHost
		w.keep(&host)
		w.wrapped = append(w.wrapped, host)
		d.host = int32(len(w.wrapped))
	}
	w.inPlace = w.inPlace || d.host > 0 || d.kind == parser.CutThrough
	w.delivered = append(w.delivered, d)
}

// deliver gives the pipeline the delivery lines up to a line of the chunk that were parsed before entry number n.
func (w *Worker) deliver(n int, upTo int64) {
	w.delivering = true
	defer func() { w.delivering = false }()
	late := !w.inPlace && w.pipeline.hasEmptyQueue() // the clock may have moved since
	for ; w.next < len(w.delivered); w.next++ {
		d := &w.delivered[w.next]
		if int(d.before) > n || int64(d.line) >= upTo {
			return
		}
		now := int64(0)
		if late {
			now = w.clockAt(d)
		}
		if d.host == 0 && w.pipeline.passesBy(d, now) {
			continue
		}
		l := deliveryLine{text: w.textOf(d), id: d.id, kind: d.kind, forgeable: d.forgeable, now: now}
		var host []byte
		if d.host > 0 {
			host = w.wrapped[d.host-1]
		}
		w.pipeline.applyDelivery(&l, host)
	}
}

// clockAt is the second of the log's clock where a delivery line stands, if nobody has waited for lines since the entry
// before it.
func (w *Worker) clockAt(d *parsedDelivery) int64 {
	if int(d.before) <= w.began {
		return w.clock
	}
	return w.parsed[d.before-1].clock
}

func (w *Worker) textOf(d *parsedDelivery) []byte {
	from := w.Text
	if d.isKept {
		from = w.kept
	}
	return from[d.text:][:d.length]
}

// keep copies items that are good only for a moment.
func (w *Worker) keep(items ...*[]byte) {
	if w.kept == nil {
		w.kept = []byte{} // an item that is empty is one
	}
	for _, item := range items {
		if *item != nil {
			n := len(w.kept)
			w.kept = append(w.kept, *item...)
			*item = w.kept[n:len(w.kept):len(w.kept)]
		}
	}
}

func (w *Worker) keepArrival(a *parser.Arrival) {
	w.keep(&a.SyslogHost, &a.MessageID, &a.EnvelopeSender, &a.BounceOf, &a.Host, &a.Helo, &a.HostAddress,
		&a.InterfaceAddress, &a.Ident, &a.Protocol, &a.TLS, &a.Authenticator, &a.AuthenticatedID,
		&a.AuthenticatedSender, &a.HeaderMessageID, &a.Subject, &a.ReceivedSender, &a.RecipientList, &a.Text)
	a.Logins = slices.Clone(a.Logins)
	for i := range a.Logins {
		w.keep(&a.Logins[i])
	}
}

// line is the entry's line in the chunk.
func (f *parsedEntry) line(w *Worker) int64 {
	if f.other > 0 {
		return w.other[f.other-1].Line
	}
	return f.arrival.Line
}

// Apply gives the pipeline what was parsed, in the order of the log, up to a line of the chunk. The argument before is
// how many lines of the file come before the chunk.
func (w *Worker) Apply(before, upTo int64) {
	w.pipeline.applying = w
	w.began, w.clock = w.from, w.pipeline.counters.Clock().Now
	for ; w.from < len(w.parsed) && w.parsed[w.from].line(w) < upTo; w.from++ {
		if w.inPlace || !w.pipeline.hasEmptyQueue() {
			w.deliver(w.from, upTo)
		}
		f := &w.parsed[w.from]
		w.applyEntry(f, before)
		f.clock = w.pipeline.counters.Clock().Now
	}
	w.pipeline.applying = nil
	w.deliver(w.from, upTo)
}

func (w *Worker) applyEntry(f *parsedEntry, before int64) {
	if f.other > 0 {
		e := &w.other[f.other-1]
		e.Line += before
		w.pipeline.applyOther(e)
		return
	}
	f.arrival.Line += before
	if f.keep {
		f.wanted, f.back = w.pipeline.apply(&f.arrival, &f.values, f.verdict)
	} else {
		w.pipeline.passOver(&f.arrival, &f.values)
	}
}

// SkipTo leaves out what was parsed before a join.
func (w *Worker) SkipTo(j Join) { w.from, w.next = j.parsed, j.delivered }

// Collect gives the arrivals of the chunk that were wanted to the worker's collector.
func (w *Worker) Collect() {
	if w.collector == nil {
		return
	}
	w.collected = w.collected[:0]
	for i := range w.parsed {
		if f := &w.parsed[i]; f.other == 0 && f.wanted {
			w.collected = append(w.collected, w.pipeline.reception(&f.arrival, &f.values, f.counts, f.back))
		}
	}
	w.collector(w.collected)
}

// ApplyInOrder gives the pipeline an entry that a reader parses when the worker's chunk is next in the log.
func (w *Worker) ApplyInOrder(e *parser.Entry) {
	p := w.pipeline
	if e.Kind != parser.Reception {
		p.applyOther(e)
		return
	}
	p.keys.reset() // the worker's entries hold values of its own keys
	a := &p.arrival
	is := p.classify(e.Arrival, a, &p.keys)
	if w.Seen.note(a.At, is.keep); !is.keep {
		p.passOver(e.Arrival, a)
	} else if wanted, back := p.apply(e.Arrival, a, is); wanted && w.collector != nil {
		w.collector([]report.Reception{p.reception(e.Arrival, a, is.counts, back)})
	}
}

// Reparse parses the chunk again with r, which knows all earlier lines and emits to ApplyInOrder. At the first join
// where both agree, it applies the worker's own entries instead, and r goes on from the worker's reader. It returns how
// many bytes it has parsed again.
func (w *Worker) Reparse(r *parser.Reader, before int64) int64 {
	lines, read, seen := int64(0), int64(0), w.Seen
	w.Seen = Look{}
	for _, j := range w.Joins {
		lines += r.Lines(parser.Place{File: w.File, Line: before + lines + 1}, w.Text[read:j.Bytes])
		read = j.Bytes
		if w.Agrees(r, j, before) {
			seen.without(j.seen)
			w.Seen.Join(seen)
			w.SkipTo(j)
			w.Apply(before, math.MaxInt64)
			r.TakeOver(w.Reader, before)
			return read
		}
	}
	r.Lines(parser.Place{File: w.File, Line: before + lines + 1}, w.Text[read:])
	w.parsed, w.delivered = w.parsed[:0], w.delivered[:0]
	return int64(len(w.Text))
}

// Agrees tells whether r, which knows all earlier lines, holds at a join what the worker held there.
func (w *Worker) Agrees(r *parser.Reader, j Join, before int64) bool {
	if !w.Reader.Independent() || r.InPieces() {
		return false
	}
	if oldest := r.Oldest(); j.oldest > 0 {
		return oldest == parser.Place{File: w.File, Line: before + j.oldest}
	}
	return r.Oldest() == parser.Place{}
}
