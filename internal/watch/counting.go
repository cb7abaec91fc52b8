package watch

import (
	"slices"
	"time"

	"exiwatch/tailer"
	"exiwatch/window"
)

// take counts the lines of a batch and gives it back. It returns false if it was stopped before the last one: no
// other batch may be taken then.
func (d *Daemon) take(b *batch) bool {
	l := d.logs[b.log]
	if b.ahead() {
		d.lend(b.wait)
	}
	for _, g := range b.gaps {
		d.skipped(l, g)
	}
	if b.waits != nil {
		d.waits(l, b.waits.WaitError)
	}
	whole := l.count(b, func() { d.arrived(l) }, func(lines int64) bool {
		d.saver.counting(d, lines)
		return !d.saver.due || !d.isStopping()
	})
	if l.catchUp == nil {
		d.saver.bytes += int64(len(b.text))
	}
	l.judge(b)
	now := d.now()
	l.noteTime(b, now)
	if b.quiet && whole {
		d.tellJudged(l)
		l.quiet(b.empty(), now)
		if !b.end.IsZero() {
			d.atEnd(l, b.end)
		}
	}
	d.heart.counted(b, l.waits != nil)
	more := !b.quiet
	l.feed.free <- b
	d.saver.batched(d, more)
	return whole
}

// waits says for which file a log is waited for; nil: it can be read.
func (d *Daemon) waits(l *logState, w *tailer.WaitError) {
	if was := l.waits; was != nil && w == nil {
		d.Log.Info("reading the log again", "log", l.path, "waited_for", was.Path, "since", was.Since)
	}
	l.waits = w
}

// arrived ends a rebuild: from here on the log is told. Alerts that are open here and that nobody was told of were
// found in lines added late to a file that had been counted, or are those of a rule that is new.
func (d *Daemon) arrived(l *logState) {
	r := l.catchUp
	l.catchUp = nil
	d.meter.rebuilt(d.logs, d.now())
	r.see()
	l.pipeline.SetSilent(false)
	for _, a := range l.pipeline.Restore(r.alerts) {
		if slices.Contains(r.rules, a.Rule.String()) {
			a.Thread = a.ID
			l.pipeline.EmitOpened([]*window.Alert{a})
			continue
		}
		a.Thread = "" // nobody is told of it before it grows
		d.Log.Info("alert that was open already", "id", a.ID, "rule", a.Rule.Name, a.Rule.Key.String(), a.Value,
			"messages", a.Messages)
	}
}

// atEnd says that a log was read to its end at the time given. When all were, mails of which nobody knows whether the
// mail server took them may go again: if it had, the logs would have shown it.
func (d *Daemon) atEnd(l *logState, at time.Time) {
	if l.catchUp != nil {
		l.reader.Flush()
		d.arrived(l)
	}
	first := l.end.IsZero()
	l.end, l.known = at, at
	for _, l := range d.logs {
		if l.end.IsZero() {
			return
		}
		if l.end.Before(at) {
			at = l.end
		}
	}
	d.saver.add(d, job{settled: at})
	if first {
		d.Log.Info("the logs are read to their ends", "waiting_mails", d.spool.Len())
		d.saver.due = true
	}
}
