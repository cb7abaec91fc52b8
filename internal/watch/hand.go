package watch

import (
	"bytes"
	"math"
	"slices"

	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"
)

// A hand reads portions of logs. It belongs to one goroutine while there is something to read.
type hand struct {
	pipeline *Pipeline // which the arrivals go into
	reader   *parser.Reader
	valuer   valuer
	gather   func([]report.Reception)
	gathered []report.Reception // to be given to it

	portion
	finds []finding      // in the portion, in their order
	other []parser.Entry // among them
	lines int64          // of the portion
	kept  []byte         // copies of what a Reader uses again
	joins []join         // at most maxJoins
	from  int            // of finds: those before it were told of by another reader

	judgement parser.Judgement // of the portion, its lines numbered from 1
	seen      LookedAt         // in the portion, from the join on where it was read in turn
	turn      LookedAt         // that were read in turn
}

// A join is a place in a portion from which on the hand has read it right, if what is held there by a reader that
// knows all before it is what the hand held.
type join struct {
	lines, bytes int64
	finds        int
	oldest       int64 // line that is held; 0: none is
	seen         LookedAt
}

// maxJoins is how many joins are tried. Nobody but who forges lines gives cause for more.
const maxJoins = 4

// A finding is an arrival that is kept, or an entry that is none.
type finding struct {
	other   int // 1 + its place in hand.other; 0 of an arrival
	arrival parser.Arrival
	values  window.Arrival
	counts  bool
	passed  bool // it isn't kept, but passed over
	wanted  bool // it was told of
	back    bool // a filter has handed it back
}

// A portion is whole lines of a log.
type portion struct {
	buf   []byte
	text  []byte // in buf
	file  string
	nth   int  // of the sources, from 0
	first bool // of its file
}

// read reads the portion as if nothing before it mattered, and notes where it does no more: behind parser.Reach
// nothing but what is held.
func (h *hand) read() {
	h.finds, h.other, h.kept, h.joins, h.from = h.finds[:0], h.other[:0], h.kept[:0], h.joins[:0], 0
	h.valuer.reset()
	h.reader.Restart()
	h.lines, h.seen = 0, LookedAt{}
	reached, read := int64(0), 0
	for len(h.joins) < maxJoins && read < len(h.text) {
		n := wholeLines(h.text[read:], parser.Reach)
		h.lines += h.reader.Lines(parser.Place{File: h.file, Line: h.lines + 1}, h.text[read:read+n])
		read += n
		if reached == 0 {
			reached = h.lines
		}
		oldest := h.reader.Oldest().Line
		if read >= parser.Reach && !h.reader.InPieces() && (oldest == 0 || oldest > reached) {
			h.joins = append(h.joins, join{h.lines, int64(read), len(h.finds), oldest, h.seen})
		}
		if h.reader.Blank() {
			break
		}
	}
	h.lines += h.reader.Lines(parser.Place{File: h.file, Line: h.lines + 1}, h.text[read:])
	h.judgement = h.reader.Judgement()
}

// wholeLines is how many bytes the lines are that the first n bytes of text touch, or end with.
func wholeLines(text []byte, n int) int {
	if n >= len(text) {
		return len(text)
	}
	if i := bytes.IndexByte(text[n-1:], '\n'); i >= 0 {
		return n + i
	}
	return len(text)
}

func (h *hand) entry(e *parser.Entry) {
	n := len(h.finds)
	if n == cap(h.finds) {
		h.finds = append(h.finds, finding{})
	}
	h.finds = h.finds[:n+1]
	f := &h.finds[n]
	f.other, f.wanted = 0, false
	if e.Kind != parser.Reception {
		h.other = append(h.other, *e)
		h.keepOther(&h.other[len(h.other)-1])
		f.other = len(h.other)
		return
	}
	f.arrival = *e.Arrival
	if !e.Lasting() {
		h.keepArrival(&f.arrival)
	}
	var keep bool
	f.counts, keep = h.pipeline.weigh(&f.arrival, &f.values, &h.valuer)
	h.seen.note(f.values.At, keep)
	if f.passed = !keep; f.passed && h.pipeline.returns == nil {
		h.finds = h.finds[:n]
	}
}

// keep copies what is good only for a moment.
func (h *hand) keep(b []byte) []byte {
	if b == nil {
		return nil
	}
	n := len(h.kept)
	h.kept = append(h.kept, b...)
	if h.kept == nil {
		return []byte{}
	}
	return h.kept[n:len(h.kept):len(h.kept)]
}

func (h *hand) keepArrival(a *parser.Arrival) {
	for _, item := range [...]*[]byte{
		&a.SyslogHost, &a.MessageID, &a.EnvelopeSender, &a.BounceOf, &a.Host, &a.Helo, &a.HostAddress,
		&a.InterfaceAddress,
		&a.Ident, &a.Protocol, &a.TLS, &a.Authenticator, &a.AuthenticatedID, &a.AuthenticatedSender,
		&a.HeaderMessageID, &a.Subject,
		&a.ReceivedSender, &a.RecipientList, &a.Text,
	} {
		*item = h.keep(*item)
	}
	if a.Logins != nil {
		a.Logins = slices.Clone(a.Logins)
		for i := range a.Logins {
			a.Logins[i] = h.keep(a.Logins[i])
		}
	}
}

func (h *hand) keepOther(e *parser.Entry) {
	e.MessageID, e.Directory, e.Arguments, e.User = h.keep(e.MessageID), h.keep(e.Directory), h.keep(e.Arguments),
		h.keep(e.User)
	e.Text, e.SyslogHost = h.keep(e.Text), h.keep(e.SyslogHost)
}

// line is where the finding stands in the portion.
func (f *finding) line(h *hand) int64 {
	if f.other > 0 {
		return h.other[f.other-1].Line
	}
	return f.arrival.Line
}

// tell tells of what was found, in the order of the log, up to a line of the portion. before is how many lines of the
// file come before it.
func (h *hand) tell(before, upTo int64) {
	for ; h.from < len(h.finds) && h.finds[h.from].line(h) < upTo; h.from++ {
		f := &h.finds[h.from]
		if f.other > 0 {
			e := &h.other[f.other-1]
			e.Line += before
			h.pipeline.other(e)
			continue
		}
		f.arrival.Line += before
		if f.wanted, f.back = false, false; f.passed {
			h.pipeline.passOver(&f.arrival, &f.values)
			continue
		}
		f.wanted, f.back = h.pipeline.reception(&f.arrival, &f.values, f.counts)
	}
}

// gathers gives the arrivals that were told of to whoever gathers them in any order.
func (h *hand) gathers() {
	if h.gather == nil {
		return
	}
	h.gathered = h.gathered[:0]
	for i := range h.finds {
		if f := &h.finds[i]; f.other == 0 && f.wanted {
			class := h.pipeline.uncounted(&f.arrival, f.counts, f.back)
			h.gathered = append(h.gathered, report.Reception{Arrival: &f.arrival, Values: &f.values, Class: class})
		}
	}
	h.gather(h.gathered)
}

// inTurn tells of an entry that is read in the portion's turn.
func (h *hand) inTurn(e *parser.Entry) {
	p := h.pipeline
	if e.Kind != parser.Reception {
		p.other(e)
		return
	}
	p.valuer.reset() // what was found holds values of the hand's
	w := &p.arrival
	counts, keep := p.weigh(e.Arrival, w, &p.valuer)
	if h.turn.note(w.At, keep); !keep {
		p.passOver(e.Arrival, w)
	} else if wanted, back := p.reception(e.Arrival, w, counts); wanted && h.gather != nil {
		h.gather([]report.Reception{{Arrival: e.Arrival, Values: w, Class: p.uncounted(e.Arrival, counts, back)}})
	}
}

// again reads the portion in its turn, by a reader that knows all that comes before it. As soon as that comes to
// where the hand has read it right, the hand's findings are told instead, and the reader goes on for the hand's. It
// gives how many bytes it has read.
func (h *hand) again(r *parser.Reader, before int64) int64 {
	lines, read := int64(0), int64(0)
	for _, j := range h.joins {
		lines += r.Lines(parser.Place{File: h.file, Line: before + lines + 1}, h.text[read:j.bytes])
		read = j.bytes
		if h.agrees(r, j, before) {
			h.from = j.finds
			h.seen.without(j.seen)
			h.tell(before, math.MaxInt64)
			r.TakeOver(h.reader, before)
			return read
		}
	}
	r.Lines(parser.Place{File: h.file, Line: before + lines + 1}, h.text[read:])
	h.finds, h.seen = h.finds[:0], LookedAt{}
	return int64(len(h.text))
}

// agrees tells whether a reader in its turn holds what the hand held at a join.
func (h *hand) agrees(r *parser.Reader, j join, before int64) bool {
	if !h.reader.Independent() || r.InPieces() {
		return false
	}
	if oldest := r.Oldest(); j.oldest > 0 {
		return oldest == parser.Place{File: h.file, Line: before + j.oldest}
	}
	return r.Oldest() == parser.Place{}
}
