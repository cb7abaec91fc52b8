package journal

import (
	"cmp"
	"context"
	"io"
	"strconv"
	"time"

	"exiwatch/tailer"
)

// A Reader gives the entries that the log has now, as lines of JSON.
type Reader struct {
	log   MainLog
	child *journalctl
	rest  []byte // of the line that is given out
	err   error
}

// Open reads the whole log once. The caller closes it.
func (l MainLog) Open(ctx context.Context) (*Reader, error) { return l.open(ctx, "--no-tail") }

// Last reads the last n entries of the journal, and gives those that belong to the log.
func (l MainLog) Last(ctx context.Context, n string) (*Reader, error) { return l.open(ctx, "-n", n) }

func (l MainLog) open(ctx context.Context, args ...string) (*Reader, error) {
	c, err := l.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	return &Reader{log: l, child: c}, nil
}

// Read gives the bytes of the lines. Its error is io.EOF at their end, or what journalctl complains of.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		var line []byte
		if line, _, r.err = r.next(true); r.err == nil {
			r.rest = line[:len(line)+1] // its LF stands behind it
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next is the next entry that journalctl prints; with ours, the next that belongs to the log. Its error is as Read's.
func (r *Reader) next(ours bool) ([]byte, tailer.Position, error) {
	for {
		line, err := r.child.line()
		if err != nil {
			return nil, tailer.Position{}, cmp.Or(r.child.wait(), err)
		}
		if ours && !r.log.mayBelong(line) {
			continue
		}
		if e, at, ok := parseLine(line); ok && (!ours || r.log.belongs(&e)) {
			return line, at, nil
		}
	}
}

// Close ends the reading, also before its end.
func (r *Reader) Close() error {
	r.child.close()
	return nil
}

// firstPosition is the place of the first entry that journalctl prints; with ours, of the first that belongs to the
// log. ok is false if there is none.
func (l MainLog) firstPosition(
	ctx context.Context, ours bool, args ...string,
) (at tailer.Position, ok bool, err error) {
	r, err := l.open(ctx, args...)
	if err != nil {
		return at, false, err
	}
	defer r.Close()
	_, at, err = r.next(ours)
	if err == io.EOF || err == ErrEmpty {
		return at, false, nil
	}
	return at, err == nil, err
}

// Check tells whether the journal can be read. Its error is ErrAccess, ErrEmpty, ErrNone, or what journalctl says.
func (l MainLog) Check(ctx context.Context) error {
	r, err := l.open(ctx, "-n", "1")
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

// since are the arguments by which journalctl begins at a place. The zero place is the journal's beginning.
func since(at tailer.Position) []string {
	args := []string{"--no-tail"} // with -f it would begin with the last ten
	if at != (tailer.Position{}) {
		args = append(args, "--cursor="+cursor(at))
	}
	return args
}

// First is the place of the journal's first entry at a place or behind it. The zero place is the journal's beginning.
func (l MainLog) First(ctx context.Context, from tailer.Position) (at tailer.Position, ok bool, err error) {
	return l.firstPosition(ctx, false, since(from)...)
}

// Newest is the place of the log's last entry that the journal received after a time.
func (l MainLog) Newest(ctx context.Context, after time.Time) (at tailer.Position, ok bool, err error) {
	return l.firstPosition(ctx, true, "-r", "--since", "@"+strconv.FormatInt(max(after.Unix(), 0), 10))
}

// End is the place of the journal's last entry.
func (l MainLog) End(ctx context.Context) (at tailer.Position, ok bool, err error) {
	return l.firstPosition(ctx, false, "-n", "1")
}

// Holds tells whether the journal still has the entry at a place.
func (l MainLog) Holds(ctx context.Context, at tailer.Position) (bool, error) {
	found, ok, err := l.First(ctx, at)
	return ok && found == at, err
}
