package daemon

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/tailer"
	"exiwatch/window"
)

// newLog prepares to follow the log at path, with a pipeline of its own like first.
func (d *Daemon) newLog(path string, first *pipeline.Pipeline) (*follow.LiveLog, error) {
	p, err := first.Another(path)
	if err != nil {
		return nil, err
	}
	o := d.followOptions()
	o.FromStart, o.Stdin, o.Stopping = d.FromStart, d.Stdin, d.stopping
	o.Problem, o.Skipped, o.LeftOut, o.CaughtUp = d.problem, d.skipped, d.leftOut, d.caughtUp
	return follow.New(path, p, o), nil
}

// followOptions say how all logs are followed.
func (d *Daemon) followOptions() follow.Options {
	return follow.Options{Zone: d.Config.Zone, CycledTo: d.Config.CycledTo, Patience: d.Config.WaitForFile, Now: d.now,
		Log: d.Log}
}

// launch starts a goroutine that follows log number i.
func (d *Daemon) launch(i int) {
	l := d.logs[i]
	l.Start(d.running, i, d.batches)
	d.wait.Go(func() {
		if err := l.Follow(); d.running.Err() == nil {
			d.failed <- fmt.Errorf("following %s: %w", l.Path, err)
		}
	})
}

// tryPending starts to follow the logs for which that was not possible before.
func (d *Daemon) tryPending() error {
	for i, l := range d.logs {
		if !l.Pending || d.stopping.Err() != nil {
			continue
		}
		d.outbox.behind = isBehind(l)
		if err := l.Resume(l.Saved); err != nil {
			return err
		}
		d.noteSaveSoon(l)
		if l.Pending {
			d.watchdog.alive(i)
		} else {
			d.launch(i)
		}
	}
	return nil
}

// noteSaveSoon has a checkpoint written if a log asks for one.
func (d *Daemon) noteSaveSoon(l *follow.LiveLog) {
	d.outbox.due = d.outbox.due || l.SaveSoon
	l.SaveSoon = false
}

// processBatch counts the lines of a batch and gives it back. It returns false if the daemon was told to stop before
// the last line: then no other batch may be processed.
func (d *Daemon) processBatch(b *follow.Batch) bool {
	l := d.logs[b.Log]
	if b.Ahead() {
		d.counters.unlocked(b.Wait)
	}
	for _, g := range b.Gaps {
		d.skipped(l, g)
	}
	l.WaitFor(b.Waits)
	d.outbox.behind = isBehind(l)
	whole := l.Count(b, func(lines int64) bool {
		d.outbox.noteLines(lines)
		return !d.outbox.due || d.stopping.Err() == nil
	})
	if !l.CatchingUp() {
		d.outbox.bytes += int64(b.Size())
	}
	now := d.now()
	l.NoteTime(b, now)
	if b.Quiet && whole {
		l.LogJudged()
		l.Quiet(b.Empty(), now)
		if !b.End.IsZero() && l.IsWhole(now) {
			d.reachedEnd(l, b.End)
		}
	}
	if b.Alive() || l.Waits != nil {
		d.watchdog.alive(b.Log)
	}
	more := !b.Quiet
	b.Release()
	d.outbox.saveIfDue(more)
	return whole
}

// caughtUp notes when all logs have been read up to the checkpoint.
func (d *Daemon) caughtUp() {
	if !slices.ContainsFunc(d.logs, (*follow.LiveLog).CatchingUp) {
		d.stats.catchUp = d.now().Sub(d.stats.began)
	}
}

// reachedEnd notes that everything was read that a log held at a time. When that is so of all logs, mails may go again
// that the mail server may have taken: if it had, the logs would have shown it.
func (d *Daemon) reachedEnd(l *follow.LiveLog, at time.Time) {
	first := l.ReachedEnd(at)
	if d.outbox.behind {
		d.outbox.behind = false
		d.outbox.tellPast()
	}
	for _, l := range d.logs {
		if l.End.IsZero() {
			return
		}
		if l.End.Before(at) {
			at = l.End
		}
	}
	d.outbox.add(job{settled: at})
	if first {
		d.Log.Info("the logs are read to their ends", "waiting_mails", d.outbox.spool.Len())
		d.outbox.due = true
	}
}

// isBehind tells whether a log has not been read to its end since the start. What it says then has happened while
// nobody looked. The standard input is told of as it comes: nobody knows how old it is.
func isBehind(l *follow.LiveLog) bool { return l.End.IsZero() && !l.IsStdin() }

// openAlerts are those of all logs.
func (d *Daemon) openAlerts() (all []*window.Alert) {
	for _, p := range pipelinesOf(d.logs) {
		all = append(all, p.Counters().Open()...)
	}
	if d.fleet != nil {
		all = slices.AppendSeq(all, maps.Values(d.fleet.open))
	}
	return all
}

// leftOut returns the gaps of a log.
func (d *Daemon) leftOut(log string) (gaps []tailer.Gap) {
	for _, g := range d.gaps {
		if g.Log == log {
			gaps = append(gaps, tailer.Gap{Path: g.Path, From: g.From, Since: g.Since, Until: g.Until})
		}
	}
	return gaps
}
