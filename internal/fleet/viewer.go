package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/window"
)

// A Viewer counts a fleet for a person who watches it: all streams, in the fleet order. It needs no leader and no
// daemon, and changes nothing in the engine. It does as follow.Viewer does with a log. Lines that come late aren't
// counted: the leader counts them.
type Viewer struct {
	engine   viewerEngine
	patience time.Duration
	listener pipeline.Listener
	scopes   Scopes

	asks    <-chan func()
	read    func()
	problem func(error)

	merger  *merge.Merger
	counter *merge.Counter
	deriver *pipeline.Deriver
	unpack  *Unpacker
	zone    *time.Location
	hosts   map[string]*viewedHost
	streams map[string]*viewedStream
	foreign map[string]bool // hosts whose arrivals can't be counted
	begins  int64           // second
	goal    int64
	whole   bool  // at the last look, all streams were read to their ends
	wrong   error // with entries; told when all streams were read to their ends
}

// ErrNoHosts says that a fleet has no streams.
var ErrNoHosts = errors.New("no host has joined the fleet")

// A viewerEngine is what a Viewer needs of an engine.
type viewerEngine interface {
	Hosts(ctx context.Context) (map[string][]byte, error)
	Poll(ctx context.Context, cursors []engine.Cursor, maxEntries int) ([]engine.Polled, error)
}

// A viewedHost is how far a host's arrivals are here.
type viewedHost struct {
	progress
	stream *viewedStream
}

// A viewedStream is a stream as far as its entries have been taken.
type viewedStream struct {
	loaded bool // it has been read to its end once
}

// viewMost is how many entries of a stream are read at a time: few, as the one who watches waits meanwhile.
const viewMost = 50

// NewViewer makes one that begins a past before now. The listener hears of each counted arrival (Arrival, with its time
// alone, and Counted) and of alerts that end. The error is ErrNoHosts, or that of an engine that can't be asked.
func NewViewer(ctx context.Context, e viewerEngine, rules []window.Rule, patience, past time.Duration,
	l pipeline.Listener) (*Viewer, error) {
	now := time.Now()
	v := &Viewer{engine: e, patience: patience, listener: l, scopes: ScopesOf(rules), unpack: NewUnpacker(),
		deriver: pipeline.NewFullDeriver(), zone: time.UTC,
		hosts: make(map[string]*viewedHost), streams: make(map[string]*viewedStream),
		foreign: make(map[string]bool), goal: now.Unix(), read: func() {}, problem: func(error) {}}
	var err error
	v.counter, err = merge.NewCounter(rules, merge.Events{Ended: l.Ended, Counted: v.counted})
	if err != nil {
		return nil, err
	}
	reach := 2*v.counter.Longest() + slack*time.Second
	v.begins = now.Add(-max(past, reach)).Unix()
	v.merger = merge.NewMerger(v.begins)
	hosts, err := e.Hosts(ctx)
	if err == nil && len(hosts) == 0 {
		err = ErrNoHosts
	}
	if err != nil {
		return nil, err
	}
	for name := range hosts {
		v.streams[name] = new(viewedStream)
	}
	return v, nil
}

// Attend sets functions of who watches; Run's goroutine calls them, except problem. They are as the fields of
// follow.Viewer. Nil ones are not called.
func (v *Viewer) Attend(asks <-chan func(), read func(), problem func(error)) {
	v.asks = asks
	if read != nil {
		v.read = read
	}
	if problem != nil {
		v.problem = problem
	}
}

// Run reads until ctx ends, which is no error. What goes wrong with the engine is a problem, and tried again.
func (v *Viewer) Run(ctx context.Context) error {
	polls := make(chan viewed)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	r := &viewReader{engine: v.engine, from: v.begins - slack, at: make(map[string]engine.ID),
		born: make(map[string]string)}
	go func() {
		defer close(ended)
		r.run(ctx, polls)
	}()
	defer func() { cancel(); <-ended }()
	for {
		select {
		case p := <-polls:
			v.take(&p)
		case ask := <-v.asks:
			ask()
		case <-ctx.Done():
			return nil
		}
	}
}

// counted hears of each counted record.
func (v *Viewer) counted(r *pipeline.Record) {
	a := &r.Arrival
	v.deriver.Derive(a)
	if v.listener.Arrival != nil && !a.Nature.Later() { // else it was there
		v.listener.Arrival(&parser.Arrival{Time: a.At}, a)
	}
	if v.listener.Counted != nil {
		v.listener.Counted(a)
	}
}

// take counts what was read.
func (v *Viewer) take(p *viewed) {
	if p.err != nil {
		v.problem(p.err)
	}
	for _, name := range p.fresh {
		v.drop(v.streams[name])
	}
	now, whole := time.Now(), p.err == nil
	for i := range p.polled {
		one := &p.polled[i]
		s := v.streams[one.Stream]
		if s == nil {
			s = new(viewedStream)
			v.streams[one.Stream] = s
		}
		for _, e := range one.Entries {
			v.push(s, e.Batch, now)
		}
		if one.More {
			whole = false
			continue
		}
		s.loaded = true
		var untils Untils
		if json.Unmarshal(one.End.Untils, &untils) == nil {
			for host, until := range untils {
				v.reach(s, host, until, now)
			}
		}
	}
	before := v.merger.Released()
	v.release(v.horizon(now))
	if whole && v.wrong != nil {
		v.problem(v.wrong)
		v.wrong = nil
	}
	if was := v.whole; v.merger.Released() != before || was != whole {
		v.whole = whole
		v.read()
	}
}

// drop drops what has come of a stream and isn't counted yet: it comes again.
func (v *Viewer) drop(s *viewedStream) {
	for name, h := range v.hosts {
		if h.stream == s {
			v.merger.Drop(v.merger.Host(name))
			h.until = min(h.until, v.merger.Released())
		}
	}
	if s != nil {
		s.loaded = false
	}
}

// reach notes that everything of a host before a second is here.
func (v *Viewer) reach(s *viewedStream, host string, until int64, now time.Time) {
	h := v.hosts[host]
	if h == nil {
		h = &viewedHost{progress{until: never, changed: now}, s}
		v.hosts[host] = h
	}
	if until > h.until {
		h.until, h.changed, h.stream = until, now, s
	}
}

// push gives the records of an entry to the merger. Those that are late are passed over.
func (v *Viewer) push(s *viewedStream, packed []byte, now time.Time) {
	entry, err := v.unpack.Unpack(packed)
	if err != nil {
		v.wrong = err
		return
	}
	for _, b := range entry.Batches {
		if entry.Scopes != v.scopes {
			if !v.foreign[b.Host] {
				v.foreign[b.Host] = true
				v.wrong = fmt.Errorf("arrivals of %s aren't counted: its rules have other scopes", b.Host)
			}
			continue
		}
		h := v.merger.Host(b.Host)
		h.From = max(h.From, v.merger.Released())
		if _, err := v.merger.Push(h, b.Records); err != nil {
			v.wrong = err
		}
		v.reach(s, b.Host, h.Until, now)
	}
}

// release counts everything before a second.
func (v *Viewer) release(until int64) {
	if until <= v.merger.Released() || until == math.MaxInt64 {
		return
	}
	if err := v.merger.Release(until, func(r *pipeline.Record) {
		v.zone = r.Arrival.At.Location()
		v.counter.Add(r)
	}); err != nil {
		v.wrong = err
	}
	v.counter.Reach(until-1, v.zone)
}

// horizon is the second before which everything is here that is waited for. A stream that hasn't been read to its end
// yet is always waited for; a host then as a leader does.
func (v *Viewer) horizon(now time.Time) int64 {
	for name := range v.streams {
		if s := v.streams[name]; !s.loaded && !v.has(s) {
			return never // nothing of it has come
		}
	}
	var live []int64
	for _, h := range v.hosts {
		if h.stream.loaded && h.lives(now, v.patience) {
			live = append(live, h.until)
		}
	}
	least := int64(never)
	if len(live) > 0 {
		least = leastOf(live, now, v.patience)
	}
	until := int64(math.MaxInt64)
	for _, h := range v.hosts {
		if h.isWaitedFor(least, now, v.patience) || !h.stream.loaded {
			until = min(until, h.until)
		}
	}
	return until
}

// has tells whether something of a stream has come.
func (v *Viewer) has(s *viewedStream) bool {
	for _, h := range v.hosts {
		if h.stream == s {
			return true
		}
	}
	return false
}

// Clock is the clock of the counters.
func (v *Viewer) Clock() window.Clock { return v.counter.Clock() }

// Open returns the alerts that are open.
func (v *Viewer) Open() []*window.Alert { return v.counter.Open() }

// Scopes returns the scopes of the rules, by their numbers in window.Arrival.Outside.
func (v *Viewer) Scopes() []string { return v.counter.Scopes() }

// AtEnd tells whether everything was read that the engine held a moment ago.
func (v *Viewer) AtEnd() bool { return v.whole }

// Share is how much of the past was counted, from 0 to 1, by the time that it covers.
func (v *Viewer) Share() float64 {
	if v.whole || v.goal <= v.begins {
		return 1
	}
	return min(max(float64(v.merger.Released()-v.begins)/float64(v.goal-v.begins), 0), 1)
}
