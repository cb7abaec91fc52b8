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
	status := m.Run()
	if err := goleak.Find(ofTheLibrary()...); status == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// ofTheLibrary are the goroutines that may be left: the tracker's, and if that is wedged, all that wait for it.
func ofTheLibrary() []goleak.Option {
	const watch = "github.com/nxadm/tail/watch."
	left := []string{watch + "(*InotifyTracker).run", "github.com/fsnotify/fsnotify.(*inotify).readEvents"}
	if theTracker.failed() != nil {
		left = append(left, watch+"watch", watch+"remove", "exiwatch/tailer.(*liveTail).stop.func1",
			"exiwatch/tailer.(*tracker).await.func1")
	}
	var options []goleak.Option
	for _, function := range left {
		options = append(options, goleak.IgnoreAnyFunction(function))
	}
	return options
}

// openDescriptors counts what this process holds open.
func openDescriptors(t *testing.T) map[string]int {
	t.Helper()
	entries, err := os.ReadDir(fdFolder)
	if err != nil {
		t.Skip(err)
	}
	open := make(map[string]int)
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		if target, err := os.Readlink(fdFolder + "/" + entry.Name()); err == nil {
			open[target]++
		}
	}
	return open
}
