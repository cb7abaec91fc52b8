package tailer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// An exim writes numbered lines as Exim does: it looks at the name before each and opens it anew when it has passed to
// another file.
type fakeExim struct {
	path     string
	lazy     bool // doesn't create what is missing, but writes on to the file it has
	file     *os.File
	is       os.FileInfo
	written  atomic.Int64
	stop     chan struct{}
	finished chan error
}

func startExim(t *testing.T, path string, lazy bool) *fakeExim {
	e := &fakeExim{path: path, lazy: lazy, stop: make(chan struct{}), finished: make(chan error, 1)}
	testkit.Append(t, path, "")
	go func() { e.finished <- e.run() }()
	return e
}

func (e *fakeExim) run() error {
	for {
		select {
		case <-e.stop:
			return e.file.Close()
		default:
		}
		if err := e.write(); err != nil {
			return err
		}
	}
}

func (e *fakeExim) write() error {
	if err := e.reopen(); err != nil {
		return err
	}
	n := e.written.Load()
	if _, err := e.file.WriteString(seq(int(n)) + "\n"); err != nil {
		return err
	}
	e.written.Store(n + 1)
	if n%64 == 0 {
		runtime.Gosched()
	}
	return nil
}

func (e *fakeExim) reopen() error {
	info, err := os.Stat(e.path)
	if err == nil && e.is != nil && os.SameFile(info, e.is) {
		return nil
	}
	if err != nil && e.lazy && e.file != nil {
		return nil
	}
	e.file.Close()
	e.file, err = os.OpenFile(e.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	e.is, err = e.file.Stat()
	return err
}

func seq(n int) string { return fmt.Sprintf("2026-11-23 10:00:00 %d <= somebody@example.org", n) }

// end stops the writing and says how many lines were written.
func (e *fakeExim) end(t *testing.T) int {
	t.Helper()
	close(e.stop)
	testkit.Must(t, <-e.finished)
	return int(e.written.Load())
}

// wantAll checks that n lines have come, none lost, none twice, in order, each numbered within its file.
func (h *recorder) wantAll(n int) {
	h.t.Helper()
	h.until(fmt.Sprintf("line %d", n-1), func() bool {
		return len(h.lines) > 0 && string(h.lines[len(h.lines)-1].Text) == seq(n-1)
	})
	h.stop()
	var last Line
	for i, line := range h.lines {
		if string(line.Text) != seq(i) {
			h.t.Fatalf("line %d = %q, number %d in its file, want %q", i, line.Text, line.Number, seq(i))
		}
		if line.End.Inode != last.End.Inode || line.End.Offset < last.End.Offset {
			last = Line{}
		}
		if line.Number != last.Number+1 || line.End.Offset != last.End.Offset+int64(len(line.Text))+1 {
			h.t.Fatalf("line %d is number %d ending at byte %d, after number %d ending at byte %d", i, line.Number,
				line.End.Offset, last.Number, last.End.Offset)
		}
		last = line
	}
	if len(h.problems) > 0 {
		h.t.Logf("told: %q", h.problems)
	}
}

// untilOpened waits until the follower has the file open that bears the name now.
func (h *recorder) untilOpened(path string) {
	h.t.Helper()
	info, err := os.Stat(path)
	testkit.Must(h.t, err)
	h.until("a line of the new file", func() bool {
		return len(h.lines) > 0 && h.lines[len(h.lines)-1].End.Inode == info.Sys().(*syscall.Stat_t).Ino
	})
}

func TestLineWrittenWhileCycled(t *testing.T) {
	const cycles = 3
	shift := func(t *testing.T, log string, digits int) {
		name := func(n int) string { return fmt.Sprintf("%s.%0*d", log, digits, n) }
		for n := cycles + 1; n > 1; n-- {
			if err := os.Rename(name(n-1), name(n)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		testkit.Must(t, os.Rename(log, name(1)))
	}
	for name, way := range map[string]struct {
		lazy  bool
		cycle func(t *testing.T, log string)
	}{
		"rename": {cycle: func(t *testing.T, log string) { shift(t, log, 1) }},
		"rename and create": {lazy: true, cycle: func(t *testing.T, log string) {
			shift(t, log, 1)
			testkit.Append(t, log, "")
		}},
		"exicyclog": {lazy: true, cycle: func(t *testing.T, log string) {
			shift(t, log, 2)
			testkit.Append(t, log+".4711", "")
			testkit.Must(t, os.Rename(log+".4711", log))
		}},
		"delete": {cycle: func(t *testing.T, log string) { testkit.Must(t, os.Remove(log)) }},
		"delete and create": {lazy: true, cycle: func(t *testing.T,
			log string) {
			testkit.Must(t, os.Remove(log))
			testkit.Append(t, log, "")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				log := filepath.Join(t.TempDir(), "mainlog")
				e := startExim(t, log, way.lazy)
				h := m.follow(t, Follower{Path: log, Grace: DefaultGrace})
				for range cycles {
					h.untilOpened(log)
					way.cycle(t, log)
					before := e.written.Load()
					h.until("the name taken again", func() bool {
						_, err := os.Stat(log)
						return err == nil && e.written.Load() > before
					})
				}
				h.wantAll(e.end(t))
			})
		})
	}
}

// Nobody waits for the follower here: several cycles pass between two looks of it.
func TestCycledFasterThanRead(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		const cycles = 20
		log := filepath.Join(t.TempDir(), "mainlog")
		e := startExim(t, log, false)
		h := m.follow(t, Follower{Path: log, Grace: DefaultGrace})
		h.untilOpened(log)
		for range cycles {
			for n := cycles; n > 1; n-- {
				os.Rename(fmt.Sprintf("%s.%d", log, n-1), fmt.Sprintf("%s.%d", log, n))
			}
			testkit.Must(t, os.Rename(log, log+".1"))
			before := e.written.Load()
			h.until("some lines", func() bool { return e.written.Load() > before+5 })
		}
		h.wantAll(e.end(t))
	})
}

func TestRotatedByLogrotate(t *testing.T) {
	logrotate := program(t, "/usr/sbin/logrotate")
	for name, directives := range map[string]string{
		"debian":   "rotate 10\ncompress\ndelaycompress\nnotifempty\nnocreate\n",
		"create":   "rotate 10\ncreate 0640\n",
		"dateext":  "rotate 10\ncreate 0640\ndateext\ndateformat -%Y%m%d-%s\n",
		"compress": "rotate 10\ncompress\nnocreate\n",
		"at once":  "rotate 10\ncompress\ncreate 0640\n",
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				folder := t.TempDir()
				testkit.Must(t, os.Chmod(folder, 0o755))
				log, config := filepath.Join(folder, "mainlog"), filepath.Join(folder, "logrotate.conf")
				testkit.Must(t, os.WriteFile(config, []byte(log+" {\n"+directives+"}\n"), 0o644))
				e := startExim(t, log, strings.Contains(directives, "\ncreate"))
				h := m.follow(t, Follower{Path: log, Grace: DefaultGrace})
				for range 2 {
					h.untilOpened(log)
					h.untilPassed(log, func() error {
						return run(logrotate, "-f", "-s", filepath.Join(folder, "state"), config)
					})
				}
				h.wantAll(e.end(t))
			})
		})
	}
}

// What is written between the copying and the truncating is lost for everybody, so nobody writes meanwhile.
func TestCopytruncatedByLogrotate(t *testing.T) {
	logrotate := program(t, "/usr/sbin/logrotate")
	for name, directives := range map[string]string{
		"plain":         "",
		"compress":      "compress\n",
		"delaycompress": "compress\ndelaycompress\n",
		"xz":            "compress\ncompresscmd " + program(t, "/usr/bin/xz") + "\ncompressext .xz\n",
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				folder := t.TempDir()
				testkit.Must(t, os.Chmod(folder, 0o755))
				log, config := filepath.Join(folder, "mainlog"), filepath.Join(folder, "logrotate.conf")
				testkit.Must(t, os.WriteFile(config, []byte(log+" {\nrotate 10\ncopytruncate\n"+directives+"}\n"), 0o644))
				testkit.Append(t, log, "first\n")
				h := m.follow(t, Follower{Path: log})
				want := []string{"first"}
				h.want(want...)
				const size = 3500 // lines: more than a chunk
				for i := range 4 {
					lines, text := logLines(fmt.Sprint("cycle ", i), size)
					want = append(want, lines...)
					testkit.Append(t, log, text)
					testkit.Must(t, run(logrotate, "-f", "-s", filepath.Join(folder, "state"), config))
					if i%2 == 0 {
						h.want(want...)
					}
				}
				testkit.Append(t, log, "last\n")
				h.want(append(want, "last")...)
				h.stop()
				for i := range 3 {
					at := i*size + 17
					rest := m.follow(t, Follower{Path: log, From: h.at(at).End})
					rest.want(h.texts()[at+1:]...)
					rest.stop()
				}
			})
		})
	}
}

// untilPassed has the log cycled and waits until its name is another file's. logrotate's dates have seconds only, so
// it may have to be asked more than once.
func (h *recorder) untilPassed(log string, cycle func() error) {
	h.t.Helper()
	before, err := os.Stat(log)
	testkit.Must(h.t, err)
	var asked time.Time
	testkit.Until(h.t, log+" is cycled", func() bool {
		if now, err := os.Stat(log); err == nil && !os.SameFile(before, now) {
			return true
		}
		if time.Since(asked) > time.Second {
			asked = time.Now()
			err = cycle()
		}
		return false
	}, func() any { return err }, h.progress)
}

func TestCycledByExicyclog(t *testing.T) {
	exicyclog := program(t, "/usr/sbin/exicyclog")
	everyWay(t, func(t *testing.T, m mode) {
		folder := t.TempDir()
		log := filepath.Join(folder, "mainlog")
		e := startExim(t, log, true)
		h := m.follow(t, Follower{Path: log, Grace: DefaultGrace})
		for range 3 {
			h.untilOpened(log)
			h.untilPassed(log, func() error { return run(exicyclog, "-k", "3", "-l", filepath.Join(folder, "%slog")) })
		}
		h.wantAll(e.end(t))
	})
}

// program is the path of a program that may be missing everywhere but where we publish.
func program(t *testing.T, path string) string {
	t.Helper()
	if _, err := exec.LookPath(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

func run(name string, arguments ...string) error {
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %q: %w\n%s", name, arguments, err, out)
	}
	return nil
}
