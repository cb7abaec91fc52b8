package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/engine"
	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/tailer"
)

// A Publisher appends what the rules count of one log to the log's stream. The log is its buffer: it keeps no arrivals
// but those of the append that is being tried, and reads no further while the engine doesn't answer. All that it knows
// is at the stream's end.
type Publisher struct {
	Engine Streams
	Stream string
	Path   string // of the log, which isn't config.Stdin
	// Host and All are the arguments of pipeline.Pipeline.NameHost.
	Host       string
	All        bool
	NoSubjects bool // subjects aren't published
	// Scopes names what the bits of an arrival's scopes mean.
	Scopes Scopes
	// Pipeline makes a pipeline that counts nothing but what the listener asks for.
	Pipeline func(pipeline.Listener) (*pipeline.Pipeline, error)
	// Follow is how the log is followed. Since, Stopping and CaughtUp are the publisher's; Now, Log and Problem may be
	// nil.
	Follow follow.Options
	// State is a file that keeps what must outlive the engine. Empty: nothing does.
	State string
	// Since is a second. If the engine has no stream, that is filled with what the log holds from pipeline.Reach
	// seconds before Since on.
	Since func() int64
	// Keep is for how many seconds entries stay in the stream at least; 0: for ever.
	Keep int64

	stats     publisherStats
	state     *publisherState
	trouble   trouble
	conflict  trouble
	conflicts int // in a row
	lost      int // how often the engine had lost entries since the last stint
}

// Streams are what a Publisher needs of an engine: see engine.Client.
type Streams interface {
	End(ctx context.Context, stream string) (engine.End, error)
	Append(ctx context.Context, stream string, a engine.Append) (engine.End, error)
}

const (
	// shortPause and longPause are between two tries of what has failed: at first, and after many.
	shortPause, longPause = 100 * time.Millisecond, 5 * time.Second
	// conflictPause is the longest pause after the stream ended elsewhere than it should.
	conflictPause = 30 * time.Second
	// watchTime is how long the stream of another publisher must be still: longer than the pauses between its beats.
	watchTime = 3 * beatPause
)

// errElsewhere says that the stream ends elsewhere than the publisher believed.
var errElsewhere = errors.New("the stream ends elsewhere")

// Run publishes until ctx ends, which is no error. Whatever goes wrong with the engine is logged and tried again. An
// error is one of the log or of the file State.
func (p *Publisher) Run(ctx context.Context) error {
	if p.Path == config.Stdin {
		return errors.New("the standard input can't be published: nothing can be read from it twice")
	}
	p.setDefaults()
	if err := p.openState(); err != nil {
		return err
	}
	for pause := shortPause; ; pause = min(2*pause, conflictPause) {
		began := p.Follow.Now()
		err := p.publish(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if !errors.Is(err, errElsewhere) {
			return fmt.Errorf("publishing %s: %w", p.Path, err)
		}
		if p.Follow.Now().Sub(began) > conflictPause {
			pause, p.conflicts = shortPause, 0
		}
		if wait(ctx, pause) != nil {
			return nil
		}
	}
}

func (p *Publisher) setDefaults() {
	if p.Follow.Now == nil {
		p.Follow.Now = time.Now
	}
	if p.Follow.Log == nil {
		p.Follow.Log = slog.New(slog.DiscardHandler)
	}
	if p.Follow.Problem == nil {
		p.Follow.Problem = func(error) {}
	}
}

// publish publishes from the stream's end on.
func (p *Publisher) publish(ctx context.Context) error {
	end, was, err := p.begin(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := p.newStint(ctx, end, was)
	if err != nil {
		return err
	}
	return s.run(ctx)
}

// begin returns where the stream ends when nobody else appends to it.
func (p *Publisher) begin(ctx context.Context) (end engine.End, was resume, err error) {
	for {
		if end, was, err = p.end(ctx); err != nil || was.Publisher == "" || was.Publisher == p.state.Publisher {
			return end, was, err
		}
		if err := wait(ctx, watchTime); err != nil {
			return end, was, err
		}
		again, _, err := p.end(ctx)
		if err != nil || again.Beat == end.Beat && again.Born == end.Born {
			return end, was, err // the other one is gone, or was this one before it lost its state
		}
		p.tellConflict(again)
	}
}

// end reads the stream's end, as often as that takes.
func (p *Publisher) end(ctx context.Context) (end engine.End, was resume, err error) {
	err = p.insist(ctx, func() error {
		if end, err = p.Engine.End(ctx, p.Stream); err != nil {
			return err
		}
		was, err = decodeResume(end)
		return err
	})
	return end, was, err
}

// insist tries something with the engine until it's done, or ctx has ended: that is its only error.
func (p *Publisher) insist(ctx context.Context, do func() error) error {
	for pause := shortPause; ; pause = min(2*pause, longPause) {
		err := do()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			if p.trouble.over() {
				p.Follow.Log.Info("the fleet's engine answers again", "stream", p.Stream)
			}
			return nil
		}
		if p.trouble.tell(p.Follow.Now()) {
			p.Follow.Log.Warn("the fleet's engine doesn't answer: arrivals wait in the log", "stream", p.Stream, "log",
				p.Path, "error", err)
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// tellConflict says that somebody else appends to the stream.
func (p *Publisher) tellConflict(end engine.End) {
	if p.conflict.tell(p.Follow.Now()) {
		p.Follow.Log.Error("two daemons publish as one host: give each its own [fleet] host", "stream", p.Stream, "log",
			p.Path, "at", end.ID.String())
	}
}

// wait waits for some time. Its error is that of ctx.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A trouble is something that is logged once a minute while it goes on.
type trouble struct{ told time.Time }

const troublePause = time.Minute

// tell tells whether it is to be logged.
func (t *trouble) tell(now time.Time) bool {
	if !t.told.IsZero() && now.Sub(t.told) < troublePause {
		return false
	}
	t.told = now
	return true
}

// over notes that there is none. It tells whether there was.
func (t *trouble) over() (was bool) {
	was = !t.told.IsZero()
	t.told = time.Time{}
	return was
}

// publisherStats are what a publisher has done. Any goroutine reads them.
type publisherStats struct {
	batches, arrivals atomic.Int64
	waiting           atomic.Pointer[time.Time]       // since when the oldest record waits; nil: none does
	place             atomic.Pointer[tailer.Position] // up to which the log is in the engine; nil: unknown
}

// A PublisherStats says what a publisher has done since the start.
type PublisherStats struct {
	Batches, Arrivals int64
	Lag               time.Duration   // since the oldest arrival waits that isn't in the engine; 0: none waits
	Place             tailer.Position // up to which the log is in the engine; zero: unknown
}

// Stats are the publisher's.
func (p *Publisher) Stats(now time.Time) (s PublisherStats) {
	s.Batches, s.Arrivals = p.stats.batches.Load(), p.stats.arrivals.Load()
	if since := p.stats.waiting.Load(); since != nil {
		s.Lag = now.Sub(*since)
	}
	if place := p.stats.place.Load(); place != nil {
		s.Place = *place
	}
	return s
}
