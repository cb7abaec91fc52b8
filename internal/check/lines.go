package check

import (
	"fmt"

	"exiwatch/internal/escape"
	"exiwatch/internal/report"
)

// What share of a log may be beyond us: of its lines as report.VerdictOf has it. An arrival that can't be read is one
// in none of the logs of others that were tried: more than one in a thousand is a form of line that we don't know, or
// somebody's work.
const (
	strangeFail   = 0.50
	malformedWarn = 0.001
	malformedFail = 0.50
)

// lines tells whether the log is Exim's, and how much of it is understood.
func (c *checks) lines(s *sample) Result {
	const name = "lines"
	t, j := &s.summary.Tally, &s.judgement
	verdict := report.VerdictOf(j)
	first, _ := j.First()
	arrivals := t.Arrivals + t.Malformed + t.Overflowed
	read := fmt.Sprintf("%s, %s", count(s.lines, "line"), count(arrivals, "arrival"))
	const whose = "Is that Exim's main log? exim -bP log_file_path names it."
	const show = "exiwatch replay names the first of them and what is wrong there. They aren't counted."
	switch {
	case verdict == report.Empty:
		return warn(name, "When Exim has taken a message, check again.", "the log is empty")
	case verdict == report.NotExim:
		text, hint := report.IsNotExims(s.path, j)
		return fail(name, hint, "%s: this is no log of Exim's. %s", read, escape.Text(text))
	case share(j.NotUnderstood(), j.Lines()) > strangeFail:
		return fail(name, whose, "%s, of which %d are not understood, such as: %s", read, j.NotUnderstood(),
			escape.Text(first.Text))
	case share(t.Malformed, arrivals) > malformedFail:
		return fail(name, show, "%s, of which %d can't be read", read, t.Malformed)
	case share(t.Malformed, arrivals) > malformedWarn:
		return warn(name, show, "%s, of which %d can't be read", read, t.Malformed)
	case verdict == report.Partly:
		return warn(name, whose+" Something else may be writing into it.",
			"%s, of which %d (%s) are not understood, such as: %s",
			read, j.NotUnderstood(), report.Share(j.NotUnderstood(), j.Lines()), escape.Text(first.Text))
	case arrivals == 0:
		return warn(name, "When Exim has taken a message, check again.", "%s", read)
	}
	if t.Suspicious+t.Injected+t.Overflowed > 0 {
		return warn(name, "Somebody forges log items, or hides an arrival: exiwatch replay says more.",
			"%s, with %d suspicious, %d injected, %d overflowed", read, t.Suspicious, t.Injected, t.Overflowed)
	}
	return pass(name, "%s, all understood%s", read, s.writer())
}

func share(part, whole int64) float64 { return float64(part) / float64(max(whole, 1)) }

// writer tells which Exim wrote the log, as far as that shows.
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
