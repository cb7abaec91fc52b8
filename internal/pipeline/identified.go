package pipeline

import (
	"bytes"

	"exiwatch/parser"
	"exiwatch/window"
)

// identifications joins cPanel's `Sender identification` lines with the arrivals of the same message id, whichever
// comes first. cPanel logs them when the message is delivered, mostly within a second of the arrival and several times
// if the delivery is tried again: the first one counts. It remembers the log's last hour, and so follows from the log
// alone.
type identifications struct {
	all  []*identified // the oldest first
	byID map[string]*identified
}

// identified is a message that has come, or whose user is known.
type identified struct {
	id      string
	at      int64  // second of the log's clock
	user    []byte // nil: not known yet
	arrival packedArrival
	has     bool   // it has come
	own     string // Record.Own of the arrival
}

const (
	// identifiedSeconds is how long the two lines may be apart.
	identifiedSeconds = 3600
	// maxIdentified bounds what is remembered: four messages a second for an hour, some 10 MB. Beyond it the oldest are
	// forgotten.
	maxIdentified = 1 << 14
)

func newIdentifications() *identifications {
	return &identifications{byID: make(map[string]*identified)}
}

// identify notes what a line says of a message's user. It stands at a second of the log's clock, which arrivals have
// brought to now. It returns the arrival that counts for the user now, and its Record.Own; nil: none.
func (m *identifications) identify(e *parser.Entry, at, now int64) (w *window.Arrival, own string) {
	if e.Forgeable || len(e.User) == 0 {
		return nil, ""
	}
	one := m.message(e.MessageID, at, now)
	if one.user != nil {
		return nil, ""
	}
	one.user = bytes.Clone(e.User)
	return one.forUser()
}

// arrive notes a counted arrival with its Record.Own. It returns them as they count for the user; nil if that isn't
// known yet.
func (m *identifications) arrive(w *window.Arrival, own string, now int64) (*window.Arrival, string) {
	one := m.message(w.MessageID, now, now)
	if one.has {
		return nil, ""
	}
	one.has, one.own = true, own
	one.arrival.pack(w)
	return one.forUser()
}

// forUser returns the arrival with its user; nil if one of them is missing.
func (i *identified) forUser() (w *window.Arrival, own string) {
	if i.user == nil || !i.arrival.isSet() {
		return nil, ""
	}
	w = new(window.Arrival)
	i.arrival.unpack(w)
	w.Nature, w.Values[window.CPUser] = window.Identified, i.user
	i.arrival = packedArrival{} // it isn't needed any more
	return w, i.own
}

// message returns what is known at a second of a message, and forgets what is too old now.
func (m *identifications) message(id []byte, at, now int64) *identified {
	for len(m.all) > 0 && m.all[0].isOver(now) {
		m.forgetFirst()
	}
	if one := m.byID[string(id)]; one != nil && !one.isOver(at) {
		return one
	}
	if len(m.all) == maxIdentified {
		m.forgetFirst()
	}
	one := &identified{id: string(id), at: at}
	m.all, m.byID[one.id] = append(m.all, one), one
	return one
}

// isOver tells whether it is too late for the other line.
func (i *identified) isOver(at int64) bool { return i.at+identifiedSeconds <= at }

func (m *identifications) forgetFirst() {
	first := m.all[0]
	if m.byID[first.id] == first {
		delete(m.byID, first.id)
	}
	m.all[0], m.all = nil, m.all[1:]
}
