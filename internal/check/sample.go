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
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// sampleSize is how much of a log's end is read: about 30,000 lines, which take a third of a second.
const sampleSize = 4 << 20 // bytes

// A sample is what the daemon would read from the end of a log.
type sample struct {
	path      string
	lines     int64
	stampless int64 // lines that begin no entry
	judgement parser.Judgement
	summary   report.Summary
	missing   []string // log selectors that the log lacks, as report names them
	ids       int      // length of the last message id, bytes
	version   string   // of the Exim that wrote the last `daemon started` line
	cwd       bool     // the log has lines that +arguments adds

	last    time.Time // last timestamp
	zoned   bool      // last names its zone
	written time.Time // when the file with that line was last written, by its file system's clock

	scopes  []string // of the rules
	matched []int64  // how many arrivals each scope counts

	eximUsers []string         // U= of Exim's own bounces
	ignore    []config.Pattern // of any rule
	ignored   int64            // arrivals that ignore names
	uncounted report.Uncounted
	posts     int64          // over loopback, without a login
	posting   report.Ranking // these posts, by a pattern of ignore that fits

	logins   int64            // arrivals whose client logged in
	nameless map[string]int64 // logins without an id, by authenticator
	mailAuth bool             // +smtp_mailauth was seen
	users    []string         // the first local users who send
}

// read reads the end of a log. If the log is short, it reads the end of its cycled files, too.
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

// sample makes a sample of the lines that feed reads.
func (c *checks) sample(path string, feed func(*sample, *parser.Reader) error) (*sample, error) {
	s := &sample{path: path, scopes: scopes(c.Config.Rules), eximUsers: c.Config.Scopes[""].EximUsers}
	s.matched = make([]int64, len(s.scopes))
	for _, scope := range s.scopes {
		s.ignore = append(s.ignore, c.Config.Scopes[scope].Ignore...)
	}
	p, err := pipeline.New(c.Config.Scopes, c.Config.Rules, pipeline.Listener{
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

// scopes are the rules' scopes in the order in which the counters number them.
func scopes(rules []window.Rule) []string {
	counters, err := window.New(rules)
	if err != nil {
		return nil // pipeline.New reports the error
	}
	return counters.Scopes()
}

// A part is the end of one file.
type part struct {
	path string
	from int64 // bytes from its start
}

// parts chooses the parts to read, oldest first.
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

// part reads the end of one file up to its present size.
func (s *sample) part(p part, r *parser.Reader, c *checks) error {
	f, err := os.Open(p.path)
	if err != nil {
		return nil // a cycled file: the row log reports it
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
			broken = false // the sample lacks its beginning
			return nil
		}
		s.line(line, line.Text, c)
		r.Line(parser.Place{File: line.File, Line: line.Number}, line.Text)
		return nil
	})
	if s.lines-s.stampless > stamped { // the part has the last timestamp
		s.written = info.ModTime()
	}
	return err
}

// eximLine is a line that only Exim writes, about a message or about itself. A syslog prefix may precede it.
var eximLine = regexp.MustCompile(`^(?:.{0,80}? \S*exim\S*: )?(?:\[[0-9]+[/\\][0-9]+\] )?` +
	`(?:[0-9-]{10} [0-9:.]{8,12} )?(?:[+-][0-9]{4} )?(?:\[[0-9]+\] )?` +
	`(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2} |[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4} ` +
	`|exim ([0-9.]+)\S* daemon started: |(cwd=)|(?:Start|End) queue run: |SMTP |H=)`)

// line collects what the parser leaves out of a line. message is the part of the line that Exim wrote.
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

// counted counts an arrival for its scopes.
func (s *sample) counted(w *window.Arrival) {
	for i := range s.matched {
		if w.Outside&(1<<i) == 0 {
			s.matched[i]++
		}
	}
}
