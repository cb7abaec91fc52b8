package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A writer that was stopped between looking at the name and writing goes on after the file was let go of.
func TestLateLineAfterGrace(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log, Grace: time.Millisecond})
		h.want("one")
		late, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
		testkit.Must(t, err)
		defer late.Close()
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "two\n")
		h.want("one", "two")
		gzipped(t, log+".1") // which it doesn't know of
		_, err = late.WriteString("three\nfo")
		testkit.Must(t, err)
		h.want("one", "two", "three")
		_, err = late.WriteString("ur\n")
		testkit.Must(t, err)
		h.want("one", "two", "three", "four")
		for i, number := range []int64{1, 1, 2, 3} {
			if line := h.at(i); line.Late != (i > 1) || line.Number != number || line.Torn {
				t.Errorf("line %q: late %v, torn %v, number %d, want late from the third on, number %d", line.Text,
					line.Late, line.Torn, line.Number, number)
			}
		}
		if end := h.at(3).End; end.Inode != h.at(0).End.Inode || end.Offset != 15 {
			t.Errorf("the last late line ends at %+v, want byte 15 of the first's file", end)
		}
		testkit.Append(t, log, "five\n")
		h.want("one", "two", "three", "four", "five")
		if h.at(4).Late {
			t.Error("a line of the log itself is late")
		}
	})
}

func TestLateLineAfterAMinute(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log, Grace: time.Millisecond, lateness: time.Millisecond})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "two\n")
		h.want("one", "two")
		h.want("one", "two") // a tick later
		testkit.Append(t, log+".1", "three\n")
		testkit.Append(t, log, "four\n")
		h.want("one", "two", "four")
	})
}

// The file before the one to begin with is written to once more.
func TestLateLineBeforeBeginning(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log+".1", "old\n")
		testkit.Append(t, log, "")
		h := m.follow(t, Follower{Path: log})
		h.until("quiet", func() bool { return h.idleCount > 0 })
		testkit.Append(t, log+".1", "late\n")
		h.want()
		testkit.Append(t, log, "one\n")
		h.want("one")
	})
}

// What has its name back is no late file.
func TestNameComesBackAfterLateLine(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log, Grace: time.Millisecond})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "two\n")
		h.want("one", "two")
		testkit.Append(t, log+".1", "three\n")
		h.want("one", "two", "three")
		testkit.Must(t, os.Rename(log+".1", log))
		h.want("one", "two", "three")
		testkit.Append(t, log, "four\n")
		h.want("one", "two", "three", "four")
		if line := h.at(3); line.Late || line.Number != 3 {
			t.Errorf("line of the file that came back: late %v, number %d, want number 3, not late", line.Late,
				line.Number)
		}
	})
}

// More are let go of than may be held open.
func TestLateLinesInManyFiles(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		const files = 2 * maxHeldOpen
		log := filepath.Join(t.TempDir(), "mainlog")
		h := m.follow(t, Follower{Path: log, Grace: time.Millisecond})
		var want []string
		for i := range files {
			want = append(want, fmt.Sprint("line ", i))
			testkit.Append(t, log, want[i]+"\n")
			h.want(want...)
			testkit.Must(t, os.Rename(log, fmt.Sprint(log, ".", files-i)))
		}
		want = append(want, "now")
		testkit.Append(t, log, "now\n")
		h.want(want...)
		for i := range files {
			testkit.Append(t, fmt.Sprint(log, ".", files-i), fmt.Sprint("late ", i, "\n"))
			if i >= files-maxHeldOpen {
				want = append(want, fmt.Sprint("late ", i))
				h.want(want...)
			}
		}
	})
}
