package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"exiwatch/internal/escape"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
	"exiwatch/parser"
)

// Judged says how the lines of a followed log were judged, but for those that a catch-up reads again.
type Judged struct {
	parser.Judgement
	said [report.NumVerdicts]bool // what was logged of it
}

// judge adds what the lines of a counted batch were judged.
func (l *LiveLog) judge(b *Batch) {
	j, before := l.reader.Judgement(), int64(0)
	if b.Ahead() {
		j, before = b.worker.Judgement, b.run.Number-1
	}
	if l.catchUp == nil {
		l.Judged.Join(&j, before)
	}
}

// LogJudged logs once that lines of the log are not understood. Call it at the log's end: before that, the lines read
// may be an odd part of the whole.
func (l *LiveLog) LogJudged() {
	j := &l.Judged
	verdict := report.VerdictOf(&j.Judgement)
	if verdict == report.Empty || verdict == report.Understood || j.said[verdict] {
		return
	}
	j.said[verdict] = true
	if verdict == report.NotExim {
		text, hint := report.IsNotExims(l.Path, &j.Judgement)
		l.Log.Error("the log is not understood", "log", l.Path, "why", escape.Text(text), "hint", hint)
		return
	}
	first, _ := j.First()
	level := slog.LevelWarn
	if verdict == report.NearlyAll {
		level = slog.LevelInfo
	}
	l.Log.Log(context.Background(), level, "lines of the log were not understood", "log", l.Path, "lines",
		j.NotUnderstood(), "of", j.Lines(),
		"share", words.Percent(j.NotUnderstood(), j.Lines()), "first", fmt.Sprintf("%s:%d", first.File, first.Line),
		"text", escape.Text(first.Text))
}

// verdict returns once, at the log's end, what is wrong with its lines. If none is Exim's, fatal is true.
func (l *LiveLog) verdict() (fatal bool, err error) {
	j := &l.Judged
	verdict := report.VerdictOf(&j.Judgement)
	was := j.said
	j.said[verdict] = true
	switch {
	case was != [report.NumVerdicts]bool{} && verdict == report.NotExim:
		return false, nil // its end was reached before: what is new in it may be the beginning of an entry
	case verdict == report.NotExim:
		text, _ := report.IsNotExims(l.Path, &j.Judgement)
		return true, errors.New(text)
	case verdict == report.Partly && !was[verdict]:
		return false, errors.New(report.NotUnderstood(l.Path, &j.Judgement))
	}
	return false, nil
}
