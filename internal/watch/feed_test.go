package watch

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/tailer"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A reading is a log that is followed without a daemon, and all that it tells.
type reading struct {
	*followed
	transcript
	lines  int64
	quiets int
	places []place // after each line, and each time that it was quiet
	runs   int     // that were counted as their hands had read them
}

// A place is how far a log was counted after so many lines.
type place struct {
	At    mark
	Seen  tailer.Position
	Meter logMeter
	Told  bool // nothing is rebuilt
}

func newReading(t *rapid.T, c config.Config, goal tailer.Position) *reading {
	r := new(reading)
	zone, now := c.Zone, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	p, err := NewPipeline(c.Scopes, c.Rules, r.listener())
	must(t, err)
	r.followed = &followed{path: "mainlog", pipeline: p, reader: p.Reader(zone, now), zone: zone,
		now: func() time.Time { return now }}
	r.marks.longest = int64(p.counters.Longest() / time.Second)
	r.startAnew(tailer.Position{})
	if goal.Offset > 0 {
		r.rebuild, p.hosts.silent = &rebuild{goal: goal}, true
	}
	return r
}

func (r *reading) arrived() {
	fmt.Fprintln(r, "arrived")
	r.rebuild, r.pipeline.hosts.silent = nil, false
}

// take counts a batch as the daemon does.
func (r *reading) take(b *batch) {
	if b.ahead() {
		b.wait()
	}
	calls := 0
	r.count(b, r.arrived, func(lines int64) bool {
		calls++
		r.lines += lines
		return true
	})
	if b.run.Lines > 1 && calls == 1 {
		r.runs++
	}
	if b.quiet {
		r.quiets++
		r.quiet(b.empty(), r.now())
	}
}

func (r *reading) place() place { return place{r.at, r.seen, r.meter, r.rebuild == nil} }

// TestRunsTellWhatLinesTell: byte for byte and in the same order, whatever the runs are that the lines come in, and
// wherever a rebuild ends; and a checkpoint between any two batches is the same.
func TestRunsTellWhatLinesTell(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	c := configured(t,
		"[count]\nonly = [\"all\"]\n[[rule]]\nkey = \"account\"\nlimit = 3\nwindow = \"5m\"\n[[rule]]\nkey = \"network\"\ncount = \"subjects\"\nlimit = 2\nwindow = \"1h\"\n")
	c.Zone = zone
	whole, byLine := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		steps, ends := anyFollowing(t, [][]byte{anyLog(t, zone), anyLog(t, zone)})
		var goal tailer.Position
		if len(ends) > 0 && rapid.Bool().Draw(t, "rebuilds") {
			goal = rapid.OneOf(rapid.SampledFrom(ends), rapid.Map(rapid.SampledFrom(steps), step.end)).Draw(t, "goal")
			goal.Offset += rapid.SampledFrom([]int64{0, 0, 1, -1}).Draw(t, "beside") // where no line ends any more
		}
		want := newReading(t, c, goal)
		want.places = append(want.places, want.place())
		for _, s := range steps {
			for line := range s.run.All() {
				line.Late = s.late
				want.line(line, want.arrived)
				want.places = append(want.places, want.place())
			}
			for i := range s.quiet {
				want.quiet(i > 0, want.now())
				want.places = append(want.places, want.place())
			}
		}

		got := newReading(t, c, goal)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		batches := make(chan *batch, inFlight())
		got.feed = got.newFeed(ctx, 0, batches)
		fed := make(chan error, 1)
		go func() {
			fed <- feedAll(got.feed, steps)
			got.feed.hands.Wait()
			close(batches)
		}()
		for b := range batches {
			got.take(b)
			if diff := cmp.Diff(want.places[got.lines+int64(got.quiets)], got.place(),
				cmp.AllowUnexported(logMeter{})); diff != "" {
				t.Fatalf("after %d lines of %v (-by line +in runs):\n%s", got.lines, steps, diff)
			}
			if b.ahead() {
				byLine++
			}
			got.feed.free <- b
		}
		must(t, <-fed)
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

// feedAll calls the feed as a follower does.
func feedAll(f *feed, steps []step) error {
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
