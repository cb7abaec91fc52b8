package tailer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// Members is Members for the followed log. It waits as Find does.
func (f *Follower) Members() ([]Member, error) { return f.search().members() }

func (f *Follower) search() search {
	return search{path: f.Path, folders: f.CycledTo, heads: newHeadCache(f.waiting())}
}

// Find looks for the file of the log that holds the byte at: the one with its inode, if that begins as at's Fingerprint
// says, else a copy of it, plain or compressed. It looks at Members first, then at files of any name in the log's
// folder and in those of CycledTo. held is at with that file's Device and Inode. Its Offset is cut to the size of a
// plain copy that ends earlier, which was made while the log was written. ok is false if no file holds at. The error
// says that a folder can't be read. It is a *WaitError while a file that may hold at can't be read: after f.Patience
// Find does without that file.
func (f *Follower) Find(at Position) (held Position, ok bool, err error) {
	s := f.search()
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
	held = at
	held.Device, held.Inode = found[i].device, found[i].inode
	if found[i].compressionExt == "" {
		held.Offset = min(at.Offset, found[i].size)
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

func (f candidate) version() fileVersion {
	return fileVersion{f.identity, f.size, f.changed.UnixNano()}
}

const maxHeads = 256 // far more than one log has files

// store sets a value in a map, which it empties when that is full.
func store[K comparable, V any](in map[K]V, key K, value V) {
	if len(in) >= maxHeads {
		clear(in)
	}
	in[key] = value
}

// head gives the head of f; nil if f is broken or was given up. The error is errMoved if f has lost its name. With any
// other error f can't be read now, and nothing is known of what it holds.
func (h headCache) head(f candidate) ([]byte, error) {
	head, err := h.load(f)
	return head, h.waits.waitOrIgnore(f, err)
}

func (h headCache) load(f candidate) ([]byte, error) {
	if head, ok := h.known[f.version()]; ok {
		return head, nil
	}
	file, _, err := f.openFile()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	head, err := headOf(file, f.path, f.compressionExt != "")
	if err != nil {
		return nil, err
	}
	h.waits.recordSuccess(f)
	if f.compressionExt != "" {
		store(h.known, f.version(), head)
	}
	return head, nil
}

// openFile opens the file. The error is errMoved if its name leads to another file now, or to none.
func (f candidate) openFile() (file *os.File, info fs.FileInfo, err error) {
	file, err = os.Open(f.path)
	moved := errors.Is(err, fs.ErrNotExist)
	if err == nil {
		if info, err = file.Stat(); err == nil && identify(info) == f.identity {
			return file, info, nil
		}
		file.Close()
		moved = err == nil
	}
	if moved {
		err = fmt.Errorf("opening %s: %w", f.path, errMoved)
	}
	return nil, nil, err
}

// endOf is the position at which a plain file ends.
func (h headCache) endOf(f candidate) (Position, error) {
	head, err := h.head(f)
	return f.start().withOffset(f.size, head), err
}

// headOf reads a file's head; of a compressed file as much as it can, nil if that is nothing. The error says that the
// file itself can't be read.
func headOf(file *os.File, path string, compressed bool) ([]byte, error) {
	if !compressed {
		return readHead(file)
	}
	stored := &fileReader{file: file}
	s, err := newStream(stored, path)
	if err != nil {
		return nil, stored.failed
	}
	defer s.Close()
	head, _ := headFrom(nil, s)
	return head, stored.failed
}
