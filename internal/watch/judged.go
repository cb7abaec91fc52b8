package watch

import (
	"context"
	"fmt"
	"log/slog"

	"exiwatch/internal/escape"
	"exiwatch/internal/report"
	"exiwatch/parser"
)

// judged says how the lines of a followed log were judged, but for those that are read again to rebuild the counters.
type judged struct {
	parser.Judgement
	said [report.NumVerdicts]bool // what was told of it
}

// judge takes what a batch was judged, when it has been counted. What a hand has read ahead it has judged, too.
func (l *logState) judge(b *batch) {
	j, before := l.reader.Judgement(), int64(0)
	if b.ahead() {
		j, before = b.worker.Judgement, b.run.Number-1
	}
	if l.catchUp == nil {
		l.judged.Join(&j, before)
	}
}

// tellJudged says once of a log that it isn't understood, or not wholly. It is called at the log's end: only then a
// part of what was read is a part of the whole.
func (d *Daemon) tellJudged(l *logState) {
	j := &l.judged
	verdict := report.VerdictOf(&j.Judgement)
	if verdict == report.Empty || verdict == report.Understood || j.said[verdict] {
		return
	}
	j.said[verdict] = true
	if verdict == report.NotExim {
		text, hint := report.IsNotExims(l.path, &j.Judgement)
		d.Log.Error("the log is not understood", "log", l.path, "why", escape.Text(text), "hint", hint)
		return
	}
	first, _ := j.First()
	level := slog.LevelWarn
	if verdict == report.NearlyAll {
		level = slog.LevelInfo
	}
	d.Log.Log(context.Background(), level, "lines of the log were not understood", "log", l.path, "lines",
		j.NotUnderstood(), "of", j.Lines(),
		"share", report.Share(j.NotUnderstood(), j.Lines()), "first", fmt.Sprintf("%s:%d", first.File, first.Line),
		"text", escape.Text(first.Text))
}
