package tailer

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nxadm/tail"
)

// fdFolder is where Linux shows the files this process holds open. A link there leads to the inode, whatever has
// become of its name.
const fdFolder = "/proc/self/fd"

// stopPatience is how long a tail is given to stop. It takes microseconds, unless the library's tracker is wedged.
const stopPatience = time.Second

// A live tail tells of a segment's new lines at once.
//
// QUIRK of nxadm/tail: it stops for a renamed path without reading the rest, so it gets one of descriptors' paths, and
// keys its watches by path, so each gets a descriptor of its own. Cleanup makes paths deaf and StopAtEOF drops lines:
// neither is called. Its own polling is no better than ours. It can end the process: see tracker.
type liveTail struct {
	*tail.Tail
	fd            *os.File
	handed        int64 // lines
	handedAtCheck int64 // lines taken when it was last doubted
}

// goLive follows s from its offset on. folder is descriptors, or what a test says.
func goLive(s *segment, folder string) (*liveTail, error) {
	door, err := os.Open(fmt.Sprintf("%s/%d", folder, s.file.Fd()))
	if err != nil {
		return nil, withoutNumber(folder, err)
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
		return nil, withoutNumber(folder, err)
	}
	return &liveTail{Tail: t, fd: door}, nil
}

// withoutNumber gives an error of opening one of a folder's descriptors, the same whatever its number.
func withoutNumber(folder string, err error) error {
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		return fmt.Errorf("opening one of %s: %w", folder, path.Err)
	}
	return err
}

// lines is where lines come from; closed when the tail has ended, nil when there is none.
func (l *liveTail) lines() <-chan *tail.Line {
	if l == nil {
		return nil
	}
	return l.Lines
}

// stop ends the tail. What it has read and not handed over is still behind the segment's offset. The door stays open
// until the tail has ended: else its number would be another file's.
func (l *liveTail) stop() error {
	stopped := make(chan error, 1)
	go func() {
		l.Stop() // its error is why it ended before, which the segment's own reads will meet
		stopped <- l.fd.Close()
	}()
	select {
	case err := <-stopped:
		return err
	case <-time.After(stopPatience):
		theTracker.await(stopped)
		return errors.New("stopping a tail: no answer, its descriptors stay open until there is one")
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
	return s.newLine(text, int64(len(given.Text))+1, false), true
}
