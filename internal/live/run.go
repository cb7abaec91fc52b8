package live

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/window"

	tea "charm.land/bubbletea/v2"
)

// A View is what is looked at, and how it begins.
type View struct {
	Config config.Config
	Log    string
	Key    window.Key
	Window time.Duration // as ParseWindow takes it
	Colour bool
	ASCII  bool   // the terminal shows nothing else
	Secret []byte // makes our Message-IDs; nil: unknown
	// Actions are what the keys do that reach beyond the terminal.
	Actions Actions
	// Silences gives a function that says of an incident that its updates are held, and why; "": they aren't.
	Silences func() func(*window.Incident) string
	// Fleet opens the fleet that is followed in place of the log, from a past before now on; nil: the log is followed.
	Fleet func(past time.Duration, l pipeline.Listener) (Feed, error)
}

// A Feed is what is followed: see follow.Viewer and fleet.Viewer.
type Feed interface {
	counters
	Attend(asks <-chan func(), read func(), problem func(error))
	Run(ctx context.Context) error
}

// open opens what is followed, for an engine.
func (v *View) open(e *engine, past time.Duration) (feed Feed, err error) {
	l := pipeline.Listener{Arrival: e.addArrival, Counted: e.addCounted, Ended: e.addEnded}
	if v.Fleet != nil {
		e.sections = append([]window.Key{window.LogHost}, sectionKeys...)
		feed, err = v.Fleet(past, l)
	} else {
		feed, err = follow.NewViewer(&v.Config, v.Log, past, v.Secret, l)
	}
	e.counters = feed
	return feed, err
}

// Actions are functions that may take a while, and say what became of it, for people.
type Actions struct {
	// Except adds an exception, of what somebody typed.
	Except func(account, limit, until, reason string) string
	// Open opens the live page, or says how to.
	Open func() string
}

// framesPerSecond is how often the screen is looked at for what has changed, and so how late a key may show.
const framesPerSecond = 10

// Run shows the view on a terminal, until it is left or ctx ends, which is no error.
func (v *View) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	m := newModel(v, time.Now())
	e := newEngine(v.Config.Rules, m.longest())
	feed, err := v.open(e, m.longest())
	if err != nil {
		return err
	}
	e.silences = v.Silences
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := newRequests(ctx)
	m.ask = func(q query) *answer { return r.ask(e, q) }
	m.wait = r.wait

	// Note: tea.WithContext would end it without waiting for the goroutine that reads the keys.
	screen := tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler(),
		tea.WithFPS(framesPerSecond))
	feed.Attend(r.calls, r.read, func(err error) { go screen.Send(problem(err.Error())) })
	var wait sync.WaitGroup
	var failed error
	wait.Go(func() {
		failed = followLog(ctx, feed)
		screen.Quit()
	})
	_, err = screen.Run()
	cancel()
	wait.Wait()
	return cmp.Or(failed, err)
}

// followLog follows the log. A panic becomes an error, so that the terminal is put right before anybody reads of it.
func followLog(ctx context.Context, feed Feed) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return feed.Run(ctx)
}

// A requests carries queries to the engine's goroutine, and signals back that the log was read on.
type requests struct {
	ctx     context.Context
	calls   chan func()
	updates chan struct{}
}

func newRequests(ctx context.Context) *requests {
	return &requests{ctx: ctx, calls: make(chan func()), updates: make(chan struct{}, 1)}
}

// ask has the engine answer; nil if the view ends first.
func (r *requests) ask(e *engine, q query) *answer {
	answered := make(chan *answer, 1)
	call := func() {
		begun := time.Now()
		a := e.answer(q, begun)
		a.took = time.Since(begun)
		answered <- a
	}
	select {
	case r.calls <- call:
	case <-r.ctx.Done():
		return nil
	}
	select {
	case a := <-answered:
		return a
	case <-r.ctx.Done():
		return nil
	}
}

// read signals that the log was read on.
func (r *requests) read() {
	select {
	case r.updates <- struct{}{}:
	default: // already signalled
	}
}

// wait returns when the log was read on since the last call; false if the view ends first.
func (r *requests) wait() bool {
	select {
	case <-r.updates:
		return true
	case <-r.ctx.Done():
		return false
	}
}
