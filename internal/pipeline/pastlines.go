package pipeline

import "exiwatch/parser"

// pastLines are the delivery lines of the longest window, or the newest of them. When an alert opens, they tell what
// has become of the messages in its window. Nothing else asks for them, so a line is only kept, and not looked at.
type pastLines struct {
	bounds  *queueBounds
	longest int64 // window, seconds; 0: no rule has one
	rows    []pastRow
	first   int       // of rows that is kept
	gone    int       // rows before the first of rows
	steps   []rowStep // the oldest first
	texts   [][]byte  // of the rows that have one
	lost    uint32    // texts before those
	size    int       // of the texts, bytes
	block   []byte    // in which the latest texts lie
}

// A pastRow is a delivery line.
type pastRow struct {
	id   idHash
	text uint32 // number of its text, or of the next one
	kind parser.DeliveryKind
}

// A rowStep says at which second of the log's clock rows were kept, from one on.
type rowStep struct {
	row int // counted from the first one ever
	at  int64
}

// hasText tells whether the text of a line is kept: it says why.
func (r *pastRow) hasText() bool { return r.kind == parser.Refused || r.kind == parser.Deferred }

// Kinds of rows that aren't in the log.
const (
	noFate     = parser.Unfrozen + 1 + iota // a message that was discarded
	handedBack                              // of two rows: a message, and the id under which a filter hands it back
)

const (
	pastBlock = 1 << 16 // bytes
	// rowsApart is how many seconds two steps are apart at least. Each step's second is a multiple of it, wherever
	// reading has begun. A line is kept for so long beyond the window.
	rowsApart = 10
)

// add keeps a line. text is that of one that says why.
func (p *pastLines) add(id idHash, kind parser.DeliveryKind, text []byte, now int64) {
	if p.longest == 0 || kind > parser.Completed && kind != handedBack {
		return
	}
	now -= now % rowsApart
	if n := len(p.steps); n == 0 || p.steps[n-1].at < now {
		p.steps = append(p.steps, rowStep{p.gone + len(p.rows), now})
		p.forget(now)
	}
	if len(p.rows)-p.first == p.bounds.past {
		p.dropFirst()
	}
	row := pastRow{id: id, text: p.lost + uint32(len(p.texts)), kind: kind}
	if row.hasText() {
		p.texts = append(p.texts, p.keep(text))
		for p.size += len(text); p.size > p.bounds.pastText; {
			p.dropFirst()
		}
	}
	p.rows = append(p.rows, row)
}

// forget drops the lines that have left the window by now.
func (p *pastLines) forget(now int64) {
	for len(p.steps) > 1 && p.steps[1].at+p.longest <= now {
		for p.gone+p.first < p.steps[1].row {
			p.dropFirst()
		}
		p.steps = p.steps[1:]
	}
	if p.first > len(p.rows)/2 {
		p.rows, p.gone, p.first = p.rows[:copy(p.rows, p.rows[p.first:])], p.gone+p.first, 0
	}
}

// keep copies a text into the block, or into a new one.
func (p *pastLines) keep(text []byte) []byte {
	if len(p.block)+len(text) > cap(p.block) {
		p.block = make([]byte, 0, max(pastBlock, len(text)))
	}
	n := len(p.block)
	p.block = append(p.block, text...)
	return p.block[n:len(p.block):len(p.block)]
}

// dropFirst forgets the oldest line.
func (p *pastLines) dropFirst() {
	if p.rows[p.first].hasText() {
		p.size -= len(p.texts[0])
		p.texts[0], p.texts = nil, p.texts[1:]
		p.lost++
	}
	p.first++
}

// each calls f for each line from a second on, the oldest first. text is nil of lines of which none is kept.
func (p *pastLines) each(from int64, f func(row *pastRow, text []byte)) {
	begin := p.first
	for i := len(p.steps) - 1; i >= 0; i-- {
		if p.steps[i].at <= from {
			begin = max(begin, p.steps[i].row-p.gone)
			break
		}
	}
	for i := begin; i < len(p.rows); i++ {
		row := &p.rows[i]
		if row.hasText() {
			f(row, p.texts[row.text-p.lost])
		} else {
			f(row, nil)
		}
	}
}
