package journal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"time"

	"exiwatch/tailer"
)

// A Follower follows the log. It remembers nothing between calls of Follow.
type Follower struct {
	Log MainLog
	// From is the place of the last entry that was read, or of the first one to be read if it was made by At. The zero
	// place is the journal's beginning.
	From tailer.Position
	// Problem, if set, is told why journalctl has ended; it is started again. The same is told once.
	Problem func(error)

	pause time.Duration // for tests: 0 is minPause
}

const (
	// settle is how long after a line the next ones are waited for, to be handed over together.
	settle = 20 * time.Millisecond
	// delay is how long before now the last entry may have been logged that journalctl hasn't printed yet. journald
	// tells of a new one at the latest after a quarter of a second (POST_CHANGE_TIMER_INTERVAL_USEC in its sources).
	delay = 2 * time.Second
	// A journalctl that ends is started again after minPause at first, and after maxPause at the latest.
	minPause, maxPause = time.Second, time.Minute
)

// errEnded says that journalctl -f has ended without a message.
var errEnded = errors.New("journalctl has ended")

// Follow calls fn for each entry, in the journal's order, until ctx ends or a callback fails. It returns that error. It
// calls idle when there is nothing more to read, and again after each tailer.DefaultTick while that stays so. Each
// entry that was logged before end was handed over; end is zero while that is unknown.
func (f *Follower) Follow(ctx context.Context, fn func(tailer.Line) error, idle func(end time.Time) error) error {
	first := cmp.Or(f.pause, minPause)
	s := followLoop{log: f.Log, at: f.From, fn: fn, idle: idle, file: name}
	if f.Log.Unit != "" {
		s.file += ":" + f.Log.Unit
	}
	said := ""
	for pause := first; ; pause = min(2*pause, maxPause) {
		was := s.number
		err := s.run(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if s.failed != nil {
			return s.failed
		}
		if s.number > was {
			pause, said = first, ""
		}
		if text := err.Error(); text != said && f.Problem != nil {
			said = text
			f.Problem(err)
		}
		select { // without idle, because nobody can look meanwhile
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A followLoop is the state that one journalctl leaves to the next.
type followLoop struct {
	log    MainLog
	fn     func(tailer.Line) error
	idle   func(time.Time) error
	file   string
	at     tailer.Position // of the last entry of the log, or where to begin
	number int64           // of lines
	failed error           // of fn or idle

	newest   tailer.Position // the journal's last entry when journalctl was started
	caughtUp bool            // that was read
}

// run reads what one journalctl prints. Its error says why that has ended.
func (s *followLoop) run(ctx context.Context) error {
	newest, ok, err := s.log.End(ctx)
	if err != nil {
		return err
	}
	s.newest, s.caughtUp = newest, !ok
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := s.log.run(ctx, append([]string{"-f"}, since(s.at)...)...)
	if err != nil {
		return err
	}
	lines := make(chan []byte, 64)
	go func() {
		defer close(lines)
		for line, err := c.line(); err == nil; line, err = c.line() {
			lines <- bytes.Clone(line)
		}
	}()
	s.failed = s.handLines(ctx, lines)
	cancel()
	for range lines { // until journalctl has ended its output
	}
	return cmp.Or(s.failed, c.wait(), errEnded)
}

// handLines hands over lines until there are no more, ctx ends, or a callback fails. Its error is the callback's.
func (s *followLoop) handLines(ctx context.Context, lines <-chan []byte) error {
	quiet := time.NewTimer(settle)
	defer quiet.Stop()
	waiting := true // until the timer of the lines that were handed over last
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return s.idle(time.Time{})
			}
			if err := s.handLine(line); err != nil {
				return err
			}
			if !waiting {
				quiet.Reset(settle)
				waiting = true
			}
		case now := <-quiet.C:
			end := time.Time{}
			if s.caughtUp && len(lines) == 0 {
				end = now.Add(-delay)
			}
			if err := s.idle(end); err != nil {
				return err
			}
			quiet.Reset(tailer.DefaultTick)
			waiting = false
		case <-ctx.Done():
			return nil
		}
	}
}

// handLine hands over a line of journalctl's, if it is an entry of the log.
func (s *followLoop) handLine(line []byte) error {
	if s.caughtUp && !s.log.mayBelong(line) {
		return nil
	}
	e, at, ok := parseLine(line)
	if !ok {
		return nil
	}
	s.caughtUp = s.caughtUp || at == s.newest || After(at, s.newest)
	if at == s.at || !s.log.belongs(&e) {
		return nil
	}
	s.at = at
	s.number++
	return s.fn(tailer.Line{Text: line, File: s.file, Number: s.number, End: at})
}
