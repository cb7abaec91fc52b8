package pipeline

import (
	"encoding/binary"
	"math/bits"
	"time"

	"exiwatch/parser"
	"exiwatch/window"
)

// A queue joins delivery lines with the arrivals of the same message id: it holds messages from their arrival until
// Exim has completed them. It remembers a day of the log, and so follows from the log alone.
//
// Which messages it holds depends on who asks. Those that count once they are relayed, and those of open alerts, are
// always held. If rules or the listener ask what becomes of recipients, all are that count.
type queue struct {
	bounds      queueBounds
	all         bool                    // every arrival that counts is held
	wants       [window.NumNatures]bool // of recipients of all that are held
	byID        map[idHash]*queued
	oldest      *queued // of those that Exim has not completed
	newest      *queued
	size        int
	spare       []*queued
	handedOn    []*queued // completed, but a filter may hand them back; those completed first are first
	early       earlyLines
	past        pastLines
	followers   map[*window.Alert]*follower
	reader      *parser.DeliveryReader
	pastReader  *parser.DeliveryReader // of past lines, while a line of reader is being applied
	arrival     window.Arrival         // unpacked
	text        []byte                 // of a refusal, folded
	forgotten   int                    // before their time
	hasLines    bool                   // the log has delivery lines
	mayComeBack bool                   // from a content filter
}

const (
	// queueSeconds is how long a message is held.
	queueSeconds = 24 * 3600
	// maxDeferred is how many recipients of a message are told apart that were deferred.
	maxDeferred = 1000
	// maxSpare is how many messages that are done with are used again.
	maxSpare = 1 << 10
)

// queueBounds bound what a queue remembers. Beyond each the oldest are forgotten.
type queueBounds struct {
	queued   int // messages that Exim has not completed
	handedOn int // completed ones that a filter may hand back within an hour
	early    int // lines that wait for their arrivals, which come within seconds
	past     int // lines of the longest window
	pastText int // bytes of their texts
}

// defaultBounds take 64 MB of messages, of some 500 bytes each: two minutes of 1,000 a second of which none is
// completed. The past lines are those of some 400,000 messages, and take 16 MB and their texts.
var defaultBounds = queueBounds{queued: 1 << 17, handedOn: 1 << 15, early: 256, past: 1 << 20, pastText: 32 << 20}

// queued is a message in the queue.
type queued struct {
	ids      []idHash      // its own, and those under which a filter has handed it back
	left     int           // how many of them Exim has not completed
	at       int64         // second of the log's clock when it arrived
	arrival  packedArrival // empty if only alerts ask for the message
	own      string        // Record.Own
	waits    uint64        // scopes that count it when it is relayed
	counted  bool          // rules have counted it
	outside  uint64        // Arrival.Outside of what rules count of its recipients
	deferred []uint64      // hashes of recipients
	followed []*follower
	here     int64 // deliveries on this host, perhaps to a content filter
	back     bool  // a filter has handed it back
	handedOn bool  // it is in queue.handedOn
	lines    int   // about it, since it is held

	older, newer *queued
}

// An idHash stands for a message id.
type idHash uint64

// hashID hashes a message id, of which Exim chooses every character.
func hashID(id []byte) idHash {
	if len(id) < 16 {
		return 0
	}
	const odd = 0x9e3779b97f4a7c15 // 2**64 divided by the golden ratio
	hash := binary.LittleEndian.Uint64(id) * odd
	hash = bits.RotateLeft64(hash^binary.LittleEndian.Uint64(id[8:]), 29) * odd
	hash = bits.RotateLeft64(hash^binary.LittleEndian.Uint64(id[len(id)-8:]), 29) * odd
	return idHash(hash | 1)
}

// newQueue makes the queue of a pipeline.
func newQueue(p *Pipeline) *queue {
	q := &queue{
		bounds: defaultBounds, all: p.asksForFates(), wants: p.wantedFates(), byID: make(map[idHash]*queued),
		followers:  make(map[*window.Alert]*follower),
		reader:     parser.NewDeliveryReader(time.UTC, time.Time{}),
		pastReader: parser.NewDeliveryReader(time.UTC, time.Time{}), mayComeBack: p.returns != nil,
	}
	q.past.bounds = &q.bounds
	if p.listener.Publish == nil {
		q.past.longest = int64(p.counters.Longest() / time.Second)
		p.counters.Follow(p)
	}
	return q
}

// find returns the message with an id that is held at a second; nil if there is none.
func (q *queue) find(id idHash, now int64) *queued {
	if m := q.byID[id]; m != nil && !m.isOver(now) {
		return m
	}
	return nil
}

func (m *queued) isOver(now int64) bool { return m.at+queueSeconds <= now }

// enter returns the message with an id, and adds it if it isn't held. It forgets what is too old now.
func (q *queue) enter(id idHash, now int64) *queued {
	for q.oldest != nil && q.oldest.isOver(now) {
		q.remove(q.oldest)
	}
	for len(q.handedOn) > 0 && q.handedOn[0].at+returnSeconds <= now {
		q.dropHandedOn()
	}
	if m := q.byID[id]; m != nil && m.left > 0 {
		return m
	}
	if q.size == q.bounds.queued {
		q.forgotten++
		q.remove(q.oldest)
	}
	m := q.fresh()
	m.ids, m.at = append(m.ids, id), now
	q.byID[id] = m
	q.link(m)
	return m
}

// link adds a message to those that Exim has not completed, as the newest.
func (q *queue) link(m *queued) {
	m.left++
	if m.older = q.newest; m.older != nil {
		m.older.newer = m
	} else {
		q.oldest = m
	}
	q.newest = m
	q.size++
}

// unlink takes a message out of those.
func (q *queue) unlink(m *queued) {
	if m.older != nil {
		m.older.newer = m.newer
	} else {
		q.oldest = m.newer
	}
	if m.newer != nil {
		m.newer.older = m.older
	} else {
		q.newest = m.older
	}
	m.older, m.newer, m.left = nil, nil, 0
	q.size--
}

// remove forgets a message that Exim has not completed.
func (q *queue) remove(m *queued) {
	q.unlink(m)
	q.drop(m)
}

// fresh returns a message without content.
func (q *queue) fresh() *queued {
	n := len(q.spare)
	if n == 0 {
		return new(queued)
	}
	m := q.spare[n-1]
	q.spare = q.spare[:n-1]
	return m
}

// recycle forgets a message that nobody has in hand.
func (q *queue) recycle(m *queued) {
	if q.drop(m); len(q.spare) < maxSpare {
		clear(m.followed)
		*m = queued{ids: m.ids[:0], deferred: m.deferred[:0], followed: m.followed[:0],
			arrival: packedArrival{text: m.arrival.text[:0]}}
		q.spare = append(q.spare, m)
	}
}

// drop forgets a message.
func (q *queue) drop(m *queued) {
	for _, id := range m.ids {
		if q.byID[id] == m {
			delete(q.byID, id)
		}
	}
}

func (q *queue) dropHandedOn() {
	m := q.handedOn[0]
	if m.handedOn = false; m.left == 0 {
		q.recycle(m)
	}
	q.handedOn[0], q.handedOn = nil, q.handedOn[1:]
}

// complete notes that Exim has nothing left to do under one of a message's ids.
func (q *queue) complete(m *queued) {
	if m.left == 0 {
		return
	}
	if m.left--; m.left > 0 {
		return
	}
	for _, f := range m.followed {
		if a := f.open(); a != nil {
			a.Fates.Queued--
		}
	}
	q.unlink(m)
	if m.handedOn {
		return // it has come back, and is there still
	}
	if m.here == 0 || !q.mayComeBack {
		q.recycle(m)
		return
	}
	if len(q.handedOn) == q.bounds.handedOn {
		q.dropHandedOn()
	}
	m.handedOn = true
	q.handedOn = append(q.handedOn, m)
}

// comesBack notes that a filter has handed back a message under another id. What was delivered to the filter was not
// delivered.
func (q *queue) comesBack(origin, id idHash, now int64) {
	if q == nil {
		return
	}
	m := q.find(origin, now)
	q.past.add(origin, handedBack, nil, now)
	q.past.add(id, handedBack, nil, now)
	if m == nil || q.byID[id] != nil {
		return
	}
	if !m.back {
		m.back = true
		for _, f := range m.followed {
			if a := f.open(); a != nil {
				a.Fates.Delivered = max(a.Fates.Delivered-m.here, 0)
			}
		}
	}
	m.ids = append(m.ids, id)
	q.byID[id] = m
	if m.left > 0 {
		m.left++
		return
	}
	q.link(m)
	for _, f := range m.followed {
		if a := f.open(); a != nil {
			a.Fates.Queued++
		}
	}
}
