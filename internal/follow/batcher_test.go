package follow

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/pipeline/pipelinetest"
	"exiwatch/internal/testkit"
	"exiwatch/tailer"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A reading is a log that is followed without a daemon, and all that it tells.
type reading struct {
	*LiveLog
	pipelinetest.Transcript
	lines  int64
	quiets int
	places []place // after each line, and each time that it was quiet
	runs   int     // that were counted as their workers had parsed them
}

// A place is how far a log was counted after so many lines.
type place struct {
	At    ResumePoint
	Seen  tailer.Position
	Stats LineCounts
	Told  bool // there is no catch-up
}

// newReading makes one that catches up to a goal, if that is one. At the goal the alerts of was are open.
func newReading(t *rapid.T, c config.Config, goal tailer.Position, was *Checkpoint) *reading {
	r := new(reading)
	zone, now := c.Zone, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	p, err := pipeline.New(c.Scopes, c.Rules, r.Listener())
	testkit.Must(t, err)
	r.LiveLog = New("mainlog", p, Options{
		Zone: zone, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), CaughtUp: func() { fmt.Fprintln(r, "caught up") },
	})
	r.resumePoints.reach = 0
	r.startFrom(tailer.Position{})
	if goal.Offset > 0 {
		r.catchUpTo(&catchUp{goal: goal, held: was.Held, saved: was.Saved, rules: was.Rules})
	}
	return r
}

// take counts a batch as the daemon does.
func (r *reading) take(b *Batch) {
	if b.Ahead() {
		b.Wait()
	}
	calls := 0
	r.Count(b, func(lines int64) bool {
		calls++
		r.lines += lines
		return true
	})
	if b.run.Lines > 1 && calls == 1 {
		r.runs++
	}
	if b.Quiet {
		r.quiets++
		r.Quiet(b.Empty(), r.Now())
	}
}

func (r *reading) place() place { return place{r.at, r.Seen, r.Stats, r.catchUp == nil} }

// TestRunsTellWhatLinesTell: byte for byte and in the same order, whatever the runs are that the lines come in, and
// wherever a rebuild ends; and a checkpoint between any two batches is the same.
func TestRunsTellWhatLinesTell(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	testkit.Must(t, err)
	c := configtest.Parse(t,
		"[count]\nonly = [\"all\"]\n[[rule]]\nkey = \"account\"\nlimit = 3\nwindow = \"5m\"\n[[rule]]\nkey = \"network\"\ncount = \"subjects\"\nlimit = 2\nwindow = \"1h\"\n"+
			pipelinetest.Joined)
	c.Zone = zone
	whole, byLine := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		steps, ends := anyFollowing(t, [][]byte{pipelinetest.AnyLog(t, zone), pipelinetest.AnyLog(t, zone)})
		var goal tailer.Position
		if len(ends) > 0 && rapid.Bool().Draw(t, "rebuilds") {
			goal = rapid.OneOf(rapid.SampledFrom(ends), rapid.Map(rapid.SampledFrom(steps), step.end)).Draw(t, "goal")
			goal.Offset += rapid.SampledFrom([]int64{0, 0, 1, -1}).Draw(t, "beside") // where no line ends any more
		}
		want := newReading(t, c, goal, new(Checkpoint))
		want.places = append(want.places, want.place())
		for _, s := range steps {
			for line := range s.run.All() {
				line.Late = s.late
				want.CountLine(line)
				want.places = append(want.places, want.place())
			}
			for i := range s.quiet {
				want.Quiet(i > 0, want.Now())
				want.places = append(want.places, want.place())
			}
		}

		got := newReading(t, c, goal, new(Checkpoint))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		batches := make(chan *Batch, InFlight())
		got.Start(ctx, 0, batches)
		fed := make(chan error, 1)
		go func() {
			fed <- feedAll(got.batcher, steps)
			got.batcher.workers.Wait()
			close(batches)
		}()
		for b := range batches {
			got.take(b)
			if diff := cmp.Diff(want.places[got.lines+int64(got.quiets)], got.place()); diff != "" {
				t.Fatalf("after %d lines of %v (-by line +in runs):\n%s", got.lines, steps, diff)
			}
			if b.Ahead() {
				byLine++
			}
			b.Release()
		}
		testkit.Must(t, <-fed)
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Fatalf("of %v, with the goal %+v, runs tell (-by line +in runs):\n%s", steps, goal, diff)
		}
		if got.lines != int64(len(ends)) {
			t.Fatalf("%d lines were counted, want %d", got.lines, len(ends))
		}
		whole += got.runs
	})
	if byLine -= whole; whole == 0 || byLine == 0 {
		t.Errorf("%d runs were counted whole, %d line by line: want some of either", whole, byLine)
	}
}

// A step is what a follower calls.
type step struct {
	run   tailer.Batch
	bulk  bool // it comes as a run
	late  bool // its lines are late
	quiet int  // and then nothing comes so often
}

func (s step) end() tailer.Position { return s.run.End }

func (s step) String() string {
	return fmt.Sprintf("\nbulk %v, late %v, quiet %d: %s:%d %q", s.bulk, s.late, s.quiet, s.run.File, s.run.Number,
		s.run.Text)
}

// anyFollowing cuts logs into runs, and gives where each line ends.
func anyFollowing(t *rapid.T, logs [][]byte) (steps []step, ends []tailer.Position) {
	truncated := rapid.Bool().Draw(t, "truncated") // and written anew
	for i, log := range logs {
		number, at := int64(1), tailer.Position{Inode: uint64(i + 1), Fingerprint: uint64(i + 1), Offset: 1000}
		if truncated {
			at.Inode, at.Fingerprint = 1, 1
		}
		for log = log[:bytes.LastIndexByte(log, '\n')+1]; len(log) > 0; {
			s := step{bulk: rapid.IntRange(0, 3).Draw(t, "bulk") > 0,
				quiet: max(rapid.IntRange(-3, 3).Draw(t, "quiet"), 0)}
			s.late = !s.bulk && i > 0 && rapid.IntRange(0, 3).Draw(t, "late") == 3
			s.run = tailer.Batch{File: fmt.Sprint("mainlog.", i), Number: number}
			n := 0
			for range rapid.IntRange(1, 40).Draw(t, "lines") {
				if more := bytes.IndexByte(log[n:], '\n') + 1; more > 0 {
					n += more
					at.Offset += int64(more)
					s.run.Lines++
					ends = append(ends, at)
				}
			}
			s.run.Text, s.run.End = log[:n], at
			steps = append(steps, s)
			log = log[n:]
			number += s.run.Lines
		}
	}
	if n := len(steps); n > 0 {
		steps[n-1].quiet = 3
	}
	return steps, ends
}

// feedAll calls the batcher as a follower does.
func feedAll(f *batcher, steps []step) error {
	for _, s := range steps {
		if s.bulk {
			if err := f.run(s.run); err != nil {
				return err
			}
		} else {
			for line := range s.run.All() {
				line.Late = s.late
				if err := f.line(line); err != nil {
					return err
				}
			}
		}
		for range s.quiet {
			if err := f.quiet(time.Time{}); err != nil {
				return err
			}
		}
	}
	return nil
}
