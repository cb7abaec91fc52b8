package watch

import (
	"context"
	"io"
	"math"
	"runtime"
	"sync"
	"time"

	"exiwatch/parser"
	"exiwatch/tailer"
)

// A crew is the goroutines that replay logs. Each takes the next portion, reads it as if nothing before it mattered,
// waits until all before it has been told of, and tells of what it found; so the pipeline gets the arrivals in their
// order. Where lines at the end of the portion before still matter, the first lines are read once more in their turn:
// see parser.Reach. Where the hour occurs twice, all are.
type crew struct {
	pipeline *Pipeline
	reader   func(emit func(*parser.Entry)) *parser.Reader
	hand     *hand  // whose turn it is, while lines are read in their turn
	twice    int64  // bytes that were
	looks    []Look // of the sources
	nth      int    // the source of the portion last told of

	mu     sync.Mutex // of what follows: one reads at a time
	supply supply
	last   chan baton // of the portion last taken
	failed error
}

// A baton is what goes from one portion to the next one.
type baton struct {
	reader *parser.Reader // which knows all lines before; nil if they don't matter
	stamp  time.Time      // Reader.Last
	line   int64          // of the file
	lines  int64          // of all
}

const (
	maxHands    = 8         // more would wait for each other
	portionSize = 256 << 10 // bytes: it stays in the processor's cache
)

func newCrew(ctx context.Context, p *Pipeline, sources []Source, zone *time.Location, now time.Time,
	progress func(float64)) *crew {
	c := &crew{
		pipeline: p,
		reader:   func(emit func(*parser.Entry)) *parser.Reader { return p.reader(zone, now, emit) },
		supply:   newSupply(ctx, sources, progress),
		last:     make(chan baton, 1),
		looks:    make([]Look, len(sources)),
	}
	for i := range sources {
		c.looks[i].Name = sources[i].Name
	}
	c.last <- baton{}
	if p.hands == nil {
		p.hands = newHands(p)
	}
	for _, h := range p.hands {
		h.pipeline, h.reader = p, c.reader(h.entry)
	}
	return c
}

// newHands makes as many as can work at the same time.
func newHands(p *Pipeline) (hands []*hand) {
	for range min(runtime.GOMAXPROCS(0), maxHands) {
		h := &hand{portion: portion{buf: make([]byte, portionSize)}}
		if p.listener.Gather != nil {
			h.gather = p.listener.Gather()
		}
		hands = append(hands, h)
	}
	return hands
}

// run reads the logs.
func (c *crew) run() (tailer.Totals, error) {
	var wait sync.WaitGroup
	for _, h := range c.pipeline.hands {
		wait.Go(func() { c.work(h) })
	}
	wait.Wait()
	t := <-c.last
	c.supply.closeAll()
	totals := c.supply.totals
	totals.Lines = t.lines
	if c.failed == nil && t.reader != nil {
		c.hand = c.pipeline.hands[0]
		t.reader.Flush()
		c.look(c.hand, c.nth)
	}
	c.looked()
	return totals, c.failed
}

// look notes how many arrivals a hand has found in a source.
func (c *crew) look(h *hand, nth int) {
	l := &c.looks[nth]
	l.Join(h.seen)
	l.Join(h.turn)
	h.seen, h.turn = LookedAt{}, LookedAt{}
}

// looked tells what was found in each source, as far as they were read.
func (c *crew) looked() {
	if c.pipeline.listener.Looked == nil {
		return
	}
	for i, l := range c.looks[:min(c.supply.at+1, len(c.looks))] {
		l.Broken = c.supply.sources[i].broken
		c.pipeline.listener.Looked(l)
	}
}

func (c *crew) work(h *hand) {
	for {
		before, after := c.take(h)
		if before == nil {
			return
		}
		h.read()
		t := <-before
		c.turn(h, &t)
		after <- t
		h.gathers()
	}
}

// take gives h the next portion, and where its turn comes from and goes to; nil if there is none.
func (c *crew) take(h *hand) (before, after chan baton) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return nil, nil
	}
	if err := c.supply.next(&h.portion); err != nil {
		if err != io.EOF {
			c.failed = err
		}
		return nil, nil
	}
	before, c.last = c.last, make(chan baton, 1)
	return before, c.last
}

// turn tells of a portion that was read, and of which the turn has come.
func (c *crew) turn(h *hand, t *baton) {
	if h.first {
		t.line = 0
	}
	c.nth = h.nth
	c.looks[h.nth].Judgement.Join(&h.judgement, t.line)
	if t.reader == nil && h.reader.Independent() {
		h.tell(t.line, math.MaxInt64)
		if last := h.reader.Last(); !last.IsZero() {
			t.stamp = last
		}
		if !h.reader.Blank() {
			c.inTurn(t)
			t.reader.TakeOver(h.reader, t.line)
		}
	} else {
		c.again(h, t)
	}
	c.look(h, h.nth)
	t.line += h.lines
	t.lines += h.lines
}

// inTurn gives the baton a reader.
func (c *crew) inTurn(t *baton) {
	t.reader = c.reader(func(e *parser.Entry) { c.hand.inTurn(e) })
	t.reader.Resume(t.stamp)
}

// again reads the portion in its turn, as far as that is needed.
func (c *crew) again(h *hand, t *baton) {
	if t.reader == nil {
		c.inTurn(t)
	}
	c.hand = h
	c.twice += h.again(t.reader, t.line)
	t.stamp = t.reader.Last()
	if t.reader.Blank() {
		t.reader = nil
	}
}
