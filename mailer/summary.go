package mailer

import (
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
)

// SummaryEvent is the event of a summary mail. No alert has it.
const SummaryEvent = "summary"

// A SummaryMail is what a summary mail says about whole days. Values and topics are as logged: Text and
// Composer.Summary make them safe to show.
type SummaryMail struct {
	ID       string // names the days: 20261128 or 2026W48
	Days     string // the same for people
	News     string // for the Subject header: 1234 messages, 2 incidents
	Verdict  string
	Quiet    bool // there is nothing to say but the verdict
	Facts    []string
	From     time.Time // when the first of the hours begins
	Hours    []int64   // messages of each hour
	Sections []SummarySection
}

// A SummarySection lists things. Without any it isn't shown.
type SummarySection struct {
	Title string
	Lines []SummaryLine
	Rest  string // what is left out
}

// A SummaryLine is one thing that a summary lists.
type SummaryLine struct {
	Count         int64  // of messages; 0: the line has none
	Key, Value    string // a value of a rule's key; "": Words is the whole line
	Words         string // behind the value, in our words
	Topic         string // which most of the messages have
	TopicMessages int64  // that have it; 0: there is no topic
	Outcome       Outcome
}

// Summary makes the mail of a summary. Its Message's ID is that of the summary, and its Event SummaryEvent.
func (c Composer) Summary(s *SummaryMail, now time.Time) (Message, error) {
	m := mimeMail{
		id: s.ID, event: SummaryEvent,
		headline: oneLine(fmt.Sprintf("Mail summary of %s for %s: %s", c.Host, s.Days, s.News)),
		content:  c.summary(s),
	}
	m.content.Name = "Mail summary for " + s.Days
	m.content.Foot = []sentence{
		sentencef("exiwatch on %s; exiwatch replay --summary=%s prints this again", c.Host, s.ISO())}
	return c.compose(m, now)
}

// ISO is how replay --summary names the days: 2026-11-28, 2026-W48 or 2026-11-24..2026-11-30.
func (s *SummaryMail) ISO() string {
	if first, last, ok := strings.Cut(s.ID, "to"); ok {
		return isoDate(first) + ".." + isoDate(last)
	}
	if year, week, ok := strings.Cut(s.ID, "W"); ok {
		return year + "-W" + week
	}
	return isoDate(s.ID)
}

// isoDate writes 20261128 as 2026-11-28.
func isoDate(digits string) string { return digits[:4] + "-" + digits[4:6] + "-" + digits[6:] }

// Text is the summary for a terminal. If there is nothing to say, it is one line.
func (s *SummaryMail) Text() string {
	if s.Quiet {
		return s.Verdict + "\n"
	}
	content := Composer{}.summary(s)
	return strings.TrimSuffix(content.text(), "\n") // an empty foot
}

func (c Composer) summary(s *SummaryMail) content {
	all := content{Event: SummaryEvent, Verdict: sentencef("%s", s.Verdict)}
	if s.Quiet {
		return all
	}
	for _, fact := range s.Facts {
		all.Facts = append(all.Facts, sentencef("%s", fact))
	}
	all.Sparkline = s.sparkline()
	for _, listed := range s.Sections {
		one := section{Title: listed.Title, Rest: listed.Rest}
		for _, line := range listed.Lines {
			if line.Count == 0 {
				one.Sentences = append(one.Sentences, c.summaryLine(line))
				one.Under = append(one.Under, line.Outcome.lines(words.Number))
			} else {
				one.Rows = append(one.Rows, countRow{Count: line.Count, Lines: c.summaryLines(line)})
			}
		}
		if len(listed.Lines) > 0 {
			all.Sections = append(all.Sections, one)
		}
	}
	return all
}

func (c Composer) summaryLine(line SummaryLine) sentence {
	words := sentencef("%s", escape.Text(line.Words))
	if line.Value == "" {
		return words
	}
	return sentencef("%s%s", c.nameOf(Item{Key: line.Key, Value: line.Value}, valueWidth), words)
}

// summaryLines are a line and, below it, its topic.
func (c Composer) summaryLines(line SummaryLine) []sentence {
	all := []sentence{c.summaryLine(line)}
	if line.TopicMessages > 0 && c.Subjects != SubjectsNone {
		all = append(all, sentencef("%d × %s", line.TopicMessages, c.subject(line.Topic, valueWidth-8, quoted)))
	}
	return all
}

// sparkline is the chart of the hours, or of as many together as have room; nil if there is nothing to compare.
func (s *SummaryMail) sparkline() *sparkline {
	const most = 25 // bars of a day, which may have as many hours
	together := 1
	if len(s.Hours) > most {
		together = 4
	}
	var bars []int64
	highest := int64(0)
	for i, n := range s.Hours {
		if i%together == 0 {
			bars = append(bars, 0)
		}
		last := len(bars) - 1
		bars[last] += n
		highest = max(highest, bars[last])
	}
	if highest == 0 {
		return nil
	}
	to := s.From.Add(time.Duration(len(s.Hours)) * time.Hour)
	layout := dayLayout
	if together == 1 {
		layout += " 15:04"
	}
	step := strings.TrimPrefix(words.Plain(int64(together), "hour"), "1 ")
	return &sparkline{
		Scale: fmt.Sprintf("Messages per %s, at most %d.", step, highest),
		From:  s.From.Format(layout), To: to.Format(layout), bars: bars, opened: len(bars),
	}
}
