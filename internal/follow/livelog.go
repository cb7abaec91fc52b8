package follow

import (
	"context"
	"io"
	"log/slog"
	"math"
	"os"
	"syscall"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/journal"
	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A LiveLog is one log that is followed, and how far it has been counted. One goroutine reads it: see Follow. All else
// belongs to the goroutine that owns the counters.
type LiveLog struct {
	Path     string
	Pipeline *pipeline.Pipeline
	Options

	Saved    *Checkpoint       // what the last checkpoint says of it; nil: nothing
	SaveSoon bool              // Saved has changed: a checkpoint is to be written
	Pending  bool              // it isn't known yet where to resume
	Waits    *tailer.WaitError // the file that it waits for; nil: none
	Seen     tailer.Position   // of the last line that was read
	End      time.Time         // when its end was reached last; zero: never yet
	Stats    LineCounts
	Judged   Judged

	follower     tailer.Follower
	journal      *journal.MainLog // is read instead of files
	stdin        io.Reader        // the same, once
	reader       *parser.Reader
	batcher      *batcher
	catchUp      *catchUp    // nil once counting goes on
	at           ResumePoint // everything before it has been counted
	resumePoints resumePoints
	lost         window.Stats // what Losses returned last
	idle         bool         // it was quiet, and no line has come since
	known        time.Time    // everything written before it has been read
	heldSince    time.Time    // since when IsWhole has found an entry held; zero: it didn't
}

// Options are what the logs of a program have in common. Those without a comment are the configuration's.
type Options struct {
	Zone      *time.Location
	CycledTo  []string
	Patience  time.Duration
	FromStart bool // when a log is followed for the first time, the listener hears of what it holds
	// Since is a second of log time, or 0. When a log is followed for the first time, the listener hears of all that it
	// holds from there on, and of some of what comes before.
	Since    int64
	Stdin    io.Reader        // the log config.Stdin
	Now      func() time.Time // the wall clock
	Stopping context.Context  // ends when the program is told to stop
	Log      *slog.Logger
	Problem  func(error) // tailer.Follower's

	// Skipped gets each file that is left out before the log is followed. Those left out later are in batches.
	Skipped func(*LiveLog, tailer.Gap)
	// LeftOut returns the files of a log that were left out earlier.
	LeftOut func(path string) []tailer.Gap
	// CaughtUp is called when the counters are as they were at the checkpoint, if there was one.
	CaughtUp func()
}

// New prepares to follow the log at path with a pipeline of its own. Resume comes next.
func New(path string, p *pipeline.Pipeline, o Options) *LiveLog {
	l := &LiveLog{Path: path, Pipeline: p, Options: o}
	l.follower = tailer.Follower{Path: path, CycledTo: o.CycledTo, Problem: o.Problem, Patience: o.Patience}
	if o.Skipped != nil {
		l.follower.Skipped = l.skipped
	}
	if o.LeftOut != nil {
		l.follower.LeftOut = o.LeftOut(path)
	}
	if path == config.Stdin {
		l.stdin = o.Stdin
	} else if j, ok := journal.Of(path); ok {
		l.journal = &j
	}
	l.reader = p.Reader(o.Zone, o.Now())
	l.resumePoints = resumePoints{longest: int64(p.Counters().Longest() / time.Second), reach: p.Reach()}
	return l
}

// skipped is called from the log's follower, or before that starts from the owner of the counters.
func (l *LiveLog) skipped(g tailer.Gap) {
	if l.batcher != nil {
		l.batcher.skip(g)
	} else {
		l.Skipped(l, g)
	}
}

// Start makes Follow put batches of the log, which is number n, into out. That must have room for InFlight batches.
func (l *LiveLog) Start(ctx context.Context, n int, out chan<- *Batch) {
	l.batcher = l.newBatcher(ctx, n, out)
}

// IsStdin tells whether the log is the standard input, which can't be read again.
func (l *LiveLog) IsStdin() bool { return l.stdin != nil }

// CatchingUp tells whether lines are read again that were counted before the last checkpoint.
func (l *LiveLog) CatchingUp() bool { return l.catchUp != nil }

// Holding tells whether the last lines read are an entry that isn't finished.
func (l *LiveLog) Holding() bool { return l.reader.Holding() }

// holdPatience is how long the end of a log isn't reached while an entry is held there. If a piece of a syslog entry is
// lost, that would be for ever.
const holdPatience = 10 * time.Second

// IsWhole tells whether everything that was read has been counted: no entry is held that the next lines may go on with.
// That an entry is held is no matter any more after holdPatience.
func (l *LiveLog) IsWhole(now time.Time) bool {
	if !l.Holding() {
		l.heldSince = time.Time{}
		return true
	}
	if l.heldSince.IsZero() {
		l.heldSince = now
	}
	return now.Sub(l.heldSince) >= holdPatience
}

// Flush ends the entry that isn't finished: no line comes any more.
func (l *LiveLog) Flush() { l.reader.Flush() }

// Count counts the lines of a batch of which the run, if it is one, has been parsed. After each line or run it calls
// more with the number of lines, until that returns false; then so does Count.
func (l *LiveLog) Count(b *Batch, more func(lines int64) bool) bool {
	defer l.judge(b)
	if b.Ahead() && l.reader.Blank() && l.run(b, pipeline.Join{}) {
		return more(b.run.Lines)
	}
	lines, rest := int64(0), int64(0)
	var joins []pipeline.Join
	if b.Ahead() {
		joins = b.worker.Joins
	}
	whole := b.each(func(line tailer.Line) bool {
		l.CountLine(line)
		lines++
		if !more(1) {
			return false
		}
		for len(joins) > 0 && joins[0].Lines == lines && rest == 0 {
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

// run counts the part of a run behind a join as its worker has parsed it. It returns false where lines have to be
// looked at one by one: around a stamp that earlier lines decide about, and at the end of a catch-up.
func (l *LiveLog) run(b *Batch, j pipeline.Join) bool {
	w, before := b.worker, b.run.Number-1
	rest := b.run
	rest.Text, rest.Number, rest.Lines = rest.Text[j.Bytes:], rest.Number+j.Lines, rest.Lines-j.Lines
	line, bytes, last, ok := w.Reader.Since()
	if rest.Lines == 0 || !w.Reader.Independent() || w.Reader.Holding() && !ok ||
		j.Lines > 0 && !w.Agrees(l.reader, j, before) || l.catchUp != nil && !l.catchUp.holds(rest) {
		return false
	}
	if l.catchUp == nil {
		l.Stats.note(rest.Lines, len(rest.Text))
	}
	l.idle = false
	w.SkipTo(j)
	if w.Reader.Holding() && line > j.Lines+1 {
		w.Apply(before, line)
		if last.IsZero() {
			last = l.reader.Last()
		}
		at := rest.End
		at.Offset -= bytes
		l.note(ResumePoint{Position: at, Clock: l.Pipeline.Clock(), Stamp: last})
	}
	w.Apply(before, math.MaxInt64)
	l.reader.TakeOver(w.Reader, before)
	if l.Seen = rest.End; !l.reader.Holding() {
		l.reached(rest.End)
	}
	return true
}

// CountLine counts a line.
func (l *LiveLog) CountLine(line tailer.Line) {
	l.idle = false
	if c := l.catchUp; c != nil && !line.Late && c.over(line.End) {
		l.caughtUp()
	}
	if l.catchUp == nil {
		l.Stats.note(1, len(line.Text)+1) // its LF
	}
	l.reader.Line(parser.Place{File: line.File, Line: line.Number}, line.Text)
	if line.Late {
		return
	}
	was := l.Seen
	l.Seen = line.End
	c := l.catchUp
	done := c != nil && c.done(line.End)
	if done {
		l.caughtUp()
	}
	if l.reader.Holding() {
		if _, bytes, last, ok := l.reader.Since(); ok && bytes == int64(len(line.Text)+1) {
			l.note(ResumePoint{Position: was, Clock: l.Pipeline.Clock(), Stamp: last})
		}
		return
	}
	l.reached(line.End)
}

// reached notes that everything before a place was counted, and nothing behind it.
func (l *LiveLog) reached(p tailer.Position) {
	l.Seen = p
	l.note(ResumePoint{Position: p, Clock: l.Pipeline.Clock(), Stamp: l.reader.Last()})
}

func (l *LiveLog) note(at ResumePoint) {
	l.at = at
	l.resumePoints.note(at, l.Pipeline.Clocks)
}

// Checkpoint returns what a checkpoint says of the log; nil if there is nothing to be said.
func (l *LiveLog) Checkpoint() *Checkpoint {
	switch {
	case l.stdin != nil:
		return nil
	case l.catchUp == nil && (l.Seen.Offset > 0 || !l.End.IsZero()): // else nothing has been read
		at := ResumePoint{Position: l.Seen, Clock: l.Pipeline.Clock(), Stamp: l.reader.Last()}
		return &Checkpoint{
			ResumePoint: at, Held: l.reader.Held(), Written: l.known, Base: l.resumePoints.all[0],
			Rules: l.Pipeline.RuleTexts(), Saved: l.Pipeline.Save(),
		}
	}
	return l.Saved
}

// Quiet notes that there is nothing more to be read for now. When that is so a second time, and the batch is empty, the
// entry written last is whole.
func (l *LiveLog) Quiet(empty bool, now time.Time) {
	l.reader.SetReference(now)
	if l.idle && empty && l.reader.Holding() {
		if l.reader.Pause(); !l.reader.Holding() {
			l.reached(l.Seen)
		}
	}
	l.idle = true
}

// ReachedEnd notes that everything written before a time has been read. It tells whether that is so for the first time.
func (l *LiveLog) ReachedEnd(at time.Time) (first bool) {
	if c := l.catchUp; c != nil {
		if l.Saved != nil && !c.journal && c.goal.Offset < math.MaxInt64 {
			l.Log.Error("the place up to which the log had been counted wasn't met again: alerts may be missing",
				"log", l.Path, "counted", l.known)
		}
		c.held = parser.Held{}
		l.caughtUp()
	}
	first = l.End.IsZero()
	l.End, l.known = at, at
	return first
}

// NoteTime notes that a batch was read at the time now.
func (l *LiveLog) NoteTime(b *Batch, now time.Time) {
	if !b.Empty() {
		l.Stats.Last = now
	}
	l.Pipeline.NoteTime(l.End, now)
}

// Unread is how many bytes of a file of the log have not been read, as it was when it was looked at.
func (l *LiveLog) Unread(file os.FileInfo) int64 {
	if file.ModTime().Add(coarse).Before(l.End) {
		return 0
	}
	stat, ok := file.Sys().(*syscall.Stat_t)
	if ok && stat.Ino == l.Seen.Inode && uint64(stat.Dev) == l.Seen.Device {
		return max(file.Size()-l.Seen.Offset, 0)
	}
	return file.Size()
}

// LineCounts are counts of one log. Lines that a catch-up reads again are not in them.
type LineCounts struct {
	Lines, Bytes int64
	Last         time.Time // when a line was read, for whatever reason; zero: none was
}

func (s *LineCounts) note(lines int64, bytes int) {
	s.Lines += lines
	s.Bytes += int64(bytes)
}

// Losses returns what bounds on memory have cost since the last call.
func (l *LiveLog) Losses() window.Stats {
	now := l.Pipeline.Stats()
	lost := window.Stats{
		DroppedKeys:     now.DroppedKeys - l.lost.DroppedKeys,
		MergedArrivals:  now.MergedArrivals - l.lost.MergedArrivals,
		ForgottenRows:   now.ForgottenRows - l.lost.ForgottenRows,
		RefusedAlerts:   now.RefusedAlerts - l.lost.RefusedAlerts,
		OmittedDistinct: now.OmittedDistinct - l.lost.OmittedDistinct,

		ForgottenIncidents: now.ForgottenIncidents - l.lost.ForgottenIncidents,
		ForgottenMessages:  now.ForgottenMessages - l.lost.ForgottenMessages,
	}
	l.lost = now
	return lost
}
