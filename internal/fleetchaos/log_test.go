package fleetchaos

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A mainLog is one host's log. It is written as Exim does: a file that is opened by its name for each portion.
type mainLog struct {
	t    testing.TB
	path string

	mu     sync.Mutex
	cycled int
}

func newMainLog(t testing.TB, folder string) *mainLog {
	testkit.Must(t, os.MkdirAll(folder, 0o755))
	l := &mainLog{t: t, path: filepath.Join(folder, "mainlog")}
	l.write("")
	return l
}

func (l *mainLog) write(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	testkit.Append(l.t, l.path, text)
}

// cycle renames the log and makes a new one.
func (l *mainLog) cycle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := l.cycled; n > 0; n-- {
		testkit.Must(l.t, os.Rename(l.numbered(n), l.numbered(n+1)))
	}
	l.cycled++
	testkit.Must(l.t, os.Rename(l.path, l.numbered(1)))
	testkit.Append(l.t, l.path, "")
}

func (l *mainLog) numbered(n int) string { return fmt.Sprintf("%s.%d", l.path, n) }

// glob matches all files of the log.
func (l *mainLog) glob() string { return l.path + "*" }

// A scribe writes the lines of a fleet into the logs of its hosts, each when it is due.
type scribe struct {
	shape shape
	lines []line
	logs  []*mainLog
	begin time.Time // when the first is due
	stamp time.Time // of the first
	speed float64   // seconds of log time in a second

	end   time.Time            // stamp of the last line of all logs
	wrote map[string]time.Time // by message id: when its line was written; nil: nobody wants to know

	mu      sync.Mutex
	written int
	haste   bool
}

// portion is how often lines are written: daemons read them about as often.
const portion = 50 * time.Millisecond

// newScribe makes one whose last stamps are about the wall clock's time when they are written.
func newScribe(s shape, logs []*mainLog, speed float64) *scribe {
	one := &scribe{shape: s, lines: traffic(s), logs: logs, speed: speed}
	one.restart()
	return one
}

// restart says that the first line is due now.
func (s *scribe) restart() {
	s.begin = time.Now()
	ahead := time.Duration(float64(s.shape.length) / s.speed)
	s.stamp = s.begin.Add(ahead - s.shape.length).Truncate(time.Second)
}

// due is how much of the fleet's time has passed.
func (s *scribe) due() time.Duration { return time.Duration(float64(time.Since(s.begin)) * s.speed) }

// hurry makes the next writeDue the last one.
func (s *scribe) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.haste = true
}

// part is how much has been written: from 0 to 1.
func (s *scribe) part() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return float64(s.written) / float64(len(s.lines))
}

// writeDue writes what is due. It tells whether there is more to come.
func (s *scribe) writeDue() (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	texts, due := make([]string, len(s.logs)), s.due()
	for s.written < len(s.lines) && s.lines[s.written].at <= due {
		l := s.lines[s.written]
		texts[l.host] += s.shape.stamped(l, s.stamp)
		if id, _, _ := strings.Cut(l.text, " "); s.wrote != nil {
			s.wrote[id] = time.Now()
		}
		s.written++
	}
	for i, text := range texts {
		if text != "" {
			s.logs[i].write(text)
		}
	}
	return s.written < len(s.lines) && !s.haste
}

// close writes a last arrival into all logs, at one stamp, at which all alerts have ended.
func (s *scribe) close() {
	at := s.stamp.Add(s.shape.length)
	for i := range s.logs {
		if s.shape.skew != nil {
			if one := s.stamp.Add(s.shape.length + s.shape.skew(i)); one.After(at) {
				at = one
			}
		}
	}
	s.end = at.Add(2*longest(s.shape.unit) + time.Minute)
	for i, log := range s.logs {
		log.write(fmt.Sprintf("%s 1xlast-%06d-00 <= last%[2]d@lab.test U=last%[2]d P=local S=1\n",
			s.end.UTC().Format(time.DateTime), i))
	}
}
