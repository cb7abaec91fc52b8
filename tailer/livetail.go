package tailer

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nxadm/tail"
)

// fdFolder is where Linux shows the files that this process holds open. A link there leads to the inode, whatever its
// name is now.
const fdFolder = "/proc/self/fd"

// stopPatience is how long a tail may take to stop. It takes microseconds, unless the library's tracker is stuck.
const stopPatience = time.Second

// maxLag is how many bytes a tail may be behind: it is some ten times slower than our own reads.
const maxLag = 1 << 20

// A liveTail reports a segment's new lines as soon as they are written. Together with tracker it is the only user of
// nxadm/tail. It may be stopped at any moment: what it has read and not handed over still lies behind the segment's
// offset.
//
// QUIRK of nxadm/tail. These are its traps, and what is done about each:
//   - It stops when its path is renamed, and doesn't read the rest. So its path is that of a descriptor, in fdFolder.
//   - It keys its watches by path. So each tail has a descriptor of its own.
//   - The descriptor's number would become another file's if it were closed too early. So it stays open until the
//     tail has ended.
//   - It doesn't see every truncation, and may go on in the middle of a line. So accept compares each line with the
//     byte at which it has to begin.
//   - It goes silent while a line has no end, or when it misses an event. So check compares it with the file.
//   - Cleanup makes paths deaf, and StopAtEOF drops lines. So neither is called.
//   - Stop may never return. So stop gives it stopPatience.
//   - The watch of a path goes away a little after Stop. If the file is deleted before, or has another tail by then,
//     fsnotify fails to remove a watch, and the tracker may be stuck for good. So the descriptor, which keeps the file,
//     stays open until the watch is gone (tracker.unwatched), and the next tail waits (followLoop.backOff).
//   - It polls no better than our own reads. So those do the work where inotify can't.
//   - It ends the process on some errors: see tracker.
type liveTail struct {
	segment       *segment
	tail          *tail.Tail
	fd            *os.File // the descriptor that is the tail's path
	handed        int64    // lines so far
	handedAtCheck int64
}

// startLiveTail follows s from its offset on. folder is fdFolder, except in tests.
func startLiveTail(s *segment, folder string) (*liveTail, error) {
	if err := theTracker.start(); err != nil {
		return nil, err
	}
	fd, err := os.Open(fmt.Sprintf("%s/%d", folder, s.file.Fd()))
	if err != nil {
		return nil, withoutNumber(folder, err)
	}
	t, err := tail.TailFile(fmt.Sprintf("%s/%d", folder, fd.Fd()), tail.Config{
		Location:      &tail.SeekInfo{Offset: s.offset},
		Follow:        true,
		MustExist:     true,
		CompleteLines: true,
		Logger:        tail.DiscardingLogger,
	})
	if err != nil {
		fd.Close()
		return nil, withoutNumber(folder, err)
	}
	return &liveTail{segment: s, tail: t, fd: fd}, nil
}

// withoutNumber gives an error about one of a folder's descriptors that is the same whatever the descriptor's number.
func withoutNumber(folder string, err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("opening one of %s: %w", folder, path.Err)
	}
	return err
}

// lines gives the channel of new lines. It is closed when the tail has ended, and nil when there is no tail.
func (l *liveTail) lines() <-chan *tail.Line {
	if l == nil {
		return nil
	}
	return l.tail.Lines
}

// accept makes a Line of what came from lines. ok is false if that doesn't continue what was handed over before.
func (l *liveTail) accept(given *tail.Line) (line Line, ok bool) {
	s := l.segment
	if given.Err != nil || given.SeekInfo.Offset-int64(len(given.Text))-1 != s.offset {
		return Line{}, false
	}
	if changed, err := s.rewritten(); changed || err != nil {
		return Line{}, false
	}
	l.handed++
	text := []byte(given.Text[:min(len(given.Text), MaxLine+1)])
	return s.newLine(text, int64(len(given.Text))+1, false), true
}

// check tells whether the tail still works. It doesn't if it is far behind, or has given nothing since the last check
// although the file has changed. Half a line that our own reads have seen is no change.
func (l *liveTail) check() bool {
	s, silent := l.segment, l.handed == l.handedAtCheck
	l.handedAtCheck = l.handed
	info, err := s.file.Stat()
	if err != nil || theTracker.failed() != nil || info.Size()-s.offset > maxLag {
		return false
	}
	return !silent || info.Size() == s.offset || info.Size() == s.end
}

// stop ends the tail.
func (l *liveTail) stop() error {
	stopped := make(chan error, 1)
	go func() {
		l.tail.Stop() // its error says why it ended before; the segment's own reads will meet that
		theTracker.unwatched(l.tail.Filename)
		stopped <- l.fd.Close()
	}()
	select {
	case err := <-stopped:
		return err
	case <-time.After(stopPatience):
		theTracker.await(stopped)
		return errors.New("nxadm/tail doesn't stop watching a file, whose descriptors stay open until it does")
	}
}
