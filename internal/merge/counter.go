package merge

import (
	"strings"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// Events get what happens to alerts, in order. Functions that are nil are not called.
type Events struct {
	// Opened gets the alerts of one incident that one arrival has opened; Grew each alert whose Times it has raised;
	// Ended each alert when it ends.
	Opened      func([]*window.Alert)
	Grew, Ended func(*window.Alert)
	// Counted gets each record that has been counted, with all its values.
	Counted func(*pipeline.Record)
}

// A Counter counts the records of a fleet. It belongs to one goroutine.
type Counter struct {
	*window.Counters
	events  Events
	deriver *pipeline.Deriver
	sent    pipeline.SentLedger
	silent  bool
	at      time.Time
}

// NewCounter makes a counter by the rules.
func NewCounter(rules []window.Rule, events Events) (*Counter, error) {
	counters, err := window.New(rules)
	if err != nil {
		return nil, err
	}
	counters.KeepLogHosts()
	return &Counter{Counters: counters, events: events, deriver: pipeline.NewDeriver(counters)}, nil
}

// SetSilent keeps all events from the listener for now.
func (c *Counter) SetSilent(silent bool) { c.silent = silent }

// At is the stamp of the record that was added last.
func (c *Counter) At() time.Time { return c.at }

// Reach tells that everything before a second of the fleet has been counted: alerts end by that.
func (c *Counter) Reach(now int64, zone *time.Location) {
	for _, alert := range c.Advance(time.Unix(now, 0).In(zone)) {
		c.emit(alert, pipeline.Ended, c.events.Ended)
	}
}

// Add counts the next record in the fleet order. A mail about one of the fleet's alerts doesn't count, once.
func (c *Counter) Add(r *pipeline.Record) {
	c.at = r.Arrival.At
	c.Reach(r.Now, r.Arrival.At.Location())
	if r.Own != "" && c.sent.Take(r) {
		return
	}
	c.deriver.Derive(&r.Arrival)
	opened, grown := c.Count(&r.Arrival)
	for _, alerts := range window.ByIncident(opened, func(a *window.Alert) *window.Incident { return a.Incident }) {
		c.sent.Note(alerts[0].ID, pipeline.Opened)
		if !c.silent && c.events.Opened != nil {
			c.events.Opened(alerts)
		}
	}
	for _, alert := range grown {
		c.emit(alert, pipeline.Grew(alert), c.events.Grew)
	}
	if !c.silent && c.events.Counted != nil {
		c.events.Counted(r)
	}
}

func (c *Counter) emit(alert *window.Alert, event string, tell func(*window.Alert)) {
	c.sent.Note(alert.ID, event)
	if !c.silent && tell != nil {
		tell(alert)
	}
}

// Expect notes that a mail with this name, as in the spool, may come: it doesn't count, once.
func (c *Counter) Expect(name string) {
	if id, event, ok := strings.Cut(name, "."); ok {
		c.sent.Note(id, event)
	}
}
