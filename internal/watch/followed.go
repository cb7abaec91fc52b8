package watch

import (
	"io"
	"math"
	"os"
	"syscall"
	"time"

	"exiwatch/internal/journal"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A followed log is one of the daemon's, and how far it has been counted.
type followed struct {
	path     string
	follower tailer.Follower
	journal  *journal.Log // it is read instead of files
	stdin    io.Reader    // the same, once
	pipeline *Pipeline
	reader   *parser.Reader
	zone     *time.Location // of the reader, and of those that read ahead
	now      func() time.Time
	feed     *feed

	was     *progress         // in the checkpoint that the daemon began with
	pending bool              // it isn't known yet where to begin
	waits   *tailer.WaitError // what is waited for; nil: nothing
	rebuild *rebuild          // nil once the log has been read up to where the counting goes on
	at      mark              // everything before it has been counted
	marks   marks
	lost    window.Stats // what the bounds had cost when that was last told
	idle    bool         // it was quiet, and no line has come since
	known   time.Time    // up to when everything has been read
	end     time.Time    // when its end was reached last; zero: never yet
	meter   logMeter
	judged  judged
	seen    tailer.Position // of the last line that was read
}

// A rebuild is the silent reading of what was counted before.
type rebuild struct {
	goal    tailer.Position // where it ends
	journal bool            // it is a place in the journal
	within  bool            // a line of the file that holds goal has come
	read    int64           // where the last one of it ended
	alerts  []savedAlert    // open there
	rules   []string        // of the alerts
	see     func()          // ends own.unsee
}

// over tells whether a line that ends at p lies behind the goal: in its file, in a later one, or in the same one
// after it was truncated. The journal has an order of its own.
func (r *rebuild) over(p tailer.Position) bool {
	if r.journal {
		return journal.Behind(p, r.goal)
	}
	if !p.SameFile(r.goal) {
		return r.within
	}
	again := p.Offset <= r.read
	r.within, r.read = true, p.Offset
	return again || p.Offset > r.goal.Offset
}

// holds tells whether all lines of a run belong to it, and the goal lies further on.
func (r *rebuild) holds(run tailer.Batch) bool {
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

// count counts the lines of a batch of which the run, if it is one, has been read. arrived is called at the moment
// when the rebuild is over, and more, after each line or run, with how many lines that was, until it returns false;
// then so does count.
func (l *followed) count(b *batch, arrived func(), more func(lines int64) bool) bool {
	if b.ahead() && l.reader.Blank() && l.run(b, join{}) {
		return more(b.run.Lines)
	}
	lines, rest := int64(0), int64(0)
	joins := b.joins()
	whole := b.each(func(line tailer.Line) bool {
		l.line(line, arrived)
		lines++
		if !more(1) {
			return false
		}
		for len(joins) > 0 && joins[0].lines == lines && rest == 0 {
			if l.run(b, joins[0]) {
				rest = b.run.Lines - lines
			}
			joins = joins[1:]
		}
		return rest == 0
	})
	if rest > 0 {
		return more(rest)
	}
	return whole
}

// run counts what of a run lies behind a join as its hand has read it. It tells whether that can be done: not where a
// stamp or a rebuild's end have to be seen line by line.
func (l *followed) run(b *batch, j join) bool {
	h, before := b.hand, b.run.Number-1
	rest := b.run
	rest.Text, rest.Number, rest.Lines = rest.Text[j.bytes:], rest.Number+j.lines, rest.Lines-j.lines
	line, bytes, last, ok := h.reader.Since()
	if rest.Lines == 0 || !h.reader.Independent() || h.reader.Holding() && !ok ||
		j.lines > 0 && !h.agrees(l.reader, j, before) || l.rebuild != nil && !l.rebuild.holds(rest) {
		return false
	}
	if l.rebuild == nil {
		l.meter.note(rest.Lines, len(rest.Text))
	}
	l.idle = false
	h.from = j.finds
	if h.reader.Holding() && line > j.lines+1 {
		h.tell(before, line)
		if last.IsZero() {
			last = l.reader.Last()
		}
		at := rest.End
		at.Offset -= bytes
		l.note(mark{Position: at, Clock: l.pipeline.clock(), Stamp: last})
	}
	h.tell(before, math.MaxInt64)
	l.reader.TakeOver(h.reader, before)
	if l.seen = rest.End; !l.reader.Holding() {
		l.reached(rest.End)
	}
	return true
}

// line counts a line.
func (l *followed) line(line tailer.Line, arrived func()) {
	l.idle = false
	if r := l.rebuild; r != nil && !line.Late && r.over(line.End) {
		l.reader.Flush()
		arrived()
	}
	if l.rebuild == nil {
		l.meter.note(1, len(line.Text)+1) // its LF
	}
	l.reader.Line(parser.Place{File: line.File, Line: line.Number}, line.Text)
	if line.Late {
		return
	}
	was := l.seen
	l.seen = line.End
	r := l.rebuild
	done := r != nil && r.done(line.End)
	if done {
		l.reader.Flush() // nothing was held there
	}
	if l.reader.Holding() {
		if _, bytes, last, ok := l.reader.Since(); ok && bytes == int64(len(line.Text)+1) {
			l.note(mark{Position: was, Clock: l.pipeline.clock(), Stamp: last})
		}
		return
	}
	l.reached(line.End)
	if done {
		arrived()
	}
}

// reached says that everything before a place was counted, and nothing behind it.
func (l *followed) reached(p tailer.Position) {
	l.seen = p
	l.note(mark{Position: p, Clock: l.pipeline.clock(), Stamp: l.reader.Last()})
}

func (l *followed) note(at mark) {
	l.at = at
	l.marks.note(at, l.pipeline.clocks)
}

// progress is what a checkpoint says of the log.
func (l *followed) progress() *progress {
	return &progress{
		mark: l.at, Written: l.known, Base: l.marks.base(), Rules: l.pipeline.ruleTexts(), Alerts: l.pipeline.save(),
	}
}

// quiet says that there is nothing more to be read for now. When that is so a second time, what was written last was
// read whole.
func (l *followed) quiet(empty bool, now time.Time) {
	l.reader.Refer(now)
	if l.idle && empty && l.reader.Holding() {
		if l.reader.Pause(); !l.reader.Holding() {
			l.reached(l.seen)
		}
	}
	l.idle = true
}

// taken says that a batch was read at the time given.
func (l *followed) taken(b *batch, now time.Time) {
	if !b.empty() {
		l.meter.last = now
	}
	for _, p := range l.pipeline.hosts.all {
		p.present.note(p.counters.Clock(), l.end, now)
	}
}

// unread is how many bytes that a file held when it was looked at have not been read.
func (l *followed) unread(file os.FileInfo) int64 {
	if file.ModTime().Add(coarse).Before(l.end) {
		return 0
	}
	stat, ok := file.Sys().(*syscall.Stat_t)
	if ok && stat.Ino == l.seen.Inode && uint64(stat.Dev) == l.seen.Device {
		return max(file.Size()-l.seen.Offset, 0)
	}
	return file.Size()
}
