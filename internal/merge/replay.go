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
	"exiwatch/parser"
	"exiwatch/window"
)

// A Log is the log of one host, or a central one that holds the lines of several.
type Log struct {
	// Name is the host's. Empty: the log's lines name their hosts, as syslog writes them; Unnamed is the name of lines
	// that don't.
	Name, Unnamed string
	Sources       []replay.Source
}

// A Replay counts the finished logs of a fleet.
type Replay struct {
	Logs []Log
	Zone *time.Location
	Now  time.Time
	// New makes the pipeline of a log.
	New func(pipeline.Listener) (*pipeline.Pipeline, error)
	// Progress, if not nil, gets the share that has been read, from 0 to 1.
	Progress func(float64)

	mu     sync.Mutex // of the listener, and of shares
	shares []float64
}

const (
	// batchSize is from which size on a batch is given to the merger.
	batchSize = 64 << 10 // bytes
	// ahead is how many batches of a log wait at most.
	ahead = 4
)

// A piece is what has been read of one host in a log.
type piece struct {
	host    string
	batch   Records
	records int
}

// A finishedLog is read by a goroutine of its own.
type finishedLog struct {
	*Log
	replay   *Replay
	pieces   chan piece          // closed when the log has been read
	encoders map[string]*Encoder // by host
	size     int                 // of all their batches
	schedule schedule
	done     bool // nothing more comes

	// Of the reading, when that has ended.
	outcome replay.Outcome
	err     error
	clock   int64 // second that the log has reached
}

// Run reads the logs side by side, and gives the counter their records in the fleet order. The listener hears of all
// logs, of each in its order. The error is that of replay.Run.
func (r *Replay) Run(ctx context.Context, counter *Counter, listener pipeline.Listener) (replay.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.shares = make([]float64, len(r.Logs))
	logs := make([]*finishedLog, len(r.Logs))
	for i := range r.Logs {
		l := &finishedLog{Log: &r.Logs[i], replay: r, pieces: make(chan piece, ahead),
			encoders: make(map[string]*Encoder)}
		if err := l.plan(ctx, listener); err != nil {
			return replay.Outcome{}, err
		}
		logs[i] = l
	}
	var wait sync.WaitGroup
	for i, l := range logs {
		wait.Go(func() { l.run(ctx, i, listener) })
	}
	err := r.merge(logs, counter)
	cancel()
	wait.Wait()
	outcome, e := r.finish(logs, counter)
	return outcome, errors.Join(e, err)
}

// run reads the log.
func (l *finishedLog) run(ctx context.Context, number int, listener pipeline.Listener) {
	defer close(l.pieces)
	publish := func(host string, rec *pipeline.Record) { l.add(ctx, host, rec) }
	l.err = l.read(ctx, l.replay.shared(publish, listener), func(share float64) { l.replay.progress(number, share) })
	l.flush(ctx)
}

// read reads the log once with a listener.
func (l *finishedLog) read(ctx context.Context, listener pipeline.Listener, progress func(float64)) error {
	p, err := l.replay.New(listener)
	if err != nil {
		return err
	}
	p.NameHost(cmp.Or(l.Name, l.Unnamed), l.Name != "")
	l.outcome, err = replay.RunWith(ctx, 1, p, l.Sources, l.replay.Zone, l.replay.Now, progress)
	l.clock = p.Clock().Now
	return err
}

// add adds a record to the batch of its host. When they have become large, all hosts' batches go: a host of few records
// would hold up the others otherwise.
func (l *finishedLog) add(ctx context.Context, host string, r *pipeline.Record) {
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
	for host, e := range l.encoders {
		if e.Len() == 0 {
			continue
		}
		select {
		case l.pieces <- piece{host, slices.Clone(e.Records()), e.Len()}:
		case <-ctx.Done():
		}
		e.Reset()
	}
	l.size = 0
}

// shared is a listener for one of several logs that are read side by side.
func (r *Replay) shared(publish func(string, *pipeline.Record), all pipeline.Listener) pipeline.Listener {
	one := all
	one.Publish, one.Opened, one.Grew, one.Ended = publish, nil, nil, nil
	if all.Arrival != nil {
		one.Arrival = func(a *parser.Arrival, w *window.Arrival) {
			r.mu.Lock()
			defer r.mu.Unlock()
			all.Arrival(a, w)
		}
	}
	if all.Other != nil {
		one.Other = func(e *parser.Entry) {
			r.mu.Lock()
			defer r.mu.Unlock()
			all.Other(e)
		}
	}
	return one
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
func (r *Replay) merge(logs []*finishedLog, counter *Counter) (err error) {
	m := NewMerger(math.MinInt64)
	for {
		until, slowest := horizon(m, logs)
		if e := m.Release(until, counter.Add); e != nil {
			err = e
		}
		if slowest == nil {
			return err
		}
		p, ok := <-slowest.pieces
		if !ok {
			slowest.done = true
			continue
		}
		slowest.schedule.note(p)
		if _, e := m.Push(m.Host(p.host), p.batch); e != nil {
			err = e
		}
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
	if l.Name != "" {
		return m.Host(l.Name).Until
	}
	return l.schedule.reached(m)
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
