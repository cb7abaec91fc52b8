package mailer

import (
	"strings"

	"exiwatch/internal/escape"
)

// content is what a mail says, in this order. Both its text and its HTML are made of it, so that they state the same.
type content struct {
	Event     string     // opened, grew, ended or digest
	Name      string     // what the mail calls itself: Mail Abuse Alert
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

// logText is text from the log, made safe for a mail by inWords or inRow.
type logText string

// sentencef makes a sentence of our own words, in which each {} stands for the next of the values.
func sentencef(words string, values ...logText) sentence {
	var s sentence
	for i, part := range strings.Split(words, "{}") {
		if i > 0 {
			s = append(s, textSpan{string(values[i-1]), true})
		}
		if part != "" {
			s = append(s, textSpan{part, false})
		}
	}
	return s
}

// inWords formats a value for a sentence, in at most room runes. It adds quotes if the value could be taken for our
// words.
func inWords(value string, room int) logText {
	value = escape.Text(value)
	if value != "" && !strings.ContainsAny(value, ` "`) {
		return logText(escape.Truncate(value, room))
	}
	return quoted(value, room)
}

// quoted formats an escaped value in quotes that it can't end.
func quoted(value string, room int) logText {
	value = escape.Truncate(strings.Join(strings.Fields(value), " "), room-2)
	return logText(`"` + strings.ReplaceAll(value, `"`, `\"`) + `"`)
}

// inRow formats a value for a line of its own, in at most room runes.
func inRow(value string, room int) logText {
	if value = strings.Join(strings.Fields(escape.Text(value)), " "); value == "" {
		return `""`
	}
	return logText(escape.Truncate(value, room))
}

// String returns the sentence as text.
func (s sentence) String() string {
	var b strings.Builder
	for _, part := range s {
		b.WriteString(part.Text)
	}
	return b.String()
}
