package report

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"exiwatch/internal/words"
	"exiwatch/parser"
)

// A Verdict says how well a log was understood.
type Verdict int

const (
	Understood Verdict = iota
	NearlyAll          // lines were not understood, too few to matter
	Partly             // so many lines were not understood that arrivals may be missing
	NotExim            // no line is known to be Exim's
	Empty              // it holds no line
	NumVerdicts
)

// negligible is the share of lines without a stamp that Exim itself leaves: messages of a database or of a broken
// configuration come in several lines. On real machines they are under one in a hundred.
const negligible = 0.01

// VerdictOf gives the verdict on what a Reader found in a log.
func VerdictOf(j *parser.Judgement) Verdict {
	switch {
	case j.Lines() == 0:
		return Empty
	case !j.Exim:
		return NotExim
	case j.NotUnderstood() == 0:
		return Understood
	case j.Strange == 0 && float64(j.Others) < negligible*float64(j.Lines()):
		return NearlyAll
	}
	return Partly
}

// NotUnderstood says how many lines of the log named were not understood, and shows the first.
func NotUnderstood(name string, j *parser.Judgement) string {
	first, _ := j.First()
	n, all := j.NotUnderstood(), j.Lines()
	was := "were"
	if n == 1 {
		was = "was"
	}
	return fmt.Sprintf("%d of %s (%s) of %s %s not understood, the first at %s:%d: %s",
		n, words.Plain(all, "line"), words.Percent(n, all), name, was, first.File, first.Line, first.Text)
}

// IsNotExims says what a log without lines of Exim's seems to be, and shows its first line. The hint says what to do.
func IsNotExims(name string, j *parser.Judgement) (text, hint string) {
	s := firstOf(j)
	line := fmt.Sprintf("Line %d: %s", s.Line, s.Text)
	switch {
	case strings.HasPrefix(s.Text, "\xff\xfe") || strings.HasPrefix(s.Text, "\xfe\xff"):
		return name + " is text in UTF-16. " + line, "iconv -f UTF-16 -t UTF-8 makes it readable"
	case j.Strange > 0:
		return name + " can't be read: it seems to hold Exim's entries in an unknown form. " + line,
			"an entry begins with its date, as in 2026-11-29 10:00:00, or with what syslog puts before it;" +
				" please report other forms"
	}
	return fmt.Sprintf("%s holds no entry of Exim's main log. It seems to be %s. %s", name, seems(j, s), line),
		"exim -bP log_file_path names Exim's main log"
}

// firstOf gives the first strange line, if any, otherwise the first line.
func firstOf(j *parser.Judgement) (first parser.Sample) {
	if j.FirstStrange.Line > 0 {
		return j.FirstStrange
	}
	for _, s := range [...]parser.Sample{j.FirstEntry, j.FirstForeign, j.FirstOther} {
		if first.Line == 0 || s.Line > 0 && s.Line < first.Line {
			first = s
		}
	}
	return first
}

// rejected matches lines of a refused message in Exim's reject log.
var rejected = regexp.MustCompile(`^Envelope-(from|to): |^-{70,}$` +
	`|^[PFTCI*]? +(Received|From|To|Subject|Date|Message-I[Dd]): `)

// shapes are logs that their first lines identify.
var shapes = []struct {
	line *regexp.Regexp
	what string
}{
	{regexp.MustCompile(`^\s*[{\[]\s*("|$)`), "JSON of another program"},
	{regexp.MustCompile(`^\S+ \S+ \S+ \[\d\d/\w{3}/\d{4}:`), "a web server's log"},
	{regexp.MustCompile(`^From \S+ .*\d{4}$`), "a mailbox"},
	{rejected, "Exim's reject log"},
	{regexp.MustCompile(`^<\?xml|^<!DOCTYPE|^<html`), "XML or HTML"},
}

// seems names what a log without lines of Exim's is. s is its first line.
func seems(j *parser.Judgement, s parser.Sample) string {
	for _, shape := range shapes {
		if shape.line.MatchString(s.Text) {
			return shape.what
		}
	}
	switch {
	case isBinary(s.Text):
		return "binary, no text"
	case s.Tag != "":
		program, _, _ := strings.Cut(s.Tag, "[")
		if strings.HasPrefix(program, "postfix") {
			return "a Postfix log"
		}
		return "a log of another program: " + program
	case j.Entries > 0:
		return "a log of another program, with dates like Exim's"
	}
	return "a text of another program"
}

// isBinary tells whether more than a tenth of a text can't be shown.
func isBinary(text string) bool {
	hidden := 0
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsPrint(r) && r != '\t' {
			hidden++
		}
	}
	return 10*hidden > utf8.RuneCountInString(text)
}

// NoArrivals says that a log of Exim's holds no arrivals.
func NoArrivals(name string, j *parser.Judgement) string {
	text := fmt.Sprintf("%s holds no arrivals (<=), in %s", name, words.Plain(j.Lines(), "line"))
	if rejected.MatchString(j.FirstOther.Text) {
		return text + ": it seems to be Exim's reject log"
	}
	return text
}

// OtherPrograms says how many lines of a log come from other programs.
func OtherPrograms(name string, j *parser.Judgement) string {
	first := j.FirstForeign
	program, _, _ := strings.Cut(first.Tag, "[")
	return fmt.Sprintf("%d of %s of %s come from other programs: the first at %s:%d, from %s",
		j.Foreign, words.Plain(j.Lines(), "line"), name, first.File, first.Line, program)
}
