package watch

import (
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
}

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
	first bool // of its file
}

// read reads the portion as if nothing before it mattered.
func (h *hand) read() {
	h.finds, h.other, h.kept = h.finds[:0], h.other[:0], h.kept[:0]
	h.valuer.reset()
	h.reader.Restart()
	h.lines = h.reader.Lines(parser.Place{File: h.file, Line: 1}, h.text)
}

// sure tells whether what was found is what is to be told behind lines that hold none.
func (h *hand) sure() bool { return h.reader.Independent() && !h.reader.Holding() }

func (h *hand) entry(e *parser.Entry) {
	n := len(h.finds)
	if n == cap(h.finds) {
		h.finds = append(h.finds, finding{})
	}
	h.finds = h.finds[:n+1]
	f := &h.finds[n]
	f.other = 0
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
	for _, item := range [...]*[]byte{&a.MessageID, &a.EnvelopeSender, &a.BounceOf, &a.Host, &a.Helo, &a.HostAddress, &a.InterfaceAddress,
		&a.Ident, &a.Protocol, &a.TLS, &a.Authenticator, &a.AuthenticatedID, &a.AuthenticatedSender, &a.HeaderMessageID, &a.Subject,
		&a.ReceivedSender, &a.RecipientList, &a.Text} {
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
	e.MessageID, e.Directory, e.Arguments, e.User = h.keep(e.MessageID), h.keep(e.Directory), h.keep(e.Arguments), h.keep(e.User)
	e.Text = h.keep(e.Text)
}

// tell tells of what was found, in the order of the log. before is how many lines of the file come before the portion.
func (h *hand) tell(before int64) {
	for i := range h.finds {
		f := &h.finds[i]
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
	h.valuer.reset()
	w := &p.arrival
	counts, keep := p.weigh(e.Arrival, w, &h.valuer)
	if !keep {
		p.passOver(e.Arrival, w)
	} else if wanted, back := p.reception(e.Arrival, w, counts); wanted && h.gather != nil {
		h.gather([]report.Reception{{Arrival: e.Arrival, Values: w, Class: p.uncounted(e.Arrival, counts, back)}})
	}
}

// again reads the portion in its turn, by a reader that knows all that comes before it.
func (h *hand) again(r *parser.Reader, before int64) {
	h.lines = r.Lines(parser.Place{File: h.file, Line: before + 1}, h.text)
	h.finds = h.finds[:0]
}
