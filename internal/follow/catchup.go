package follow

import (
	"slices"

	"exiwatch/internal/journal"
	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A catchUp is the silent reading of lines that were counted before the last checkpoint. It makes the counters what
// they were there.
type catchUp struct {
	goal    tailer.Position // where it ends
	journal bool            // goal is a place in the journal
	within  bool            // a line of the file that holds goal has come
	read    int64           // where the last one of it ended
	held    parser.Held     // what had been read there, and not counted
	saved   pipeline.Saved  // what is open there, or may go on
	rules   []string        // whose open alerts these are
	rewound func()          // ends pipeline.SentLedger.Rewind; nil: there was none
}

// over tells whether a line that ends at p lies behind the goal: in its file, in a later one, or in the same one after
// it was truncated. The journal has an order of its own.
func (c *catchUp) over(p tailer.Position) bool {
	if c.journal {
		return journal.After(p, c.goal)
	}
	if !p.SameFile(c.goal) {
		return c.within
	}
	again := p.Offset <= c.read
	c.within, c.read = true, p.Offset
	return again || p.Offset > c.goal.Offset
}

// holds tells whether all lines of a run belong to it, and the goal lies further on.
func (c *catchUp) holds(run tailer.Batch) bool {
	if !run.End.SameFile(c.goal) {
		return !c.within
	}
	if run.Begin() < c.read || run.End.Offset >= c.goal.Offset {
		return false
	}
	c.within, c.read = true, run.End.Offset
	return true
}

// done tells whether the line that ends at p is the last before the goal.
func (c *catchUp) done(p tailer.Position) bool {
	return p.Offset == c.goal.Offset && p.SameFile(c.goal)
}

// catchUpTo starts a catch-up, unless it is over. Its lines are those from l.at on.
func (l *LiveLog) catchUpTo(c *catchUp) {
	l.catchUp = c
	l.Pipeline.SetSilent(true)
	if l.Saved != nil {
		c.rewound = l.Pipeline.Sent().Rewind(l.Path, l.at.earliestClock())
	}
	if c.done(l.at.Position) {
		l.caughtUp()
	}
}

// caughtUp ends the catch-up: from here on the listener hears of the log. Alerts that are open here though no
// checkpoint has them come from lines that were added late to a file that had been counted, or from a rule that is new.
func (l *LiveLog) caughtUp() {
	c := l.catchUp
	l.reader.FlushBut(c.held)
	l.catchUp = nil
	if l.CaughtUp != nil {
		l.CaughtUp()
	}
	if c.rewound != nil {
		c.rewound()
	}
	l.Pipeline.SetSilent(false)
	for _, a := range l.Pipeline.Restore(c.saved) {
		if slices.Contains(c.rules, a.Rule.String()) {
			l.Pipeline.EmitOpened([]*window.Alert{a})
			continue
		}
		a.Untold = true // nobody hears of it before it grows
		l.Log.Info("alert that was open already", "id", a.ID, "rule", a.Rule.Name, a.Rule.Key.String(), a.Value,
			"messages", a.Messages)
	}
}

// PassOver notes that a file was left out. If the catch-up was to end in it, it ends where the next file begins.
func (l *LiveLog) PassOver(gap tailer.Gap) {
	if c := l.catchUp; c != nil && gap.From.Inode != 0 && gap.From.SameFile(c.goal) {
		c.within = true
	}
}
