package tailer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// Find looks for the file of the main log at path, as in Row, that holds the byte at: the one that has its inode if it
// begins with what at's Fingerprint says, else a copy of that, plain or compressed. held is at with that file's Device
// and Inode; its Offset is cut to the size of a plain copy that ends before it, which was made while at's file was
// written to. A file of any name that holds it is found in the log's folder, and in those of cycledTo. ok is false if
// there is none. It fails if a folder, or a file that may be it, can't be read.
func Find(path string, at Position, cycledTo ...string) (held Position, ok bool, err error) {
	return search{path: path, folders: cycledTo, heads: newHeads(nil)}.whose(at)
}

// Find is Find for the log that is followed. It fails with a *WaitError while a file that may be it can't be read, and
// goes on without that after f.Patience.
func (f *Follower) Find(at Position) (held Position, ok bool, err error) { return f.search().whose(at) }

// Members is Row for the log that is followed, and waits as Find does.
func (f *Follower) Members() ([]Member, error) { return f.search().row() }

func (f *Follower) search() search {
	f.waits = f.waiting()
	return search{path: f.Path, folders: f.CycledTo, heads: newHeads(f.waits)}
}

// waiting is what f waits for, which it has in common with its copies from then on.
func (f *Follower) waiting() *waits {
	if f.waits == nil {
		f.waits = newWaits(f)
	}
	return f.waits
}

// whose is Find.
func (s search) whose(at Position) (held Position, ok bool, err error) {
	var found, last []sibling
	i := -1
	for n := 0; n < attempts && i < 0; n++ {
		found, err = s.siblings()
		if err == nil {
			found, err = s.with(found, at)
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
			break // no name was being changed
		}
		last = found
	}
	if i < 0 || err != nil {
		return Position{}, false, err
	}
	held, f := at, found[i]
	held.Device, held.Inode = f.device, f.inode
	if f.cut == "" {
		held.Offset = min(at.Offset, f.size)
	}
	return held, true, nil
}

// find is which of found holds at, -1 for none. What is likely is looked at first, compressed files only if need be. It
// fails if that can't be told.
func (h heads) find(found []sibling, at Position) (int, error) {
	if at == (Position{}) {
		return -1, nil
	}
	short := false // what is shorter than at, as far as that is known
	for _, likely := range []func(f sibling) bool{
		func(f sibling) bool { return f.identity == at.identity() && (f.size >= at.Offset || f.cut != "") },
		func(f sibling) bool { return f.cut == "" && f.size >= at.Offset },
		func(f sibling) bool { return f.cut != "" && !short },
		func(f sibling) bool { short = true; return f.cut != "" },
		func(f sibling) bool { return f.cut == "" }, // a copy made before at was written
	} {
		var failed error
		for i, f := range slices.Backward(found) {
			if !likely(f) {
				continue
			}
			head, err := h.of(f)
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

// heads remembers how compressed files begin, which costs more than a look.
type heads struct {
	known map[content][]byte
	lasts map[content]string // their last stamps
	waits *waits             // nil: those that can't be read are errors at once
}

func newHeads(w *waits) heads { return heads{make(map[content][]byte), make(map[content]string), w} }

// content stands for what a file holds, whatever its name.
type content struct {
	identity
	size    int64
	changed int64 // Unix time in nanoseconds
}

const maxHeads = 256 // far more than there are files of one log

// of gives the head of f; nil if it is broken, or given up. It fails with
// errMoved if f has lost its name, else if it can't be read now: then nothing may be concluded from what it holds.
func (h heads) of(f sibling) ([]byte, error) {
	head, err := h.read(f)
	if err != nil && !errors.Is(err, errMoved) {
		return nil, h.waits.excuse(f, err)
	}
	return head, err
}

func (h heads) read(f sibling) ([]byte, error) {
	key := content{f.identity, f.size, f.changed.UnixNano()}
	if head, ok := h.known[key]; ok {
		return head, nil
	}
	file, err := f.openFile()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var head []byte
	if f.cut == "" {
		head, err = readHead(file)
	} else {
		head, err = unpackHead(file, f.path)
	}
	if err != nil {
		return nil, err
	}
	h.waits.done(f)
	if f.cut == "" {
		return head, nil
	}
	if len(h.known) >= maxHeads {
		clear(h.known)
		clear(h.lasts)
	}
	h.known[key] = head
	return head, nil
}

// openFile opens a sibling's file. It fails with errMoved if another file has got its name since the folder was read,
// or none has it.
func (f sibling) openFile() (*os.File, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.moved()
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && identify(info) != f.identity {
		err = f.moved()
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (f sibling) moved() error { return fmt.Errorf("opening %s: %w", f.path, errMoved) }

// end is where a plain file ends.
func (h heads) end(f sibling) (Position, error) {
	head, err := h.of(f)
	return f.start().moved(f.size, head), err
}

// compare is a comparison of what two files hold, as far as their heads tell. A file of which none can be read has not
// been written yet, or ends before any other; it is no shorter if it isn't empty.
func (h heads) compare(a, b sibling) (same, longer bool, err error) {
	first, err := h.of(a)
	if err != nil {
		return false, false, err
	}
	second, err := h.of(b)
	if err != nil || first == nil && a.size > 0 {
		return true, false, err
	}
	return alike(first, second), !continues(first, second) && continues(second, first), nil
}

// unpackHead reads a compressed file's head, or what can be read of it; nil if that is nothing. It fails only if the
// file itself can't be read.
func unpackHead(file *os.File, path string) ([]byte, error) {
	stored := fromStart(file)
	s, err := newStream(stored, path)
	if err != nil {
		return nil, stored.failed
	}
	defer s.Close()
	head, _ := headFrom(nil, s)
	return head, stored.failed
}
