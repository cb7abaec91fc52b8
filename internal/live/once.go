package live

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// A Print is how Once writes.
type Print struct {
	Rows  int // at most
	Width int // of the lines, in cells; less than the screen needs counts as that
	JSON  bool
	Note  func(error) // is told of what is wrong with the log, though it can be read
}

// Once reads the log to its end and writes one ranking. If ctx ends before, it writes nothing.
func (v *View) Once(ctx context.Context, out io.Writer, p Print) error {
	m := newModel(v, time.Now())
	e := newEngine(v.Config.Rules, v.Window)
	feed, err := v.open(e, v.Window)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	atEnd := false
	read := func() {
		if atEnd = feed.AtEnd(); atEnd {
			cancel(nil)
		}
	}
	// A problem ends it. It may be one of a log that was read to its end.
	feed.Attend(nil, read, cancel)
	if err := feed.Run(ctx); err != nil {
		return err
	}
	cause := context.Cause(ctx)
	switch {
	case !atEnd:
		return cause
	case cause != context.Canceled:
		p.Note(cause)
	}
	m.query.rows, m.query.topics, m.width = p.Rows, true, max(p.Width, minWidth)
	m.answer = e.answer(m.query, time.Now())
	if p.JSON {
		return newExport(v.Log, m.answer).writeJSON(out)
	}
	return m.print(out)
}

// print writes the ranking without styles and cursor.
func (m *model) print(out io.Writer) error {
	m.now, m.styles = m.answer.at, styles{}
	m.answer.query.index = -1
	for _, line := range append([]string{m.header()}, m.rankingPage()...) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(m.text(line), " ")); err != nil {
			return err
		}
	}
	return nil
}
