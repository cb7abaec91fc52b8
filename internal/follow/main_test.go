package follow

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind. Those of nxadm/tail's tracker stay as long as the process, and so do those
// that wait for it when it is wedged: see tailer.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.(*InotifyTracker).run"),
		goleak.IgnoreAnyFunction("github.com/fsnotify/fsnotify.(*inotify).readEvents"),
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.watch"),
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.remove"),
		goleak.IgnoreAnyFunction("exiwatch/tailer.(*liveTail).stop.func1"),
		goleak.IgnoreAnyFunction("exiwatch/tailer.(*tracker).await.func1"),
	)
}
