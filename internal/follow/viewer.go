package follow

import (
	"context"
	"fmt"
	"sync"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/journal"
	"exiwatch/internal/pipeline"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A Viewer follows one main log for a person who watches it. It counts as the daemon does, but mails nothing, keeps
// nothing and needs no daemon. It is Run once. Run's goroutine calls the functions below, except Problem; the methods
// may only be called from these functions.
type Viewer struct {
	// Asks are functions to be called between two batches of lines, within milliseconds.
	Asks <-chan func()
	// Read, if not nil, is called after lines were counted, and when the log's end was reached.
	Read func()
	// Problem, if not nil, is tailer.Follower's.
	Problem func(error)

	log    *LiveLog
	begins time.Time // about where reading begins
	goal   time.Time // the last stamp of the log when the viewer was made
	quiet  bool      // the last batch ended at the log's end
}

// viewTick is how often a log is looked at without a notification. This heals lost ones.
const viewTick = time.Second

// NewViewer finds where to begin in the log at path, which must exist, so that the past and all that the rules count is
// known at the log's end. Key makes our Message-IDs: see pipeline.Trust. The listener hears of the past, too.
func NewViewer(c *config.Config, path string, past time.Duration, key []byte, listener pipeline.Listener) (*Viewer,
	error) {
	p, err := pipeline.New(c.Scopes, c.Rules, listener)
	if err != nil {
		return nil, err
	}
	p.Trust(key)
	p.Decode(c.Charset)
	v := &Viewer{log: New(path, p, Options{Zone: c.Zone, CycledTo: c.CycledTo, Now: time.Now,
		Stopping: context.Background()})}
	past = max(past, time.Duration(p.ViewReach())*time.Second)
	begin := v.begin
	if v.log.journal != nil {
		begin = v.beginJournal
	}
	if err := begin(past); err != nil {
		return nil, err
	}
	return v, nil
}

// Attend sets Asks, Read and Problem.
func (v *Viewer) Attend(asks <-chan func(), read func(), problem func(error)) {
	v.Asks, v.Read, v.Problem = asks, read, problem
}

// begin starts in the youngest file that begins before the past.
func (v *Viewer) begin(past time.Duration) error {
	l := v.log
	row, err := tailer.Members(l.Path, l.CycledTo...)
	if err != nil {
		return err
	}
	last := row[len(row)-1]
	if last.Compressed {
		return fmt.Errorf("%s is compressed: nothing will be added to it", last.Path)
	}
	l.follower.Tick = viewTick
	if _, v.goal, err = endOf(last, l.Zone, time.Now()); err != nil {
		return err
	}
	first := l.reaching(row, v.goal.Add(-past).Unix())
	if v.begins, err = l.firstStamp(row[first]); err != nil {
		return err
	}
	l.startFrom(row[first].Start)
	return nil
}

func (v *Viewer) beginJournal(past time.Duration) error {
	if err := v.log.journal.Check(v.log.Stopping); err != nil {
		return err
	}
	v.goal = time.Now()
	v.begins = v.goal.Add(-past)
	v.log.startFrom(journal.At(v.begins))
	return nil
}

// Run follows the log until ctx ends, which is no error. One goroutine reads; this one owns the counters.
func (v *Viewer) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()

	batches, failed := make(chan *Batch, InFlight()), make(chan error, 1)
	l := v.log
	l.follower.Problem = v.Problem
	l.Start(ctx, 0, batches)
	wait.Go(func() {
		if err := l.Follow(); ctx.Err() == nil {
			failed <- fmt.Errorf("following %s: %w", l.Path, err)
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
func (v *Viewer) take(b *Batch) error {
	was := v.quiet
	if b.Ahead() {
		b.Wait()
	}
	v.log.Count(b, func(int64) bool { return true })
	if b.Quiet {
		v.log.Quiet(b.Empty(), time.Now())
		if fatal, err := v.log.verdict(); fatal {
			return err
		} else if err != nil && v.Problem != nil {
			v.Problem(err)
		}
	}
	v.quiet = b.Quiet && (v.log.journal == nil || !b.End.IsZero()) // the journal is read in bits
	if v.Read != nil && (!b.Empty() || v.quiet != was) {
		v.Read()
	}
	b.Release()
	return nil
}

// Clock is the clock of the counters. Within Listener.Counted it is as it was when the arrival was counted.
func (v *Viewer) Clock() window.Clock { return v.log.Pipeline.Clock() }

// Open returns the alerts that are open.
func (v *Viewer) Open() (all []*window.Alert) {
	for _, p := range v.log.Pipeline.Hosts() {
		all = append(all, p.Counters().Open()...)
	}
	return all
}

// Scopes returns the scopes of the rules, by their numbers in window.Arrival.Outside.
func (v *Viewer) Scopes() []string { return v.log.Pipeline.Counters().Scopes() }

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
