package pipeline

import (
	"bytes"

	"exiwatch/internal/config"
	"exiwatch/parser"
	"exiwatch/window"
)

// relay counts a message that waits for being relayed if this line says that it is. It counts once, at the second of
// the line.
func (p *Pipeline) relay(m *queued, d *parser.Delivery, l *deliveryLine) {
	q := p.queue
	w, first := &q.arrival, !m.counted
	m.arrival.unpack(w)
	due, arrived := uint64(0), w.At
	for i := range p.counted {
		bit := uint64(1) << i
		if m.waits&bit != 0 && p.goesOutside(&p.counted[i], d, w.Values[window.Host]) {
			due |= bit
		}
	}
	if due == 0 {
		return
	}
	m.waits &^= due
	switch {
	case w.Nature == window.Doubtful:
		w.Nature = window.DoubtfulLater
	case first:
		w.Nature = window.Plain
	default:
		w.Nature = window.Relayed
	}
	w.Outside = ^due
	m.outside &^= due
	m.counted = true
	p.countLater(w, m.own, l)
	if p.listener.Relayed != nil && first && !p.hosts.silent {
		w.At = arrived
		p.listener.Relayed(w)
	}
}

// countFate counts what became of a recipient. That of an arrival that may be somebody else's counts for nobody.
func (p *Pipeline) countFate(m *queued, n window.Nature, l *deliveryLine) {
	w := &p.queue.arrival
	m.arrival.unpack(w)
	w.Nature, w.Outside = n, m.outside
	if p.listener.Fate != nil && !p.hosts.silent {
		p.listener.Fate(w)
	}
	if m.counted && m.arrival.nature != window.Doubtful {
		p.countLater(w, m.own, l)
	}
}

// countLater counts an arrival, or what became of its recipient, at the second of a delivery line.
func (p *Pipeline) countLater(w *window.Arrival, own string, l *deliveryLine) {
	w.At = p.stampOf(l)
	if p.listener.Idle {
		return
	}
	if w.At.After(p.last) {
		p.last = w.At
	}
	p.advance(w.At)
	if p.listener.Publish != nil {
		p.publish(w, own)
	} else {
		p.count(w, true)
	}
}

// goesOutside tells whether a recipient of a message from a host went, or was to go, to a host outside, in a class that
// a scope counts. An address that this host put in the place of the one that arrived is forwarded.
func (p *Pipeline) goesOutside(c *config.Count, d *parser.Delivery, from []byte) bool {
	if !c.IsOutside(d.HostAddress) {
		return false
	}
	forwarded := d.Original != nil && !bytes.EqualFold(d.Original, d.Address) &&
		(len(c.LocalDomains) == 0 || c.IsLocal(d.Original))
	if forwarded {
		return c.Counts(config.Forwarded)
	}
	return c.Counts(config.Relayed) && p.mayRelay(c, from) && !c.IsLocal(d.Address)
}
