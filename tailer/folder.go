package tailer

import (
	"fmt"
	"os"

	"github.com/fsnotify/fsnotify"
)

// A folder is watched as a whole: names coming and going in it are what cycling looks like.
type folder struct {
	path    string
	poll    bool              // it isn't to be watched
	watcher *fsnotify.Watcher // nil: nobody tells, the tick has to do
	failed  chan error        // holds an error of the watcher, if there was one
	watched identity          // zero: the folder isn't there, or another one is
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
// QUIRK of fsnotify: when it can't take a watch away, as the folder is gone, it waits until somebody takes the error,
// and holds the lock that Add, Remove and Close wait for.
func (f *folder) takeErrors(watcher *fsnotify.Watcher) {
	for err := range watcher.Errors {
		select {
		case f.failed <- err:
		default: // one says it all: look
		}
	}
}

// refresh puts the watch on the folder that bears the name now, if there is one. It fails if that can't be watched.
func (f *folder) refresh() error {
	info, err := os.Stat(f.path)
	if err != nil {
		f.unwatch()
		return nil // whoever looks for files in it will say so
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

func (f *folder) errors() <-chan error { return f.failed }

func (f *folder) close() {
	if f.watcher != nil {
		f.watcher.Close()
	}
}
