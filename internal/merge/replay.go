package merge

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
)

// A Log is the log of one host, or a central one that holds the lines of several.
type Log struct {
	// Name is the host's. Empty: the log's lines name their hosts, as syslog writes them; Unnamed is the name of lines
	// that don't.
	Name, Unnamed string
	Sources       []replay.Source
}

// Words names the log in a message.
func (l *Log) Words() string {
	if l.Name != "" {
		return "the log of " + l.Name
	}
	return "the log " + l.Unnamed
}

// A Replay counts the finished logs of a fleet.
type Replay struct {
	Logs []Log
	Zone *time.Location
	Now  time.Time
	// New makes the pipeline of a log.
	New func(pipeline.Listener) (*pipeline.Pipeline, error)
	// Listener gives the listener of one of the logs, whose Opened, Grew and Ended aren't called. Logs are read side by
	// side: each listener is called by other goroutines than the others.
	Listener func(log int) pipeline.Listener
	// Progress, if not nil, gets the share that has been read, from 0 to 1.
	Progress func(float64)

	mu     sync.Mutex // of shares
	shares []float64
	most   int // bytes that the merger has kept at a time
}

const (
	// batchSize is from which size on what has been read of a log is given to the merger.
	batchSize = 64 << 10 // bytes
	// ahead is how many times that may wait.
	ahead = 4
)

// A piece is what has been read of one host in a log.
type piece struct {
	host    string
	batch   Records
	records int
}

// A finishedLog is read by goroutines of its own.
type finishedLog struct {
	*Log
	number   int // from 0
	replay   *Replay
	listener pipeline.Listener
	pieces   chan []piece        // closed when the log has been read
	encoders map[string]*Encoder // by host
	size     int                 // of all that they hold
	schedule schedule
	done     bool // nothing more comes

	// Of the reading, when that has ended.
	outcome replay.Outcome
	err     error
	clock   int64 // second that the log has reached
}

// Run reads the logs side by side, and gives the counter their records in the fleet order. The error is that of
// replay.Run.
func (r *Replay) Run(ctx context.Context, counter *Counter) (replay.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.shares = make([]float64, len(r.Logs))
	logs := make([]*finishedLog, len(r.Logs))
	for i := range r.Logs {
		logs[i] = &finishedLog{Log: &r.Logs[i], number: i, replay: r, listener: r.Listener(i),
			pieces: make(chan []piece, ahead), encoders: make(map[string]*Encoder)}
	}
	var wait sync.WaitGroup
	for _, l := range logs {
		wait.Go(func() { l.plan(ctx) })
	}
	wait.Wait()
	for _, l := range logs {
		wait.Go(func() { l.run(ctx) })
	}
	err := r.merge(ctx, logs, counter)
	cancel()
	wait.Wait()
	outcome, e := r.finish(logs, counter)
	return outcome, cmp.Or(e, err)
}

// run reads the log.
func (l *finishedLog) run(ctx context.Context) {
	defer close(l.pieces)
	listener := l.listener
	listener.Publish = func(host string, rec *pipeline.Record) { l.add(ctx, host, rec) }
	listener.Opened, listener.Grew, listener.Ended = nil, nil, nil
	begin := 0.0
	if l.schedule != nil {
		begin = 0.5 // planning was the first half
	}
	l.err = l.read(ctx, listener, begin, 1)
	l.flush(ctx)
}

// read reads the log once with a listener, while its share grows from begin to end.
func (l *finishedLog) read(ctx context.Context, listener pipeline.Listener, begin, end float64) error {
	p, err := l.replay.New(listener)
	if err != nil {
		return err
	}
	p.NameHost(cmp.Or(l.Name, l.Unnamed), l.Name != "")
	progress := func(share float64) { l.replay.progress(l.number, begin+share*(end-begin)) }
	l.outcome, err = replay.RunBeside(ctx, len(l.replay.Logs), p, l.Sources, l.replay.Zone, l.replay.Now, progress)
	l.clock = p.Clock().Now
	return err
}

// add adds a record to those of its host. When all hosts have many together, all of them go: a host with few records
// would hold up the others otherwise.
func (l *finishedLog) add(ctx context.Context, host string, r *pipeline.Record) {
	if !l.schedule.has(host) {
		return
	}
	e := l.encoders[host]
	if e == nil {
		e = new(Encoder)
		l.encoders[host] = e
	}
	before := len(e.Records())
	e.Add(r)
	if l.size += len(e.Records()) - before; l.size >= batchSize {
		l.flush(ctx)
	}
}

func (l *finishedLog) flush(ctx context.Context) {
	var all []piece
	for host, e := range l.encoders {
		if e.Len() > 0 {
			all = append(all, piece{host, slices.Clone(e.Records()), e.Len()})
			e.Reset()
		}
	}
	l.size = 0
	select {
	case l.pieces <- all:
	case <-ctx.Done():
	}
}

func (r *Replay) progress(log int, share float64) {
	if r.Progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shares[log] = share
	sum := 0.0
	for _, s := range r.shares {
		sum += s
	}
	r.Progress(sum / float64(len(r.shares)))
}

// merge releases what the logs bring until all of them have ended.
func (r *Replay) merge(ctx context.Context, logs []*finishedLog, counter *Counter) (err error) {
	m := NewMerger(math.MinInt64)
	for {
		until, slowest := horizon(m, logs)
		if e := ctx.Err(); e != nil {
			return e
		}
		err = cmp.Or(m.Release(until, counter.Add), err)
		if slowest == nil {
			return err
		}
		all, ok := <-slowest.pieces
		slowest.done = !ok
		for _, p := range all {
			slowest.schedule.note(p)
			_, e := m.Push(m.HostIn(p.host, slowest.number), p.batch)
			err = cmp.Or(e, err)
		}
		r.most = max(r.most, m.Size())
	}
}

// horizon is the second before which all logs have brought everything, and the log that keeps it from being later; nil
// if all have ended.
func horizon(m *Merger, logs []*finishedLog) (until int64, slowest *finishedLog) {
	until = math.MaxInt64
	for _, l := range logs {
		if l.done {
			continue
		}
		if at := l.reached(m); slowest == nil || at < until {
			until, slowest = at, l
		}
	}
	return until, slowest
}

// reached is the second before which the log has brought everything.
func (l *finishedLog) reached(m *Merger) int64 {
	switch {
	case l.Name != "":
		return m.HostIn(l.Name, l.number).Until
	case l.schedule == nil:
		return math.MinInt64
	}
	return l.schedule.reached(m, l.number)
}

// finish lets the alerts end that are over when the last log ends, and sums what was read.
func (r *Replay) finish(logs []*finishedLog, counter *Counter) (all replay.Outcome, err error) {
	var broken replay.BrokenLogs
	end := int64(math.MinInt64)
	for _, l := range logs {
		all.Totals.Lines += l.outcome.Lines
		all.Totals.Bytes += l.outcome.Bytes
		all.Totals.Long += l.outcome.Long
		all.Sources = append(all.Sources, l.outcome.Sources...)
		end = max(end, l.clock)
		var one *replay.BrokenLogs
		if errors.As(l.err, &one) {
			broken.Errors = append(broken.Errors, one.Errors...)
		} else if l.err != nil && err == nil {
			err = l.err
		}
	}
	if err != nil {
		return all, err
	}
	counter.Reach(end, r.Zone)
	if broken.Errors != nil {
		err = &broken
	}
	return all, err
}
