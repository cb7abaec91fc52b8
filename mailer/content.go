package mailer

import (
	"cmp"
	"fmt"
	"strings"

	"exiwatch/internal/escape"
)

// content is what a mail says, in this order. Both its text and its HTML are made of it, so that they state the same.
type content struct {
	Event     string     // opened, grew, ended, withdrawn, digest, summary or test
	Name      string     // what the mail calls itself: Mail Abuse Alert; compose sets it
	Verdict   sentence   // who did what
	Facts     []sentence // what the reader must know at once
	Sparkline *sparkline // nil: none
	Sections  []section
	Foot      []sentence // names rules and alerts, for a search through other mails and logs
}

// A section of a mail. Each field may be empty.
type section struct {
	Title     string
	Sentences []sentence
	Under     [][]sentence // what stands under each of Sentences; nil: nothing under any
	Rows      []countRow
	Rest      string // how many rows are not shown
	Steps     []step
}

// A countRow says how often something occurred.
type countRow struct {
	Count int64
	Share string     // of all messages; "": none
	Lines []sentence // the first says what, the others say more of it
}

// A step is a command, quoted for a shell, and what it shows.
type step struct{ What, Command string }

// A sentence consists of spans, so that text from the log can be set apart from our own words.
type sentence []textSpan

// A textSpan is a piece of a sentence.
type textSpan struct {
	Text string
	Log  bool // it is text of the log
}

// sentencef formats our own words as fmt.Sprintf does. An argument that is a sentence keeps its spans.
func sentencef(format string, args ...any) sentence {
	const place = "\x00" // of a sentence among our words, which have no NUL
	var inner []sentence
	for i, arg := range args {
		if s, ok := arg.(sentence); ok {
			inner, args[i] = append(inner, s), place
		}
	}
	var s sentence
	for i, words := range strings.Split(fmt.Sprintf(format, args...), place) {
		if i > 0 {
			s = append(s, inner[i-1]...)
		}
		if words != "" {
			s = append(s, textSpan{words, false})
		}
	}
	return s
}

// logText is text from the log, made safe for a mail by inWords or inRow.
func logText(text string) sentence { return sentence{{text, true}} }

// inWords formats a value for a sentence, in at most room runes. It adds quotes if the value could be taken for our
// words.
func inWords(value string, room int) sentence {
	value = escape.Text(value)
	if value != "" && !strings.ContainsAny(value, ` "`) {
		return logText(escape.Truncate(value, room))
	}
	return quoted(value, room)
}

// quoted formats an escaped value in quotes that it can't end.
func quoted(value string, room int) sentence {
	value = escape.Truncate(oneLine(value), room-2)
	return logText(`"` + strings.ReplaceAll(value, `"`, `\"`) + `"`)
}

// inRow formats a value for a line of its own, in at most room runes.
func inRow(value string, room int) sentence {
	return logText(cmp.Or(escape.Truncate(oneLine(escape.Text(value)), room), `""`))
}

// String returns the sentence as text.
func (s sentence) String() string {
	var b strings.Builder
	for _, part := range s {
		b.WriteString(part.Text)
	}
	return b.String()
}
