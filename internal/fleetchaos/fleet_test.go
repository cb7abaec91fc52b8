package fleetchaos

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/testkit"
)

// A fleet is one run.
type fleet struct {
	t       *testing.T
	dir     string
	r       *rand.Rand // of the scenario
	backend backend
	client  *engine.Client
	hosts   []*host
	scribe  *scribe
	sink    *sink
	begun   time.Time

	mu      sync.Mutex
	journal *os.File

	written chan struct{} // closed when all lines are
	from    string        // engine.Verdicts
}

// patience is [fleet] patience.
const patience = 3 * time.Second

// plan is what a scenario's fleet is like.
type plan struct {
	shape  shape
	speed  float64
	engine func(testing.TB, ...string) backend
	lines  []string                                    // of redis.conf
	within func(host int) []string                     // host.within; nil: nothing
	open   func(host int) func() (net.Listener, error) // sockets for the sink; nil: loopback
	urls   func(host int, urls []string) []string      // of the engine, as a host sees it; nil: the same
}

// newFleet makes a fleet whose daemons don't run yet.
func newFleet(t *testing.T, p plan) *fleet {
	dir, err := os.MkdirTemp("", "exiwatch-fleetchaos-")
	testkit.Must(t, err)
	f := &fleet{t: t, dir: dir, r: rand.New(rand.NewPCG(p.shape.seed, 5)), sink: &sink{t: t}, begun: time.Now(),
		written: make(chan struct{})}
	f.journal, err = os.Create(filepath.Join(dir, "journal"))
	testkit.Must(t, err)
	t.Cleanup(f.tidy)
	f.backend = p.engine(t, p.lines...)
	f.client, err = engine.Open(engine.Options{URLs: f.backend.urls, Name: "lab"})
	testkit.Must(t, err)
	t.Cleanup(func() { f.client.Close() })
	var logs []*mainLog
	for i := range p.shape.hosts {
		s := setting{unit: p.shape.unit, engine: f.backend.urls, patience: patience}
		if p.urls != nil {
			s.engine = p.urls(i, s.engine)
		}
		open := loopback
		if p.open != nil {
			open = p.open(i)
		}
		h := newHost(t, dir, fmt.Sprintf("mx%d", i+1), s, f.sink, open, f.note)
		if p.within != nil {
			h.within = p.within(i)
		}
		f.hosts, logs = append(f.hosts, h), append(logs, h.log)
	}
	f.scribe = newScribe(p.shape, logs, p.speed)
	return f
}

// note writes what happens into the journal.
func (f *fleet) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fmt.Fprintf(f.journal, "%s %s\n", clock(time.Now()), fmt.Sprintf(format, args...))
}

// tidy removes the folder, unless somebody will want to look at it.
func (f *fleet) tidy() {
	if f.t.Failed() || *keep {
		f.save()
		f.t.Logf("the run is kept in %s", f.dir)
	} else {
		defer os.RemoveAll(f.dir)
	}
	f.journal.Close()
}

// save writes what was told into the folder.
func (f *fleet) save() {
	var notices, mails strings.Builder
	for _, n := range f.sink.told() {
		fmt.Fprintf(&notices, "%s %s %s\n", clock(n.at), n.by, strings.TrimSpace(n.text))
	}
	for _, l := range f.sink.mailed() {
		fmt.Fprintf(&mails, "From %s %s\n%s\n", l.by, l.at.UTC().Format(time.RFC3339Nano), l.text)
	}
	_ = os.WriteFile(filepath.Join(f.dir, "notices"), []byte(notices.String()), 0o644)
	_ = os.WriteFile(filepath.Join(f.dir, "mails"), []byte(mails.String()), 0o644)
}

// start starts all daemons, and the scribe when one of them leads.
func (f *fleet) start() {
	f.startAll()
	f.untilLed()
	f.scribe.restart()
	f.note("the scribe begins")
	go func() {
		defer close(f.written)
		for f.scribe.writeDue() {
			time.Sleep(portion) // the rate of the lines
		}
	}()
	f.t.Cleanup(func() { f.scribe.hurry(); <-f.written })
}

func (f *fleet) startAll() {
	for _, h := range f.hosts {
		h.start()
	}
}

// untilLed waits until a host leads.
func (f *fleet) untilLed() {
	f.t.Helper()
	testkit.Until(f.t, "a host leads", func() bool { return f.leader() != nil })
}

// leader is the host that leads; nil: nobody does, or the engine doesn't answer.
func (f *fleet) leader() *host {
	ctx, cancel := context.WithTimeout(context.Background(), engineTime)
	defer cancel()
	token, err := f.client.Leader(ctx)
	if err != nil {
		return nil
	}
	name, _, _ := strings.Cut(token, " ")
	for _, h := range f.hosts {
		if h.name == name {
			return h
		}
	}
	return nil
}

// engineTime is how long the engine may take to answer the test.
const engineTime = 2 * time.Second

// A progress is what the leader says of how far it is.
type progress struct {
	Second int64            // before it, the fleet has been counted
	Until  map[string]int64 // by host: the same, if that is earlier
}

// progress is how far the fleet has been counted; zero: it isn't known.
func (f *fleet) progress() (p progress) {
	ctx, cancel := context.WithTimeout(context.Background(), engineTime)
	defer cancel()
	v, err := f.client.Verdicts(ctx, f.from)
	if err != nil {
		return progress{}
	}
	if f.from = v.From; json.Unmarshal(v.Done, &p) != nil {
		return progress{}
	}
	return p
}

// untilCounted waits until all that has been written has been counted. The last lines are far ahead: a host that is
// late with others by then would not be waited for.
func (f *fleet) untilCounted() {
	f.t.Helper()
	last := make(map[string]int64)
	for _, l := range f.scribe.lines {
		at, err := time.Parse(time.DateTime, f.scribe.shape.stamped(l, f.scribe.stamp)[:len(time.DateTime)])
		testkit.Must(f.t, err)
		last[f.hosts[l.host].name] = at.Unix()
	}
	testkit.Until(f.t, "everything is counted", func() bool {
		p := f.progress()
		for name, at := range last {
			if p.Until[name] <= at {
				return false
			}
		}
		return true
	}, func() any { return f.progress() }, f.sink.size)
}

// untilKept waits until the engine has the leader's state.
func (f *fleet) untilKept() {
	f.t.Helper()
	testkit.Until(f.t, "the engine has the fleet's state", func() bool { return f.progress().Second > 0 },
		func() any { return f.sink.size() })
}

// writing tells whether lines are still being written.
func (f *fleet) writing() bool { return !isClosed(f.written) }

// until waits until a part of the lines has been written.
func (f *fleet) until(part float64) {
	f.t.Helper()
	testkit.Until(f.t, "lines are written", func() bool { return f.scribe.part() >= part },
		func() any { return f.scribe.part() })
}

// pause lets some real time pass: as long as something is to be broken.
func (f *fleet) pause(d time.Duration) {
	time.Sleep(d) // the harm is that it lasts
}

// upTo is a random time.
func (f *fleet) upTo(d time.Duration) time.Duration { return time.Duration(f.r.Int64N(int64(d))) }

// any is a random host.
func (f *fleet) any() *host { return f.hosts[f.r.IntN(len(f.hosts))] }

const (
	// still is how long nothing may come while something is missing: longer than a lease, patience and the longest
	// pause between two tries to send.
	still = 75 * time.Second
	// quietTime is how long nothing comes when there is nothing more.
	quietTime = 4 * time.Second
)

// finish ends the logs, and wants the fleet to come to what replay lists.
func (f *fleet) finish() {
	f.t.Helper()
	<-f.written
	f.startAll()
	f.note("everything is written")
	f.untilCounted()
	f.pause(hearTime)
	f.scribe.close()
	f.note("the logs are closed")
	want := reference(f.t, f.hosts, filepath.Join(f.dir, "replay.json"))
	v := f.untilTold(want)
	f.t.Logf("%d lines, %d kills, %s: %v", len(f.scribe.lines), f.kills(), time.Since(f.begun).Round(time.Second), v)
	faults := v.faults()
	for _, one := range faults[:min(len(faults), mostTold)] {
		f.t.Error(one)
	}
	if len(faults) > 0 {
		f.t.Errorf("%d faults", len(faults))
	}
	if least := len(f.scribe.lines) / 500; len(want) < least {
		f.t.Errorf("%d alerts are too few to tell anything", len(want))
	}
	for _, h := range f.hosts {
		h.stop()
		h.checkStderr()
	}
}

// hearTime is what a daemon may take until it knows that the fleet gives verdicts, and of which alerts. The last lines
// end all alerts at once, also those that a host has told alone.
const hearTime = 3 * time.Second

// mostTold is how many faults are told.
const mostTold = 30

// untilTold waits until everything is as it should be, and stays so; or until nothing moves any more.
func (f *fleet) untilTold(want []listed) *verdict {
	end := f.scribe.end.Unix()
	var v *verdict
	var good, moved time.Time
	state := func() any { return []any{f.sink.size(), min(f.progress().Second, end)} }
	last := fmt.Sprint(state())
	for moved = time.Now(); time.Since(moved) < still; time.Sleep(200 * time.Millisecond) { // until others have told
		if now := fmt.Sprint(state()); now != last {
			last, moved, good = now, time.Now(), time.Time{}
		}
		v = judge(want, f.sink.told(), f.sink.mailed(), f.killed)
		switch {
		case len(v.faults()) > 0:
			good = time.Time{}
		case good.IsZero():
			good = time.Now()
		case time.Since(good) > quietTime:
			return v
		}
	}
	f.note("nothing has moved for %v: %s", still, last)
	return v
}

// killed tells whether a daemon was ended between two moments.
func (f *fleet) killed(name string, from, to time.Time) bool {
	i := slices.IndexFunc(f.hosts, func(h *host) bool { return h.name == name })
	h := f.hosts[i]
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.kills, func(at time.Time) bool { return !at.Before(from.Add(-lag)) && !at.After(to) })
}

// lag is how long before a notice was read here its daemon may have been killed.
const lag = time.Second

func (f *fleet) kills() (n int) {
	for _, h := range f.hosts {
		n += len(h.kills)
	}
	return n
}
