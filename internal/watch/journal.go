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
func (d *Daemon) beginJournal(l *logState, was *logCheckpoint) error {
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
	if base.Clock.Now > was.Clock.Now-l.resumePoints.reach {
		base = l.journalBefore(was.Clock)
	}
	return d.readSilently(ctx, l, base, &catchUp{goal: was.Position, journal: true, alerts: was.Alerts,
		rules: was.Rules})
}

// journalBefore is a place from which on the windows at a time of the log's clock are whole. Where stamps don't tell
// the journal's time, that is its beginning.
func (l *logState) journalBefore(at window.Clock) resumePoint {
	m := resumePoint{Clock: l.pipeline.Clock()}
	if at.Shift == 0 {
		m.Position = journal.At(time.Unix(at.Now-l.resumePoints.reach, 0))
	}
	return m
}

// readSilently has the journal read from a place up to the goal of the rebuild without telling anybody.
func (d *Daemon) readSilently(ctx context.Context, l *logState, from resumePoint, r *catchUp) error {
	oldest, ok, err := l.journal.First(ctx, from.Position)
	if err != nil {
		return err
	}
	if needed := journal.Time(r.goal).Unix() - l.resumePoints.longest; ok && journal.Time(oldest).Unix() > needed {
		d.sayGap(l, journal.Time(oldest))
	}
	l.start(from)
	l.catchUp = r
	l.pipeline.SetSilent(true)
	if r.see = func() {}; l.was != nil {
		r.see = l.pipeline.Sent().Rewind(l.path, l.at.earliestClock())
	}
	if from.Position == r.goal {
		d.arrived(l)
	}
	return nil
}

// beginJournalLost is for a journal that no longer holds the entry that was counted last, if any was: it is read from
// the next one on.
func (d *Daemon) beginJournalLost(l *logState, was *logCheckpoint) {
	l.start(was.resumePoint)
	if was.Position.Offset > 0 {
		d.Log.Warn("the journal no longer holds the entry that was counted last: alerts may be missing", "log", l.path,
			"counted", journal.Time(was.Position))
	}
	l.pipeline.Restore(was.Alerts)
}

// beginJournalFirst is for a journal that is followed for the first time: its past is counted silently as far back as
// the windows reach, or told, with FromStart, all that there is.
func (d *Daemon) beginJournalFirst(ctx context.Context, l *logState) error {
	l.startAnew(tailer.Position{})
	if d.FromStart {
		return nil
	}
	now := d.now()
	goal, ok, err := l.journal.Newest(ctx, now.Add(-time.Duration(l.resumePoints.reach)*time.Second))
	if err != nil {
		return err
	}
	if !ok { // nothing that matters yet
		l.startAnew(journal.At(now))
		return nil
	}
	stamp := journal.Time(goal).Unix()
	from := l.journalBefore(window.Clock{Now: stamp})
	if err := d.readSilently(ctx, l, from, &catchUp{goal: goal, journal: true}); err != nil {
		return err
	}
	l.was = &logCheckpoint{resumePoint: resumePoint{Position: goal, Clock: window.Clock{Now: stamp}}, Written: now, Base: from}
	d.saver.due = true
	return nil
}
