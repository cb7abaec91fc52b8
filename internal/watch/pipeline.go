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
	log      string // name of the log, where there are several
	silent   bool   // nobody is told of anything: what is read was told before
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
	// Own gets the name, alert id and event, of each mail of ours that arrives.
	Own func(name string)
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

// Another makes a Pipeline for the log named, in which time passes by itself: it counts by the same rules but on its own, tells
// the same Listener, and knows the same mails as ours.
func (p *Pipeline) Another(log string) (*Pipeline, error) {
	counters, err := window.New(p.rules)
	if err != nil {
		return nil, err
	}
	return &Pipeline{counters: counters, rules: p.rules, count: p.count, own: p.own, log: log, listener: p.listener}, nil
}

// Trust makes it take no mail for ours but those whose Message-ID was made with the key. Without it whoever knows an alert's id
// can have one message excused.
func (p *Pipeline) Trust(key []byte) { p.own.key = key }

// Reader makes a reader of the log, whose arrivals go into the pipeline. Its arguments are those of parser.NewReader.
func (p *Pipeline) Reader(zone *time.Location, reference time.Time) *parser.Reader {
	return parser.NewReader(zone, reference, p.entry)
}

func (p *Pipeline) entry(e *parser.Entry) {
	if e.Kind == parser.Reception {
		p.reception(e.Arrival)
	} else if p.listener.Other != nil && !p.silent {
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
	if p.listener.Arrival != nil && !p.silent {
		p.listener.Arrival(a, w)
	}
	for _, alert := range p.counters.Advance(w.At) {
		if p.listener.Ended != nil && !p.silent {
			p.listener.Ended(alert)
		}
	}
	own := p.own.due(a, p.log)
	if own != nil && p.listener.Own != nil {
		p.listener.Own(own.Name)
	}
	if !counts(p.count, a, w) {
		return
	}
	if own != nil {
		own.excuse(p.log, p.counters.Clock().Now)
		return
	}
	opened, _ := p.counters.Count(w)
	for _, alert := range opened {
		if !p.silent {
			p.open(alert)
		}
	}
}

// open tells of an alert that has opened.
func (p *Pipeline) open(alert *window.Alert) {
	p.own.opened(alert)
	if p.listener.Opened != nil {
		p.listener.Opened(alert)
	}
}

// ruleTexts names the rules, the same in every process.
func (p *Pipeline) ruleTexts() []string {
	texts := make([]string, len(p.rules))
	for i, r := range p.rules {
		texts[i] = r.String()
	}
	return texts
}
