package follow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"time"

	"exiwatch/internal/replay"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// Resume finds where to read the log from, and how far silently. Saved says what the last checkpoint says of the log;
// nil if it is followed for the first time. While a file can't be read that must be looked at for this, the log stays
// Pending. A log that has never been counted and may not be read is a mistake: that is an error at once.
func (l *LiveLog) Resume(saved *Checkpoint) error {
	err := l.resume(saved)
	var kind *tailer.KindError
	files := l.stdin == nil && l.journal == nil
	if err == nil || !files || errors.As(err, &kind) || saved == nil && errors.Is(err, fs.ErrPermission) {
		if l.Pending = false; l.Waits != nil {
			l.WaitFor(nil)
		}
		return err
	}
	var waits *tailer.WaitError
	if !errors.As(err, &waits) {
		waits = &tailer.WaitError{Path: l.Path, Since: l.Now(), Err: err}
	}
	if l.Pending = true; l.Waits == nil {
		l.Problem(err)
	}
	l.WaitFor(waits)
	return nil
}

// WaitFor notes which file the log waits for; nil: it can be read.
func (l *LiveLog) WaitFor(w *tailer.WaitError) {
	if was := l.Waits; was != nil && w == nil {
		l.Log.Info("reading the log again", "log", l.Path, "waited_for", was.Path, "since", was.Since)
	}
	l.Waits = w
}

func (l *LiveLog) resume(saved *Checkpoint) error {
	switch {
	case l.stdin != nil:
		l.known = l.Now()
		l.startFrom(tailer.Position{})
		return nil
	case l.journal != nil:
		return l.resumeJournal(saved)
	}
	if err := tailer.Followable(l.Path); err != nil {
		return err
	}
	if l.Waits == nil && tailer.IsMounted(l.Path) {
		l.Log.Warn(
			"the log is mounted as a single file: when it is cycled, the new one can't be seen. Mount its folder",
			"log", l.Path)
	}
	l.setSaved(saved)
	if saved == nil {
		return l.resumeFirst()
	}
	goal, ok, err := l.find(saved.Position)
	if err != nil {
		return err
	}
	if !ok {
		l.resumeLost(saved)
		return nil
	}
	return l.resumeBefore(goal, saved)
}

// looks is how often files are looked for again that change their names meanwhile.
const looks = 3

// isListed tells whether the file that holds the goal is among those of the log, which are read one after the other. A
// file of another name is not, though Find finds it. If the file has been compressed since it was found, the goal
// becomes the place in the new one.
func (l *LiveLog) isListed(goal *tailer.Position) (listed bool, err error) {
	for range looks {
		row, err := l.follower.Members()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("looking for the files of %s: %w", l.Path, err)
		}
		if slices.ContainsFunc(row, func(m tailer.Member) bool { return m.Start.SameFile(*goal) }) {
			return true, nil
		}
		again, ok, err := l.find(*goal)
		if err != nil {
			return false, err
		}
		if !ok || again == *goal {
			break
		}
		*goal = again
	}
	return false, nil
}

// setSaved notes what the checkpoint says.
func (l *LiveLog) setSaved(saved *Checkpoint) {
	if l.Saved, l.known = saved, l.Now(); saved != nil {
		l.known = saved.Written
	}
}

// resumeBefore starts a catch-up to the goal, from far enough before.
func (l *LiveLog) resumeBefore(goal tailer.Position, saved *Checkpoint) error {
	base, ok, err := l.find(saved.Base.Position)
	if err != nil {
		return err
	}
	ok = ok && saved.Base.Clock.Now <= saved.Clock.Now-l.resumePoints.reach
	listed := ok && base.SameFile(goal)
	if !listed {
		if listed, err = l.isListed(&goal); err != nil {
			return err
		}
	}
	at := saved.Base
	switch {
	case !listed: // reading on from files before it would never come to the goal
		at = saved.ResumePoint
		at.Position = goal
		at.Position.Offset = max(goal.Offset-saved.Held.Bytes, 0)
		l.start(at)
		l.logGap(saved.Stamp)
	case ok:
		at.Position = base
		l.start(at)
	default:
		if err := l.resumeOldest(saved.Clock); err != nil {
			return err
		}
	}
	l.catchUpTo(&catchUp{goal: goal, held: saved.Held, saved: saved.Saved, rules: saved.Rules})
	return nil
}

// find looks for a place in the files of the log. It doesn't look for the start of a file: nothing tells that from the
// start of what was written there after the file was truncated.
func (l *LiveLog) find(at tailer.Position) (held tailer.Position, ok bool, err error) {
	if at.Offset == 0 {
		return held, false, nil
	}
	held, ok, err = l.follower.Find(at)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return held, false, fmt.Errorf("looking for where %s was counted to: %w", l.Path, err)
	}
	return held, ok, nil
}

// start makes the log be read from a resume point on.
func (l *LiveLog) start(at ResumePoint) {
	l.follower.From = at.Position
	l.Pipeline.SetClocks(at.Clock, at.Hosts)
	l.reader.Resume(at.Stamp)
	l.at, l.Seen = at, at.Position
	l.resumePoints.all = []ResumePoint{at}
}

// startFrom makes the log be read from a place on. Nothing is known of what comes before it.
func (l *LiveLog) startFrom(at tailer.Position) {
	l.start(ResumePoint{Position: at, Clock: l.Pipeline.Clock()})
}

// coarse is how much older than now a file may seem that is written to now.
const coarse = 20 * time.Millisecond

// resumeLost reads what was written since the checkpoint: the file that was counted last is gone, or there was none, or
// nothing in it.
func (l *LiveLog) resumeLost(saved *Checkpoint) {
	l.start(saved.ResumePoint)
	if saved.Position.Offset > 0 {
		l.Log.Warn("the file that was counted last is gone: alerts may be missing", "log", l.Path, "counted",
			saved.Written)
	} else {
		l.follower.From = tailer.Position{}
	}
	l.follower.Since = saved.Written.Add(-coarse)
	l.Pipeline.Restore(saved.Saved)
}

// resumeOldest starts with the oldest file that matters to the windows at a time of the log's clock. The one in which
// they begin is gone, or other rules need more of the past than those of the checkpoint.
func (l *LiveLog) resumeOldest(at window.Clock) error {
	row, err := l.follower.Members()
	if err != nil {
		return fmt.Errorf("looking for the past of %s: %w", l.Path, err)
	}
	l.startBefore(row, at)
	return nil
}

// startBefore starts with the oldest of the files that matters to the windows at a time of the log's clock. It warns if
// the past begins too late for these.
func (l *LiveLog) startBefore(row []tailer.Member, at window.Clock) {
	first := 0
	if at.Shift == 0 { // else stamps don't tell where the clock was
		first = l.reaching(row, at.Now-l.resumePoints.reach)
	}
	l.startFrom(row[first].Start)
	if first > 0 {
		return
	}
	begins, err := l.firstStamp(row[0])
	if err == nil && !begins.IsZero() && begins.Unix() > at.Now-l.resumePoints.longest {
		l.logGap(begins)
	}
}

// logGap says from when on the counts are complete.
func (l *LiveLog) logGap(first time.Time) {
	l.Log.Warn("the log doesn't reach back over the longest window: until then counts are too low", "log", l.Path,
		"begins", first, "complete", first.Add(l.Pipeline.Counters().Longest()))
}

// resumeFirst is for a log that is followed for the first time. The past is counted silently as far back as the windows
// reach. With FromStart the listener hears of the current file from its start on, with Since from there on.
func (l *LiveLog) resumeFirst() error {
	row, err := l.follower.Members()
	if errors.Is(err, fs.ErrNotExist) {
		l.Log.Warn("the log isn't there yet: it is waited for", "log", l.Path, "problem", err)
		l.startFrom(tailer.Position{})
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for %s: %w", l.Path, err)
	}
	last := row[len(row)-1]
	switch {
	case l.FromStart:
		l.startFrom(last.Start)
		return nil
	case l.Since != 0:
		l.startFrom(row[l.reaching(row, l.sinceBegin())].Start)
		return nil
	}
	now := l.Now()
	goal, stamp, err := endOf(last, l.Zone, now)
	if err != nil {
		return fmt.Errorf("looking for the end of %s: %w", l.Path, err)
	}
	at := window.Clock{Now: stamp.Unix()}
	l.startBefore(row, at)
	l.catchUpTo(&catchUp{goal: goal})
	if !last.Compressed { // should the program end before the goal is reached
		here := ResumePoint{Position: goal, Clock: at}
		l.Saved, l.SaveSoon = &Checkpoint{ResumePoint: here, Written: now, Base: l.at}, true
	}
	return nil
}

// sinceBegin is from when on the log is read for what it holds since Since: lines that go together may be some time
// apart. As in a look at the log, what has been in the queue before is left out.
func (l *LiveLog) sinceBegin() int64 { return l.Since - l.Pipeline.Apart() }

// reaching is the youngest of the files that begins at the second from or before it; the oldest if there is none. Once
// the program is told to stop, it is any.
func (l *LiveLog) reaching(row []tailer.Member, from int64) int {
	first := len(row) - 1
	for ; first > 0 && l.Stopping.Err() == nil; first-- {
		begins, err := l.firstStamp(row[first])
		if err == nil && !begins.IsZero() && begins.Unix() <= from {
			break
		}
	}
	return first
}

// firstStamp is the first stamp in a file; zero if there is none.
func (l *LiveLog) firstStamp(m tailer.Member) (time.Time, error) {
	return (&replay.Source{Name: m.Path}).FirstStamp(l.Zone, l.Now())
}

// endOf returns the end of the last line of a file, and the last stamp in it; now if there is none.
func endOf(m tailer.Member, zone *time.Location, now time.Time) (end tailer.Position, last time.Time, err error) {
	const tail = 256 << 10 // bytes
	last = now
	if m.Compressed {
		end = m.Start
		end.Offset = math.MaxInt64 // wherever that is
		return end, last, nil
	}
	f, err := os.Open(m.Path)
	if err != nil {
		return end, last, err
	}
	defer f.Close()
	from := max(m.Size-tail, 0)
	text := make([]byte, m.Size-from)
	n, err := f.ReadAt(text, from)
	if err != nil && err != io.EOF {
		return end, last, err
	}
	text = text[:bytes.LastIndexByte(text[:n], '\n')+1]
	for line := range bytes.Lines(text) {
		if t, ok := parser.Stamp(line, zone, now); ok {
			last = t
		}
	}
	end, err = m.At(from + int64(len(text)))
	return end, last, err
}
