package watch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"time"

	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// begin finds where to read a log from, and up to where silently. was is what the checkpoint says of it; nil if it is
// followed for the first time.
func (d *Daemon) begin(l *followed, was *progress) error {
	l.marks = newMarks(l.pipeline)
	switch {
	case l.stdin != nil:
		l.known = d.now()
		l.startAnew(tailer.Position{})
		return nil
	case l.journal != nil:
		return d.beginJournal(l, was)
	}
	if err := tailer.Followable(l.path); err != nil {
		return err
	}
	if l.waits == nil && tailer.IsMounted(l.path) {
		d.Log.Warn("the log is mounted as a single file: when it is cycled, the new one can't be seen. Mount its folder",
			"log", l.path)
	}
	l.was, l.known = was, d.now()
	if was != nil {
		l.known = was.Written
	}
	if was == nil {
		return d.beginFirst(l)
	}
	goal, ok, err := l.find(was.Position)
	if err != nil {
		return err
	}
	if !ok {
		d.beginLost(l, was)
		return nil
	}
	r := &rebuild{goal: goal, alerts: was.Alerts, rules: was.Rules}
	base, ok, err := l.find(was.Base.Position)
	if err != nil {
		return err
	}
	if ok && was.Base.Clock.Now <= was.Clock.Now-l.marks.reach {
		at := was.Base
		at.Position = base
		l.start(at)
	} else if err := d.beginOldest(l, was.Clock); err != nil {
		return err
	}
	l.rebuild, l.pipeline.hosts.silent = r, true
	r.see = l.pipeline.own.unsee(l.path, l.at.earliest())
	if l.at.Position.SameFile(goal) && l.at.Position.Offset == goal.Offset {
		d.arrived(l)
	}
	return nil
}

// find looks for a place in the files of a log. The start of a file isn't looked for: nothing tells it from that of
// what was written there after it was truncated.
func (l *followed) find(at tailer.Position) (held tailer.Position, ok bool, err error) {
	if at.Offset == 0 {
		return held, false, nil
	}
	held, ok, err = l.follower.Find(at)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return held, false, fmt.Errorf("looking for where %s was counted to: %w", l.path, err)
	}
	return held, ok, nil
}

// start has the log read from a mark on.
func (l *followed) start(at mark) {
	l.follower.From = at.Position
	l.pipeline.setClocks(&at)
	l.reader.Resume(at.Stamp)
	l.at, l.seen = at, at.Position
	l.marks.all = []mark{at}
}

// startAnew has the log read from a place of which nothing before is known.
func (l *followed) startAnew(at tailer.Position) {
	l.start(mark{Position: at, Clock: l.pipeline.clock()})
}

// coarse is how much older than now a file may seem that is written to now.
const coarse = 20 * time.Millisecond

// beginLost is for a log of which the file that was counted last is gone, or of which there was none or nothing in
// it: it is read from what was written since.
func (d *Daemon) beginLost(l *followed, was *progress) {
	l.start(was.mark)
	if was.Position.Offset > 0 {
		d.Log.Warn("the file that was counted last is gone: alerts may be missing", "log", l.path, "counted",
			was.Written)
	} else {
		l.follower.From = tailer.Position{}
	}
	l.follower.Since = was.Written.Add(-coarse)
	l.pipeline.restore(was.Alerts)
}

// beginOldest begins with the oldest file that matters to the windows at a time of the log's clock, as the one is
// gone in which they begin, or older rules needed less of the past.
func (d *Daemon) beginOldest(l *followed, at window.Clock) error {
	row, err := l.follower.Members()
	if err != nil {
		return fmt.Errorf("looking for the past of %s: %w", l.path, err)
	}
	first := 0
	if at.Shift == 0 { // else stamps don't tell where the clock was
		first = reaching(row, at.Now-l.marks.reach, d.Config.Zone, d.now(), d.isStopping)
	}
	l.startAnew(row[first].Start)
	if first == 0 {
		d.warnOfGap(l, row[0].Path, at.Now)
	}
	return nil
}

// warnOfGap says from when the counts are complete, if the past begins with a file and that is too late for the
// windows at the second now.
func (d *Daemon) warnOfGap(l *followed, oldest string, now int64) {
	first, err := (&Source{Name: oldest}).first(d.Config.Zone, d.now())
	if err != nil || first.IsZero() || first.Unix() <= now-l.marks.longest {
		return
	}
	d.sayGap(l, first)
}

func (d *Daemon) sayGap(l *followed, first time.Time) {
	d.Log.Warn("the log doesn't reach back over the longest window: until then counts are too low", "log", l.path,
		"begins", first, "complete", first.Add(l.pipeline.counters.Longest()))
}

// beginFirst is for a log that is followed for the first time: what it holds is counted silently as far back as the
// windows reach, or told, with FromStart, from the start of the current file on.
func (d *Daemon) beginFirst(l *followed) error {
	row, err := l.follower.Members()
	if errors.Is(err, fs.ErrNotExist) {
		d.Log.Warn("the log isn't there yet: it is waited for", "log", l.path, "problem", err)
		l.startAnew(tailer.Position{})
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for %s: %w", l.path, err)
	}
	last := row[len(row)-1]
	if d.FromStart {
		l.startAnew(last.Start)
		return nil
	}
	now := d.now()
	goal, stamp, err := endOf(last, d.Config.Zone, now)
	if err != nil {
		return fmt.Errorf("looking for the end of %s: %w", l.path, err)
	}
	first := reaching(row, stamp.Unix()-l.marks.reach, d.Config.Zone, now, d.isStopping)
	l.startAnew(row[first].Start)
	if first == 0 {
		d.warnOfGap(l, row[0].Path, stamp.Unix())
	}
	l.rebuild, l.pipeline.hosts.silent = &rebuild{goal: goal, see: func() {}}, true
	if !last.Compressed { // should the daemon end before it has read that
		l.was = &progress{mark: mark{Position: goal, Clock: window.Clock{Now: stamp.Unix()}}, Written: now, Base: l.at}
		d.saver.due = true
	}
	if goal.Offset == 0 && first == len(row)-1 {
		d.arrived(l)
	}
	return nil
}

// reaching is the youngest file of a row that begins at the second from or before it; the oldest if there is none,
// and wherever it has got to when it is stopped.
func reaching(row []tailer.Member, from int64, zone *time.Location, now time.Time, stopped func() bool) int {
	first := len(row) - 1
	for ; first > 0 && !stopped(); first-- {
		begins, err := (&Source{Name: row[first].Path}).first(zone, now)
		if err == nil && !begins.IsZero() && begins.Unix() <= from {
			break
		}
	}
	return first
}

// endOf gives the end of the last line of a file, and the last stamp in it, or now where there is none.
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
