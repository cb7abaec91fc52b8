package pipeline

import (
	"sort"

	"exiwatch/parser"
)

// pastLines are the delivery lines of the longest window, or the newest of them. When an alert opens, they tell what
// has become of the messages in its window. Nothing else asks for them, so a line is only kept, and not looked at.
type pastLines struct {
	longest int64 // window, seconds; 0: no rule has one
	rows    []pastRow
	first   int      // of rows that is kept
	texts   [][]byte // of the rows that have one
	gone    uint32   // texts before those
	size    int      // of the texts, bytes
	block   []byte   // in which the latest texts lie
}

// A pastRow is a delivery line.
type pastRow struct {
	id   idHash
	at   int64  // second of the log's clock
	text uint32 // number of its text, or of the next one
	kind parser.DeliveryKind
}

// hasText tells whether the text of a line is kept: it says why.
func (r *pastRow) hasText() bool { return r.kind == parser.Refused || r.kind == parser.Deferred }

// Kinds of rows that aren't in the log.
const (
	toFilter   = parser.Unfrozen + 1 + iota // a delivery over loopback, perhaps to a content filter
	handedBack                              // of two rows: a message, and the id under which a filter hands it back
)

const (
	// maxPast bounds the lines: those of some 400,000 messages. They take 24 MB.
	maxPast = 1 << 20
	// maxPastText bounds their texts.
	maxPastText = 32 << 20 // bytes
	pastBlock   = 1 << 16  // bytes
)

// add keeps a line.
func (p *pastLines) add(l *deliveryLine, now int64) {
	if p.longest == 0 {
		return
	}
	p.push(l.id, now, l.kind, l.text)
}

// addHandedBack notes that a filter has handed back a message under another id.
func (p *pastLines) addHandedBack(origin, id idHash, now int64) {
	if p.longest > 0 {
		p.push(origin, now, handedBack, nil)
		p.push(id, now, handedBack, nil)
	}
}

func (p *pastLines) push(id idHash, now int64, kind parser.DeliveryKind, text []byte) {
	row := pastRow{id: id, at: now, text: p.gone + uint32(len(p.texts)), kind: kind}
	for p.first < len(p.rows) && (p.rows[p.first].at+p.longest <= now || len(p.rows)-p.first == maxPast ||
		p.size > maxPastText) {
		p.dropFirst()
	}
	if p.first > len(p.rows)/2 {
		p.rows, p.first = p.rows[:copy(p.rows, p.rows[p.first:])], 0
	}
	if row.hasText() {
		p.texts = append(p.texts, p.keep(text))
		p.size += len(text)
	}
	p.rows = append(p.rows, row)
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
		p.gone++
	}
	p.first++
}

// each calls f for each line from a second on, the oldest first. text is nil of lines of which none is kept.
func (p *pastLines) each(from int64, f func(row *pastRow, text []byte)) {
	kept := p.rows[p.first:]
	begin := sort.Search(len(kept), func(i int) bool { return kept[i].at >= from })
	for i := begin; i < len(kept); i++ {
		row := &kept[i]
		if row.hasText() {
			f(row, p.texts[row.text-p.gone])
		} else {
			f(row, nil)
		}
	}
}
