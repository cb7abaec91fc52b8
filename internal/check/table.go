package check

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"exiwatch/internal/escape"
)

const (
	tableWidth = 79 // characters: some terminals wrap a full line of 80
	nameWidth  = 13 // characters of the longest name
	indent     = len("pass  ") + nameWidth + len("  ")
)

// colours are the parameters of SGR (ECMA-48, 8.3.117).
var colours = map[Status]string{Pass: "32", Warn: "33;1", Fail: "31;1"}

// Print writes a result as rows of a table: status, name and finding, and below them what to do.
func (r Result) Print(w io.Writer, colour bool) {
	status := string(r.Status)
	if colour {
		status = "\x1b[" + colours[r.Status] + "m" + status + "\x1b[m"
	}
	margin := fmt.Sprintf("%s  %-*s  ", status, nameWidth, r.Check)
	for _, line := range append(lines(r.Detail), lines(r.Hint)...) {
		fmt.Fprintf(w, "%s%s\n", margin, line)
		margin = strings.Repeat(" ", indent)
	}
}

// lines escapes text and breaks it into lines. It leaves indented lines whole, as they are to be copied.
func lines(text string) []string {
	var all []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		if copied, ok := strings.CutPrefix(paragraph, "    "); ok {
			all = append(all, "  "+escape.Text(copied))
		} else {
			all = append(all, wrap(escape.Text(paragraph), tableWidth-indent)...)
		}
	}
	return all
}

// wrap breaks text at spaces into lines of at most width characters. A longer word gets its own line.
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
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// A Sum counts results by status.
type Sum map[Status]int

// Print writes the last line of the table.
func (s Sum) Print(w io.Writer) {
	fmt.Fprintf(w, "%d pass, %d warn, %d fail\n", s[Pass], s[Warn], s[Fail])
}
