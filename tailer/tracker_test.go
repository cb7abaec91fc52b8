package tailer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"exiwatch/internal/testkit"

	"github.com/nxadm/tail/util"
)

// scarceFolder names the folder of a log that a child process of this test is to follow, in a way that scarceHow says.
const scarceFolder, scarceHow = "EXIWATCH_SCARCE_FOLDER", "EXIWATCH_SCARCE_HOW"

// TestTrackerNeverEndsTheProcess: whatever nxadm/tail lacks when it begins or goes on, the lines are read, and what is
// wrong is told once. Each case is a process of its own, as the library's tracker is one for the process.
func TestTrackerNeverEndsTheProcess(t *testing.T) {
	if folder := os.Getenv(scarceFolder); folder != "" {
		followScarcely(t, folder, os.Getenv(scarceHow))
		return
	}
	const gaveUp = "nxadm/tail gave up, logs are read without it: "
	for how, told := range map[string]string{
		"no instance at first": "starting to watch for new lines: couldn't initialize inotify: too many open files",
		"no instance for it":   gaveUp + "failed to create Watcher",
		"a stat fails":         gaveUp + "Failed to stat file mainlog: input/output error",
		"none for a tail":      "opening one of /proc/self/fd: too many open files",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			child := exec.Command(os.Args[0], "-test.run=^"+t.Name()[:strings.Index(t.Name(), "/")]+"$", "-test.v")
			child.Env = append(os.Environ(), scarceFolder+"="+t.TempDir(), scarceHow+"="+how)
			out, err := child.CombinedOutput()
			if err != nil || strings.Count(string(out), told) != 1 {
				t.Errorf("%v, want that it says %q once:\n%s", err, told, out)
			}
		})
	}
}

// TestTrackerIsLeftAloneWhileATailHangs: each further tail would hang as well, with its descriptors.
func TestTrackerIsLeftAloneWhileATailHangs(t *testing.T) {
	tr := tracker{running: true, ended: make(chan struct{})}
	one, other := make(chan error, 1), make(chan error, 1)
	testkit.Must(t, tr.start())
	tr.await(one)
	tr.await(other)
	one <- nil
	if tr.start() == nil || tr.failed() == nil {
		t.Error("it is relied on while a tail hangs")
	}
	other <- nil
	testkit.Until(t, "it is relied on again", func() bool { return tr.start() == nil })
}

// followScarcely follows a log through a cycle in a process that lacks something.
func followScarcely(t *testing.T, folder, how string) {
	log := filepath.Join(folder, "mainlog")
	f, err := os.Create(log)
	testkit.Must(t, err)
	defer f.Close()
	fmt.Fprintln(f, 0)
	switch how {
	case "no instance at first":
		leaveFree(t, 0)
	case "none for a tail":
		leaveFree(t, 3) // the folder's watch, the tracker and the log
	case "no instance for it": // what the probe finds, somebody else takes
		theTracker.running = true
		theTracker.guard()
		go util.Fatal("failed to create Watcher")
		<-theTracker.ended
	}
	h := mode{}.follow(t, Follower{Path: log})
	if how == "no instance at first" {
		h.until("the problem", func() bool { return len(h.problems) > 1 && h.idleCount > 3 })
		unlimited(t)
	}
	h.until("the first line", func() bool { return len(h.lines) == 1 })
	switch how {
	case "a stat fails":
		h.until("quiet", func() bool { return h.idleCount > 3 })
		go util.Fatal("Failed to stat file %v: %v", "mainlog", syscall.EIO)
		<-theTracker.ended
	}
	for i := range 3 {
		idle := h.idles()
		fmt.Fprintln(f, i+1)
		h.until("the line", func() bool { return len(h.lines) == i+2 })
		h.until("some ticks", func() bool { return h.idleCount > idle+5 })
	}
	unlimited(t)
	testkit.Must(t, os.Rename(log, log+".1"))
	testkit.Append(t, log, "4\n")
	h.want("0", "1", "2", "3", "4")
	h.stop()
	for _, err := range h.problems {
		fmt.Println("told:", err)
	}
}

// leaveFree lets this process have n descriptors more than it has.
func leaveFree(t *testing.T, n int) {
	t.Helper()
	limit := uint64(0)
	for free := -1; free < n; limit++ {
		if _, err := os.Lstat(fmt.Sprintf("%s/%d", fdFolder, limit)); err != nil {
			free++
		}
	}
	setLimit(t, limit-1)
}

// unlimited lets it have many again.
func unlimited(t *testing.T) { setLimit(t, 500) }

func setLimit(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	testkit.Must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = n
	testkit.Must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
}
