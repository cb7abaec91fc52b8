package watch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

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

	pipe   io.Closer // Stream is a pipe that was opened by its name
	broken bool      // it could not be read to its end
}

// BrokenLogs is the error of a Replay that has read all it could: of each log what comes before the place that it can't
// read. The totals are those of what it has read.
type BrokenLogs struct {
	Errors []error // one for each such log; each names it
}

func (b *BrokenLogs) Error() string { return errors.Join(b.Errors...).Error() }

func (b *BrokenLogs) Unwrap() []error { return b.Errors }

// Replay reads finished logs through p, in the order that Behind and their names as cycled files tell, and where these
// tell none, of their first stamps. So of several logs the one goes on whose next file has the earliest first stamp. It
// fails with BrokenLogs if it can't read some of them to the end. Progress, if not nil, is called now and then with the
// share that it has read, from 0 to 1.
func (p *Pipeline) Replay(ctx context.Context, sources []Source, zone *time.Location, now time.Time,
	progress func(float64)) (tailer.Totals, error) {
	c := newCrew(ctx, p, inOrder(sources, zone, now), zone, now, progress)
	totals, err := c.run()
	if err == nil && c.supply.broken != nil {
		err = &BrokenLogs{c.supply.broken}
	}
	return totals, err
}

// named puts the name of the log before an error that doesn't say it.
func (s Source) named(err error) error {
	if tailer.NamesFile(err) {
		return err
	}
	return fmt.Errorf("reading %s: %w", s.Name, err)
}

// open gives the log's text and a function that tells how much of it was read.
func (s Source) open() (io.ReadCloser, func() float64, error) {
	unknown := func() float64 { return 0 }
	if s.Open != nil {
		in, err := s.Open()
		return in, unknown, err
	}
	if s.Stream != nil {
		in, err := tailer.OpenReader(s.Stream)
		return in, unknown, err
	}
	f, err := tailer.Open(s.Name)
	if err != nil {
		return nil, nil, err
	}
	return f, func() float64 {
		done, size := f.Progress()
		return float64(done) / float64(max(size, 1))
	}, nil
}

// inOrder sorts logs as Replay says. Where only first stamps tell, one without stamps, and one that can't be read,
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
		first, err := sources[i].first(zone, now)
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

// first gives the first stamp in the log, zero if there is none near its beginning.
func (s *Source) first(zone *time.Location, now time.Time) (time.Time, error) {
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
		stamp, _, err := firstStamp(bytes.NewReader(peeked), zone, now)
		return stamp, err
	}
	f, err := tailer.Open(s.Name)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	stamp, n, err := firstStamp(io.LimitReader(f, peekSize), zone, now)
	if n > 0 {
		err = nil
	}
	return stamp, err
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

// firstStamp gives the time of the first line that has a stamp, and how many lines it has looked at.
func firstStamp(text io.Reader, zone *time.Location, now time.Time) (first time.Time, lines int, err error) {
	found := errors.New("found")
	_, err = tailer.ScanLines(text, "", func(line tailer.Line) error {
		lines++
		if t, ok := parser.Stamp(line.Text, zone, now); ok {
			first = t
			return found
		}
		return nil
	})
	if err == found {
		err = nil
	}
	return first, lines, err
}
