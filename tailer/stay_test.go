package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// These two count what the whole process has open, so they don't run beside others.

func TestNothingStaysOpen(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	cycleAndStop := func(times int) {
		h := mode{}.follow(t, Follower{Path: log, Grace: time.Millisecond})
		for i := range times {
			appendTo(t, log, fmt.Sprintf("line %d\n", i))
			h.until("the line", func() bool { return len(h.lines) == i+1 })
			must(t, os.Rename(log, log+".1"))
		}
		h.stop()
		must(t, os.Remove(log+".1"))
	}
	cycleAndStop(1) // nxadm/tail's tracker stays
	before := openDescriptors(t)
	cycleAndStop(20)
	var after map[string]int
	for late := time.Now().Add(deadline); time.Now().Before(late); {
		after = openDescriptors(t)
		if total(after) == total(before) {
			return
		}
	}
	t.Errorf("open = %v, want %v", after, before)
}

func TestPollWithoutInotify(t *testing.T) {
	const instances = "anon_inode:inotify"
	log := filepath.Join(t.TempDir(), "mainlog")
	before := openDescriptors(t)[instances]
	h := mode{poll: true}.follow(t, Follower{Path: log})
	appendTo(t, log, "one\n")
	h.want("one")
	must(t, os.Rename(log, log+".1"))
	appendTo(t, log, "two\n")
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
