package pipeline

import (
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"

	"golang.org/x/text/encoding"
)

// A Pipeline turns the lines of one log into counts and alerts. It belongs to one goroutine.
type Pipeline struct {
	counters  *window.Counters
	rules     []window.Rule
	scopes    config.Scopes
	counted   []config.Count // of counters.Scopes
	sent      *SentLedger
	charset   encoding.Encoding
	returns   *returns         // what a content filter may hand back; nil where no rule counts such a thing
	calls     *calls           // of Exim; nil where no rule counts by the directory
	messages  *identifications // nil where no rule counts by cPanel's user
	queue     *queue           // nil where nobody asks what becomes of messages
	zone      *time.Location   // of stamps that name none
	applying  *Worker          // that applies its chunk
	last      time.Time        // the latest stamp of the log that was believed
	past      bool             // the log has come to Listener.Until
	logs      bool             // rules count all arrivals of the log
	eximUsers []string         // U= of Exim's own bounces
	log       string           // name of the log, where there are several
	addresses bool             // rules count recipients' addresses
	costly    costly           // values of arrivals that rules count
	always    bool             // all costly values of all arrivals, as they aren't for the counters alone
	hosts     *hosts           // of the log
	relays    bool             // rules count what is relayed or forwarded
	host      string           // that wrappers name; several may be in one log
	logClock  logClock
	keys      keyExtractor
	arrival   window.Arrival
	listener  Listener
	workers   []*Worker
}

// New makes a Pipeline that counts by the rules, if any, what the scopes say.
func New(scopes config.Scopes, rules []window.Rule, listener Listener) (*Pipeline, error) {
	return newPipeline(Pipeline{scopes: scopes, rules: rules, sent: &SentLedger{}, listener: listener})
}

// Another makes a Pipeline for another log, in which time passes independently. It has the same rules and listener, and
// recognizes the same mails as ours.
func (p *Pipeline) Another(log string) (*Pipeline, error) {
	return newPipeline(Pipeline{
		scopes: p.scopes, rules: p.rules, sent: p.sent, log: log, listener: p.listener, workers: p.workers,
		charset: p.charset,
	})
}

func newPipeline(p Pipeline) (*Pipeline, error) {
	var err error
	p.always = p.listener.AllKeys || p.listener.Observed != nil
	if p.counters, err = window.New(p.rules); err != nil {
		return nil, err
	}
	for _, scope := range p.counters.Scopes() {
		count, ok := p.scopes[scope]
		if !ok {
			return nil, fmt.Errorf("nothing says what a rule of scope %s counts", scope)
		}
		p.counted = append(p.counted, count)
		p.always = p.always || slices.ContainsFunc(count.Ignore,
			func(p config.Pattern) bool { return IsCostly(p.Key) })
	}
	p.costly = costly{
		network:       !p.listener.Summary || p.counters.Counts(window.Network),
		accountDomain: p.counters.Counts(window.AccountDomain) || p.listener.Counted != nil,
		domains:       !p.listener.Summary,
		topic:         p.counters.Counts(window.Topic) || p.listener.Counted != nil,
	}
	p.addresses, p.logs = p.counters.CountsAddresses(), p.counters.CountsLog()
	p.relays = slices.ContainsFunc(p.counted, func(c config.Count) bool { return countsLater(&c) })
	p.returns, p.eximUsers = newReturns(p.counted), p.scopes[""].EximUsers
	if p.counters.Counts(window.Script) {
		p.calls = newCalls()
	}
	if p.counters.Counts(window.CPUser) {
		p.messages = newIdentifications()
	}
	if p.asksForDeliveries() {
		p.queue = newQueue(&p)
	}
	if p.listener.Summary {
		p.counters.Brief()
	}
	p.counters.Watch(p.listener.Reached)
	p.hosts = &hosts{all: []*Pipeline{&p}}
	return &p, nil
}

// Trust sets the key of our Message-IDs. Without it, whoever knows an alert's id can have one message left out of the
// counts.
func (p *Pipeline) Trust(key []byte) { p.sent.key = key }

// Decode sets the charset of subjects that don't name theirs; nil is windows-1252. Call it before Reader and Another.
func (p *Pipeline) Decode(charset encoding.Encoding) { p.charset = charset }

// Reader makes a reader of the log whose entries go into the pipeline. Its arguments are those of parser.NewReader.
func (p *Pipeline) Reader(zone *time.Location, reference time.Time) *parser.Reader {
	p.zone = zone
	return p.NewReader(zone, reference, (&Worker{pipeline: p}).ApplyInOrder)
}

// NewReader makes a reader of the log that emits to a function of the caller.
func (p *Pipeline) NewReader(zone *time.Location, reference time.Time, emit func(*parser.Entry)) *parser.Reader {
	r := parser.NewReader(zone, reference, emit)
	r.SetCharset(p.charset)
	r.SetDeliveries(p.queue != nil)
	return r
}

// applyOther applies an entry that is no arrival. An anomaly is counted as such.
func (p *Pipeline) applyOther(e *parser.Entry) {
	if e.Kind == parser.DeliveryLine {
		l := lineOf(e)
		p.applyDelivery(&l, e.SyslogHost)
		return
	}
	if p = p.of(e.SyslogHost); p.past || p.isPast(e.Time) {
		return
	}
	if p.listener.Other != nil && !p.hosts.silent {
		p.listener.Other(e)
	}
	var w window.Arrival
	p.join(e)
	if p.stray(e, &w) && (p.listener.Keep == nil || p.listener.Keep(&parser.Arrival{}, &w)) {
		p.advance(w.At)
		p.count(&w, false)
	}
}

// remembers tells whether arrivals that aren't kept matter for later ones.
func (p *Pipeline) remembers() bool {
	return p.returns != nil || p.calls != nil || !p.listener.Until.IsZero()
}

// isPast tells whether a stamp is at or behind Listener.Until.
func (p *Pipeline) isPast(at time.Time) bool {
	return !p.listener.Until.IsZero() && !at.Before(p.listener.Until)
}

// Finish moves the clocks to Listener.Until, if that is set, so that alerts end as if a line stood there.
func (p *Pipeline) Finish() {
	for _, one := range p.hosts.all {
		if until := p.listener.Until; !until.IsZero() {
			one.advance(until)
		}
	}
}

// passOver notes an arrival that isn't kept: a filter may hand it back later, and its call has its message.
func (p *Pipeline) passOver(a *parser.Arrival, w *window.Arrival) {
	p = p.of(a.SyslogHost)
	if p.isPast(w.At) {
		p.past = p.past || !a.Forgeable
		return
	}
	if p.returns != nil {
		p.returns.comesBack(a, w.At.Unix())
	}
	p.joinCall(a, w)
}

// A verdict says which rules count an arrival.
type verdict struct {
	keep   bool   // Listener.Keep wants it
	counts bool   // any rule counts it
	waits  uint64 // scopes of rules that count it when it is relayed
}

// classify extracts the values of an arrival, and tells which rules count it. It is pure: it changes only w and v.
func (p *Pipeline) classify(a *parser.Arrival, w *window.Arrival, v *keyExtractor) (is verdict) {
	v.extract(a, w)
	if p.always {
		v.extractCostly(a, w, allCostly)
	}
	if p.listener.Keep != nil && !p.listener.Keep(a, w) {
		return is
	}
	is.keep = true
	if is.counts = p.scope(a, w); p.logs {
		w.Values[window.Log] = logValue
	}
	if p.relays && mayBeRelayed(a) {
		is.waits = p.waitingScopes(a, w)
	}
	if is.counts || is.waits != 0 {
		if !p.always {
			v.extractCostly(a, w, p.costly)
		}
		if p.addresses {
			w.Addresses = v.addressesOf(a)
		}
	}
	return is
}

// apply counts the next arrival that is kept. Every one moves the clock, whether it counts or not. It tells whether the
// arrival is still wanted, and whether a filter has handed it back, so that it doesn't count.
func (p *Pipeline) apply(a *parser.Arrival, w *window.Arrival, is verdict) (wanted, back bool) {
	if !p.wants(a) {
		return false, false
	}
	counts := is.counts
	p = p.of(a.SyslogHost)
	if p.listener.Arrival != nil && !p.hosts.silent {
		p.listener.Arrival(a, w)
	}
	p.believe(a, w)
	p.advance(w.At)
	if p.returns != nil {
		var origin idHash
		if origin, back = p.returns.comesBack(a, p.counters.Clock().Now); back {
			counts, w.Outside = false, ^uint64(0)
			p.queue.comesBack(origin, hashID(a.MessageID), p.counters.Clock().Now)
		}
	}
	p.joinCall(a, w)
	sent, name := p.ownMail(a)
	if p.listener.Observed != nil {
		p.listener.Observed(p, w, counts && sent == nil)
	}
	switch {
	case !counts && w.Nature == window.Plain || p.listener.Idle:
	case sent != nil:
		sent.consume(p.log, p.counters.Clock().Now)
	case p.listener.Publish != nil:
		p.publish(w, name)
		p.joinUser(w, name, counts)
	default:
		p.count(w, counts)
		p.joinUser(w, "", counts)
	}
	if !back && sent == nil {
		p.enqueue(w, is.waits, counts, name)
	}
	p.applyEarly(hashID(a.MessageID))
	return true, back
}

// ownMail returns the mail of ours that an arrival is, if it is listed, and its name in the spool. Where arrivals are
// published nothing is listed: then the name is that of any mail of ours.
func (p *Pipeline) ownMail(a *parser.Arrival) (sent *SentMail, name string) {
	if p.listener.Publish != nil {
		name = p.ownName(a)
	} else {
		sent, name = p.sent.match(a, p.log)
	}
	if name != "" && p.listener.Own != nil {
		p.listener.Own(name)
	}
	return sent, name
}

// wants tells whether an arrival is still wanted: Listener.More says so, and it came before Until. A stamp that may be
// forged proves nothing once the log has come to Until.
func (p *Pipeline) wants(a *parser.Arrival) bool {
	if p.listener.More != nil && !p.listener.More() {
		return false
	}
	if p.listener.Until.IsZero() {
		return true
	}
	host := p.of(a.SyslogHost)
	if host.past && a.Forgeable {
		return false
	}
	host.past = false
	return true
}

// believe keeps a stamp that may be forged from moving the clock: such an arrival counts at the time that the log has
// reached.
func (p *Pipeline) believe(a *parser.Arrival, w *window.Arrival) {
	switch {
	case !a.Forgeable || p.last.IsZero():
		p.last = w.At
	case w.At.After(p.last) || p.last.Sub(w.At) > maxLate:
		w.At = p.last
	}
}

// maxLate is how far a late line may be behind the log's clock without changing it (window's rules for time).
const maxLate = 5 * time.Second

// advance notes that the log has reached a stamp.
func (p *Pipeline) advance(at time.Time) {
	for _, alert := range p.counters.Advance(at) {
		p.queue.stopFollowing(alert)
		p.emit(alert, Ended, p.listener.Ended)
	}
}

// count counts an arrival, and emits the events that follow. tell says that Listener.Counted gets it.
func (p *Pipeline) count(w *window.Arrival, tell bool) {
	if p.listener.Publish != nil {
		p.publish(w, "")
		return
	}
	opened, grown := p.counters.Count(w)
	if len(opened) > 0 && !p.hosts.silent {
		p.EmitOpened(opened)
	}
	for _, alert := range grown {
		p.emit(alert, Grew(alert), p.listener.Grew)
	}
	if tell && p.listener.Counted != nil && !p.hosts.silent {
		p.listener.Counted(w)
	}
}

// reception is an arrival for a collector.
func (p *Pipeline) reception(a *parser.Arrival, w *window.Arrival, counts, back bool) report.Reception {
	class := report.Counted
	switch {
	case back:
		class = report.ClassHandedBack
	case !counts:
		class = Class(a, p.eximUsers)
	}
	return report.Reception{Arrival: a, Values: w, Class: class}
}

// scope tells whether any rule counts the arrival, and notes in w which do not.
func (p *Pipeline) scope(a *parser.Arrival, w *window.Arrival) (any bool) {
	for i := range p.counted {
		if inScope(&p.counted[i], a, w) {
			any = true
		} else {
			w.Outside |= 1 << i
		}
		if w.Logins != nil && !countsLogins(&p.counted[i], a) {
			w.LoginsOutside |= 1 << i
		}
	}
	return any
}

// Counters returns the counters of the log, or of p's host. Whoever reads them must be the goroutine that p belongs to.
func (p *Pipeline) Counters() *window.Counters { return p.counters }

// Sent returns the ledger of our own mails, which all pipelines made by Another share.
func (p *Pipeline) Sent() *SentLedger { return p.sent }

// NoteTime says that the lines up to now were read at the time at, and that what was written before end had been read
// already.
func (p *Pipeline) NoteTime(end, at time.Time) {
	for _, one := range p.hosts.all {
		one.logClock.note(one.counters.Clock(), end, at)
	}
}

// Now returns the second of the log's clock at the time at of the wall clock.
func (p *Pipeline) Now(at time.Time) int64 { return p.logClock.now(at) }

// RuleTexts names the rules, the same in every process.
func (p *Pipeline) RuleTexts() []string {
	texts := make([]string, len(p.rules))
	for i, r := range p.rules {
		texts[i] = r.String()
	}
	return texts
}
