package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// These two count what the whole process has open, so they don't run beside others.

func TestNothingStaysOpen(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	cycleAndStop := func(times int) {
		h := mode{}.follow(t, Follower{Path: log, Grace: time.Millisecond})
		for i := range times {
			testkit.Append(t, log, fmt.Sprintf("line %d\n", i))
			h.until("the line", func() bool { return len(h.lines) == i+1 })
			testkit.Must(t, os.Rename(log, log+".1"))
		}
		h.stop()
		testkit.Must(t, os.Remove(log+".1"))
	}
	cycleAndStop(1) // nxadm/tail's tracker stays
	before := openDescriptors(t)
	cycleAndStop(20)
	untilOpen(t, "open as before", func() bool { return total(openDescriptors(t)) == total(before) })
}

func TestThousandCyclesLeaveNothingOpen(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	warm := mode{}.follow(t, Follower{Path: log}) // nxadm/tail's tracker stays
	testkit.Append(t, log, "one\n")
	warm.want("one")
	warm.stop()
	goroutines, before := runtime.NumGoroutine(), total(openDescriptors(t))

	h := mode{}.follow(t, Follower{Path: log, Grace: time.Microsecond, lateness: time.Millisecond})
	h.until("quiet", func() bool { return h.idleCount > 0 })
	following := total(openDescriptors(t))
	for i := range 1000 {
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, fmt.Sprintf("line %d\n", i))
		h.until("the line", func() bool { return len(h.lines) == i+2 })
		const closing = 200 // of tails that are ending: on a slow machine several at a time
		if open := total(openDescriptors(t)); open > following+maxHeldOpen+closing {
			t.Fatalf("%d descriptors open after %d cycles, %d at first", open, i, following)
		}
	}
	untilOpen(t, "as many descriptors as at first", func() bool { return total(openDescriptors(t)) <= following })
	h.stop()
	untilOpen(t, "goroutines and descriptors as before", func() bool {
		return total(openDescriptors(t)) <= before && runtime.NumGoroutine() <= goroutines
	})
}

// untilOpen waits until something is so of what is open.
func untilOpen(t *testing.T, what string, so func() bool) {
	t.Helper()
	testkit.Until(t, what, so, func() any { return openDescriptors(t) }, func() any { return runtime.NumGoroutine() })
}

func TestPollWithoutInotify(t *testing.T) {
	const instances = "anon_inode:inotify"
	log := filepath.Join(t.TempDir(), "mainlog")
	before := openDescriptors(t)[instances]
	h := mode{poll: true}.follow(t, Follower{Path: log})
	testkit.Append(t, log, "one\n")
	h.want("one")
	testkit.Must(t, os.Rename(log, log+".1"))
	testkit.Append(t, log, "two\n")
	h.want("one", "two")
	if n := openDescriptors(t)[instances]; n != before {
		t.Errorf("%d inotify instances, want %d", n, before)
	}
}

func total(open map[string]int) (n int) {
	for _, times := range open {
		n += times
	}
	return n
}
