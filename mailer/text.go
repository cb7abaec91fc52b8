package mailer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Widths of the mail's text, in runes.
const (
	textWidth  = 76
	countWidth = 7 // of a count, as uniq -c writes it
	shareWidth = 5 // with the space before it
	valueWidth = textWidth - countWidth - shareWidth - 2
)

// How many rows the mail shows.
const (
	topSubjects = 10
	topOthers   = 5
	topLogHosts = 10
	topSamples  = 3
)

// text returns the content as plain text. Each command has one line, however long.
func (s *content) text() string {
	var b strings.Builder
	b.WriteString(wrap(s.Verdict.String(), "") + "\n")
	for _, fact := range s.Facts {
		b.WriteString(wrap(fact.String(), ""))
	}
	if s.Sparkline != nil {
		fmt.Fprintf(&b, "\n%s\n  %s %s %s\n", wrap(s.Sparkline.Scale+" "+s.Sparkline.Over, ""), s.Sparkline.From,
			s.Sparkline.text(), s.Sparkline.To)
	}
	for i := range s.Sections {
		b.WriteString("\n")
		s.Sections[i].text(&b)
	}
	b.WriteString("\n")
	for _, line := range s.Foot {
		b.WriteString(wrap(line.String(), ""))
	}
	return b.String()
}

func (s *section) text(b *strings.Builder) {
	indent := ""
	if s.Title != "" {
		b.WriteString(s.Title + ":\n")
		indent = "  "
	}
	for i, sentence := range s.Sentences {
		b.WriteString(wrap(sentence.String(), indent))
		if s.Under != nil {
			for _, line := range s.Under[i] {
				b.WriteString(wrap(line.String(), indent+"  "))
			}
		}
	}
	for _, r := range s.Rows {
		r.text(b)
	}
	if s.Rest != "" {
		b.WriteString(strings.Repeat(" ", countWidth+1) + s.Rest + "\n")
	}
	if len(s.Sentences) > 0 && len(s.Steps) > 0 {
		b.WriteString("\n")
	}
	for _, step := range s.Steps {
		b.WriteString("  " + step.What + ":\n    " + step.Command + "\n")
	}
}

// text writes count, share and the first line as uniq -c does, and the other lines below.
func (r countRow) text(b *strings.Builder) {
	head := fmt.Sprintf("%*d", countWidth, r.Count)
	if r.Share != "" {
		head += fmt.Sprintf("%*s", shareWidth, r.Share)
	}
	head += "  "
	indent := strings.Repeat(" ", utf8.RuneCountInString(head))
	for i, line := range r.Lines {
		text := wrap(line.String(), indent)
		if i == 0 {
			text = head + strings.TrimPrefix(text, indent)
		}
		b.WriteString(text)
	}
}

// wrap breaks text at spaces into lines of at most textWidth runes, indent included, and ends the last line.
func wrap(text, indent string) string {
	var b strings.Builder
	b.WriteString(indent)
	width := utf8.RuneCountInString(indent)
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i > 0 && width+1+n > textWidth:
			b.WriteString("\n" + indent)
			width = utf8.RuneCountInString(indent)
		case i > 0:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += n
	}
	return b.String() + "\n"
}
