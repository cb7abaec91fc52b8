package tailer

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// DefaultPatience is how long a file that can't be read is waited for.
const DefaultPatience = time.Hour

// A Gap is a file, or the rest of one, that was left out because it could not be read for Follower.Patience.
type Gap struct {
	Path string // a file, or a folder that could not be listed
	// From is where reading stopped. Its Offset is 0 if nothing of the file was read, and it is zero if the file could
	// not even be found.
	From         Position
	Size         int64 // bytes as stored; -1 if unknown
	Since, Until time.Time
	Err          error // the last one
}

// A WaitError says that a file or a folder can't be read. So nothing is known of what it holds, and a caller who must
// decide something tries again.
type WaitError struct {
	Path  string
	Since time.Time
	Err   error
}

func (e *WaitError) Error() string { return "waiting until it can be read: " + e.Err.Error() }
func (e *WaitError) Unwrap() error { return e.Err }

// A waitList holds the files that can't be read, and since when. A nil one is for callers that look once and can't
// wait.
type waitList struct {
	patience time.Duration
	skipped  func(Gap) // nil: nobody listens
	log      identity  // of the log itself: nothing younger exists to go on with
	files    map[waitKey]*wait
}

// A waitKey is a file's identity, or its path if nothing else is known of it.
type waitKey struct {
	identity
	path string
}

type wait struct {
	since     time.Time
	last      time.Time // when it failed last
	leftOutAt time.Time // when it was reported as a Gap; zero: it wasn't
}

// sameWait is how far two failures may be apart to count as one wait.
const sameWait = time.Minute

// waiting is the list of what f waits for. From then on f shares it with its copies.
func (f *Follower) waiting() *waitList {
	if f.waits != nil {
		return f.waits
	}
	w := &waitList{patience: cmp.Or(f.Patience, DefaultPatience), skipped: f.Skipped, files: make(map[waitKey]*wait)}
	for _, g := range f.LeftOut {
		gone := candidate{path: g.Path, identity: g.From.identity()}
		w.files[gone.waitKey()] = &wait{last: g.Until, leftOutAt: g.Until} // since forever
	}
	f.waits = w
	return w
}

func (f candidate) waitKey() waitKey {
	if f.identity == (identity{}) {
		return waitKey{path: f.path}
	}
	return waitKey{identity: f.identity}
}

// recordFailure notes that f can't be read now. over tells whether that has lasted for too long.
func (w *waitList) recordFailure(f candidate, err error) (failed *WaitError, over bool) {
	now := time.Now()
	known := w.files[f.waitKey()]
	if known == nil || known.isOver(f, now) {
		known = &wait{since: now}
		store(w.files, f.waitKey(), known)
	}
	known.last = now
	return &WaitError{Path: f.path, Since: known.since, Err: err}, now.Sub(known.since) >= w.patience
}

// isOver tells whether an earlier wait has nothing to do with f, which can't be read now: the inode may be another
// file's.
func (w *wait) isOver(f candidate, now time.Time) bool {
	if !w.leftOutAt.IsZero() {
		return f.changed.After(w.leftOutAt)
	}
	return now.Sub(w.last) > sameWait
}

// recordSuccess notes that f could be read.
func (w *waitList) recordSuccess(f candidate) {
	if w != nil && len(w.files) > 0 {
		delete(w.files, f.waitKey())
	}
}

// leaveOut reports once that f is left out. Everything before from was read.
func (w *waitList) leaveOut(f candidate, failed *WaitError, from Position) {
	known := w.files[f.waitKey()]
	if known == nil || !known.leftOutAt.IsZero() {
		return
	}
	known.leftOutAt = time.Now()
	if w.skipped == nil {
		return
	}
	size := f.size
	if f.identity == (identity{}) {
		size = -1
	}
	w.skipped(Gap{Path: f.path, From: from, Size: size, Since: known.since, Until: known.leftOutAt, Err: failed.Err})
}

// waitOrIgnore takes the error of reading f. It gives nil if a decision may be made without f, else the reason to wait,
// or errMoved as it is. A caller that looks once ignores the content of files that it may not read. It meets them again
// when it opens them.
func (w *waitList) waitOrIgnore(f candidate, err error) error {
	if err == nil || errors.Is(err, errMoved) {
		return err
	}
	denied := errors.Is(err, fs.ErrPermission) && f.identity != (identity{})
	if w == nil {
		if denied {
			return nil
		}
		return err
	}
	if denied && (f.foreign || f.unclear) && time.Since(f.status) >= w.patience {
		return nil // it has lasted for long: it may be another program's
	}
	failed, over := w.recordFailure(f, err)
	if !over {
		return failed
	}
	if f.identity != w.log || f.identity == (identity{}) {
		w.leaveOut(f, failed, f.start())
	}
	return nil
}

// isLeftOut tells whether f was left out.
func (w *waitList) isLeftOut(f candidate) bool {
	known := w.files[f.waitKey()]
	return known != nil && !known.leftOutAt.IsZero()
}

// isGone tells whether an error says for certain that there is no regular file. With any other error that is unknown.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) || errors.Is(err, syscall.ELOOP) ||
		errors.Is(err, syscall.ENOTDIR)
}

// A fileReader reads a file from its first byte, wherever others have got to in it. It remembers that the file could
// not be read; uncompressing may turn that into another error.
type fileReader struct {
	file   *os.File
	at     int64
	failed error // not io.EOF; nil: all that there is was read
}

func (s *fileReader) Read(p []byte) (int, error) {
	n, err := s.file.ReadAt(p, s.at)
	s.at += int64(n)
	if n > 0 {
		return n, nil // the error comes again
	}
	if s.failed = nil; err != io.EOF {
		s.failed = err
	}
	return n, err
}
