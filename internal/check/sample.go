package check

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/internal/watch"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// sampleSize is how much of a log's end is looked at: some 30,000 lines, which take a third of a second.
const sampleSize = 4 << 20 // bytes

// A sample is the end of a log, as the daemon would read it.
type sample struct {
	path      string
	lines     int64
	stampless int64 // lines that begin no entry
	judgement parser.Judgement
	summary   report.Summary
	missing   []string // log selectors, as report names them
	ids       int      // length of the last message id, bytes
	version   string   // of the Exim that wrote the last `daemon started` line
	cwd       bool     // +arguments was seen, by any of its lines

	last    time.Time // stamp of the last line that has one
	zoned   bool      // that names its zone
	written time.Time // when the file with that line was last written to, by its file system's clock

	scopes  []string // of the rules, and
	matched []int64  // how many arrivals each of them counts

	eximUsers []string         // U= of Exim's own bounces
	ignore    []config.Pattern // of any rule
	ignored   int64            // arrivals that it names
	uncounted report.Uncounted
	posts     int64          // over loopback, without a login
	posting   report.Ranking // of them, by the pattern of ignore that would fit

	logins   int64            // arrivals whose client has logged in
	nameless map[string]int64 // of them, those without an id, by authenticator
	mailAuth bool             // +smtp_mailauth was seen
	users    []string         // local users who send, the first ones
}

// read reads the end of a log: of the log itself, and of what it was cycled to where that is short.
func (c *checks) read(path string, row []tailer.Member) (*sample, error) {
	return c.sample(path, func(s *sample, r *parser.Reader) error {
		for _, part := range parts(row) {
			if err := s.part(part, r, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// sample makes a sample of the lines that feed finds.
func (c *checks) sample(path string, feed func(*sample, *parser.Reader) error) (*sample, error) {
	s := &sample{path: path, scopes: scopes(c.Config.Rules), eximUsers: c.Config.Scopes[""].EximUsers}
	s.matched = make([]int64, len(s.scopes))
	for _, scope := range s.scopes {
		s.ignore = append(s.ignore, c.Config.Scopes[scope].Ignore...)
	}
	p, err := watch.NewPipeline(c.Config.Scopes, c.Config.Rules, watch.Listener{
		Arrival: s.arrival, Counted: s.counted, Other: s.summary.Other,
	})
	if err != nil {
		return nil, err
	}
	r := p.Reader(c.Config.Zone, c.Now)
	if err := feed(s, r); err != nil {
		return nil, err
	}
	r.Flush()
	s.judgement = r.Judgement()
	s.missing = s.summary.Document(1).SelectorsMissing
	if s.cwd {
		s.missing = slices.DeleteFunc(s.missing, func(name string) bool { return name == "arguments" })
	}
	return s, nil
}

// scopes gives the rules' scopes, as the counters number them.
func scopes(rules []window.Rule) []string {
	counters, err := window.New(rules)
	if err != nil {
		return nil // NewPipeline says it
	}
	return counters.Scopes()
}

// A part is the end of one file.
type part struct {
	path string
	from int64 // bytes from its start
}

// parts chooses what to read, oldest first.
func parts(row []tailer.Member) []part {
	var all []part
	room := int64(sampleSize)
	for _, m := range slices.Backward(row) {
		if m.Compressed || room <= 0 {
			break
		}
		all = append(all, part{m.Path, max(m.Size-room, 0)})
		room -= m.Size
	}
	slices.Reverse(all)
	return all
}

// part reads the end of one file, as far as that goes now.
func (s *sample) part(p part, r *parser.Reader, c *checks) error {
	f, err := os.Open(p.path)
	if err != nil {
		return nil // a cycled one, of which the row about the log has told
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("looking at %s: %w", p.path, err)
	}
	stamped := s.lines - s.stampless
	in := io.NewSectionReader(f, p.from, max(info.Size()-p.from, 0))
	broken := p.from > 0
	_, err = tailer.ScanLines(in, p.path, func(line tailer.Line) error {
		if broken {
			broken = false // its beginning is not in the sample
			return nil
		}
		s.line(line, line.Text, c)
		r.Line(parser.Place{File: line.File, Line: line.Number}, line.Text)
		return nil
	})
	if s.lines-s.stampless > stamped { // it has the last stamp
		s.written = info.ModTime()
	}
	return err
}

// eximLine is a line that only Exim writes, which may stand behind a syslog prefix: of a message, or of its own life.
var eximLine = regexp.MustCompile(`^(?:.{0,80}? \S*exim\S*: )?(?:\[[0-9]+[/\\][0-9]+\] )?(?:[0-9-]{10} [0-9:.]{8,12} )?(?:[+-][0-9]{4} )?(?:\[[0-9]+\] )?` +
	`(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2} |[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4} |exim ([0-9.]+)\S* daemon started: |(cwd=)|(?:Start|End) queue run: |SMTP |H=)`)

// line looks at a line, of which message is what Exim has written, for what the parser leaves out.
func (s *sample) line(line tailer.Line, message []byte, c *checks) {
	s.lines++
	text := bytes.TrimLeft(line.Text, "\x00")
	at, ok := parser.Stamp(text, c.Config.Zone, c.Now)
	if !ok {
		s.stampless++
		return
	}
	s.last, s.zoned = at, at.Location() != c.Config.Zone
	message = bytes.TrimLeft(message, "\x00")
	m := eximLine.FindSubmatch(message[:min(len(message), 200)])
	if m == nil {
		return
	}
	if m[1] != nil {
		s.version = string(m[1])
	}
	s.cwd = s.cwd || m[2] != nil
}

func (s *sample) arrival(a *parser.Arrival, w *window.Arrival) {
	s.summary.Arrival(a, w)
	s.ids = len(a.MessageID)
	s.mailAuth = s.mailAuth || a.AuthenticatedSender != nil
	s.noID(a)
	s.user(w.Values[window.User])
	s.weigh(a, w)
}

// counted notes which scopes an arrival is in.
func (s *sample) counted(w *window.Arrival) {
	for i := range s.matched {
		if w.Outside&(1<<i) == 0 {
			s.matched[i]++
		}
	}
}
