package follow

import (
	"errors"
	"fmt"
	"time"

	"exiwatch/internal/journal"
	"exiwatch/tailer"
	"exiwatch/window"
)

// resumeJournal is resume for the journal. Its places are those of package journal.
func (l *LiveLog) resumeJournal(saved *Checkpoint) error {
	l.setSaved(saved)
	err := l.journal.Check(l.Stopping)
	switch {
	case errors.Is(err, journal.ErrEmpty):
		l.Log.Warn("the journal isn't there yet: it is waited for", "log", l.Path)
	case err != nil:
		return fmt.Errorf("looking at the journal: %w", err)
	}
	if saved == nil {
		return l.resumeJournalFirst()
	}
	ok, err := l.journal.Holds(l.Stopping, saved.Position)
	if err != nil {
		return err
	}
	if !ok {
		l.resumeJournalLost(saved)
		return nil
	}
	base := saved.Base
	if base.Clock.Now > saved.Clock.Now-l.resumePoints.reach {
		base = l.journalBefore(saved.Clock)
	}
	return l.catchUpJournal(base, &catchUp{goal: saved.Position, journal: true, held: saved.Held,
		saved: saved.Saved, rules: saved.Rules})
}

// journalBefore is a place from which on the windows at a time of the log's clock are complete. Where the stamps are
// not those of the journal, that is its beginning.
func (l *LiveLog) journalBefore(at window.Clock) ResumePoint {
	p := ResumePoint{Clock: l.Pipeline.Clock()}
	if at.Shift == 0 {
		p.Position = journal.At(time.Unix(at.Now-l.resumePoints.reach, 0))
	}
	return p
}

// catchUpJournal starts a catch-up from a place in the journal.
func (l *LiveLog) catchUpJournal(from ResumePoint, c *catchUp) error {
	oldest, ok, err := l.journal.First(l.Stopping, from.Position)
	if err != nil {
		return err
	}
	if needed := journal.Time(c.goal).Unix() - l.resumePoints.longest; ok && journal.Time(oldest).Unix() > needed {
		l.logGap(journal.Time(oldest))
	}
	l.start(from)
	l.catchUpTo(c)
	return nil
}

// resumeJournalLost reads from the next entry on: the journal no longer holds the one that was counted last, if any
// was.
func (l *LiveLog) resumeJournalLost(saved *Checkpoint) {
	l.start(saved.ResumePoint)
	if saved.Position.Offset > 0 {
		l.Log.Warn("the journal no longer holds the entry that was counted last: alerts may be missing", "log", l.Path,
			"counted", journal.Time(saved.Position))
	}
	l.Pipeline.Restore(saved.Saved)
}

// resumeJournalFirst is for a journal that is followed for the first time. Its past is counted silently as far back as
// the windows reach. With FromStart the listener hears of all that there is.
func (l *LiveLog) resumeJournalFirst() error {
	l.startFrom(tailer.Position{})
	switch {
	case l.FromStart:
		return nil
	case l.Since != 0:
		l.startFrom(journal.At(time.Unix(l.sinceBegin(), 0)))
		return nil
	}
	now := l.Now()
	goal, ok, err := l.journal.Newest(l.Stopping, now.Add(-time.Duration(l.resumePoints.reach)*time.Second))
	if err != nil {
		return err
	}
	if !ok { // nothing that matters yet
		l.startFrom(journal.At(now))
		return nil
	}
	stamp := journal.Time(goal).Unix()
	from := l.journalBefore(window.Clock{Now: stamp})
	if err := l.catchUpJournal(from, &catchUp{goal: goal, journal: true}); err != nil {
		return err
	}
	at := ResumePoint{Position: goal, Clock: window.Clock{Now: stamp}}
	l.Saved = &Checkpoint{ResumePoint: at, Written: now, Base: from}
	l.SaveSoon = true
	return nil
}
