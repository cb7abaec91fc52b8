package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"exiwatch/internal/journal"
	"exiwatch/tailer"
	"exiwatch/window"
)

// untilStop is a context that ends when the daemon is told to end.
func (d *Daemon) untilStop() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-d.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// beginJournal is begin for the journal. Its places are those of package journal.
func (d *Daemon) beginJournal(l *followed, was *progress) error {
	ctx, cancel := d.untilStop()
	defer cancel()
	l.was, l.known = was, d.now()
	if was != nil {
		l.known = was.Written
	}
	err := l.journal.Check(ctx)
	switch {
	case errors.Is(err, journal.ErrEmpty):
		d.Log.Warn("the journal isn't there yet: it is waited for", "log", l.path)
	case err != nil:
		return fmt.Errorf("looking at the journal: %w", err)
	}
	if was == nil {
		return d.beginJournalFirst(ctx, l)
	}
	ok, err := l.journal.Holds(ctx, was.Position)
	if err != nil {
		return err
	}
	if !ok {
		d.beginJournalLost(l, was)
		return nil
	}
	base := was.Base
	if base.Clock.Now > was.Clock.Now-l.marks.reach {
		base = l.journalBefore(was.Clock)
	}
	return d.readSilently(ctx, l, base, &rebuild{goal: was.Position, journal: true, alerts: was.Alerts,
		rules: was.Rules})
}

// journalBefore is a place from which on the windows at a time of the log's clock are whole. Where stamps don't tell
// the journal's time, that is its beginning.
func (l *followed) journalBefore(at window.Clock) mark {
	m := mark{Clock: l.pipeline.clock()}
	if at.Shift == 0 {
		m.Position = journal.At(time.Unix(at.Now-l.marks.reach, 0))
	}
	return m
}

// readSilently has the journal read from a place up to the goal of the rebuild without telling anybody.
func (d *Daemon) readSilently(ctx context.Context, l *followed, from mark, r *rebuild) error {
	oldest, ok, err := l.journal.First(ctx, from.Position)
	if err != nil {
		return err
	}
	if needed := journal.Time(r.goal).Unix() - l.marks.longest; ok && journal.Time(oldest).Unix() > needed {
		d.sayGap(l, journal.Time(oldest))
	}
	l.start(from)
	l.rebuild, l.pipeline.hosts.silent = r, true
	if r.see = func() {}; l.was != nil {
		r.see = l.pipeline.own.unsee(l.path, l.at.earliest())
	}
	if from.Position == r.goal {
		d.arrived(l)
	}
	return nil
}

// beginJournalLost is for a journal that no longer holds the entry that was counted last, if any was: it is read from
// the next one on.
func (d *Daemon) beginJournalLost(l *followed, was *progress) {
	l.start(was.mark)
	if was.Position.Offset > 0 {
		d.Log.Warn("the journal no longer holds the entry that was counted last: alerts may be missing", "log", l.path,
			"counted", journal.Time(was.Position))
	}
	l.pipeline.restore(was.Alerts)
}

// beginJournalFirst is for a journal that is followed for the first time: its past is counted silently as far back as
// the windows reach, or told, with FromStart, all that there is.
func (d *Daemon) beginJournalFirst(ctx context.Context, l *followed) error {
	l.startAnew(tailer.Position{})
	if d.FromStart {
		return nil
	}
	now := d.now()
	goal, ok, err := l.journal.Newest(ctx, now.Add(-time.Duration(l.marks.reach)*time.Second))
	if err != nil {
		return err
	}
	if !ok { // nothing that matters yet
		l.startAnew(journal.At(now))
		return nil
	}
	stamp := journal.Time(goal).Unix()
	from := l.journalBefore(window.Clock{Now: stamp})
	if err := d.readSilently(ctx, l, from, &rebuild{goal: goal, journal: true}); err != nil {
		return err
	}
	l.was = &progress{mark: mark{Position: goal, Clock: window.Clock{Now: stamp}}, Written: now, Base: from}
	d.saver.due = true
	return nil
}
