package tailer

import (
	"fmt"
	"os"

	"github.com/fsnotify/fsnotify"
)

// A folder is watched as a whole: a rotation shows as names that come and go.
type folder struct {
	path    string
	poll    bool              // without a watch
	watcher *fsnotify.Watcher // nil: only ticks lead to a look
	failed  chan error        // holds an error of the watcher, if there is one
	watched identity          // zero: the folder doesn't exist, or isn't watched yet
}

// open gets a watcher, if there is none yet.
func (f *folder) open() error {
	if f.poll || f.watcher != nil {
		return nil
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching %s: %w", f.path, err)
	}
	f.watcher, f.failed = watcher, make(chan error, 1)
	go f.takeErrors(watcher)
	return nil
}

// takeErrors takes the watcher's errors until it is closed.
//
// QUIRK of fsnotify: when it can't remove a watch, because the folder is gone, it waits until somebody takes the error.
// It holds the lock meanwhile that Add, Remove and Close need.
func (f *folder) takeErrors(watcher *fsnotify.Watcher) {
	for err := range watcher.Errors {
		select {
		case f.failed <- err:
		default: // one is enough to cause a look
		}
	}
}

// refresh watches the folder that has the name now, if there is one. The error says that it can't be watched.
func (f *folder) refresh() error {
	info, err := os.Stat(f.path)
	if err != nil {
		f.unwatch()
		return nil // the search for files in it will report that
	}
	if err := f.open(); err != nil || f.watcher == nil || identify(info) == f.watched {
		return err
	}
	f.unwatch()
	if err := f.watcher.Add(f.path); err != nil {
		return fmt.Errorf("watching %s: %w", f.path, err)
	}
	f.watched = identify(info)
	return nil
}

func (f *folder) unwatch() {
	if f.watched != (identity{}) {
		f.watcher.Remove(f.path) // fails if the kernel has dropped the watch with the folder
		f.watched = identity{}
	}
}

func (f *folder) events() <-chan fsnotify.Event {
	if f.watcher == nil {
		return nil
	}
	return f.watcher.Events
}

func (f *folder) close() {
	if f.watcher != nil {
		f.watcher.Close()
	}
}
