package tailer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// copied does what logrotate's copytruncate does, while nobody writes.
func copied(t *testing.T, log, to string) {
	t.Helper()
	text, err := os.ReadFile(log)
	testkit.Must(t, err)
	testkit.Must(t, os.WriteFile(to, text, 0o640))
	testkit.Must(t, os.Truncate(log, 0))
}

// unread is a log of which the follower has handed over the first lines when its change is made: the callback that
// gets the last of them waits for it.
func (m mode) unread(t *testing.T, log string, change func()) (h *recorder, lines []string) {
	t.Helper()
	lines, text := logLines("first", 20000) // several chunks
	testkit.Append(t, log, text)
	h = m.recorder(t)
	halt := func(line Line) error {
		if line.Number == 50 {
			change()
		}
		return h.line(line)
	}
	h.begin(Follower{Path: log}, halt)
	return h, lines
}

func TestCopyHoldsUnreadRest(t *testing.T) {
	second, long := logLines("second", 25000)
	for name, way := range map[string]struct {
		change func(t *testing.T, log string)
		more   []string // what is written then
	}{
		"copytruncate": {change: func(t *testing.T, log string) { copied(t, log, log+".1") }},
		"and compress": {change: func(t *testing.T, log string) { copied(t, log, log+".1"); gzipped(t, log+".1") }},
		"twice": {func(t *testing.T, log string) {
			copied(t, log, log+".2")
			testkit.Append(t, log, "between\n")
			copied(t, log, log+".1")
		}, []string{"between"}},
		"three times, and compress": {func(t *testing.T, log string) {
			copied(t, log, log+".3")
			gzipped(t, log+".3")
			testkit.Append(t, log, "between\n")
			copied(t, log, log+".2")
			gzipped(t, log+".2")
			copied(t, log, log+".1")
		}, []string{"between"}},
		"and then cycled": {func(t *testing.T, log string) {
			copied(t, log, log+".2")
			testkit.Append(t, log, "between\n")
			testkit.Must(t, os.Rename(log, log+".1"))
		}, []string{"between"}},
		"and grown beyond": {func(t *testing.T, log string) {
			copied(t, log, log+".1")
			testkit.Append(t, log, long)
		}, second},
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				log := filepath.Join(t.TempDir(), "mainlog")
				h, lines := m.unread(t, log, func() { way.change(t, log); testkit.Append(t, log, "now\n") })
				h.want(slices.Concat(lines, way.more, []string{"now"})...)
				h.untilTold(errShorter, 1)
			})
		})
	}
}

// The copy was made before the last lines were written, which the follower has handed over nevertheless.
func TestCopyShorterThanRead(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		lines, text := logLines("first", 50)
		testkit.Append(t, log, text)
		testkit.Append(t, log+".1", text)
		testkit.Append(t, log, "after the copy\n")
		h := m.follow(t, Follower{Path: log})
		h.want(append(lines, "after the copy")...)
		testkit.Must(t, os.Truncate(log, 0))
		h.untilTold(errShorter, 1)
		testkit.Append(t, log, "two\n")
		h.want(append(lines, "after the copy", "two")...)
		h.stop()
		// The same, while down.
		testkit.Must(t, os.Truncate(log, 0))
		testkit.Append(t, log, "three\n")
		rest := m.follow(t, Follower{Path: log, From: h.at(50).End})
		rest.want("three")
	})
}

// As TestCopyShorterThanRead, of a log of a few lines.
func TestCopyOfFewLines(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\ntwo\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one", "two")
		testkit.Append(t, log+".1", "one\n")
		testkit.Must(t, os.Truncate(log, 0))
		h.untilTold(errShorter, 1)
		testkit.Append(t, log, "three\n")
		h.want("one", "two", "three")
	})
}

func TestTruncatedWithoutCopy(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log+".3", "before the beginning\n")
		gzipped(t, log+".3")
		testkit.Append(t, log+".2", "just before the beginning\n")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "two\n")
		h.want("one", "two")
		testkit.Must(t, os.Truncate(log, 0))
		h.untilTold(errShorter, 1)
		testkit.Append(t, log, "three\n")
		h.want("one", "two", "three")
		testkit.Must(t, os.Rename(log+".2", log+".4"))
		testkit.Must(t, os.Rename(log+".1", log+".2"))
		testkit.Must(t, os.WriteFile(log, []byte("four, which is longer\n"), 0o640))
		h.want("one", "two", "three", "four, which is longer")
	})
}

// What was read is cycled and compressed while its successor is made short: its new name makes it no new file.
func TestTruncatedBesideJustCompressed(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log, Grace: 10 * time.Millisecond})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "two\n")
		h.want("one", "two")
		gzipped(t, log+".1")
		testkit.Must(t, os.WriteFile(log, []byte("three\n"), 0o640))
		h.want("one", "two", "three")
	})
}

// The log is truncated while the file before it is still given its Grace.
func TestTruncatedBeforeRead(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log, Grace: 2 * time.Second})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".2"))
		testkit.Append(t, log, "two\n")
		idle := h.idles()
		h.until("a tick later", func() bool { return h.idleCount > idle+1 })
		copied(t, log, log+".1")
		testkit.Append(t, log, "three, which is longer\n")
		h.want("one", "two", "three, which is longer")
	})
}

// Bytes, inode and all are as they were; only what they say is new.
func TestNewFileOnSameInode(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.WriteFile(log, []byte("two\n"), 0o640))
		h.want("one", "two")
		h.stop()
		testkit.Must(t, os.Truncate(log, 0))
		testkit.Append(t, log, "six\nten\n")
		rest := m.follow(t, Follower{Path: log, From: h.at(1).End})
		rest.want("six", "ten")
		rest.untilTold(errFromNotFound, 1)
	})
}

func TestInodePassedToOtherFile(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		lines, text := logLines("first", 100)
		testkit.Append(t, log, text)
		h := m.follow(t, Follower{Path: log})
		h.want(lines...)
		h.stop()
		copied(t, log, log+".2") // so the inode is the log's, and then that of what it is cycled to
		testkit.Append(t, log, "next\n")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "last\n")
		rest := m.follow(t, Follower{Path: log, From: h.at(97).End})
		rest.want(lines[98], lines[99], "next", "last")
	})
}

// NULs are what a crash leaves, and what a writer without O_APPEND leaves where a file was truncated.
func TestRunsOfNUL(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		hole := strings.Repeat("\x00", 1000)
		testkit.Append(t, log, hole)
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log})
		h.want(hole + "one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, hole+"two\nthree\n")
		h.want(hole+"one", hole+"two", "three")
		file, err := os.OpenFile(log, os.O_WRONLY, 0)
		testkit.Must(t, err)
		defer file.Close()
		testkit.Must(t, file.Truncate(0))
		h.untilTold(errShorter, 1)
		_, err = file.WriteAt([]byte("four\n"), 3*chunkSize)
		testkit.Must(t, err)
		h.want(hole+"one", hole+"two", "three", strings.Repeat("\x00", MaxLine))
		if !h.at(3).Long || h.at(3).End.Offset != 3*chunkSize+5 {
			t.Errorf("line after a hole ends at byte %d, long %v", h.at(3).End.Offset, h.at(3).Long)
		}
		h.stop()
		rest := m.follow(t, Follower{Path: log, From: h.at(0).End})
		rest.want(strings.Repeat("\x00", MaxLine)) // the rest of mainlog.1, and the log
	})
}

func TestHalfLineNeverFinished(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\nhal")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		copied(t, log, log+".1")
		testkit.Append(t, log, "two\nanoth")
		h.want("one", "hal", "two")
		h.stop()
		testkit.Must(t, os.Rename(log+".1", log+".2"))
		testkit.Must(t, os.Rename(log, log+".1"))
		gzipped(t, log+".1")
		testkit.Append(t, log, "three\n")
		for i, want := range [][]string{{"hal", "two", "anoth", "three"}, {"two", "anoth", "three"},
			{"anoth", "three"}} {
			rest := m.follow(t, Follower{Path: log, From: h.at(i).End})
			rest.want(want...)
			rest.stop()
		}
	})
}

// TestSeenEmptyThenCopiedAndCompressed: a log that is empty when it is looked at is written, copied, truncated, written
// again and compressed before the folder is read.
func TestSeenEmptyThenCopiedAndCompressed(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	c := newFollowLoop(Follower{Path: log, Poll: true}, nil, nil)
	defer c.close()
	testkit.Append(t, log, "one\n")
	c.lookForFiles(time.Now())
	testkit.Must(t, os.Rename(log, log+".3"))
	testkit.Append(t, log, "")
	c.lookForFiles(time.Now())
	if len(c.segments) != 2 {
		t.Fatalf("%d files are seen, want 2", len(c.segments))
	}
	testkit.Append(t, log, "two\n")
	copied(t, log, log+".2")
	testkit.Append(t, log, "three\n")
	testkit.Must(t, os.Rename(log, log+".1"))
	gzipped(t, log+".1")
	testkit.Append(t, log, "four\n")
	testkit.Must(t, c.openSuccessors(time.Now()))
	if got, want := rowText(t, c), "one\ntwo\nthree\nfour\n"; got != want {
		t.Errorf("the row holds %q, want %q", got, want)
	}
}

// TestCopyCompressedAndItsInodePassedOn: the copy that a log was to be begun again from is compressed, and the next
// copy gets its inode, before the folder is read again.
func TestCopyCompressedAndItsInodePassedOn(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	c := newFollowLoop(Follower{Path: log, Poll: true}, nil, nil)
	defer c.close()
	testkit.Append(t, log, "one\n")
	c.lookForFiles(time.Now())
	copied(t, log, log+".1")
	testkit.Append(t, log, "two\n")
	found, err := c.stable()
	testkit.Must(t, err)
	c.repairOrder(found)
	testkit.Must(t, os.WriteFile(log+".2", []byte("one\n"), 0o640))
	gzipped(t, log+".2")
	testkit.Must(t, os.Truncate(log+".1", 0))
	testkit.Append(t, log+".1", "two\n")
	testkit.Must(t, os.Truncate(log, 0))
	testkit.Append(t, log, "three\n")
	testkit.Must(t, c.openSuccessors(time.Now()))
	if got, want := rowText(t, c), "one\ntwo\nthree\n"; got != want {
		t.Errorf("the row holds %q, want %q", got, want)
	}
}

// rowText is how the row's files begin.
func rowText(t *testing.T, c *followLoop) (text string) {
	for _, s := range c.segments {
		head, err := s.currentHead()
		testkit.Must(t, err)
		text += string(head)
	}
	return text
}
