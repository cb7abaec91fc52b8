package tailer

import (
	"io"
	"os"
	"slices"
)

// Find looks for the file of the main log at path, as in Row, that holds the byte at: the one that has its inode if it
// begins with what at's Fingerprint says, else a copy of that, plain or compressed. held is at with that file's Device
// and Inode; its Offset is cut to the size of a plain copy that ends before it, which was made while at's file was
// written to. A file of any name that holds it is found in the log's folder, and in those of cycledTo. ok is false if
// there is none. It fails if a folder can't be read.
func Find(path string, at Position, cycledTo ...string) (held Position, ok bool, err error) {
	var found, last []sibling
	i := -1
	s := search{path: path, folders: cycledTo, heads: newHeads()}
	for n := 0; n < attempts && i < 0; n++ {
		if found, err = s.siblings(); err != nil {
			return Position{}, false, err
		}
		found = s.with(found, at)
		i = s.heads.find(found, at)
		if i < 0 && n > 0 && sameNames(found, last) {
			break // no name was being changed
		}
		last = found
	}
	if i < 0 {
		return Position{}, false, nil
	}
	held, f := at, found[i]
	held.Device, held.Inode = f.device, f.inode
	if f.cut == "" {
		held.Offset = min(at.Offset, f.size)
	}
	return held, true, nil
}

// find is which of found holds at, -1 for none. What is likely is looked at first, compressed files only if need be.
func (h heads) find(found []sibling, at Position) int {
	if at == (Position{}) {
		return -1
	}
	short := false // what is shorter than at, as far as that is known
	for _, likely := range []func(f sibling) bool{
		func(f sibling) bool { return f.identity == at.identity() && (f.size >= at.Offset || f.cut != "") },
		func(f sibling) bool { return f.cut == "" && f.size >= at.Offset },
		func(f sibling) bool { return f.cut != "" && !short },
		func(f sibling) bool { short = true; return f.cut != "" },
		func(f sibling) bool { return f.cut == "" }, // a copy made before at was written
	} {
		for i, f := range slices.Backward(found) {
			if !likely(f) {
				continue
			}
			if head := h.of(f); at.isIn(f.identity, head) && (short || at.fills(head)) {
				return i
			}
		}
	}
	return -1
}

// heads remembers how compressed files begin, which costs more than a look.
type heads struct {
	known map[content][]byte
	lasts map[content]string // their last stamps
}

func newHeads() heads { return heads{make(map[content][]byte), make(map[content]string)} }

// content stands for what a file holds, whatever its name.
type content struct {
	identity
	size    int64
	changed int64 // Unix time in nanoseconds
}

const maxHeads = 256 // far more than there are files of one log

// of gives the head of f; nil if it can't be read, or f has lost its name.
func (h heads) of(f sibling) []byte {
	key := content{f.identity, f.size, f.changed.UnixNano()}
	if head, ok := h.known[key]; ok {
		return head
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || identify(info) != f.identity {
		return nil // another file has got this name since the folder was read
	}
	if f.cut == "" {
		head, _ := readHead(file)
		return head
	}
	if len(h.known) >= maxHeads {
		clear(h.known)
		clear(h.lasts)
	}
	h.known[key] = unpackHead(file, f.path)
	return h.known[key]
}

// compare is a comparison of what two files hold, as far as their heads tell. A file of which none can be read has not
// been written yet, or ends before any other; it is no shorter if it isn't empty.
func (h heads) compare(a, b sibling) (same, longer bool) {
	first, second := h.of(a), h.of(b)
	if first == nil && a.size > 0 {
		return true, false
	}
	return alike(first, second), !continues(first, second) && continues(second, first)
}

// end is where a plain file ends.
func (h heads) end(f sibling) Position {
	return f.start().moved(f.size, h.of(f))
}

// unpackHead reads a compressed file's head, or what can be read of it; nil if that is nothing.
func unpackHead(file *os.File, path string) []byte {
	s, err := newStream(fromStart(file), path)
	if err != nil {
		return nil
	}
	defer s.Close()
	head, _ := headFrom(nil, s)
	return head
}

// fromStart reads file from its first byte, wherever others have got to in it.
func fromStart(file *os.File) io.Reader { return io.NewSectionReader(file, 0, 1<<63-1) }
