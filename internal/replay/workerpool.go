package replay

import (
	"context"
	"io"
	"math"
	"sync"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/tailer"
)

// A workerPool reads logs in parallel and applies them in order. Each worker takes the next chunk, parses it as if
// nothing before it mattered, waits until all chunks before it have been applied, and applies its own. Where lines at
// the end of the chunk before still matter, the first lines are parsed again: see parser.Reach. Where an hour of the
// clock occurs twice, all are.
type workerPool struct {
	workers  []*pipeline.Worker
	reader   func(emit func(*parser.Entry)) *parser.Reader
	current  *pipeline.Worker // whose chunk is parsed again
	reparsed int64            // bytes that were parsed again
	looks    []SourceLook     // of chunks
	source   int              // of the chunk applied last

	mu     sync.Mutex // of what follows: one goroutine reads at a time
	chunks chunkSource
	last   chan carry // of the chunk taken last
	failed error
}

// A carry is what one chunk needs of the chunks before it.
type carry struct {
	reader *parser.Reader // which knows all earlier lines; nil if they don't matter
	stamp  time.Time      // Reader.Last
	line   int64          // of the file
	lines  int64          // of all files
}

// chunkSize fits into the processor's cache.
const chunkSize = 256 << 10 // bytes

// newWorkerPool makes a pool with a worker for each size of a chunk.
func newWorkerPool(ctx context.Context, p *pipeline.Pipeline, sources []Source, sizes []int, zone *time.Location,
	now time.Time, progress func(float64)) *workerPool {
	chunks := newChunkSource(ctx, sources, progress)
	pool := &workerPool{
		workers: p.Workers(zone, now, sizes), looks: chunks.looks, chunks: chunks, last: make(chan carry, 1),
		reader: func(emit func(*parser.Entry)) *parser.Reader { return p.NewReader(zone, now, emit) },
	}
	pool.last <- carry{}
	return pool
}

// run reads the logs.
func (pool *workerPool) run() (tailer.Totals, error) {
	var wait sync.WaitGroup
	for _, w := range pool.workers {
		wait.Go(func() { pool.work(w) })
	}
	wait.Wait()
	c := <-pool.last
	pool.chunks.closeAll()
	totals := pool.chunks.totals
	totals.Lines = c.lines
	if pool.failed == nil && c.reader != nil {
		pool.current = pool.workers[0]
		c.reader.Flush()
		pool.look(pool.current, pool.source)
	}
	return totals, pool.failed
}

// look adds what a worker has seen to its source.
func (pool *workerPool) look(w *pipeline.Worker, source int) {
	pool.looks[source].Join(w.Seen)
	w.Seen = pipeline.Look{}
}

func (pool *workerPool) work(w *pipeline.Worker) {
	for before, after := pool.take(w); before != nil; before, after = pool.take(w) {
		w.Read()
		c := <-before
		pool.apply(w, &c)
		after <- c
		w.Collect()
	}
}

// take gives w the next chunk. It returns the channels that carry from the chunk before to the next one; nil behind the
// last chunk.
func (pool *workerPool) take(w *pipeline.Worker) (before, after chan carry) {
	pool.mu.Lock()
	defer pool.mu.Unlock()
	if pool.failed != nil {
		return nil, nil
	}
	if err := pool.chunks.next(&w.Chunk); err != nil {
		if err != io.EOF {
			pool.failed = err
		}
		return nil, nil
	}
	before, pool.last = pool.last, make(chan carry, 1)
	return before, pool.last
}

// apply applies a parsed chunk when all chunks before it have been applied.
func (pool *workerPool) apply(w *pipeline.Worker, c *carry) {
	if w.First {
		c.line = 0
	}
	pool.source = w.Source
	pool.looks[w.Source].Judgement.Join(&w.Judgement, c.line)
	if c.reader == nil && w.Reader.Independent() {
		w.Apply(c.line, math.MaxInt64)
		if last := w.Reader.Last(); !last.IsZero() {
			c.stamp = last
		}
		if !w.Reader.Blank() {
			pool.giveReader(c)
			c.reader.TakeOver(w.Reader, c.line)
		}
	} else {
		pool.reparse(w, c)
	}
	pool.look(w, w.Source)
	c.line += w.Lines
	c.lines += w.Lines
}

func (pool *workerPool) giveReader(c *carry) {
	c.reader = pool.reader(func(e *parser.Entry) { pool.current.ApplyInOrder(e) })
	c.reader.Resume(c.stamp)
}

// reparse parses a chunk again, as far as earlier lines matter to it.
func (pool *workerPool) reparse(w *pipeline.Worker, c *carry) {
	if c.reader == nil {
		pool.giveReader(c)
	}
	pool.current = w
	pool.reparsed += w.Reparse(c.reader, c.line)
	c.stamp = c.reader.Last()
	if c.reader.Blank() {
		c.reader = nil
	}
}
