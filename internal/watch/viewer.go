package watch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/journal"
	"exiwatch/internal/report"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A Viewer follows one main log for somebody who looks on: it counts as the daemon does, but mails nothing, keeps
// nothing and needs no daemon. It is Run once. The functions that it calls are called from Run's goroutine, but for
// Problem, and it is only from them that its methods may be called.
type Viewer struct {
	// Asks are functions to be called between two batches of lines, within milliseconds.
	Asks <-chan func()
	// Read, if not nil, is called after lines were counted, or when the log's end was reached.
	Read func()
	// Problem, if not nil, is tailer.Follower's.
	Problem func(error)

	log    *followed
	begins time.Time // about where the reading begins
	goal   time.Time // the last stamp that there was before it
	quiet  bool      // the last batch ended at the log's end
}

// viewTick is how often a log is looked at without being told to: what it heals is a wake-up that was lost.
const viewTick = time.Second

// NewViewer finds where to begin in the log at path, which must be there: so that the time past, and all that the
// rules count, is known when it has come to the end. The pipeline is that of the configuration; the listener is told
// of the past, too.
func NewViewer(c *config.Config, path string, past time.Duration, listener Listener) (*Viewer, error) {
	p, err := NewPipeline(c.Scopes, c.Rules, listener)
	if err != nil {
		return nil, err
	}
	p.Trust(Key(c.State))
	p.Decode(c.Charset)
	if j, ok := journal.Of(path); ok {
		return newJournalViewer(c, path, &j, past, p)
	}
	row, err := tailer.Members(path, c.CycledTo...)
	if err != nil {
		return nil, err
	}
	last, now := row[len(row)-1], time.Now()
	if last.Compressed {
		return nil, fmt.Errorf("%s is compressed: nothing will be added to it", last.Path)
	}
	v := &Viewer{log: &followed{path: path, pipeline: p, zone: c.Zone, now: time.Now}}
	v.log.follower = tailer.Follower{Path: path, CycledTo: c.CycledTo, Tick: viewTick}
	if _, v.goal, err = endOf(last, c.Zone, now); err != nil {
		return nil, err
	}
	v.log.marks = newMarks(p)
	from := v.goal.Add(-max(past, time.Duration(v.log.marks.reach)*time.Second))
	first := reaching(row, from.Unix(), c.Zone, now, func() bool { return false })
	if v.begins, err = (&Source{Name: row[first].Path}).first(c.Zone, now); err != nil {
		return nil, err
	}
	v.log.reader = p.Reader(c.Zone, now)
	v.log.startAnew(row[first].Start)
	return v, nil
}

// newJournalViewer is NewViewer for the journal.
func newJournalViewer(c *config.Config, path string, j *journal.Log, past time.Duration, p *Pipeline) (*Viewer, error) {
	if err := j.Check(context.Background()); err != nil {
		return nil, err
	}
	v := &Viewer{log: &followed{path: path, pipeline: p, zone: c.Zone, now: time.Now, journal: j}}
	v.log.marks = newMarks(p)
	v.goal = time.Now()
	v.begins = v.goal.Add(-max(past, time.Duration(v.log.marks.reach)*time.Second))
	v.log.reader = p.Reader(c.Zone, v.goal)
	v.log.startAnew(journal.At(v.begins))
	return v, nil
}

// Run follows the log until ctx ends, which is no error. One goroutine reads; this one owns the counters.
func (v *Viewer) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()

	batches, failed := make(chan *batch, inFlight()), make(chan error, 1)
	l := v.log
	l.follower.Problem = v.Problem
	l.feed = l.newFeed(ctx, 0, batches)
	wait.Go(func() {
		if err := l.follow(); ctx.Err() == nil {
			failed <- fmt.Errorf("following %s: %w", l.path, err)
		}
	})
	for {
		select {
		case b := <-batches:
			if err := v.take(b); err != nil {
				return err
			}
		case ask := <-v.Asks:
			ask()
		case err := <-failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// take counts a batch. Its error is that of a log of which nothing is Exim's.
func (v *Viewer) take(b *batch) error {
	was := v.quiet
	if b.ahead() {
		b.wait()
	}
	v.log.count(b, func() {}, func(int64) bool { return true })
	v.log.judge(b)
	if b.quiet {
		v.log.quiet(b.empty(), time.Now())
		if err := v.tellJudged(); err != nil {
			return err
		}
	}
	v.quiet = b.quiet && (v.log.journal == nil || !b.end.IsZero()) // the journal is read in bits
	if v.Read != nil && (!b.empty() || v.quiet != was) {
		v.Read()
	}
	v.log.feed.free <- b
	return nil
}

// tellJudged says once at the log's end that lines are not understood. Where that are all, it is the error.
func (v *Viewer) tellJudged() error {
	j := &v.log.judged
	verdict := report.VerdictOf(&j.Judgement)
	was := j.said
	j.said[verdict] = true
	switch {
	case was != [report.NumVerdicts]bool{} && verdict == report.NotExim:
		return nil // its end was reached before: what is new in it may be the beginning of an entry
	case verdict == report.NotExim:
		text, _ := report.IsNotExims(v.log.path, &j.Judgement)
		return errors.New(text)
	case verdict == report.Partly && !was[verdict] && v.Problem != nil:
		v.Problem(errors.New(report.NotUnderstood(v.log.path, &j.Judgement)))
	}
	return nil
}

// Clock is the clock of the counters. Within Listener.Counted it is as it was when the arrival was counted.
func (v *Viewer) Clock() window.Clock { return v.log.pipeline.clock() }

// Open returns the alerts that are open.
func (v *Viewer) Open() (all []*window.Alert) {
	for _, p := range v.log.pipeline.hosts.all {
		all = append(all, p.counters.Open()...)
	}
	return all
}

// Scopes returns the scopes of the rules, by their numbers in window.Arrival.Outside.
func (v *Viewer) Scopes() []string { return v.log.pipeline.counters.Scopes() }

// AtEnd tells whether everything was read that the log held a moment ago.
func (v *Viewer) AtEnd() bool { return v.quiet }

// Share is how much of the past was read, from 0 to 1, by the time that it covers.
func (v *Viewer) Share() float64 {
	read, all := float64(v.Clock().Now-v.begins.Unix()), float64(v.goal.Unix()-v.begins.Unix())
	if v.quiet || read >= all {
		return 1
	}
	return max(read/all, 0)
}
