package tailer

import (
	"context"
	"time"
)

// A Follower follows one live main log. Only Path must be set. Between calls of its methods it remembers only which
// files can't be read.
type Follower struct {
	// Path is the main log. Its last element may hold %D (yyyymmdd) or %M (yyyymm), as log_file_path's may. Then the
	// current file is the newest one whose name matches.
	Path string
	// CycledTo are more folders that may hold rotated files, besides that of Path. See Members.
	CycledTo []string
	// From is where to begin: after the line that ended there, in whichever file that is now, as Find finds it. If it
	// is zero, or can't be found (Problem is told), Since says where to begin.
	From Position
	// Since is the time up to which everything was read, by the clock of the log's file system. Reading begins with
	// the oldest file that was written to later or, if there is none, at the log's end. Zero means the start of the
	// current file.
	Since time.Time
	// Grace is how long a rotated file must lie still before the next one begins; 0 is DefaultGrace. What is written
	// to it in the minute after that is handed over as Line.Late.
	Grace time.Duration
	// Poll is for file systems that report no changes. Without inotify, Follow looks at the log each Tick.
	Poll bool
	// Tick is how often Follow looks at everything unasked; 0 is DefaultTick.
	Tick time.Duration
	// Bulk, if set, gets the lines of one read together, instead of Follow's fn one by one, while there are many. It
	// never gets lines that are Late, Torn or Long, nor the first ones of a file. Its error ends Follow.
	Bulk func(Batch) error
	// Problem, if set, is told what went wrong and is tried again or skipped: a missing log, no permission, a log that
	// became shorter, a broken compressed file. The same problem is told once. Follow's goroutine calls it.
	Problem func(error)
	// Patience is how long Follow waits for a file or folder that it can't open, read, stat or list; 0 is
	// DefaultPatience. It reads nothing younger meanwhile. Then it goes on without the file, if there is anything
	// younger. A file that doesn't exist isn't waited for.
	Patience time.Duration
	// Skipped, if set, is told of each file that was left out after Patience.
	Skipped func(Gap)
	// LeftOut are files that an earlier Follower left out. Follow waits for them again only if they have changed.
	LeftOut []Gap
	// Waits, if set, is told what Follow waits for when that changes; nil: for nothing any more. Problem is told too.
	Waits func(*WaitError)

	waits    *waitList
	fdFolder string        // for tests: a system without /proc; empty is fdFolder
	lateness time.Duration // for tests: 0 is lateness
}

// The defaults of Follower. Exim looks at the name before each write, so late lines come within milliseconds of it.
const (
	// DefaultGrace is long enough for Exim, which looks at the log's name before each write: late lines come within
	// milliseconds.
	DefaultGrace = time.Second
	DefaultTick  = 500 * time.Millisecond
)

// secondLook is how long after the log became quiet idle is called again. A reader can see a part of what Exim writes
// at once, but only for microseconds.
const secondLook = 20 * time.Millisecond

// Follow calls fn for every complete line, in the order of the files and of their lines, except for Line.Late. It ends
// when ctx ends or a callback fails, and returns that error. The lines of a rotated file come before those of the next
// one; its last line is torn if it never gets an LF.
//
// idle, if not nil, is called when there is nothing more to read: once when the log becomes quiet, again after a
// moment, and after each Tick while it stays quiet. Every line written before end was handed over. end is zero while a
// rotated file may still grow, or while Follow waits for a file.
//
// The caller's goroutine runs both callbacks. When Follow returns, it has closed everything. Only nxadm/tail keeps two
// goroutines and an inotify instance, for the whole process.
func (f *Follower) Follow(ctx context.Context, fn func(Line) error, idle func(end time.Time) error) error {
	f.waiting()
	c := newFollowLoop(*f, fn, idle)
	defer c.close()
	return c.run(ctx)
}
