package pipeline

import (
	"cmp"
	"time"

	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/window"
)

// A Record is an arrival that rules count, as the counters of a fleet get it.
type Record struct {
	// Now is the second that the host's clock has reached with the line. It never goes back.
	Now int64
	// Arrival counts at the second At, which is that of the host's clock: at most 5 s before Now. Its fraction and its
	// zone are those of the stamp.
	Arrival window.Arrival
	// Own is the alert id and the event, as in the spool, if the arrival looks like a mail of ours. An arrival that
	// counts again as window.Identified has that of the first time.
	Own string
}

// NameHost names the host whose lines the log holds: all of them, or with all false those that name no host.
func (p *Pipeline) NameHost(name string, all bool) { p.hosts.name, p.hosts.one = name, all }

// HostName is the name of the host whose lines go through p.
func (p *Pipeline) HostName() string { return cmp.Or(p.host, p.hosts.name) }

// publish gives an arrival to Listener.Publish.
func (p *Pipeline) publish(w *window.Arrival, own string) {
	if p.hosts.silent {
		return
	}
	p.advance(w.At) // that of an arrival that counts again may not be the stamp that was read last
	clock := p.counters.Clock()
	r := &p.hosts.record
	r.Now, r.Arrival, r.Own = clock.Now, *w, own
	r.Arrival.At = time.Unix(clock.Second(w.At), int64(w.At.Nanosecond())).In(w.At.Location())
	p.listener.Publish(p.HostName(), r)
}

// ownName returns the name in the spool of the mail of ours that an arrival looks like; "" if it doesn't.
func (p *Pipeline) ownName(a *parser.Arrival) string {
	if len(a.HeaderMessageID) == 0 {
		return ""
	}
	id, event, mac, ok := mailer.ParseMessageID(a.HeaderMessageID)
	if !ok || p.sent.key != nil && !mailer.Genuine(id, event, mac, p.sent.key) {
		return ""
	}
	return id + "." + event
}

// Until returns the second of the host's clock before which everything has been read: nothing that comes has an earlier
// Record.Now. The log had been read to its end at the time end; zero: it hasn't.
func (p *Pipeline) Until(end time.Time) int64 {
	now := p.counters.Clock().Now
	if end.IsZero() {
		return now
	}
	return max(now, p.logClock.least(end.Add(-writeTime)))
}

// writeTime is how long a line may take from its stamp to the log.
const writeTime = time.Second

// A Deriver makes the values of arrivals that follow from others. They are good until the next call.
type Deriver struct {
	keys   keyExtractor
	wanted costly
}

// NewDeriver makes one for the counters. Values that neither these nor an alert need are left out.
func NewDeriver(c *window.Counters) *Deriver {
	return &Deriver{wanted: costly{
		network: true, accountDomain: c.Counts(window.AccountDomain), topic: c.Counts(window.Topic),
	}}
}

// NewFullDeriver makes one that leaves nothing out.
func NewFullDeriver() *Deriver {
	return &Deriver{wanted: costly{network: true, accountDomain: true, topic: true}}
}

// Derive sets the sender's domain, the network, the account's domain and the topic.
func (d *Deriver) Derive(w *window.Arrival) {
	d.keys.reset()
	if sender := w.Values[window.Sender]; sender != nil {
		_, w.Values[window.SenderDomain] = splitSender(sender)
	}
	d.keys.deriveCostly(w, d.wanted)
}

// IsDerived tells whether Derive makes the value of a key.
func IsDerived(k window.Key) bool { return k == window.SenderDomain || IsCostly(k) }
