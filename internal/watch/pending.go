package watch

import (
	"errors"
	"io/fs"

	"exiwatch/internal/config"
	"exiwatch/internal/journal"
	"exiwatch/internal/pipeline"
	"exiwatch/tailer"
)

// newFollowed makes a log's place in the daemon, with a pipeline of its own like that of first.
func (d *Daemon) newFollowed(path string, first *pipeline.Pipeline) (*logState, error) {
	pipeline, err := first.Another(path)
	if err != nil {
		return nil, err
	}
	l := &logState{path: path, pipeline: pipeline, zone: d.Config.Zone, now: d.now}
	l.follower = tailer.Follower{
		Path: path, CycledTo: d.Config.CycledTo, Problem: d.problem, Patience: d.Config.WaitForFile,
		Skipped: func(g tailer.Gap) { d.tellSkipped(l, g) }, LeftOut: d.leftOut(path),
	}
	if path == config.Stdin {
		l.stdin = d.Stdin
	} else if j, ok := journal.Of(path); ok {
		l.journal = &j
	}
	l.reader = pipeline.Reader(d.Config.Zone, d.now())
	return l, nil
}

// tellSkipped is called from a log's follower, or before it begins from the owner of the counters.
func (d *Daemon) tellSkipped(l *logState, g tailer.Gap) {
	if l.feed != nil {
		l.feed.skip(g)
	} else {
		d.skipped(l, g)
	}
}

// tryBegin finds where to read a log from, or leaves it pending while a file can't be read that has to be looked at for
// that. A log that we may not read has never been counted if nothing is known of it: that is a mistake to be told at
// once.
func (d *Daemon) tryBegin(l *logState, was *logCheckpoint) error {
	err := d.begin(l, was)
	var kind *tailer.KindError
	files := l.stdin == nil && l.journal == nil
	if err == nil || !files || errors.As(err, &kind) || was == nil && errors.Is(err, fs.ErrPermission) {
		if l.pending = false; l.waits != nil {
			d.waits(l, nil)
		}
		return err
	}
	var waits *tailer.WaitError
	if !errors.As(err, &waits) {
		waits = &tailer.WaitError{Path: l.path, Since: d.now(), Err: err}
	}
	if l.pending = true; l.waits == nil {
		d.problem(err)
	}
	d.waits(l, waits)
	return nil
}

// tryPending begins to follow the logs for which that was not possible before.
func (d *Daemon) tryPending() error {
	for i, l := range d.logs {
		if !l.pending || d.isStopping() {
			continue
		}
		if err := d.tryBegin(l, l.was); err != nil {
			return err
		}
		d.heart.counted(&batch{log: i}, l.pending)
		if !l.pending {
			d.launch(i, l)
		}
	}
	return nil
}
