package tailer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// Find looks for the file of the main log at path that holds the byte at: the one with its inode, if that begins as
// at's Fingerprint says, else a copy of it, plain or compressed. It looks at Members first, then at files of any name
// in the log's folder and in those of cycledTo. held is at with that file's Device and Inode. Its Offset is cut to the
// size of a plain copy that ends earlier, which was made while the log was written. ok is false if no file holds at.
// The error says that a folder, or a file that may hold at, can't be read.
func Find(path string, at Position, cycledTo ...string) (held Position, ok bool, err error) {
	return search{path: path, folders: cycledTo, heads: newHeadCache(nil)}.find(at)
}

// Find is Find for the followed log. It fails with a *WaitError while a file that may hold at can't be read. After
// f.Patience it does without that file.
func (f *Follower) Find(at Position) (held Position, ok bool, err error) { return f.search().find(at) }

// Members is Members for the followed log. It waits as Find does.
func (f *Follower) Members() ([]Member, error) { return f.search().members() }

func (f *Follower) search() search {
	f.waits = f.waiting()
	return search{path: f.Path, folders: f.CycledTo, heads: newHeadCache(f.waits)}
}

// waiting is the list of what f waits for. From then on f shares it with its copies.
func (f *Follower) waiting() *waitList {
	if f.waits == nil {
		f.waits = newWaits(f)
	}
	return f.waits
}

// find is Find.
func (s search) find(at Position) (held Position, ok bool, err error) {
	var found, last []candidate
	i := -1
	for n := 0; n < attempts && i < 0; n++ {
		found, err = s.candidates()
		if err == nil {
			found, err = s.withHolder(found, at)
		}
		if err == nil {
			i, err = s.heads.find(found, at)
		}
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return Position{}, false, err
		}
		if i < 0 && n > 0 && sameNames(found, last) {
			break // no name has changed
		}
		last = found
	}
	if i < 0 || err != nil {
		return Position{}, false, err
	}
	held, f := at, found[i]
	held.Device, held.Inode = f.device, f.inode
	if f.compressionExt == "" {
		held.Offset = min(at.Offset, f.size)
	}
	return held, true, nil
}

// find is the index of the file that holds at, -1 if none does. It looks at the likely ones first, and at compressed
// ones only if it must. The error says that it can't tell.
func (h headCache) find(found []candidate, at Position) (int, error) {
	if at == (Position{}) {
		return -1, nil
	}
	short := false // files that end before at count, too
	for _, likely := range []func(f candidate) bool{
		func(f candidate) bool {
			return f.identity == at.identity() && (f.size >= at.Offset || f.compressionExt != "")
		},
		func(f candidate) bool { return f.compressionExt == "" && f.size >= at.Offset },
		func(f candidate) bool { return f.compressionExt != "" && !short },
		func(f candidate) bool { short = true; return f.compressionExt != "" },
		func(f candidate) bool { return f.compressionExt == "" }, // a copy made before at was written
	} {
		var failed error
		for i, f := range slices.Backward(found) {
			if !likely(f) {
				continue
			}
			head, err := h.head(f)
			if err == nil && at.isIn(f.identity, head) && (short || at.fills(head)) {
				return i, nil
			}
			failed = cmp.Or(failed, err)
		}
		if failed != nil {
			return -1, failed
		}
	}
	return -1, nil
}

// A headCache remembers how compressed files begin, since reading that takes time.
type headCache struct {
	known      map[fileVersion][]byte
	lastStamps map[fileVersion]string // and what their last stamps are
	waits      *waitList              // nil: a file that can't be read is an error at once
}

func newHeadCache(w *waitList) headCache {
	return headCache{make(map[fileVersion][]byte), make(map[fileVersion]string), w}
}

// A fileVersion stands for what a file holds, whatever its name.
type fileVersion struct {
	identity
	size    int64
	changed int64 // Unix time in nanoseconds
}

const maxHeads = 256 // far more than one log has files

// head gives the head of f; nil if f is broken or was given up. The error is errMoved if f has lost its name. With any
// other error f can't be read now, and nothing is known of what it holds.
func (h headCache) head(f candidate) ([]byte, error) {
	head, err := h.load(f)
	if err != nil && !errors.Is(err, errMoved) {
		return nil, h.waits.waitOrIgnore(f, err)
	}
	return head, err
}

func (h headCache) load(f candidate) ([]byte, error) {
	key := fileVersion{f.identity, f.size, f.changed.UnixNano()}
	if head, ok := h.known[key]; ok {
		return head, nil
	}
	file, err := f.openFile()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var head []byte
	if f.compressionExt == "" {
		head, err = readHead(file)
	} else {
		head, err = unpackHead(file, f.path)
	}
	if err != nil {
		return nil, err
	}
	h.waits.recordSuccess(f)
	if f.compressionExt == "" {
		return head, nil
	}
	if len(h.known) >= maxHeads {
		clear(h.known)
		clear(h.lastStamps)
	}
	h.known[key] = head
	return head, nil
}

// openFile opens the file. The error is errMoved if its name leads to another file now, or to none.
func (f candidate) openFile() (*os.File, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.movedError()
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && identify(info) != f.identity {
		err = f.movedError()
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (f candidate) movedError() error { return fmt.Errorf("opening %s: %w", f.path, errMoved) }

// endOf is the position at which a plain file ends.
func (h headCache) endOf(f candidate) (Position, error) {
	head, err := h.head(f)
	return f.start().withOffset(f.size, head), err
}

// compare is the comparison of two files by their heads. A file of which nothing can be read isn't written yet, or ends
// before any other. Unless it is empty, it counts as no shorter.
func (h headCache) compare(a, b candidate) (same, longer bool, err error) {
	first, err := h.head(a)
	if err != nil {
		return false, false, err
	}
	second, err := h.head(b)
	if err != nil || first == nil && a.size > 0 {
		return true, false, err
	}
	return alike(first, second), !continues(first, second) && continues(second, first), nil
}

// unpackHead reads a compressed file's head, or as much of it as it can; nil if that is nothing. The error says that
// the file itself can't be read.
func unpackHead(file *os.File, path string) ([]byte, error) {
	stored := newFileReader(file)
	s, err := newStream(stored, path)
	if err != nil {
		return nil, stored.failed
	}
	defer s.Close()
	head, _ := headFrom(nil, s)
	return head, stored.failed
}
