package tailer

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/nxadm/tail/util"
	"github.com/nxadm/tail/watch"
)

// A tracker is the goroutine of nxadm/tail that watches the files of all tails. The library starts it with the first
// tail and keeps it, with its inotify instance, as long as the process lives.
//
// QUIRK of nxadm/tail: it ends the process, by util.Fatal, when the tracker can't get an inotify instance, and when a
// stat fails. Before Fatal exits, it writes the reason to an exported logger, which is our tracker here. Write ends
// that goroutine, so that Fatal never reaches its os.Exit. After that the library can't be relied on: no more tails
// start in this process, and plain reads do their work. The same holds while a tail doesn't stop. fsnotify holds its
// lock until the tracker takes an error, and the tracker waits for that lock.
type tracker struct {
	mu      sync.Mutex
	running bool          // it was started, and may have died since
	late    int           // tails that should have stopped
	ended   chan struct{} // closed when the library wanted to exit
	end     sync.Once     // closes ended
	why     error         // of ended
}

// theTracker is the only one of the process, as the library's is.
var theTracker = tracker{ended: make(chan struct{})}

// start makes sure that the tracker runs. If there is no inotify instance for it now, that may be tried again.
func (t *tracker) start() error {
	return cmp.Or(t.run(), t.failed())
}

func (t *tracker) run() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.running {
		if err := canWatch(); err != nil {
			return fmt.Errorf("starting to watch for new lines: %w", err)
		}
		t.running = true
		t.guard()
		up := make(chan struct{})
		go func() {
			watch.RemoveWatch(nobody) // the first call to the library starts it
			close(up)
		}()
		select {
		case <-up:
		case <-t.ended: // another program took the last instance; this goroutine then waits for ever
		}
	}
	return nil
}

// guard makes util.Fatal end in Write.
func (t *tracker) guard() {
	util.LOGGER.SetFlags(0)
	util.LOGGER.SetOutput(t)
}

// unwatched returns when the library doesn't watch a path any more whose tail has stopped, or can't be relied on.
func (t *tracker) unwatched(path string) {
	for pause := 100 * time.Microsecond; pause < stopPatience && watch.Events(path) != nil; pause *= 2 {
		if t.failed() != nil {
			return
		}
		time.Sleep(pause)
	}
	done := make(chan struct{})
	go func() {
		watch.RemoveWatch(nobody) // comes after the removal that is going on
		close(done)
	}()
	select {
	case <-done:
	case <-t.ended: // that goroutine then waits for ever
	}
}

// nobody is a name that no tail has: removing its watch changes nothing.
const nobody = "/"

// failed says why the tracker can't be relied on; nil if it can.
func (t *tracker) failed() error {
	select {
	case <-t.ended:
		return t.why
	default:
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.late > 0 {
		return errors.New("nxadm/tail doesn't answer, logs are read without it")
	}
	return nil
}

// await keeps the tracker from being relied on until a tail has stopped that should have stopped by now.
func (t *tracker) await(stopped <-chan error) {
	t.count(1)
	go func() {
		<-stopped
		t.count(-1)
	}()
}

func (t *tracker) count(late int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.late += late
}

// Write takes what util.Fatal says before it exits, and doesn't return to it.
func (t *tracker) Write(text []byte) (int, error) {
	why, _, _ := bytes.Cut(bytes.TrimPrefix(text, []byte("FATAL -- ")), []byte("\n")) // a stack follows
	t.end.Do(func() {
		t.why = fmt.Errorf("nxadm/tail gave up, logs are read without it: %s", why)
		close(t.ended)
	})
	runtime.Goexit()
	return 0, errors.ErrUnsupported
}

// canWatch tells whether this process may have one more inotify instance.
func canWatch() error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	return watcher.Close()
}
