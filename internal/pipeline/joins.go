package pipeline

import (
	"time"

	"exiwatch/parser"
	"exiwatch/window"
)

// join notes an entry that says more of an arrival, and counts the arrival again if that waited for it.
func (p *Pipeline) join(e *parser.Entry) {
	switch now := p.counters.Clock().Now; {
	case p.calls != nil && e.Kind == parser.Submission:
		p.calls.add(e, p.second(e.Time), now)
	case p.messages != nil && e.Kind == parser.Identification:
		p.countIdentified(p.messages.identify(e, p.second(e.Time), now))
	}
}

// second returns the second of the log's clock at which a line with the stamp stands. Only arrivals and what counts
// later move the clock.
func (p *Pipeline) second(stamp time.Time) int64 {
	clock := p.counters.Clock()
	return max(clock.Now, stamp.Unix()+clock.Shift)
}

// joinCall fills in the directory in which an arrival was submitted, if a rule counts by that.
func (p *Pipeline) joinCall(a *parser.Arrival, w *window.Arrival) {
	if p.calls != nil {
		w.Values[window.Script] = p.calls.directoryOf(a, p.second(w.At))
	}
}

// joinUser counts an arrival that counts for its user, too, or remembers it until he is known. own is its Record.Own.
func (p *Pipeline) joinUser(w *window.Arrival, own string, counts bool) {
	if p.messages != nil && counts {
		p.countIdentified(p.messages.arrive(w, own, p.counters.Clock().Now))
	}
}

// countIdentified counts an arrival for cPanel's user, if there is one, at the second that the log has reached.
func (p *Pipeline) countIdentified(w *window.Arrival, own string) {
	if w == nil || p.listener.Idle {
		return
	}
	if w.At = p.last; p.listener.Publish != nil {
		p.publish(w, own)
	} else {
		p.count(w, true)
	}
}
