package replay

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/tailer"
)

// A Source is a finished log: a path, or a stream such as the standard input.
type Source struct {
	Name   string
	Stream io.Reader // nil: the file Name
	// Open, if set, opens the text of a log that is no file: once more each time.
	Open func() (io.ReadCloser, error)
	// Behind says that the log goes on with this file behind that of the source before.
	Behind bool

	pipe io.Closer // Stream is a pipe that was opened by its name
}

// IsFile tells whether the source can be read more than once, as a regular file.
func (s Source) IsFile() bool {
	info, err := os.Stat(s.Name)
	return s.Stream == nil && s.Open == nil && err == nil && info.Mode().IsRegular()
}

// BrokenLogs is the error of a Run that could not read some logs to their ends. It has read all that comes before the
// places that it can't read.
type BrokenLogs struct {
	Errors []error // one for each such log; each names it
}

func (b *BrokenLogs) Error() string { return errors.Join(b.Errors...).Error() }

func (b *BrokenLogs) Unwrap() []error { return b.Errors }

// A Result says what a Run has read.
type Outcome struct {
	tailer.Totals
	Sources []SourceLook // that it came to, in its order
}

// A SourceLook says what a Source holds, whatever was kept of it.
type SourceLook struct {
	Name      string
	Broken    bool // it could not be read to its end
	Judgement parser.Judgement
	pipeline.Look
}

// Run reads finished logs through p. It orders them by their names as cycled files and by Behind, and where these don't
// tell by their first stamps. Of several logs the one goes on whose next file has the earliest first stamp. If it can't
// read some of them to the end, it reads the others and fails with BrokenLogs. It calls progress, if not nil, now and
// then with the share that it has read, from 0 to 1.
func Run(ctx context.Context, p *pipeline.Pipeline, sources []Source, zone *time.Location, now time.Time,
	progress func(float64)) (Outcome, error) {
	return RunBeside(ctx, 1, p, sources, zone, now, progress)
}

// RunWith is Run with so many workers; 0: as many as can work at a time.
func RunWith(ctx context.Context, workers int, p *pipeline.Pipeline, sources []Source, zone *time.Location,
	now time.Time, progress func(float64)) (Outcome, error) {
	sizes := slices.Repeat([]int{chunkSize}, cmp.Or(workers, pipeline.NumWorkers()))
	return newWorkerPool(ctx, p, inOrder(sources, zone, now), sizes, zone, now, progress).outcome(p)
}

// RunBeside is Run as one of so many at a time, which share processors and memory.
func RunBeside(ctx context.Context, runs int, p *pipeline.Pipeline, sources []Source, zone *time.Location,
	now time.Time, progress func(float64)) (Outcome, error) {
	sizes := slices.Repeat([]int{chunkSize}, max(pipeline.NumWorkers()/runs, 1))
	pool := newWorkerPool(ctx, p, inOrder(sources, zone, now), sizes, zone, now, progress)
	pool.chunks.share(runs)
	return pool.outcome(p)
}

// outcome reads the logs through p.
func (pool *workerPool) outcome(p *pipeline.Pipeline) (Outcome, error) {
	totals, err := pool.run()
	p.Finish()
	if err == nil && pool.chunks.broken != nil {
		err = &BrokenLogs{pool.chunks.broken}
	}
	return Outcome{totals, pool.looks[:min(pool.chunks.at+1, len(pool.looks))]}, err
}

// named puts the name of the log before an error that doesn't say it.
func (s Source) named(err error) error {
	if tailer.NamesFile(err) {
		return err
	}
	return fmt.Errorf("reading %s: %w", s.Name, err)
}

func (s Source) open() (b openSource) {
	switch {
	case s.Open != nil:
		b.in, b.err = s.Open()
	case s.Stream != nil:
		b.in, b.err = tailer.OpenReader(s.Stream)
	default:
		b.file, b.err = tailer.Open(s.Name)
		b.in = b.file
	}
	return b
}

// inOrder sorts logs as Run says. Where only first stamps tell, one without stamps, and one that can't be read,
// stays behind the one named before it.
//
// Note: by first stamps alone, a clock that was set back has a log's files change places, and replay differs from the
// daemon.
func inOrder(sources []Source, zone *time.Location, now time.Time) []Source {
	if len(sources) < 2 {
		return sources
	}
	sources = slices.Clone(sources)
	firsts := make([]time.Time, len(sources))
	var last time.Time
	for i := range sources {
		first, err := sources[i].FirstStamp(zone, now)
		if err == nil && !first.IsZero() { // else whoever reads it says what is wrong
			last = first
		}
		firsts[i] = last
	}
	before := predecessors(sources)
	taken, ordered := make([]bool, len(sources)), make([]Source, 0, len(sources))
	for range sources {
		next := -1
		for i := range sources {
			waits := slices.ContainsFunc(before[i], func(j int) bool { return !taken[j] })
			if !taken[i] && !waits && (next < 0 || firsts[i].Before(firsts[next])) {
				next = i
			}
		}
		taken[next], ordered = true, append(ordered, sources[next])
	}
	return ordered
}

// predecessors are for each of the sources those that come before it whatever their stamps.
func predecessors(sources []Source) [][]int {
	paths := make([]string, len(sources))
	behind := false
	for i, s := range sources {
		if behind = behind || s.Behind; s.Open == nil && s.Stream == nil {
			paths[i] = s.Name
		}
	}
	if !behind {
		return tailer.Predecessors(paths)
	}
	before := make([][]int, len(sources))
	for i, s := range sources {
		if s.Behind && i > 0 {
			before[i] = []int{i - 1}
		}
	}
	return before
}

// peekSize is how much of a stream is looked at for a first stamp.
const peekSize = 1 << 20 // bytes

// FirstStamp returns the first stamp in the log; zero if there is none near its beginning.
func (s *Source) FirstStamp(zone *time.Location, now time.Time) (time.Time, error) {
	if s.Open != nil {
		return time.Time{}, nil
	}
	if err := s.openPipe(); err != nil {
		return time.Time{}, err
	}
	if s.Stream != nil {
		text, err := tailer.OpenReader(s.Stream)
		if err != nil {
			s.Stream = brokenStream{err} // what is left of it is no log
			return time.Time{}, err
		}
		buffered := bufio.NewReaderSize(text, peekSize)
		s.Stream = buffered
		peeked, _ := buffered.Peek(peekSize)
		return firstStamp(bytes.NewReader(peeked), zone, now)
	}
	f, err := tailer.Open(s.Name)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	return firstStamp(io.LimitReader(f, peekSize), zone, now)
}

// A brokenStream is what is left of one that could not be opened.
type brokenStream struct{ error }

func (b brokenStream) Read([]byte) (int, error) { return 0, b.error }

// openPipe opens what can be read only once, so that what is looked at isn't lost.
func (s *Source) openPipe() error {
	if s.Stream != nil {
		return nil
	}
	info, err := os.Stat(s.Name)
	if err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice|fs.ModeSocket) == 0 {
		return err
	}
	f, err := os.Open(s.Name)
	if err != nil {
		return err
	}
	s.Stream, s.pipe = f, f
	return nil
}

// firstStamp gives the time of the first line that has a stamp. It fails only if it can't read any line.
func firstStamp(text io.Reader, zone *time.Location, now time.Time) (first time.Time, err error) {
	read := false
	_, err = tailer.ScanLines(text, "", func(line tailer.Line) error {
		read = true
		t, ok := parser.Stamp(line.Text, zone, now)
		if ok {
			first = t
			return io.EOF // enough
		}
		return nil
	})
	if read {
		err = nil
	}
	return first, err
}
