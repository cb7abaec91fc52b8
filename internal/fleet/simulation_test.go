package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
)

var (
	simSeeds = flag.Uint64("fleet.seeds", 4, "how many fleets TestSimulation simulates")
	simSeed  = flag.Uint64("fleet.seed", 1, "the first one's seed")
	simLog   = flag.Bool("fleet.log", false, "print what happens in TestSimulation")
)

// A simulation is a fleet in a time of its own: hosts with a daemon each, which publishes and may lead, and one engine.
type simulation struct {
	*testing.T
	*fleetTest
	engine *simEngine
	hosts  []*simHost
	begin  int64 // second of the first records
	events []Event
	dir    string
	// beginning has an element while a harm begins.
	beginning chan struct{}
}

// A simHost is a host of a simulation.
type simHost struct {
	*testHost
	client *simClient
	lost   int // see resume.Lost
	born   string
	trying *engine.Append // that had no answer yet
	stop   func()         // its daemon; nil: it doesn't run
	since  int64          // up to which the fleet had been counted, as far as it knew last
	skew   int64          // of its clock, in seconds
	late   []int64        // by how many seconds each record comes late
}

const (
	simSeconds  = 900
	simPatience = 3 * time.Second
	simReach    = 250 // seconds of parseRules, as pipeline.Pipeline.Reach
	// simKeep is how many seconds streams are kept: less than an alert may last, and enough for the longest harm.
	simKeep = 3*120 + 150
	simLate = 4 // seconds
)

func TestSimulation(t *testing.T) {
	for seed := *simSeed; seed < *simSeed+*simSeeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) { simulate(t, seed, dir) })
		})
	}
}

// simulate lets a fleet count while things break, and then wants it to have told what the fleet order tells.
func simulate(t *testing.T, seed uint64, dir string) {
	random := rand.New(rand.NewPCG(seed, 7))
	s := &simulation{T: t, dir: dir, begin: time.Now().Unix() + 5, beginning: make(chan struct{}, 1),
		engine: &simEngine{random: rand.New(rand.NewPCG(seed, 8)), data: newSimData()}}
	s.fleetTest = &fleetTest{T: t, rules: parseRules(t)}
	for i := range 2 + random.IntN(5) {
		one := &testHost{name: fmt.Sprintf("mx%d", i), packer: NewPacker(), rules: s.rules}
		s.fleetTest.hosts = append(s.fleetTest.hosts, one)
		s.hosts = append(s.hosts, &simHost{testHost: one, skew: int64(random.IntN(5)) - 2})
	}
	for second := range int64(simSeconds) {
		for range random.IntN(8) {
			h := s.hosts[random.IntN(len(s.hosts))]
			h.add(random, s.begin+second+h.skew)
		}
	}
	for _, h := range s.hosts {
		h.late = make([]int64, len(h.all))
		if seed%3 == 0 { // a host says that it has nothing more, and then has
			for range len(h.all) / 20 {
				h.late[random.IntN(len(h.all))] = random.Int64N(simLate)
			}
		}
		s.start(h)
	}
	var harms sync.WaitGroup
	for n := range 1 + seed%2 { // one after the other, or two at a time
		harms.Go(func() {
			b := breaker{s, rand.New(rand.NewPCG(seed, n))}
			for time.Now().Unix() < s.begin+simSeconds {
				time.Sleep(b.upTo(20 * time.Second)) // nothing breaks
				b.breakSomething()
			}
		})
	}
	harms.Wait()
	time.Sleep(simSeconds * time.Second) // everything is counted, and every end is sure
	for _, h := range s.hosts {
		s.kill(h)
	}
	s.check()
}

// note prints what happens.
func (s *simulation) note(format string, args ...any) {
	if *simLog {
		s.Logf("+%d %s", time.Now().Unix()-s.begin, fmt.Sprintf(format, args...))
	}
}

// start starts the daemon of a host, if it doesn't run.
func (s *simulation) start(h *simHost) {
	if h.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var goroutines sync.WaitGroup
	h.client = &simClient{simEngine: s.engine}
	h.last, h.sent, h.born, h.trying = engine.ID{}, 0, "", nil
	h.stop = func() {
		h.client.die()
		cancel()
		goroutines.Wait()
	}
	out := slog.New(slog.DiscardHandler)
	if *simLog {
		out = slog.New(slog.NewTextHandler(s.T.Output(), nil)).With("at", h.name)
	}
	l := &Leader{Engine: h.client, Host: h.name, Rules: s.rules, Scopes: ScopesOf(s.rules), Patience: simPatience,
		FromStart: true, Now: time.Now, Pending: filepath.Join(s.dir, h.name+".json"), Log: out,
		Tell: func(_ context.Context, events []Event, done func()) {
			s.engine.mu.Lock()
			s.events = append(s.events, events...)
			s.engine.mu.Unlock()
			for _, e := range events {
				for _, a := range e.Alerts {
					s.note("%s tells %s: %v", h.name, fullName(a.ID, e.Name), episodeOf(a, s.begin))
				}
			}
			done()
		}}
	goroutines.Go(func() {
		if err := l.Run(ctx); err != nil {
			s.T.Error(err)
		}
	})
	goroutines.Go(func() { s.publish(ctx, h) })
}

// kill ends the daemon of a host in the middle of what it does: it doesn't resign, and what it asks for may be done.
func (s *simulation) kill(h *simHost) bool {
	stop := h.stop
	if h.stop = nil; stop != nil {
		stop()
	}
	return stop != nil
}

// publish publishes what is in the log of a host, as long as its daemon runs.
func (s *simulation) publish(ctx context.Context, h *simHost) {
	info := written(&HostInfo{Host: h.name, Rules: Rules{}.String()})
	for pause := shortPause; ctx.Err() == nil; rest(ctx, pause) {
		err := h.client.announce(ctx, h.name, info)
		var d done
		if state, e := h.client.State(ctx); e == nil && json.Unmarshal(state.Done, &d) == nil {
			h.since = d.Base
		}
		for more := true; more && err == nil; {
			more, err = h.publishSome(ctx)
		}
		if pause = 500 * time.Millisecond; err != nil {
			pause = shortPause + time.Duration(time.Now().UnixNano()%int64(longPause))
		}
	}
}

// publishSome publishes one batch, the same again until there is an answer.
func (h *simHost) publishSome(ctx context.Context) (more bool, err error) {
	if h.trying == nil {
		h.trying = h.nextBatch()
	}
	end, err := h.client.Append(ctx, h.name, *h.trying)
	if err != nil {
		return false, err
	}
	more = end.ID != h.last
	switch {
	case end.Born == "" || h.born != "" && end.Born != h.born:
		h.lost = 0
	case end.ID.Compare(h.last) < 0:
		h.lost++
	}
	h.last, h.sent, h.born, h.trying = end.ID, int(end.ID.Offset), end.Born, nil
	return more, nil
}

func (h *simHost) nextBatch() *engine.Append {
	until := time.Now().Unix() - 1 + h.skew
	n := h.sent
	if n == 0 { // an empty stream is filled for what the leader counts again
		n, _ = slices.BinarySearchFunc(h.all, h.since-simReach, func(r *pipeline.Record, second int64) int {
			return cmp.Compare(r.Now, second)
		})
	}
	first := n
	var e merge.Encoder
	for ; n < len(h.all) && h.all[n].Now+h.late[n] < until; n++ {
		if n == first+50 { // the others follow
			until = h.all[n].Now
			break
		}
		e.Add(h.all[n])
	}
	a := engine.Append{After: h.last, ID: h.last, Untils: written(Untils{h.name: until}),
		Resume: fmt.Appendf(nil, `{"lost":%d}`, h.lost)}
	if e.Len() > 0 {
		a.ID = engine.ID{Generation: 1, Offset: uint64(n)}
		a.Batch = h.packer.Pack(&Bundle{Scopes: ScopesOf(h.rules), Last: h.all[n-1].Now,
			Batches: []HostRecords{{h.name, slices.Clone(e.Records())}}})
	}
	return &a
}

// A breaker does harm.
type breaker struct {
	*simulation
	random *rand.Rand
}

func (b *breaker) upTo(d time.Duration) time.Duration {
	return time.Duration(b.random.Int64N(int64(d)))
}

// breakSomething does one harm, and mends it.
func (b *breaker) breakSomething() {
	h := b.hosts[b.random.IntN(len(b.hosts))]
	switch b.random.IntN(9) {
	case 0, 1:
		b.killFor(h, b.upTo(12*time.Second))
	case 2:
		name := b.engine.leaderName()
		if i := slices.IndexFunc(b.hosts, func(h *simHost) bool { return h.name == name }); i >= 0 {
			b.killFor(b.hosts[i], b.upTo(30*time.Second))
		}
	case 3:
		b.cutFor(b.upTo(90*time.Second), h)
	case 4:
		var some []*simHost
		for i := 0; i < len(b.hosts); i += 2 {
			some = append(some, b.hosts[i])
		}
		b.cutFor(b.upTo(90*time.Second), some...)
	case 5, 6:
		if b.begins(func() bool { return b.engine.hang() }) {
			b.note("the engine hangs")
			time.Sleep(b.upTo(40 * time.Second)) // it lasts
			b.engine.goOn()
			b.note("it goes on")
		}
	case 7:
		age := b.upTo(2 * time.Second)
		for !b.begins(func() bool { return b.lose(b.engine.copy, age) }) {
			time.Sleep(time.Second) // nobody leads
		}
	case 8:
		for !b.begins(func() bool { return b.lose(newSimData, 0) }) {
			time.Sleep(time.Second) // nobody leads
		}
	}
}

// begins begins a harm, when no other one begins.
func (s *simulation) begins(harm func() bool) bool {
	s.beginning <- struct{}{}
	defer func() { <-s.beginning }()
	return harm()
}

// cutFor cuts hosts off from the engine for some time.
func (s *simulation) cutFor(d time.Duration, hosts ...*simHost) {
	set := func(cut bool) {
		s.begins(func() bool {
			for _, h := range hosts {
				s.note("%s is cut off: %t", h.name, cut)
				h.client.setCut(cut)
			}
			return true
		})
	}
	set(true)
	time.Sleep(d) // it lasts
	set(false)
}

// lose has the engine go back to what it had some time ago, if a host leads: with its leader the fleet would forget
// what it has told.
func (s *simulation) lose(to func() simData, age time.Duration) bool {
	seq, token := s.seq(), s.engine.copy().token
	time.Sleep(1500 * time.Millisecond) // a leader commits each second
	counts, d := s.seq() > seq, to()
	time.Sleep(age) // this is lost
	if !counts || s.engine.copy().token != token {
		return false
	}
	s.note("the engine loses what it had")
	s.engine.become(d)
	for seq := s.seq(); s.seq() <= seq || s.seq() == 0; {
		time.Sleep(time.Second) // the leader writes it again
	}
	return true
}

func (s *simulation) seq() int64 { return s.engine.copy().state.Seq }

// killFor kills a daemon, which starts again after some time.
func (s *simulation) killFor(h *simHost, d time.Duration) {
	if !s.begins(func() bool { return s.kill(h) }) {
		return
	}
	s.note("%s is killed", h.name)
	time.Sleep(d) // it is gone
	s.begins(func() bool {
		s.start(h)
		return true
	})
	s.note("%s is there again", h.name)
}
