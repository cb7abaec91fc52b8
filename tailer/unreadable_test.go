package tailer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// victimLog has this test's program follow a log in place of testing, and tell what comes.
const victimLog = "TAILER_VICTIM"

// beVictim follows the log at path from the first line of its input on, until that ends.
func beVictim(path string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	in := bufio.NewReader(os.Stdin)
	begin, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	go func() {
		in.ReadByte()
		cancel()
	}()
	tell := func(what, text string) error {
		_, err := fmt.Printf("%s %s\n", what, text)
		return err
	}
	f := Follower{
		Path: path, Tick: 20 * time.Millisecond, Grace: 50 * time.Millisecond, Poll: true,
		Problem: func(err error) { tell("problem", err.Error()) },
		Skipped: func(g Gap) { tell("gap", fmt.Sprint(g.Path, " ", g.From.Offset)) },
	}
	if err := errors.Join(json.Unmarshal(begin, &f.From), f.setPatience()); err != nil {
		return err
	}
	err = f.Follow(ctx, func(l Line) error { return tell("line", string(l.Text[:min(len(l.Text), 20)])) },
		func(end time.Time) error {
			if end.IsZero() {
				return tell("idle", "waiting")
			}
			return tell("idle", "at the end")
		})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// victimPatience is how long a victim waits.
const victimPatience = "TAILER_PATIENCE"

func (f *Follower) setPatience() (err error) {
	f.Patience, err = time.ParseDuration(os.Getenv(victimPatience))
	return err
}

// A victim is such a program, whose system calls can be made to fail.
type victim struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.Writer
	mu    sync.Mutex
	lines []string
	told  []string // problems and gaps
	idle  string   // what was told last
}

// newVictim makes one for the log, until the test ends.
func newVictim(t *testing.T, log string, patience time.Duration) *victim {
	t.Helper()
	self, err := os.Executable()
	testkit.Must(t, err)
	v := &victim{t: t, cmd: exec.Command(self)}
	v.cmd.Env = append(os.Environ(), victimLog+"="+log, victimPatience+"="+patience.String())
	in, err := v.cmd.StdinPipe()
	testkit.Must(t, err)
	v.in = in
	out, err := v.cmd.StdoutPipe()
	testkit.Must(t, err)
	v.cmd.Stderr = os.Stderr
	testkit.Must(t, v.cmd.Start())
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			v.note(lines.Text())
		}
	}()
	t.Cleanup(func() {
		in.Close()
		<-read
		if err := v.cmd.Wait(); err != nil {
			t.Errorf("the follower: %v", err)
		}
		if t.Failed() {
			t.Logf("lines %q, told %q", brief(v.lines), v.told)
		}
	})
	return v
}

// begin has it follow from a position on.
func (v *victim) begin(from Position) {
	v.t.Helper()
	testkit.Must(v.t, json.NewEncoder(v.in).Encode(from))
}

func (v *victim) note(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	what, text, _ := strings.Cut(text, " ")
	switch what {
	case "line":
		v.lines = append(v.lines, text)
	case "idle":
		v.idle = text
	default:
		v.told = append(v.told, what+" "+text)
	}
}

// until waits until something was seen. It gives up when no line has come for a minute.
func (v *victim) until(what string, so func() bool) {
	v.t.Helper()
	late, lines := time.Now().Add(time.Minute), 0
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		v.mu.Lock()
		ok, now := so(), len(v.lines)
		v.mu.Unlock()
		if ok {
			return
		}
		if now > lines {
			late, lines = time.Now().Add(time.Minute), now
		}
		if time.Now().After(late) {
			v.t.Fatalf("still not: %s", what)
		}
	}
}

// untilRead waits for the end of the log.
func (v *victim) untilRead(lines ...string) {
	v.t.Helper()
	v.until("all lines, and the end", func() bool { return len(v.lines) >= len(lines) && v.idle == "at the end" })
	v.mu.Lock()
	defer v.mu.Unlock()
	if !slices.Equal(v.lines, lines) {
		v.t.Fatalf("%d lines = %q, want %d: %q", len(v.lines), brief(v.lines), len(lines), brief(lines))
	}
}

// toldOf waits until something was told.
func (v *victim) toldOf(what string) {
	v.t.Helper()
	v.until("told of "+what, func() bool {
		return slices.ContainsFunc(v.told, func(text string) bool { return strings.Contains(text, what) })
	})
}

// still has nothing happen to the files while they are changed.
func (v *victim) still(change func()) {
	testkit.Must(v.t, v.cmd.Process.Signal(syscall.SIGSTOP))
	change()
	testkit.Must(v.t, v.cmd.Process.Signal(syscall.SIGCONT))
}

// fail makes a system call on a path fail, until the function that it returns is called.
func (v *victim) fail(path, call, how string) (heal func()) {
	v.t.Helper()
	cmd := exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-p", fmt.Sprint(v.cmd.Process.Pid), "-P", path,
		"-e", "trace="+call, "-e", "inject="+call+":"+how)
	var said bytes.Buffer
	cmd.Stderr = &said
	testkit.Must(v.t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	heal = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	v.t.Cleanup(heal)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if v.traced() {
			return heal
		}
		select {
		case <-ended:
			if strings.Contains(said.String(), "not permitted") {
				v.t.Skipf("ptrace isn't permitted here: %s", &said)
			}
			v.t.Fatalf("strace: %s", &said)
		default:
		}
	}
	return heal
}

// traced tells whether all threads are.
func (v *victim) traced() bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", v.cmd.Process.Pid))
	for _, task := range tasks {
		status, err := os.ReadFile(task)
		if err == nil && bytes.Contains(status, []byte("TracerPid:\t0\n")) {
			return false
		}
	}
	return len(tasks) > 0
}

// noise makes lines that hardly can be compressed.
func noise(name string, n int) (lines []string, text string) {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range n {
		line := fmt.Sprintf("%-14s%06d", name, i)
		lines = append(lines, line)
		b.WriteString(line)
		for range 12 {
			fmt.Fprintf(&b, " %x", random.Uint64())
		}
		b.WriteByte('\n')
	}
	return lines, b.String()
}

// strace is needed; CI has it.
func needStrace(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
}

// TestUnreadableIsNotGone: whichever system call fails for a moment, with whichever error, what is in the file is read
// when it can be, at its place, and that is told once.
func TestUnreadableIsNotGone(t *testing.T) {
	needStrace(t)
	t.Parallel()
	type fault struct{ file, call, how string }
	var faults []fault
	for _, errno := range []string{"EMFILE", "ENFILE", "EIO", "ENOMEM", "ESTALE", "EACCES", "EPERM"} {
		faults = append(faults, fault{"mainlog.1", "openat", "error=" + errno})
	}
	for _, errno := range []string{"EIO", "EACCES", "ENOMEM", "ESTALE"} {
		faults = append(faults, fault{"mainlog.1", "newfstatat", "error=" + errno})
	}
	faults = append(faults,
		fault{"mainlog.1", "fstat", "error=ESTALE"},
		fault{"mainlog.1", "pread64", "error=EIO"},
		fault{"mainlog", "openat", "error=EIO"},
		fault{"mainlog", "pread64", "error=EIO"},
		fault{".", "openat", "error=EMFILE"},
		fault{".", "getdents64", "error=EIO"},
	)
	for _, f := range faults {
		t.Run(f.file+" "+f.call+" "+f.how, func(t *testing.T) {
			t.Parallel()
			log := filepath.Join(t.TempDir(), "mainlog")
			first, text := noise("first", 20)
			testkit.Append(t, log, text)
			v := newVictim(t, log, 0)
			v.begin(Position{})
			v.untilRead(first...)

			second, text := noise("second", 3_000) // more than are read at once
			third, last := noise("third", 20)
			heal := v.fail(filepath.Join(filepath.Dir(log), f.file), f.call, f.how)
			v.still(func() {
				testkit.Must(t, os.Rename(log, log+".2"))
				testkit.Append(t, log, text)
				testkit.Must(t, os.Rename(log, log+".1"))
				testkit.Append(t, log, last)
			})
			v.toldOf("waiting until it can be read")
			v.until("no end", func() bool { return v.idle == "waiting" })
			heal()
			v.untilRead(slices.Concat(first, second, third)...)
			most := 1
			if f.file == "mainlog" {
				most = 2 // the first file has that name, too, until it is cycled
			}
			if len(v.told) > most {
				t.Errorf("told %d times, want at most %d: %q", len(v.told), most, v.told)
			}
		})
	}
}

// TestUnreadableInTheMiddle: the same of a file that was begun.
func TestUnreadableInTheMiddle(t *testing.T) {
	needStrace(t)
	t.Parallel()
	for _, call := range []string{"pread64", "fstat"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			log := filepath.Join(t.TempDir(), "mainlog")
			first, text := noise("first", 20)
			testkit.Append(t, log, text)
			v := newVictim(t, log, 0)
			v.begin(Position{})
			v.untilRead(first...)

			second, text := noise("second", 3_000)
			third, last := noise("third", 20)
			heal := v.fail(log+".1", call, "error=EIO")
			v.still(func() {
				testkit.Append(t, log, strings.TrimSuffix(text, "\n")) // the last one is torn
				testkit.Must(t, os.Rename(log, log+".1"))
				testkit.Append(t, log, last)
			})
			v.toldOf("waiting until it can be read")
			v.until("no end", func() bool { return v.idle == "waiting" })
			heal()
			v.untilRead(slices.Concat(first, second, third)...)
		})
	}
}

// TestUnreadableCompressed: the same at a start, of a file that was compressed while lines of it were unread.
func TestUnreadableCompressed(t *testing.T) {
	needStrace(t)
	t.Parallel()
	for _, f := range []struct{ file, call, how string }{
		{"mainlog.1.gz", "openat", "error=EMFILE"}, {"mainlog.1.gz", "newfstatat", "error=EIO"},
		{"mainlog.1.gz", "pread64", "error=EIO"}, {"mainlog.1.gz", "fstat", "error=EIO"},
		{".", "getdents64", "error=EIO"},
	} {
		t.Run(f.call, func(t *testing.T) {
			t.Parallel()
			log, at, lines := halfRead(t)
			v := newVictim(t, log, 0)
			heal := v.fail(filepath.Join(filepath.Dir(log), f.file), f.call, f.how)
			v.begin(at)
			v.toldOf("waiting until it can be read")
			v.until("no end", func() bool { return v.idle == "waiting" })
			heal()
			v.untilRead(lines...)
		})
	}
}

// halfRead makes a log of which a position was read, with the lines behind it in a compressed file and in the log.
func halfRead(t *testing.T) (log string, at Position, lines []string) {
	t.Helper()
	log = filepath.Join(t.TempDir(), "mainlog")
	_, text := noise("first", 20)
	testkit.Append(t, log, text)
	at = endOf(t, log)
	second, text := noise("second", 10_000)
	testkit.Append(t, log, text)
	testkit.Must(t, os.Rename(log, log+".1"))
	gzipped(t, log+".1")
	third, text := noise("third", 20)
	testkit.Append(t, log, text)
	return log, at, append(second, third...)
}

// TestReadsFailNowAndThen: whatever has been read by then, each line comes once.
func TestReadsFailNowAndThen(t *testing.T) {
	needStrace(t)
	t.Parallel()
	for _, how := range []string{"error=EIO:when=2+2", "error=EIO:when=3+7", "error=ESTALE:when=1+5"} {
		for _, call := range []string{"pread64", "openat,newfstatat,fstat"} {
			t.Run(call+" "+how, func(t *testing.T) {
				t.Parallel()
				log, at, lines := halfRead(t)
				v := newVictim(t, log, 0)
				heal := v.fail(log+".1.gz", call, how)
				v.begin(at)
				v.until("something", func() bool { return len(v.told)+len(v.lines) > 0 })
				v.still(func() { testkit.Must(t, os.Rename(log, log+".0")); testkit.Append(t, log, "") })
				heal()
				v.untilRead(lines...)
			})
		}
	}
}

// TestLeftOutAfterPatience: what can't be read for too long is left out, once and with the place, and what is newer is
// read.
func TestLeftOutAfterPatience(t *testing.T) {
	needStrace(t)
	t.Parallel()
	for name, f := range map[string]struct {
		call string
		from int // 1: the file was read before, up to there
	}{
		"not opened":       {"openat", 0},
		"not looked at":    {"newfstatat", 0},
		"not read":         {"pread64", 0},
		"not read further": {"pread64", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := filepath.Join(t.TempDir(), "mainlog")
			first, text := noise("first", 20)
			testkit.Append(t, log, text)
			v := newVictim(t, log, 300*time.Millisecond)
			v.begin(Position{})
			v.untilRead(first...)

			second, more := noise("second", 20)
			third, last := noise("third", 20)
			heal := v.fail(log+".1", f.call, "error=EIO")
			v.still(func() {
				if f.from == 0 {
					testkit.Must(t, os.Rename(log, log+".2"))
				}
				testkit.Append(t, log, more)
				testkit.Must(t, os.Rename(log, log+".1"))
				testkit.Append(t, log, last)
			})
			v.toldOf(fmt.Sprintf("gap %s.1 %d", log, f.from*len(text)))
			v.untilRead(slices.Concat(first, third)...)
			heal() // it is no matter any more
			v.still(func() { testkit.Append(t, log, strings.Join(second, "\n")+"\n") })
			v.untilRead(slices.Concat(first, third, second)...)
			if len(v.told) != 2 {
				t.Errorf("told %q, want one problem and one gap", v.told)
			}
		})
	}
}

// TestReadCompressedFileIsLeft: a compressed file that was read to its end is left for the next one, also if it can't
// be looked at then. Nothing more is read of it, so nothing would end a wait for it.
func TestReadCompressedFileIsLeft(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	lines, text := logLines("first", 30)
	testkit.Append(t, log+".1", text)
	gzipped(t, log+".1")
	testkit.Append(t, log, "new\n")
	var got []string
	from := Position{}.withOffset(int64(len(lines[0])+1), []byte(text))
	c := newFollowLoop(Follower{Path: log, Poll: true, From: from}, func(line Line) error {
		got = append(got, string(line.Text))
		return nil
	}, nil)
	defer c.close()
	c.lookForFiles(time.Now())
	if len(c.segments) != 2 {
		t.Fatalf("%d files are open, want 2", len(c.segments))
	}
	for more := true; more; {
		var err error
		more, err = c.readChunk()
		testkit.Must(t, err)
	}
	testkit.Must(t, c.segments[0].file.Close()) // it can't be looked at any more
	for range 3 {
		_, err := c.readChunk()
		testkit.Must(t, err)
		_, err = c.releaseFinished(time.Now())
		testkit.Must(t, err)
	}
	if want := append(lines[1:], "new"); !slices.Equal(got, want) {
		t.Errorf("%d lines, want %d: it waits for %v", len(got), len(want), c.readWait)
	}
}

// TestWaitIsNoLoop: while a rotated file can't be read, it is tried again at the next tick, not all the time.
func TestWaitIsNoLoop(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	testkit.Append(t, log, "one\n")
	c := newFollowLoop(Follower{Path: log, Poll: true}, func(Line) error { return nil }, nil)
	defer c.close()
	c.lookForFiles(time.Now())
	testkit.Must(t, os.Rename(log, log+".1"))
	testkit.Append(t, log, "two\n")
	c.lookForFiles(time.Now())
	if len(c.segments) != 2 {
		t.Fatalf("%d files are open, want 2", len(c.segments))
	}
	c.segments[0].unchangedSince = time.Now().Add(-time.Hour)
	c.segments[0].readErr = os.ErrPermission
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.wait(ctx, nil, false); err != nil || ctx.Err() == nil {
		t.Errorf("wait = %v before anything has happened", err)
	}
}
