package check

import (
	"bytes"
	"cmp"
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

	matched []int64 // how many arrivals each scope of the rules counts

	eximUsers []string         // U= of Exim's own bounces
	ignore    []config.Pattern // of any rule
	ignored   int64            // arrivals that ignore names
	uncounted report.Uncounted
	relaying  relaying
	posts     int64          // over loopback, without a login
	posting   report.Ranking // these posts, by a pattern of ignore that fits

	logins   int64            // arrivals whose client logged in
	nameless map[string]int64 // logins without an id, by authenticator
	mailAuth bool             // +smtp_mailauth was seen
	users    []string         // the first local users who send
}

// sample makes a sample of the lines that feed reads.
func (c *checks) sample(path string, feed func(*sample, *parser.Reader) error) (*sample, error) {
	rules := scopes(c.Config.Rules)
	s := &sample{path: path, matched: make([]int64, len(rules)), eximUsers: c.Config.Scopes[""].EximUsers}
	for _, scope := range rules {
		s.ignore = append(s.ignore, c.Config.Scopes[scope].Ignore...)
	}
	p, err := pipeline.New(c.Config.Scopes, c.Config.Rules, pipeline.Listener{
		Arrival: s.arrival, Counted: s.counted, Relayed: s.relayed, Other: s.summary.Other,
	})
	if err != nil {
		return nil, err
	}
	if err := s.relaying.listen(c); err != nil {
		return nil, err
	}
	r := p.Reader(c.Config.Zone, c.Now)
	if err := feed(s, r); err != nil {
		return nil, err
	}
	r.Flush()
	s.relaying.reader.Flush()
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

// read reads the end of a log. If the log is short, it reads the end of its cycled files, too.
func (s *sample) read(row []tailer.Member, r *parser.Reader, c *checks) error {
	first, room := len(row), int64(sampleSize) // bytes
	for ; first > 0 && !row[first-1].Compressed && room > 0; first-- {
		room -= row[first-1].Size
	}
	for _, m := range row[first:] {
		if err := s.part(m.Path, max(-room, 0), r, c); err != nil {
			return err
		}
		room = 0
	}
	return nil
}

// part reads a file from a byte on, up to its present size.
func (s *sample) part(path string, from int64, r *parser.Reader, c *checks) error {
	f, err := os.Open(path)
	if err != nil {
		return nil // a cycled file: the row log reports it
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("looking at %s: %w", path, err)
	}
	stamped := s.lines - s.stampless
	in := io.NewSectionReader(f, from, max(info.Size()-from, 0))
	broken := from > 0 // the sample lacks the beginning of the first line
	_, err = tailer.ScanLines(in, path, func(line tailer.Line) error {
		if !broken {
			s.line(line, line.Text, r, c)
		}
		broken = false
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

// line reads a line, also what the parser leaves out of it. message is the part of the line that Exim wrote.
func (s *sample) line(line tailer.Line, message []byte, r *parser.Reader, c *checks) {
	place := parser.Place{File: line.File, Line: line.Number}
	r.Line(place, line.Text)
	s.relaying.reader.Line(place, line.Text)
	s.lines++
	at, ok := parser.Stamp(bytes.TrimLeft(line.Text, "\x00"), c.Config.Zone, c.Now)
	if !ok {
		s.stampless++
		return
	}
	s.last, s.zoned = at, at.Location() != c.Config.Zone
	message = bytes.TrimLeft(message, "\x00")
	if m := eximLine.FindSubmatch(message[:min(len(message), 200)]); m != nil {
		s.version = cmp.Or(string(m[1]), s.version)
		s.cwd = s.cwd || m[2] != nil
	}
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
	if w.Nature.Later() && w.Nature != window.Relayed {
		return // it was counted
	}
	for i := range s.matched {
		if w.Outside&(1<<i) == 0 {
			s.matched[i]++
		}
	}
}
