package tailer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

func TestMissingLogAppears(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		h := m.follow(t, Follower{Path: log})
		h.untilTold(fs.ErrNotExist, 1)
		testkit.Append(t, log, "one\ntwo\n")
		h.want("one", "two")
		testkit.Append(t, log, "three\n")
		h.want("one", "two", "three")
		if line := h.at(2); line.Number != 3 || line.File != log || line.End.Offset != 14 || line.Torn || line.Long {
			t.Errorf("third line = %+v, want number 3 of %s ending at byte 14", line, log)
		}
	})
}

func TestMissingFolderAppears(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := filepath.Join(t.TempDir(), "exim4")
		log := filepath.Join(folder, "mainlog")
		h := m.follow(t, Follower{Path: log})
		h.untilTold(fs.ErrNotExist, 1)
		testkit.Must(t, os.Mkdir(folder, 0o755))
		testkit.Append(t, log, "one\n")
		h.want("one")
	})
}

func TestHalfLineFinishedLater(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		h := m.follow(t, Follower{Path: log})
		var want []string
		for i := range 20 {
			text := fmt.Sprintf("line %d in pieces", i)
			for j := range text {
				testkit.Append(t, log, text[j:j+1])
				if i%5 == 0 && j == len(text)/2 {
					h.want(want...) // waits for quiet: half a line is none
				}
			}
			testkit.Append(t, log, "\n")
			want = append(want, text)
		}
		h.want(want...)
	})
}

func TestIdleWhileHalfLineStands(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\nhal")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		h.until("idle five times", func() bool { return h.idleCount >= 5 })
		testkit.Append(t, log, "f\n")
		h.want("one", "half")
	})
}

func TestLateLinesToRenamedFile(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log, Grace: 4 * time.Second}) // long, for a machine that is busy
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "four\n")
		testkit.Append(t, log+".1", "two\n")
		h.until("two", func() bool { return len(h.lines) == 2 })
		testkit.Append(t, log+".1", "three\n")
		h.want("one", "two", "three", "four")
		if line := h.at(3); line.Number != 1 || line.End.Offset != 5 {
			t.Errorf("first line of the new file = %+v, want number 1 ending at byte 5", line)
		}
	})
}

// Debian's logrotate leaves no mainlog behind (nocreate).
func TestNothingUntilNextLine(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		h.untilTold(fs.ErrNotExist, 1)
		testkit.Append(t, log+".1", "two\n")
		h.want("one", "two")
		testkit.Append(t, log, "three\n")
		h.want("one", "two", "three")
		testkit.Must(t, os.Rename(log+".1", log+".2"))
		testkit.Must(t, os.Rename(log, log+".1"))
		h.untilTold(fs.ErrNotExist, 2)
		testkit.Append(t, log, "four\n")
		h.want("one", "two", "three", "four")
	})
}

// exicyclog touches a new file and moves it over what Exim may have made meanwhile.
func TestOverwrittenByExicyclog(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".01"))
		testkit.Append(t, log, "two\n")
		h.want("one", "two")
		testkit.Append(t, log, "three\n")
		testkit.Append(t, log+".4711", "")
		testkit.Must(t, os.Rename(log+".4711", log))
		testkit.Append(t, log, "four\n")
		h.want("one", "two", "three", "four")
	})
}

func TestSeveralCyclesAtOnce(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := t.TempDir()
		log := filepath.Join(folder, "mainlog")
		testkit.Append(t, log, "0\n")
		h := m.follow(t, Follower{Path: log})
		h.want("0")
		// Whatever of this is seen first, what came before it is read before it.
		testkit.Append(t, log, "1\n")
		testkit.Must(t, os.Rename(log, log+".3"))
		testkit.Append(t, log+".2", "2\n")
		testkit.Append(t, log+".1", "3\n")
		testkit.Append(t, log, "4\n")
		h.want("0", "1", "2", "3", "4")
	})
}

func TestNameComesBack(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "two\n")
		h.want("one", "two")
		testkit.Must(t, os.Rename(log+".1", log))
		testkit.Append(t, log, "three\n")
		h.want("one", "two", "three")
		if n := h.at(2).Number; n != 2 {
			t.Errorf("number of the line added to the file that came back = %d, want 2", n)
		}
	})
}

func TestHalfLineLeftBehind(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\nhal")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "two\n")
		h.want("one", "hal", "two")
		for i, torn := range []bool{false, true, false} {
			if h.at(i).Torn != torn {
				t.Errorf("line %d torn = %v, want %v", i, h.at(i).Torn, torn)
			}
		}
		if end := h.at(1).End.Offset; end != 7 {
			t.Errorf("the torn line ends at byte %d, want 7", end)
		}
	})
}

func TestDatestampedNameSwitches(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := t.TempDir()
		testkit.Append(t, filepath.Join(folder, "main-20261121.log"), "the day before\n")
		testkit.Append(t, filepath.Join(folder, "main-20261122.log"), "one\n")
		h := m.follow(t, Follower{Path: filepath.Join(folder, "main-%D.log"), Grace: 2 * time.Second})
		h.want("one")
		testkit.Append(t, filepath.Join(folder, "main-20261123.log"), "three\n")
		testkit.Append(t, filepath.Join(folder, "main-20261122.log"), "two\n")
		h.want("one", "two", "three")
		testkit.Must(t, os.Remove(filepath.Join(folder, "main-20261123.log")))
		testkit.Append(t, filepath.Join(folder, "main-20261123.log"), "four\n")
		h.want("one", "two", "three", "four")
	})
}

func TestTruncatedLog(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\ntwo\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one", "two")
		testkit.Must(t, os.Truncate(log, 0))
		h.untilTold(errShorter, 1)
		testkit.Append(t, log, "three\n")
		h.want("one", "two", "three")
		if n := h.at(2).Number; n != 1 {
			t.Errorf("number of the first line after truncation = %d, want 1", n)
		}
		testkit.Must(t, os.WriteFile(log, []byte("four\n"), 0o640))
		h.want("one", "two", "three", "four")
	})
}

func TestTruncatedAndGrownBeyond(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log, Tick: 100 * time.Millisecond})
		h.want("one")
		testkit.Must(t, os.WriteFile(log, []byte("two, which is longer\nthree\n"), 0o640))
		h.want("one", "two, which is longer", "three")
	})
}

func TestLineLongerThanBound(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		whole := strings.Repeat("w", MaxLine)
		testkit.Append(t, log, "one\n"+whole+"\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one", whole)
		testkit.Append(t, log, "two\n")
		h.want("one", whole, "two")
		piece := strings.Repeat("l", 3*chunkSize/2)
		for range 4 {
			testkit.Append(t, log, piece)
			h.want("one", whole, "two")
		}
		testkit.Append(t, log, "\nthree\n")
		h.want("one", whole, "two", piece[:MaxLine], "three")
		long, after := h.at(3), h.at(4)
		if !long.Long || h.at(1).Long || after.Long {
			t.Errorf("long = %v, %v, %v; want true for the long line alone", h.at(1).Long, long.Long, after.Long)
		}
		if got, want := long.End.Offset, h.at(2).End.Offset+4*int64(len(piece))+1; got != want {
			t.Errorf("the long line ends at byte %d, want %d", got, want)
		}
		if after.Number != 5 {
			t.Errorf("number after the long line = %d, want 5", after.Number)
		}
	})
}

func TestPermissionLostAndRegained(t *testing.T) {
	if os.Getuid() == 0 {
		asNobody(t) // root may read anything
		return
	}
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log+".new", "three\n")
		testkit.Must(t, os.Chmod(log+".new", 0))
		testkit.Must(t, os.Rename(log+".new", log))
		h.untilTold(fs.ErrPermission, 1)
		testkit.Append(t, log+".1", "two\n")
		h.want("one", "two")
		testkit.Must(t, os.Chmod(log, 0o640))
		h.want("one", "two", "three")
	})
}

// asNobody runs the test that it is called from once more, in a process of a user who may not read everything.
func asNobody(t *testing.T) {
	t.Helper()
	const nobody = 65534
	dir, err := os.MkdirTemp("/tmp", "exiwatch-nobody-")
	testkit.Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	testkit.Must(t, os.Chown(dir, nobody, nobody))
	self, err := os.Executable()
	testkit.Must(t, err)
	program, err := os.ReadFile(self)
	testkit.Must(t, err)
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "test"), program, 0o755))
	cmd := exec.Command(filepath.Join(dir, "test"), "-test.v", "-test.run", "^"+t.Name()+"$")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

func TestFolderReplaced(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := filepath.Join(t.TempDir(), "exim4")
		log := filepath.Join(folder, "mainlog")
		testkit.Must(t, os.Mkdir(folder, 0o755))
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.Rename(folder, folder+".old"))
		testkit.Append(t, filepath.Join(folder+".old", "mainlog"), "two\n")
		h.untilTold(fs.ErrNotExist, 1)
		h.want("one", "two")
		testkit.Must(t, os.Mkdir(folder, 0o755))
		testkit.Append(t, log, "three\n")
		h.want("one", "two", "three")
		testkit.Must(t, os.RemoveAll(folder))
		h.untilTold(fs.ErrNotExist, 2)
		testkit.Must(t, os.Mkdir(folder, 0o755))
		testkit.Append(t, log, "four\n")
		h.want("one", "two", "three", "four")
	})
}

func TestBytesPassUnchanged(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		lines := []string{"\xef\xbb\xbfmark", "", "carriage return\r", "\x00\x00nul", "a\xe9b", "\r", " ", "\u2028"}
		half := len(lines) / 2
		testkit.Append(t, log, strings.Join(lines[:half], "\n")+"\n")
		h := m.follow(t, Follower{Path: log})
		h.want(lines[:half]...)
		testkit.Append(t, log, strings.Join(lines[half:], "\n")+"\n")
		h.want(lines...)
	})
}

func TestBeginsWhereItEnded(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n"+strings.Repeat("x", 300)+"\nthree\n")
		h := m.follow(t, Follower{Path: log})
		h.until("three lines", func() bool { return len(h.lines) == 3 })
		h.stop()
		for i, line := range h.lines {
			rest := m.follow(t, Follower{Path: log, From: line.End})
			testkit.Append(t, log, "next\n")
			rest.until("the added line", func() bool { return slices.Contains(rest.texts(), "next") })
			if first := rest.at(0); first.Number != int64(i)+2 {
				t.Errorf("first line after the end of line %d has number %d, want %d", i+1, first.Number, i+2)
			}
			rest.stop()
		}
	})
}

func TestBeginsInCycledFile(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\ntwo\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one", "two")
		h.stop()
		testkit.Must(t, os.Rename(log, log+".2"))
		testkit.Append(t, log+".1", "three\n")
		testkit.Append(t, log, "four\n")
		rest := m.follow(t, Follower{Path: log, From: h.at(0).End})
		rest.want("two", "three", "four")
	})
}

func TestBeginningIsNotToBeFound(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\ntwo\n")
		h := m.follow(t, Follower{Path: log, From: Position{Inode: 1, Fingerprint: 2, Offset: 4}})
		h.want("one", "two")
		h.untilTold(errFromNotFound, 1)
	})
}

func TestCallbackFails(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\ntwo\n")
		enough := errors.New("enough")
		var n int
		f := Follower{Path: log, Poll: m.poll, Tick: 10 * time.Millisecond}
		err := f.Follow(context.Background(), func(Line) error { n++; return enough }, nil)
		if err != enough || n != 1 {
			t.Errorf("Follow = %v after %d lines, want %v after 1", err, n, enough)
		}
		err = f.Follow(context.Background(), func(Line) error { return nil }, func(time.Time) error { return enough })
		if err != enough {
			t.Errorf("Follow = %v, want idle's %v", err, enough)
		}
	})
}

// TestEndIsTold: whoever is told that everything before a time was handed over has it, also while a cycled file is
// given time.
func TestEndIsTold(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log, Grace: 300 * time.Millisecond})
		var written []time.Time
		told := func(n int) {
			h.until(fmt.Sprintf("told that %d lines are all", n), func() bool { return h.end.After(written[n-1]) })
		}
		written = append(written, time.Now())
		told(1)
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "two\n")
		written = append(written, time.Now())
		told(2)
		testkit.Append(t, log, "three\nhal")
		written = append(written, time.Now())
		told(3)
		h.stop()
		for _, e := range h.calls {
			n := 0
			for n < len(written) && e.at.After(written[n]) {
				n++
			}
			if e.lines < n {
				t.Errorf("told that %d lines were all, when %d were written", e.lines, n)
			}
		}
	})
}
