package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// A term is the time in which one leader leads, with one token.
type term struct {
	*Leader
	token string

	streams map[string]*stream
	members map[string]*member // the hosts of the streams, by name
	merger  *merge.Merger
	counter *merge.Counter
	unpack  *Unpacker
	zone    *time.Location

	ledger ledger
	events []Event // found, and not committed yet
	held   []Event // final events that are found, and not to be told yet
	found  func(Event)
	unsure *pendingEvents // of a commit that had no answer
	// aliases are not in the engine yet; quiet are names of events that a host has told by itself.
	aliases []alias
	quiet   map[string]bool

	start    int64 // before it, nothing is told: the fleet was counted first then
	ready    bool  // it has taken over
	seq      int64
	saved    map[string]savedMark // what the followers know of open alerts
	stale    []*window.Alert      // that are open no more, of which the followers don't know that yet
	bases    []base               // the oldest first
	unbased  bool                 // alerts don't go on from a base yet
	kept     keptBase
	inEngine map[string]string // texts of bases in the engine, by their names; "" if it isn't known what it has
	doneNext time.Time

	rereading bool            // what comes has been counted
	late      int64           // the earliest second that came late; math.MaxInt64: none
	lateHosts map[string]bool // whose lines these are
	lateSince time.Time
	lost      map[string]lostLines // by host
	foreign   map[string]bool      // hosts whose arrivals can't be counted
	rewound   time.Time            // when the last rewind ended
	rewinding time.Duration        // how long it took

	looked time.Time // for hosts
	away   bool      // the engine didn't answer last
	stats  LeaderStats
}

// done is what a leader leaves to the next one.
type done struct {
	Second int64  `json:"second"` // before it, everything has been counted
	Start  int64  `json:"start"`  // before it, nothing is told: the fleet was counted first then
	Base   int64  `json:"base"`   // keptBase.second
	Sum    uint64 `json:"sum"`    // keptBase.sum

	Until   map[string]int64      `json:"until"`          // by host: as Second, if that is earlier
	Lost    map[string]int64      `json:"lost,omitempty"` // by host: lostLines.until
	Streams map[string]streamMark `json:"streams"`
}

const (
	pollPause  = 100 * time.Millisecond
	pollMost   = 200 // entries of a stream at a time
	donePause  = time.Second
	doneShare  = 10 // of the time, commits of open alerts may take one part of so many
	hostsPause = 2 * time.Second
	slack      = 10 // seconds
	maxPoints  = 1000
)

func newTerm(l *Leader, token string) *term {
	t := &term{Leader: l, token: token, streams: make(map[string]*stream), members: make(map[string]*member),
		unpack: NewUnpacker(), zone: time.UTC, ledger: newLedger(), saved: make(map[string]savedMark),
		inEngine: make(map[string]string), late: math.MaxInt64, lateHosts: make(map[string]bool),
		quiet: make(map[string]bool), foreign: make(map[string]bool), lost: make(map[string]lostLines)}
	t.stats.Since = l.Now()
	return t
}

// run takes over from the last leader, and counts until ctx ends or the lease is lost.
func (t *term) run(ctx context.Context) error {
	if err := t.lookForHosts(ctx); err != nil {
		return err
	}
	if !t.ready { // else it has led before, and the engine has lost what it had
		if err := t.takeOver(ctx); err != nil {
			return err
		}
		t.ready = true
	}
	t.Log.Info("this host leads the fleet", "counted_to", time.Unix(t.merger.Released(), 0).UTC())
	t.publishStats()
	t.leads.Store(true)
	for ctx.Err() == nil {
		more, err := t.cycle(ctx)
		switch {
		case errors.Is(err, engine.ErrNotLeader), errors.Is(err, engine.ErrAhead), errors.Is(err, errRules):
			return err
		case err != nil:
			t.away = true
			t.Log.Warn("the fleet's engine doesn't answer", "error", err)
			rest(ctx, askPause)
		case !more:
			rest(ctx, pollPause)
		}
	}
	return ctx.Err()
}

// cycle reads what has come, counts what is complete, and commits. more says that there is more to be read at once.
func (t *term) cycle(ctx context.Context) (more bool, err error) {
	if t.Now().Sub(t.looked) >= hostsPause {
		if err := t.lookForHosts(ctx); err != nil {
			return false, err
		}
	}
	if more, err = t.poll(ctx); err != nil {
		return false, err
	}
	t.noteBack()
	if t.mustRewind() {
		if len(t.events) > 0 { // it must be known what of them is told
			if err := t.commit(ctx); err != nil {
				return false, err
			}
		}
		if err := t.rewind(ctx, t.late); err != nil {
			return false, err
		}
	}
	t.count(t.horizon())
	t.takeHeld()
	t.publishStats()
	return more, t.commit(ctx)
}

// noteBack gives the hosts time to publish what has waited for an engine that is back.
func (t *term) noteBack() {
	if !t.away {
		return
	}
	t.away = false
	for _, m := range t.members {
		m.changed = t.Now()
	}
}

// count counts everything before a second.
func (t *term) count(until int64) {
	if until <= t.merger.Released() {
		return
	}
	t.noteBroken(t.merger.Release(until, func(r *pipeline.Record) {
		t.stats.Arrivals++
		t.zone = r.Arrival.At.Location()
		t.counter.Add(r)
	}))
	t.counter.Reach(until-1, t.zone)
	t.noteBase()
}

func (t *term) noteBroken(err error) {
	if err != nil {
		t.Log.Error("arrivals of the fleet can't be read", "error", err)
	}
}

// newCounter makes a counter whose events go to found.
func (t *term) newCounter() (*merge.Counter, error) {
	tell := func(name string, alerts ...*window.Alert) {
		for _, a := range alerts {
			a.ID = cmp.Or(t.ledger.is[a.ID], a.ID)
		}
		t.found(Event{Name: name, Alerts: slices.Clone(alerts)})
	}
	counter, err := merge.NewCounter(t.Rules, merge.Events{
		Opened: func(alerts []*window.Alert) { tell(pipeline.Opened, alerts...) },
		Grew:   func(a *window.Alert) { tell(pipeline.Grew(a), a) },
		Ended:  func(a *window.Alert) { tell(pipeline.Ended, a) },
	})
	if err == nil {
		for name := range t.ledger.told {
			counter.Expect(name)
		}
	}
	return counter, err
}

// note notes an event that is to be told, unless all of it has been.
func (t *term) note(e Event) {
	var news []*window.Alert
	for _, a := range e.Alerts {
		old := a.Opened.Unix() < t.start &&
			(e.Name == pipeline.Opened || e.Name == pipeline.Ended && t.ledger.alerts[a.ID] == nil)
		if !old && !t.ledger.has(a.ID, e.Name) {
			news = append(news, a.Snapshot())
		}
	}
	switch e.Alerts = news; {
	case len(news) == 0:
	case isFinal(&e):
		t.hold(e)
	default:
		t.events = append(t.events, e)
	}
}

// reach is how many seconds before a second decide what is open there.
func (t *term) reach() int64 { return 2*int64(t.counter.Longest()/time.Second) + slack }

// lookForHosts finds the streams of the fleet.
func (t *term) lookForHosts(ctx context.Context) error {
	hosts, err := t.Engine.Hosts(ctx)
	if err != nil {
		return err
	}
	t.looked = t.Now()
	for name := range hosts {
		if t.streams[name] == nil {
			t.streams[name] = &stream{last: never, hosts: make(map[string]bool)}
		}
	}
	if ok, with := t.majority(infosOf(hosts)); !ok {
		return fmt.Errorf("%w, such as %s", errRules, with)
	}
	return nil
}

// errRules says that this host must not lead.
var errRules = errors.New("most hosts of the fleet have other rules")

func (t *term) publishStats() {
	s := t.stats
	s.Second = t.merger.Released()
	s.Hosts, s.Behind = len(t.members), slices.Clone(s.Behind)
	t.Leader.stats.Store(&s)
}
