package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	held   []Event // ends of alerts that are found, and not to be told yet
	found  func(Event)
	unsure *pendingEvents // of a commit that had no answer
	// aliases are not in the engine yet; quiet are names of events that a host has told by itself.
	aliases []alias
	quiet   map[string]bool

	start     int64 // before it, nothing is told: the fleet was counted first then
	ready     bool  // it has taken over
	seq       int64
	saved     map[string]savedMark // what the engine has of open alerts
	incidents map[string]string    // the same of incidents
	doneNext  time.Time

	rereading bool            // what comes has been counted
	late      int64           // the earliest second that came late; math.MaxInt64: none
	lateHosts map[string]bool // whose lines these are
	lateSince time.Time
	// awaited are, by host, until when lines had been counted that the engine had lost when the term began.
	awaited      map[string]int64
	awaitedSince time.Time
	foreign      map[string]bool // hosts whose arrivals can't be counted
	rewound      time.Time       // when the last rewind ended
	rewinding    time.Duration   // how long it took

	looked time.Time // for hosts
	away   bool      // the engine didn't answer last
	stats  LeaderStats
}

// A stream is the stream of one log, as far as it has been read.
type stream struct {
	at     engine.ID
	last   int64 // the highest second so far
	born   string
	points []point // the oldest first
	hosts  map[string]bool
	whole  bool // it has been read to its end
	// known is up to where the last leader had read it. While it is read again, what is behind there and before
	// knownTo has come late. Zero: it isn't known.
	known    engine.ID
	refilled time.Time // since when the stream, which was lost, is filled again; zero: it isn't
	knownTo  int64
	lost     int // Lost of the stream, when it was begun
}

// A point is a place in a stream up to which all records are older than a second.
type point struct {
	Second int64     `json:"second"`
	At     engine.ID `json:"at"`
}

// A member is a host of the fleet.
type member struct {
	until   int64     // before it, all of the host's records have been pushed
	changed time.Time // when until last grew
	behind  time.Time // since when it is so far behind the others that the fleet doesn't wait; zero: it isn't
	again   int64     // before it, records are read again, and have been counted
	first   int64     // the earliest second of a record that was read
	slack   int64     // by how many seconds it has said too much
}

// done is what a leader leaves to the next one.
type done struct {
	Second  int64                 `json:"second"`        // before it, everything has been counted
	Start   int64                 `json:"start"`         // before it, nothing is told: the fleet was counted first then
	Until   map[string]int64      `json:"until"`         // by host: the same, if that is earlier
	End     int64                 `json:"end,omitempty"` // the earliest that isn't told yet; 0: none
	Streams map[string]streamMark `json:"streams"`
}

// A streamMark says where the next leader may begin to read a stream.
type streamMark struct {
	Born   string  `json:"born"`
	Lost   int     `json:"lost"`
	Points []point `json:"points"`
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
		incidents: make(map[string]string), late: math.MaxInt64, lateHosts: make(map[string]bool),
		quiet: make(map[string]bool), foreign: make(map[string]bool),
		awaited: make(map[string]int64)}
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
	t.takeEnds()
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
	case isEnd(&e):
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
			t.streams[name] = &stream{last: math.MinInt64, hosts: make(map[string]bool)}
		}
	}
	if ok, with := t.majority(infosOf(hosts)); !ok {
		return fmt.Errorf("%w, such as %s", errRules, with)
	}
	return nil
}

// errRules says that this host must not lead.
var errRules = errors.New("most hosts of the fleet have other rules")

// poll reads what the streams have got.
func (t *term) poll(ctx context.Context) (more bool, err error) {
	var cursors []engine.Cursor
	for _, name := range slices.Sorted(maps.Keys(t.streams)) {
		cursors = append(cursors, engine.Cursor{Stream: name, After: t.streams[name].at})
	}
	if len(cursors) == 0 {
		return false, nil
	}
	polled, err := t.Engine.Poll(ctx, cursors, pollMost)
	for i := range polled {
		p := &polled[i]
		t.take(t.streams[p.Stream], p)
		more = more || p.More
	}
	return more, err
}

// take takes what a stream has got.
func (t *term) take(s *stream, p *engine.Polled) {
	switch {
	case p.End.Born == "": // it isn't there yet, or was lost and isn't filled again
		return
	case s.born != p.End.Born && s.born != "":
		t.beginAgain(s)
		s.born = p.End.Born
		return
	}
	lost := Lost(p.End)
	if s.born != "" && lost != s.lost || p.End.ID.Compare(s.at) < 0 { // it has been filled again in part
		t.beginAgain(s)
		s.lost = lost
		return
	}
	s.born, s.lost = p.End.Born, lost
	for _, e := range p.Entries {
		t.push(s, e)
		s.at = e.ID
	}
	if s.whole = !p.More; p.More {
		return
	}
	var untils Untils
	if json.Unmarshal(p.End.Untils, &untils) != nil {
		return
	}
	if t.isFull(s, untils) {
		s.refilled = time.Time{}
	}
	for host, until := range untils {
		s.hosts[host] = true
		m := t.member(host)
		if until -= m.slack; until > m.until {
			m.until, m.changed = until, t.Now()
		}
	}
}

func (t *term) member(host string) *member {
	m := t.members[host]
	if m == nil {
		m = &member{until: math.MinInt64, changed: t.Now(), again: math.MinInt64, first: math.MaxInt64}
		t.members[host] = m
	}
	return m
}

// beginAgain reads a stream again that was lost and filled anew: what has been counted of it is passed over.
func (t *term) beginAgain(s *stream) {
	s.at, s.known, s.points, s.refilled = engine.ID{}, engine.ID{}, nil, t.Now()
	s.last = math.MinInt64
	for host := range s.hosts {
		h, m := t.merger.Host(host), t.member(host)
		t.merger.Drop(h)
		m.again = min(m.until, t.merger.Released())
		h.From = m.again
	}
}

// isFull tells whether a stream that was lost holds again all that had been read of it.
func (t *term) isFull(s *stream, untils Untils) bool {
	for host := range s.hosts {
		if until, ok := untils[host]; !ok || until < t.member(host).again {
			return false
		}
	}
	return true
}

// push gives the records of an entry to the merger.
func (t *term) push(s *stream, e engine.Entry) {
	entry, err := t.unpack.Unpack(e.Batch)
	if err != nil {
		t.noteBroken(err)
		return
	}
	s.mark(t.pointPause())
	s.last = max(s.last, entry.Last)
	if entry.Scopes != t.Scopes {
		t.noteForeign(&entry)
		return
	}
	for _, b := range entry.Batches {
		s.hosts[b.Host] = true
		h, m := t.merger.Host(b.Host), t.member(b.Host)
		if first, _, ok := b.Records.Span(); ok {
			m.first = min(m.first, first)
		}
		if !t.rereading {
			t.noteLate(h, b.Records)
		} else if s.known != (engine.ID{}) && e.ID.Compare(s.known) > 0 {
			t.noteUncounted(b, s.knownTo)
		}
		_, err := t.merger.Push(h, b.Records)
		t.noteBroken(err)
	}
}

// noteForeign notes arrivals that can't be counted.
func (t *term) noteForeign(entry *Bundle) {
	for _, b := range entry.Batches {
		t.noteBroken(b.Records.Each(b.Host, func(*pipeline.Record) { t.stats.Foreign++ }))
		if !t.foreign[b.Host] {
			t.foreign[b.Host] = true
			t.Log.Error("arrivals of a host of the fleet aren't counted: its rules have other scopes", "host", b.Host)
		}
	}
}

// noteUncounted notes records that the last leader hadn't read when it had counted up to a second.
func (t *term) noteUncounted(b HostRecords, second int64) {
	if first, _, ok := b.Records.Span(); ok && first < second {
		t.late, t.lateHosts[b.Host] = min(t.late, first), true
	}
}

// noteLate notes records of a host that begin with a second that has been counted. A rewind will count them: until then
// they are passed over.
func (t *term) noteLate(h *merge.Host, records merge.Records) {
	first, _, ok := records.Span()
	released, m := t.merger.Released(), t.member(h.Name)
	if first = max(first, m.again); !ok || first >= released {
		return
	}
	if said := m.until - first; said > 0 { // a log whose clock is wrong has said too much
		if said <= int64(t.Patience/time.Second) {
			m.slack = max(m.slack, said)
		}
		m.until = first
	}
	if t.late == math.MaxInt64 {
		t.lateSince = t.Now()
	}
	t.late = min(t.late, first)
	t.lateHosts[h.Name] = true
	h.From = released
	t.noteBroken(records.Each(h.Name, func(r *pipeline.Record) {
		if r.Now < released {
			t.stats.Late++
		}
	}))
}

// pointPause is how far apart points are, in seconds.
func (t *term) pointPause() int64 { return max(t.reach()/100, 10) }

// mark notes the place up to which the stream has been read, unless the last point is near.
func (s *stream) mark(pause int64) {
	if n := len(s.points); n > 0 && s.last+1-s.points[n-1].Second < pause || s.at == (engine.ID{}) {
		return
	}
	s.points = append(s.points, point{s.last + 1, s.at})
	if len(s.points) > maxPoints {
		s.points = s.points[1:]
	}
}

// before is where to read the stream from for all records from a second on.
func (s *stream) before(second int64) (at engine.ID) {
	for _, p := range s.points {
		if p.Second <= second {
			at = p.At
		}
	}
	return at
}

// usualOf is how far most hosts are: the median. Of two hosts it is the one that is nearer to the time now.
func usualOf(untils []int64, now int64) int64 {
	slices.Sort(untils)
	if len(untils) == 2 && untils[1]-now > now-untils[0] {
		return untils[0]
	}
	return untils[len(untils)/2]
}

// horizon is the second before which all hosts have published everything that the fleet waits for.
func (t *term) horizon() int64 {
	now, until := t.Now(), int64(math.MaxInt64)
	var live []int64
	for _, m := range t.members {
		if now.Sub(m.changed) <= t.Patience {
			live = append(live, m.until)
		}
	}
	if len(live) == 0 {
		return math.MinInt64
	}
	least := usualOf(live, now.Unix()) - int64(t.Patience/time.Second)
	t.stats.Behind = t.stats.Behind[:0]
	for name, m := range t.members {
		if m.until >= least {
			m.behind = time.Time{}
		} else if m.behind.IsZero() {
			m.behind = now
		}
		switch {
		case now.Sub(m.changed) > t.Patience, !m.behind.IsZero() && now.Sub(m.behind) > t.Patience:
			t.stats.Behind = append(t.stats.Behind, name)
		default:
			until = min(until, m.until)
		}
	}
	slices.Sort(t.stats.Behind)
	return until
}

func (t *term) publishStats() {
	s := t.stats
	s.Second = t.merger.Released()
	s.Hosts, s.Behind = len(t.members), slices.Clone(s.Behind)
	t.Leader.stats.Store(&s)
}
