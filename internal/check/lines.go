package check

import "fmt"

// What share of a log may be beyond us. Exim's entries of several lines (a broken configuration, a purged environment, a crash) leave lines
// without a stamp: under one in a hundred on real machines, one in nine in the log of Exim's own test suite, which provokes them. An arrival that
// can't be read is one in none of the logs of others that were tried: more than one in a thousand is a form of line that we don't know, or
// somebody's work.
const (
	strangeWarn   = 0.10
	strangeFail   = 0.50
	malformedWarn = 0.001
	malformedFail = 0.50
)

// lines tells whether the log is Exim's, and how much of it is understood.
func (c *checks) lines(s *sample) Result {
	const name = "lines"
	t := &s.summary.Tally
	arrivals := t.Arrivals + t.Malformed + t.Overflowed
	read := fmt.Sprintf("%s, %s", count(s.lines, "line"), count(arrivals, "arrival"))
	const whose = "Is that Exim's main log? exim -bP log_file_path names it."
	const show = "exiwatch replay names the first of them and what is wrong there. They aren't counted."
	switch {
	case s.lines == 0:
		return warn(name, "When Exim has taken a message, check again.", "the log is empty")
	case share(s.stampless, s.lines) > strangeFail || s.ours == 0 && arrivals == 0:
		return fail(name, whose, "%s: this is no log of Exim's", read)
	case share(t.Malformed, arrivals) > malformedFail:
		return fail(name, show, "%s, of which %d can't be read", read, t.Malformed)
	case share(t.Malformed, arrivals) > malformedWarn:
		return warn(name, show, "%s, of which %d can't be read", read, t.Malformed)
	case share(s.stampless, s.lines) > strangeWarn:
		return warn(name, whose+" Something else may be writing into it.", "%s, and %s outside any entry of Exim's", read, count(s.stampless, "line"))
	case arrivals == 0:
		return warn(name, "When Exim has taken a message, check again.", "%s", read)
	}
	if t.Suspicious+t.Injected+t.Overflowed > 0 {
		return warn(name, "Somebody forges log items, or hides an arrival: exiwatch replay says more.", "%s, with %d suspicious, %d injected, %d overflowed", read, t.Suspicious, t.Injected, t.Overflowed)
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
