package tailer

import (
	"context"
	"time"
)

// A Follower follows one live main log. Its zero value needs only a Path. Between calls of its methods it holds only
// which files can't be read.
type Follower struct {
	// Path is the main log. Its last element may hold %D (yyyymmdd) or %M (yyyymm), as log_file_path's may: then the
	// current file is the newest name that fits.
	Path string
	// CycledTo are folders, beside that of Path, in which cycled files may be, as in Row.
	CycledTo []string
	// From is where to begin: after the line that ended there, in whichever file of the folder that is by now, as Find
	// finds it. If it is zero, or not to be found, which Problem is told, Since says where to begin.
	From Position
	// Since is up to when everything has been read, by the clock of the log's file system: the first file is the
	// oldest that was written to after it, or if there is none the log begins at its end. Zero is the start of the
	// current file.
	Since time.Time
	// Grace is how long a cycled file has to lie still before the next one begins; 0 is DefaultGrace. What is written
	// to it later is handed over as Line.Late for another minute.
	Grace time.Duration
	// Poll is for file systems that tell nobody of changes: no inotify, the log is looked at each Tick.
	Poll bool
	// Tick is how often everything is looked at without being told to; 0 is DefaultTick.
	Tick time.Duration
	// Bulk, if set, is handed the lines that one read has found, rather than Follow's fn one by one: while there are
	// many. Never those that are Late, Torn or Long, nor the first of a file. Its error ends Follow.
	Bulk func(Batch) error
	// Problem, if set, is told what went wrong and is tried again or passed over: a missing log, no permission, a log
	// made shorter, a broken compressed one. Each is told when it changes, not each time it is met. It is called from
	// Follow's goroutine.
	Problem func(error)
	// Patience is how long a file or a folder that can't be opened, read, looked at or listed is waited for: reading
	// stops before it, as it isn't known what it holds. Only a file that isn't there is gone. 0 is DefaultPatience.
	// Then reading goes on without it, if there is anything younger.
	Patience time.Duration
	// Skipped, if set, is told of each file that was left out so.
	Skipped func(Gap)
	// LeftOut are files that an earlier Follower left out: they aren't waited for again, unless they have changed
	// since.
	LeftOut []Gap
	// Waits, if set, is told what is waited for when that changes; nil: nothing any more. Problem is told, too.
	Waits func(*WaitError)

	waits       *waits
	descriptors string        // for tests: a system without /proc; empty is descriptors
	lateness    time.Duration // for tests: 0 is lateness
}

// The defaults of Follower. Exim looks at the name before each write, so late lines come within milliseconds of it.
const (
	DefaultGrace = time.Second
	DefaultTick  = 500 * time.Millisecond
)

// secondLook is how long after it got quiet idle is called again. What Exim writes at once can be seen in part, but
// for microseconds.
const secondLook = 20 * time.Millisecond

// Follow calls fn for every complete line, in the order of the files and of the lines in them but for Line.Late,
// until ctx ends or fn fails; it returns ctx's error or fn's. Lines of a cycled file go before the first of the next
// one, the last of them torn if it stays without LF. idle, if not nil, is called when there is nothing more to read
// right now: once when it gets quiet, again after a moment, and after each Tick while it stays so. Every line written
// before end was handed over; end is zero while a cycled file is just given time, or a file is waited for. Its
// error ends Follow too. Both are called from the caller's goroutine. When Follow returns nothing is open any more,
// but two goroutines and the inotify instance that nxadm/tail keeps for the whole process.
func (f *Follower) Follow(ctx context.Context, fn func(Line) error, idle func(end time.Time) error) error {
	f.waiting()
	c := newChase(*f, fn, idle)
	defer c.close()
	return c.run(ctx)
}
