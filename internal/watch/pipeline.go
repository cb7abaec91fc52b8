package watch

import (
	"time"

	"exiwatch/internal/config"
	"exiwatch/parser"
	"exiwatch/window"
)

// A Pipeline makes alerts of the lines of one log. It belongs to one goroutine.
type Pipeline struct {
	counters *window.Counters
	rules    []window.Rule
	count    *config.Count
	own      *own
	valuer   valuer
	arrival  window.Arrival
	listener Listener
}

// A Listener is told what a Pipeline finds, in the order of the log. Functions that are nil are left out.
type Listener struct {
	// Keep tells whether an arrival is looked at at all: filters of the command line.
	Keep func(*parser.Arrival, *window.Arrival) bool
	// Arrival gets each arrival that is kept, counted or not.
	Arrival func(*parser.Arrival, *window.Arrival)
	// Other gets every entry that is no arrival.
	Other func(*parser.Entry)
	// Opened gets each alert when it opens. Ended gets it when it ends.
	Opened, Ended func(*window.Alert)
}

// NewPipeline makes a Pipeline that counts by rules, which may be none.
func NewPipeline(count *config.Count, rules []window.Rule, listener Listener) (*Pipeline, error) {
	counters, err := window.New(rules)
	if err != nil {
		return nil, err
	}
	return &Pipeline{counters: counters, rules: rules, count: count, own: &own{}, listener: listener}, nil
}

// Another makes a Pipeline for another log, in which time passes by itself: it counts by the same rules but on its own, tells
// the same Listener, and knows the same mails as ours.
func (p *Pipeline) Another() (*Pipeline, error) {
	counters, err := window.New(p.rules)
	if err != nil {
		return nil, err
	}
	return &Pipeline{counters: counters, rules: p.rules, count: p.count, own: p.own, listener: p.listener}, nil
}

// Reader makes a reader of the log, whose arrivals go into the pipeline. Its arguments are those of parser.NewReader.
func (p *Pipeline) Reader(zone *time.Location, reference time.Time) *parser.Reader {
	return parser.NewReader(zone, reference, p.entry)
}

func (p *Pipeline) entry(e *parser.Entry) {
	if e.Kind == parser.Reception {
		p.reception(e.Arrival)
	} else if p.listener.Other != nil {
		p.listener.Other(e)
	}
}

// reception counts an arrival. Every arrival moves the time, whether it counts or not.
func (p *Pipeline) reception(a *parser.Arrival) {
	w := &p.arrival
	p.valuer.values(a, w)
	if p.listener.Keep != nil && !p.listener.Keep(a, w) {
		return
	}
	if p.listener.Arrival != nil {
		p.listener.Arrival(a, w)
	}
	for _, alert := range p.counters.Advance(w.At) {
		if p.listener.Ended != nil {
			p.listener.Ended(alert)
		}
	}
	if !counts(p.count, a, w) || p.own.excuses(a) {
		return
	}
	for _, alert := range p.counters.Count(w) {
		p.own.opened(alert)
		if p.listener.Opened != nil {
			p.listener.Opened(alert)
		}
	}
}
