package daemon

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind. Those of nxadm/tail's tracker stay as long as the process, and so do those
// that wait for it when it is wedged: see tailer.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimFolder); dir != "" {
		if err := beVictim(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(talkerFolder); dir != "" {
		fmt.Fprintln(os.Stderr, beTalker(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.(*InotifyTracker).run"),
		goleak.IgnoreAnyFunction("github.com/fsnotify/fsnotify.(*inotify).readEvents"),
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.watch"),
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.remove"),
		goleak.IgnoreAnyFunction("exiwatch/tailer.(*liveTail).stop.func1"),
		goleak.IgnoreAnyFunction("exiwatch/tailer.(*tracker).await.func1"),
	)
}

// patience is how long anything may take; the machines tests run on are slow and shared.
const patience = 2 * time.Minute
