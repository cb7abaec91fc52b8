package pipeline

import (
	"strings"

	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/window"
)

// MaxSent is how many mails are recognized when Exim logs them. Older ones were sent long ago.
const MaxSent = 10_000

// A SentLedger lists the mails that exiwatch sends about the alerts opened so far. It follows from the log alone. The
// arrival of a listed mail is not counted: once for each Message-ID, and only if that is genuine. Copying the pattern
// does not help.
type SentLedger struct {
	key    []byte // of Message-IDs; nil if unknown, and then every listed Message-ID is taken for genuine
	byName map[string]*SentMail
	order  []*SentMail // oldest first
}

// A SentMail is a mail that exiwatch sends.
type SentMail struct {
	Name string `json:"name"`           // alert id and event
	Seen bool   `json:"seen,omitempty"` // in the log, once
	Log  string `json:"log,omitempty"`  // where
	At   int64  `json:"at,omitempty"`   // and when, by its clock
	ID   string `json:"id,omitempty"`   // the message that it was, in a fleet, where Log is the log's host

	again bool // it was seen, and the log is being read again
}

// note lists the mail about an event: its own, or the digest that begins with it.
func (l *SentLedger) note(id, event string) { l.add(&SentMail{Name: id + "." + event}) }

func (l *SentLedger) add(m *SentMail) {
	if l.byName == nil {
		l.byName = make(map[string]*SentMail)
	}
	if l.byName[m.Name] != nil {
		return
	}
	if len(l.order) == MaxSent {
		delete(l.byName, l.order[0].Name)
		l.order = l.order[1:]
	}
	l.byName[m.Name] = m
	l.order = append(l.order, m)
}

// Note lists the mail about an event of an alert.
func (l *SentLedger) Note(id, event string) { l.note(id, event) }

// Take tells whether a record of a fleet is a listed mail of ours that hasn't been seen, and notes that it has. The
// record that counts again for cPanel's user is that mail if the first one was.
func (l *SentLedger) Take(r *Record) bool {
	id, event, _ := strings.Cut(r.Own, ".")
	m := l.find(id, event)
	if m == nil {
		return false
	}
	host := r.Arrival.Values[window.LogHost]
	if m.Seen {
		return r.Arrival.Nature == window.Identified && m.Log == string(host) && m.ID == string(r.Arrival.MessageID)
	}
	m.consume(string(host), r.Now)
	m.ID = string(r.Arrival.MessageID)
	return true
}

// find finds the listed mail with a name. What a host tells alone of an alert is a mail besides the fleet's: it is
// listed when it is seen.
func (l *SentLedger) find(id, event string) *SentMail {
	event = mailer.EventOf(event)
	name, together := id+"."+event, id+"."+mailer.FleetEvent(event)
	if l.byName[name] == nil && l.byName[together] != nil {
		l.add(&SentMail{Name: name})
	}
	return l.byName[name]
}

// match returns the listed mail that an arrival is, and its name in the spool; nil if it is none, or was matched
// before.
func (l *SentLedger) match(a *parser.Arrival, log string) (m *SentMail, name string) {
	if len(l.byName) == 0 || len(a.HeaderMessageID) == 0 {
		return nil, ""
	}
	id, event, mac, ok := mailer.ParseMessageID(a.HeaderMessageID)
	if !ok || l.key != nil && !mailer.Genuine(id, event, mac, l.key) {
		return nil, ""
	}
	m = l.find(id, event)
	if m == nil || m.Seen || m.again && m.Log != log {
		return nil, ""
	}
	return m, id + "." + event
}

// consume notes that the mail was seen in a log: no other arrival matches it.
func (m *SentMail) consume(log string, at int64) { m.Seen, m.Log, m.At = true, log, at }

// Saved returns the ledger as a checkpoint keeps it.
func (l *SentLedger) Saved() []SentMail {
	all := make([]SentMail, len(l.order))
	for i, m := range l.order {
		all[i] = *m
		all[i].Seen = m.Seen || m.again
	}
	return all
}

// Restore takes what Saved returned.
func (l *SentLedger) Restore(all []SentMail) {
	for _, m := range all {
		l.add(&m)
	}
}

// Rewind lets mails match again that were seen in a log from a second on, because the log is read again from there. The
// function it returns ends that.
func (l *SentLedger) Rewind(log string, from int64) (see func()) {
	var unseen []*SentMail
	for _, m := range l.order {
		if m.Seen && m.Log == log && m.At >= from {
			m.Seen, m.again = false, true
			unseen = append(unseen, m)
		}
	}
	return func() {
		for _, m := range unseen {
			m.again = false
		}
	}
}
