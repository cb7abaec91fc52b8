package tailer

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind. Those of nxadm/tail's tracker stay as long as the process; that our own
// watcher doesn't is for TestNothingStaysOpen.
func TestMain(m *testing.M) {
	if path := os.Getenv(victimLog); path != "" {
		if err := beVictim(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == flag.Lookup("test.parallel").DefValue {
		flag.Set("test.parallel", "16") // nearly all of them wait for something
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.(*InotifyTracker).run"),
		goleak.IgnoreAnyFunction("github.com/fsnotify/fsnotify.(*inotify).readEvents"),
	)
}

// openDescriptors counts what this process holds open.
func openDescriptors(t *testing.T) map[string]int {
	t.Helper()
	entries, err := os.ReadDir(descriptors)
	if err != nil {
		t.Skip(err)
	}
	open := make(map[string]int)
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		if target, err := os.Readlink(descriptors + "/" + entry.Name()); err == nil {
			open[target]++
		}
	}
	return open
}
