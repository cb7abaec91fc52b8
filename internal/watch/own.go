package watch

import (
	"exiwatch/mailer"
	"exiwatch/parser"
)

// maxOwn is how many alerts' mails are known again when Exim logs them. The mail of an older one has long gone.
const maxOwn = 10_000

// own is the ledger of the mails that the alerts opened so far make. What stands in it follows from the log. Each
// Message-ID excuses one arrival, and only a genuine one does: whoever copies the pattern gains nothing.
type own struct {
	key    []byte // of Message-IDs; nil where it isn't known, and every Message-ID that is due is taken for genuine
	byName map[string]*ownMail
	order  []*ownMail // oldest first
}

// An ownMail is a mail of ours.
type ownMail struct {
	Name string `json:"name"`           // alert id and event
	Seen bool   `json:"seen,omitempty"` // in the log, once
	Log  string `json:"log,omitempty"`  // where
	At   int64  `json:"at,omitempty"`   // and when, by its clock

	again bool // it was seen, and the log is read once more
}

// note notes the mail that tells of an event: its own, or the digest that begins with it.
func (o *own) note(id, event string) { o.add(&ownMail{Name: id + "." + event}) }

func (o *own) add(m *ownMail) {
	if o.byName == nil {
		o.byName = make(map[string]*ownMail)
	}
	if o.byName[m.Name] != nil {
		return
	}
	if len(o.order) == maxOwn {
		delete(o.byName, o.order[0].Name)
		o.order = o.order[1:]
	}
	o.byName[m.Name] = m
	o.order = append(o.order, m)
}

// due gives the mail of ours that an arrival is, unless that was excused before, and its name in the spool; nil if it
// is none.
func (o *own) due(a *parser.Arrival, log string) (m *ownMail, name string) {
	if len(o.byName) == 0 || len(a.HeaderMessageID) == 0 {
		return nil, ""
	}
	id, event, mac, ok := mailer.ParseMessageID(a.HeaderMessageID)
	if !ok || o.key != nil && !mailer.Genuine(id, event, mac, o.key) {
		return nil, ""
	}
	m = o.byName[id+"."+mailer.EventOf(event)]
	if m == nil || m.Seen || m.again && m.Log != log {
		return nil, ""
	}
	return m, id + "." + event
}

// excuse says that the mail was seen in the log named: it excuses no other arrival.
func (m *ownMail) excuse(log string, at int64) { m.Seen, m.Log, m.At = true, log, at }

// saved gives the ledger as a checkpoint keeps it.
func (o *own) saved() []ownMail {
	all := make([]ownMail, len(o.order))
	for i, m := range o.order {
		all[i] = *m
		all[i].Seen = m.Seen || m.again
	}
	return all
}

// restore takes what saved gave.
func (o *own) restore(all []ownMail) {
	for _, m := range all {
		o.add(&m)
	}
}

// unsee lets the mails be excused once more that were seen in a log, as that is read again. The function it returns
// makes them seen for good.
func (o *own) unsee(log string, from int64) (see func()) {
	var unseen []*ownMail
	for _, m := range o.order {
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
