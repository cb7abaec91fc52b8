package tailer

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/nxadm/tail"
)

// descriptors is where Linux shows the files this process holds open. A link there leads to the inode, whatever has
// become of its name.
const descriptors = "/proc/self/fd"

// patience is how long a tail is given to stop. It takes microseconds, unless the library's tracker is wedged.
const patience = 2 * time.Second

// A live tail tells of a segment's new lines at once.
//
// QUIRK of nxadm/tail: it stops for a renamed path without reading the rest, so it gets one of descriptors' paths, and
// keys its watches by path, so each gets a descriptor of its own. Cleanup makes paths deaf and StopAtEOF drops lines:
// neither is called. It ends the process if it can't have an inotify instance: see canWatch. Its own polling, which
// does the same for a stat that fails, is no better than ours.
type live struct {
	*tail.Tail
	door  *os.File
	taken int64 // lines
	doubt int64 // lines taken when it was last doubted
}

// goLive follows s from its offset on. folder is descriptors, or what a test says.
func goLive(s *segment, folder string) (*live, error) {
	door, err := os.Open(fmt.Sprintf("%s/%d", folder, s.file.Fd()))
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		return nil, fmt.Errorf("opening one of %s: %w", folder, path.Err) // the same whatever the number
	}
	if err != nil {
		return nil, err
	}
	t, err := tail.TailFile(fmt.Sprintf("%s/%d", folder, door.Fd()), tail.Config{
		Location:      &tail.SeekInfo{Offset: s.offset},
		Follow:        true,
		MustExist:     true,
		CompleteLines: true,
		Logger:        tail.DiscardingLogger,
	})
	if err != nil {
		door.Close()
		return nil, err
	}
	return &live{Tail: t, door: door}, nil
}

// lines is where lines come from; closed when the tail has ended, nil when there is none.
func (l *live) lines() <-chan *tail.Line {
	if l == nil {
		return nil
	}
	return l.Lines
}

// stop ends the tail. What it has read and not handed over is still behind the segment's offset.
func (l *live) stop() error {
	stopped := make(chan struct{})
	go func() {
		l.Stop() // its error is why it ended before, which the segment's own reads will meet
		close(stopped)
	}()
	select {
	case <-stopped:
		return l.door.Close()
	case <-time.After(patience):
		return errors.New("stopping a tail: no answer, its descriptor is left open") // else its number would be another file's
	}
}

// take makes a Line of what the tail of s gave; ok is false if that doesn't continue what was handed over before.
func (s *segment) take(given *tail.Line) (line Line, ok bool) {
	if given.Err != nil || given.SeekInfo.Offset-int64(len(given.Text))-1 != s.offset {
		return Line{}, false
	}
	if anew, err := s.rewritten(); anew || err != nil {
		return Line{}, false
	}
	text := []byte(given.Text[:min(len(given.Text), MaxLine+1)])
	return s.line(text, int64(len(given.Text))+1, false), true
}

// canWatch tells whether this process may have one more inotify instance, which nxadm/tail takes for granted.
func canWatch() error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	return watcher.Close()
}
