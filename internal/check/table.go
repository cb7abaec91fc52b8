package check

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"exiwatch/mailer"
)

const (
	tableWidth = 79 // characters: a terminal of 80 wraps a line of 80 itself, if it is an old one
	nameWidth  = 13 // characters of the longest name
	indent     = 4 + 2 + nameWidth + 2
)

// colours are those of SGR (ECMA-48, 8.3.117).
var colours = map[Status]string{Pass: "32", Warn: "33;1", Fail: "31;1"}

// Print writes a result as rows of a table for people: status, name, what was found, and under it what to do.
func (r Result) Print(w io.Writer, colour bool) {
	status := string(r.Status)
	if colour {
		status = "\x1b[" + colours[r.Status] + "m" + status + "\x1b[m"
	}
	for i, line := range wrap(mailer.Escape(r.Detail), tableWidth-indent) {
		if i == 0 {
			fmt.Fprintf(w, "%s  %-*s  %s\n", status, nameWidth, r.Check, line)
		} else {
			fmt.Fprintf(w, "%*s%s\n", indent, "", line)
		}
	}
	if r.Hint == "" {
		return
	}
	for paragraph := range strings.SplitSeq(r.Hint, "\n") {
		text, copied := strings.CutPrefix(paragraph, "    ")
		lines := []string{"  " + mailer.Escape(text)} // to be copied: never broken
		if !copied {
			lines = wrap(mailer.Escape(paragraph), tableWidth-indent)
		}
		for _, line := range lines {
			fmt.Fprintf(w, "%*s%s\n", indent, "", line)
		}
	}
}

// wrap breaks text at blanks into lines of a width, in characters; a longer word has a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// A Sum counts results by status.
type Sum map[Status]int

// Print writes the last line of the table.
func (s Sum) Print(w io.Writer) {
	fmt.Fprintf(w, "%d pass, %d warn, %d fail\n", s[Pass], s[Warn], s[Fail])
}
