package pipeline

import (
	"time"

	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"
)

// A Listener hears what a Pipeline finds, in the order of the log. Functions that are nil are not called.
type Listener struct {
	// Keep tells whether an arrival matters at all: filters of the command line. Several goroutines call it, in any
	// order.
	Keep func(*parser.Arrival, *window.Arrival) bool
	// More tells, before each arrival that was kept, whether it is still wanted.
	More func() bool
	// Arrival gets each arrival that is kept, counted or not.
	Arrival func(*parser.Arrival, *window.Arrival)
	// Observed gets each arrival that is kept, with all its values, and whether rules count it; also while the pipeline
	// is silent.
	Observed func(p *Pipeline, w *window.Arrival, counted bool)
	// NewCollector is called once for each worker. The function that it returns gets, of the arrivals that Arrival
	// gets, those that this worker has parsed, in any order.
	NewCollector func() func([]report.Reception)
	// AllKeys asks for the network, the topic, the account's domain and the recipients' domains also of arrivals that
	// no rule counts.
	AllKeys bool
	// Summary says that of alerts only that matters which window.Counters.Brief leaves.
	Summary bool
	// Until, if set, ends what is read: entries with this stamp or a later one change nothing. Set Keep accordingly.
	Until time.Time
	// Reached gets the count of a rule, by its number, with each arrival that it counts, and the limit that applies.
	Reached func(at time.Time, rule int, value []byte, count, limit int64)
	// Idle says that alerts don't matter: nothing is counted. Whether rules would count an arrival is still told.
	Idle bool
	// Counted gets each arrival that the rules have counted, after Arrival got it, with all its values. It gets what
	// counts later, too: see window.Nature.Later.
	Counted func(*window.Arrival)
	// Fate gets what became of a recipient of an arrival that is kept, counted or not, with the arrival's values:
	// Delivered, Refused or Deferred.
	Fate func(*window.Arrival)
	// Unjoined is called for each recipient of a message that isn't known, if rules or Fate ask what becomes of
	// recipients and all arrivals are kept: the arrival is more than a day older, or not in the log.
	Unjoined func(window.Nature)
	// Relayed gets each arrival that no rule counted when it came, and that is counted now as it is relayed. It has
	// the time at which it came.
	Relayed func(*window.Arrival)
	// AnyHost says that Relayed gets arrivals from hosts outside, too. Rules then count them.
	AnyHost bool
	// Publish gets each arrival that rules count, with the name of its host, instead of the counters of the pipeline,
	// which then open no alerts: those of a fleet count it. The values that a Deriver makes may be missing. The record
	// is good until Publish returns.
	Publish func(host string, r *Record)
	// Other gets every entry that is no arrival.
	Other func(*parser.Entry)
	// Own gets the name of each mail of ours that arrives, as in the spool: alert id and event.
	Own func(name string)
	// Opened gets the alerts of one incident that one arrival has opened; Grew each alert whose Times it has raised;
	// Ended each alert when it ends.
	Opened      func([]*window.Alert)
	Grew, Ended func(*window.Alert)
}
