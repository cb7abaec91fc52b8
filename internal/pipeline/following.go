package pipeline

import (
	"slices"

	"exiwatch/parser"
	"exiwatch/window"
)

// A follower is an alert that follows a message.
type follower struct{ alert *window.Alert } // nil: it has ended

// open returns the alert; nil if it has ended.
func (f *follower) open() *window.Alert {
	if f.alert == nil || !f.alert.Ended.IsZero() {
		return nil
	}
	return f.alert
}

// A pastMessage is what pastLines say of a message.
type pastMessage struct {
	queued
	held *queued // the message, if it is in the queue
}

// follow lets an alert follow messages. If the alert has just opened, or a message has been in the queue for a while,
// what has become of them is told at once.
func (p *Pipeline) follow(a *window.Alert, ids [][]byte, opened bool) {
	q, now := p.queue, p.counters.Clock().Now
	f := q.followers[a]
	if f == nil {
		f = &follower{alert: a}
		q.followers[a] = f
	}
	var messages []*pastMessage
	byID := make(map[idHash]*pastMessage, len(ids))
	from := now
	for _, id := range ids {
		hash := hashID(id)
		m := q.find(hash, now)
		if byID[hash] != nil || m != nil && slices.Contains(m.followed, f) {
			continue
		}
		one := &pastMessage{queued: queued{ids: []idHash{hash}, left: 1}, held: m}
		messages, byID[hash] = append(messages, one), one
		if opened {
			from = now - q.past.longest
		} else if m != nil && m.lines > 0 {
			from = min(from, m.at)
		}
	}
	if opened || from < now {
		q.lookBack(a, byID, from, p.counters)
	}
	for _, one := range messages {
		if m := q.hold(one, now); m != nil {
			m.followed = append(m.followed, f)
			if m.left > 0 {
				a.Fates.Queued++
			}
		}
	}
}

// hold returns the message in the queue. It puts it there if Exim has not completed it; else it returns nil.
func (q *queue) hold(one *pastMessage, now int64) *queued {
	if one.held != nil || one.left <= 0 {
		return one.held
	}
	m := q.enter(one.ids[0], now)
	m.ids, m.left, m.putOff, m.toFilter, m.back = one.ids, one.left, one.putOff, one.toFilter, one.back
	for _, id := range m.ids {
		q.byID[id] = m
	}
	return m
}

// lookBack tells an alert what has become of messages since a second.
func (q *queue) lookBack(a *window.Alert, messages map[idHash]*pastMessage, from int64, c *window.Counters) {
	var back *pastMessage // the next row is the id under which a filter has handed it back
	q.past.each(from, func(row *pastRow, text []byte) {
		if row.kind == handedBack && back != nil {
			back.left++
			back.ids = append(back.ids, row.id)
			messages[row.id], back = back, nil
			return
		}
		m := messages[row.id]
		switch {
		case m == nil:
		case row.kind == handedBack:
			if back = m; !m.back {
				m.back = true
				a.Fates.Delivered -= m.toFilter
			}
		case row.kind == parser.Completed:
			m.left--
		default:
			if f, ok := q.pastFate(row, text); ok && m.add(&f) {
				host, why := q.reason(&f)
				c.AddFate(a, f.nature, host, why)
			}
		}
	})
}

// pastFate is fateOf for a line that was kept.
func (q *queue) pastFate(row *pastRow, text []byte) (f fate, ok bool) {
	if row.kind == toFilter {
		return fate{nature: window.Delivered, toFilter: true}, true
	}
	l := deliveryLine{kind: row.kind, text: text}
	if f.nature, ok = natureOf(&l); ok && text != nil {
		f.delivery = q.read(&l)
		ok = f.delivery != nil
	}
	return f, ok
}

// stopFollowing says that an alert has ended.
func (q *queue) stopFollowing(a *window.Alert) {
	if q == nil {
		return
	}
	if f := q.followers[a]; f != nil {
		f.alert = nil
		delete(q.followers, a)
	}
}
