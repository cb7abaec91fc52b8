package check

import (
	"fmt"

	"exiwatch/internal/escape"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
)

// How much of a log may be unreadable; report.VerdictOf has the limits for lines. No tested log of a real host has an
// unreadable arrival. More than one in a thousand is an unknown form of line, or an attack.
const (
	strangeFail   = 0.50
	malformedWarn = 0.001
	malformedFail = 0.50
)

// lines checks that the log is Exim's, and how much of it exiwatch understands.
func (c *checks) lines(s *sample) []Result {
	const name = "lines"
	t, j := &s.summary.Tally, &s.judgement
	verdict := report.VerdictOf(j)
	first, _ := j.First()
	arrivals := t.Arrivals + t.Malformed + t.Overflowed
	read := fmt.Sprintf("%s, %s", words.Plain(s.lines, "line"), words.Plain(arrivals, "arrival"))
	const whose = "Is this Exim's main log? exim -bP log_file_path prints its path."
	const show = "exiwatch replay shows the first of them and what is wrong. They don't count."
	switch {
	case verdict == report.Empty:
		return warn(name, "Check again after Exim has received a message.", "the log is empty")
	case verdict == report.NotExim:
		text, hint := report.IsNotExims(s.path, j)
		return fail(name, hint, "%s: not a log of Exim's. %s", read, escape.Text(text))
	case share(j.NotUnderstood(), j.Lines()) > strangeFail:
		return fail(name, whose, "%s, %d not understood, such as: %s", read, j.NotUnderstood(), escape.Text(first.Text))
	case share(t.Malformed, arrivals) > malformedFail:
		return fail(name, show, "%s, %d can't be read", read, t.Malformed)
	case share(t.Malformed, arrivals) > malformedWarn:
		return warn(name, show, "%s, %d can't be read", read, t.Malformed)
	case verdict == report.Partly:
		return warn(name, whose+" Another program may be writing to it.", "%s, %d (%s) not understood, such as: %s",
			read, j.NotUnderstood(), words.Percent(j.NotUnderstood(), j.Lines()), escape.Text(first.Text))
	case arrivals == 0:
		return warn(name, "Check again after Exim has received a message.", "%s", read)
	}
	if t.Suspicious+t.Injected+t.Overflowed > 0 {
		return warn(name, "Somebody may be forging log items or hiding an arrival. exiwatch replay shows details.",
			"%s, with %d suspicious, %d injected, %d overflowed", read, t.Suspicious, t.Injected, t.Overflowed)
	}
	return pass(name, "%s, all understood%s", read, s.writer())
}

func share(part, whole int64) float64 { return float64(part) / float64(max(whole, 1)) }

// writer is the version of Exim that wrote the log, as far as the log shows it.
func (s *sample) writer() string {
	const longID = 23 // bytes, from 4.97 on
	switch {
	case s.version != "":
		return ", by Exim " + s.version
	case s.ids == longID:
		return ", by Exim 4.97 or newer"
	case s.ids > 0:
		return ", by Exim 4.96 or older"
	}
	return ""
}
