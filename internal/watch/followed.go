package watch

import (
	"os"
	"syscall"
	"time"

	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A followed log is one of the daemon's, and how far it has been counted.
type followed struct {
	path     string
	follower tailer.Follower
	pipeline *Pipeline
	reader   *parser.Reader
	zone     *time.Location // of the reader, and of those that read ahead
	now      func() time.Time
	feed     *feed

	was     *progress // in the checkpoint that the daemon began with
	rebuild *rebuild  // nil once the log has been read up to where the counting goes on
	at      mark      // everything before it has been counted
	marks   marks
	lost    window.Stats // what the bounds had cost when that was last told
	idle    bool         // the last batch was quiet, too
	known   time.Time    // up to when everything has been read
	end     time.Time    // when its end was reached last; zero: never yet
	present present
	meter   logMeter
	seen    tailer.Position // of the last line that was read
}

// A rebuild is the silent reading of what was counted before.
type rebuild struct {
	goal   tailer.Position // where it ends
	within bool            // a line of the file that holds goal has come
	read   int64           // where the last one of it ended
	alerts []window.Saved  // open there
	rules  []string        // of the alerts
	see    func()          // ends own.unsee
}

// over tells whether a line that ends at p lies behind the goal: in its file, in a later one, or in the same one after it was
// truncated.
func (r *rebuild) over(p tailer.Position) bool {
	if !p.SameFile(r.goal) {
		return r.within
	}
	again := p.Offset <= r.read
	r.within, r.read = true, p.Offset
	return again || p.Offset > r.goal.Offset
}

// holds tells whether all lines of a run belong to it, and the goal lies further on.
func (r *rebuild) holds(run tailer.Run) bool {
	if !run.End.SameFile(r.goal) {
		return !r.within
	}
	if run.Begin() < r.read || run.End.Offset >= r.goal.Offset {
		return false
	}
	r.within, r.read = true, run.End.Offset
	return true
}

// done tells whether the line that ends at p is the last before the goal.
func (r *rebuild) done(p tailer.Position) bool {
	return p.Offset == r.goal.Offset && p.SameFile(r.goal)
}

// count counts the lines of a batch of which the run, if it is one, has been read. arrived is called at the moment when the rebuild is over,
// and more, after each line or run, with how many lines that was, until it returns false; then so does count.
func (l *followed) count(b *batch, arrived func(), more func(lines int64) bool) bool {
	if b.ahead() && l.run(b) {
		return more(b.run.Lines)
	}
	return b.each(func(line tailer.Line) bool {
		l.line(line, arrived)
		return more(1)
	})
}

// run counts a run as its hand has read it, and tells whether that can be done: not behind or before an unfinished entry, nor where a
// stamp or a rebuild's end have to be seen line by line.
func (l *followed) run(b *batch) bool {
	h := b.hand
	if l.reader.Holding() || !h.sure() || l.rebuild != nil && !l.rebuild.holds(b.run) {
		return false
	}
	if l.rebuild == nil {
		l.meter.note(b.run.Lines, len(b.run.Text))
	}
	h.tell(b.run.Number - 1)
	if last := h.reader.Last(); !last.IsZero() {
		l.reader.Resume(last)
	}
	l.reached(b.run.End)
	return true
}

// line counts a line.
func (l *followed) line(line tailer.Line, arrived func()) {
	if r := l.rebuild; r != nil && !line.Late && r.over(line.End) {
		arrived()
	}
	if l.rebuild == nil {
		l.meter.note(1, len(line.Text)+1) // its LF
	}
	l.reader.Line(parser.Place{File: line.File, Line: line.Number}, line.Text)
	if line.Late {
		return
	}
	l.seen = line.End
	if l.reader.Holding() {
		return
	}
	l.reached(line.End)
	if r := l.rebuild; r != nil && r.done(line.End) {
		arrived()
	}
}

// reached says that everything before a place was counted, and nothing behind it.
func (l *followed) reached(p tailer.Position) {
	l.seen = p
	l.at = mark{p, l.pipeline.counters.Clock(), l.reader.Last()}
	l.marks.note(l.at)
}

// progress is what a checkpoint says of the log.
func (l *followed) progress() *progress {
	return &progress{mark: l.at, Written: l.known, Base: l.marks.base(), Rules: l.pipeline.ruleTexts(), Alerts: l.pipeline.counters.Save()}
}

// quiet says that there is nothing more to be read for now: what was held is read when that is so a second time.
func (l *followed) quiet(empty bool, now time.Time) {
	l.reader.Refer(now)
	if l.idle && empty && l.reader.Holding() {
		l.reader.Flush()
	}
	l.idle = empty
}

// taken says that a batch was read at the time given.
func (l *followed) taken(b *batch, now time.Time) {
	if !b.empty() {
		l.meter.last = now
	}
	l.present.note(l.pipeline.counters.Clock(), l.end, now)
}

// covers tells whether everything was read that a file held when it was looked at.
func (l *followed) covers(file os.FileInfo) bool {
	if file.ModTime().Add(coarse).Before(l.end) {
		return true
	}
	stat, ok := file.Sys().(*syscall.Stat_t)
	return file.Size() == 0 || ok && stat.Ino == l.seen.Inode && uint64(stat.Dev) == l.seen.Device && file.Size() <= l.seen.Offset
}
