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

// followerOf returns the alert as a follower.
func (q *queue) followerOf(a *window.Alert) *follower {
	f := q.followers[a]
	if f == nil {
		f = &follower{alert: a}
		a.Fates.Known = q.hasLines
		q.followers[a] = f
	}
	return f
}

// Opened lets an alert that has opened follow the messages of its window. What has become of them is told at once.
func (p *Pipeline) Opened(a *window.Alert, ids [][]byte) {
	p.catchUp()
	p.queue.lookBackAndFollow(a, ids, p.counters.Clock().Now-p.queue.past.longest, p.counters)
}

// Joined lets an alert follow another message. If that has been in the queue for a while, what has become of it is told
// at once.
func (p *Pipeline) Joined(a *window.Alert, id []byte) {
	p.catchUp()
	q, now := p.queue, p.counters.Clock().Now
	m := q.find(hashID(id), now)
	if m != nil && m.lines > 0 {
		q.lookBackAndFollow(a, [][]byte{id}, m.at, p.counters)
		return
	}
	if m == nil {
		m = q.enter(hashID(id), now)
	}
	q.follow(m, q.followerOf(a))
}

// follow lets an alert follow a message that is held.
func (q *queue) follow(m *queued, f *follower) {
	if slices.Contains(m.followed, f) {
		return
	}
	if m.followed = append(m.followed, f); m.left > 0 {
		f.alert.Fates.Queued++
	}
}

// lookBackAndFollow tells an alert what has become of messages since a second, and lets it follow them.
func (q *queue) lookBackAndFollow(a *window.Alert, ids [][]byte, from int64, c *window.Counters) {
	f, now := q.followerOf(a), c.Clock().Now
	var messages []*pastMessage
	byID := make(map[idHash]*pastMessage, len(ids))
	for _, id := range ids {
		hash := hashID(id)
		m := q.find(hash, now)
		if byID[hash] != nil || m != nil && slices.Contains(m.followed, f) {
			continue
		}
		one := &pastMessage{queued: queued{ids: []idHash{hash}, left: 1}, held: m}
		if m != nil {
			one.ids, one.back = slices.Clone(m.ids), m.back
		}
		messages = append(messages, one)
		for _, id := range one.ids {
			byID[id] = one
		}
	}
	q.lookBack(a, byID, from, c)
	for _, one := range messages {
		if m := q.hold(one, now); m != nil {
			q.follow(m, f)
		}
	}
}

// hold returns the message in the queue. It puts it there if Exim has not completed it; else it returns nil.
func (q *queue) hold(one *pastMessage, now int64) *queued {
	if one.held != nil || one.left <= 0 {
		return one.held
	}
	m := q.enter(one.ids[0], now)
	m.ids, m.left, m.deferred, m.here, m.back, m.lines = one.ids, one.left, one.deferred, one.here, one.back, one.lines
	for _, id := range m.ids {
		q.byID[id] = m
	}
	return m
}

// lookBack tells an alert what has become of messages since a second.
func (q *queue) lookBack(a *window.Alert, messages map[idHash]*pastMessage, from int64, c *window.Counters) {
	var back *pastMessage // the next row is the id under which a filter has handed it back
	var mayBe [1 << 10]bool
	for id := range messages {
		mayBe[id%idHash(len(mayBe))] = true
	}
	q.past.each(from, func(row *pastRow, text []byte) {
		if !mayBe[row.id%idHash(len(mayBe))] && back == nil {
			return // as mostly
		}
		if row.kind == handedBack && back != nil {
			back.left++
			back.ids = append(back.ids, row.id)
			messages[row.id], back = back, nil
			mayBe[row.id%idHash(len(mayBe))] = true
			return
		}
		m := messages[row.id]
		switch {
		case m == nil, row.kind == parser.CutThrough && q.early.has(row.id):
			// not of the alert, or a line for applyEarly
		case row.kind == handedBack:
			if back = m; !m.back {
				m.back = true
				a.Fates.Delivered = max(a.Fates.Delivered-m.here, 0)
			}
		case row.kind == parser.Completed:
			m.left--
		default:
			m.lines++
			if f, ok := q.pastFate(m, row, text); ok && m.add(&f) {
				host, why := q.reason(&f)
				c.AddFate(a, f.nature, host, why)
			}
		}
	})
}

// pastFate is fateOf for a line that was kept. If a filter has handed back the message, all deliveries under its first
// id are taken for those to the filter.
func (q *queue) pastFate(m *pastMessage, row *pastRow, text []byte) (f fate, ok bool) {
	f.nature, ok = natureOf(row.kind)
	f.here = q.mayComeBack && f.nature == window.Delivered && row.id == m.ids[0]
	if text != nil {
		f.delivery = read(q.pastReader, text)
		ok = ok && f.delivery != nil
	}
	return f, ok
}

// noteLines notes that the log has delivery lines.
func (q *queue) noteLines() {
	q.hasLines = true
	for a := range q.followers {
		a.Fates.Known = true
	}
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
