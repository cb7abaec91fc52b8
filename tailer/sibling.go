package tailer

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A sibling is one file of a main log's row, as it was when the folder was read.
type sibling struct {
	path string
	cut  string // what its path ends in for being compressed; empty if it is plain
	age
	identity
	size    int64     // bytes as stored
	changed time.Time // its content, going by its file system's clock
	status  time.Time // the same of its owner, mode or name
}

// A search looks for the files of a main log.
type search struct {
	path    string   // as in Follower.Path
	folders []string // as in Follower.CycledTo
	heads   heads
	named   bool // only files that their names tell
}

// siblings are the regular files of the log's row, oldest first, each once. Folders beside the log's own may be
// missing. It fails with errMoved if a file lost its name meanwhile.
func (s search) siblings() ([]sibling, error) {
	folder, pattern := filepath.Split(s.path)
	row := newRow(pattern)
	found, err := s.in(row, folder)
	if err != nil {
		return nil, err
	}
	for _, other := range s.folders {
		more, err := s.away(row, other)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	known, doubtful := found[:0:0], found[:0:0]
	for _, f := range found {
		if f.foreign || f.unclear && !s.named {
			doubtful = append(doubtful, f)
		} else {
			known = append(known, f)
		}
	}
	slices.SortFunc(known, sibling.compare)
	if s.named {
		return onceEach(known, byName)
	}
	if n := len(known); s.heads.waits != nil && n > 0 && known[n-1].isLog(s.path) {
		s.heads.waits.log = known[n-1].identity
	}
	belonging, err := s.heads.belonging(doubtful, known)
	if err != nil {
		return nil, err
	}
	known = append(known, belonging...)
	if err := s.heads.sort(known); err != nil {
		return nil, err
	}
	return onceEach(known, s.heads.compare)
}

// in are the files of a folder that belong to the row, or are foreign and may.
func (s search) in(r row, folder string) (found []sibling, err error) {
	folder = filepath.Clean(folder)
	entries, err := s.list(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		age, cut, ok := r.place(entry.Name())
		if !ok {
			continue
		}
		f, ok, err := s.look(filepath.Join(folder, entry.Name()), age)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue // cycled on since the folder was read, or none of ours
		}
		f.cut = cut
		found = append(found, f)
	}
	return found, nil
}

// list reads the log's own folder, which nothing can be known without.
func (s search) list(folder string) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(folder)
	f := sibling{path: folder}
	if err == nil || isNone(err) || s.heads.waits == nil {
		s.heads.waits.done(f)
		return entries, err
	}
	failed, _ := s.heads.waits.note(f, err)
	return nil, failed
}

// away are the files of a folder in which the log itself isn't: there all names may be those of cycled files.
func (s search) away(r row, folder string) (found []sibling, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the first log that is cycled makes it
	}
	if err != nil {
		return nil, s.heads.waits.excuse(sibling{path: folder}, err)
	}
	s.heads.waits.done(sibling{path: folder})
	for _, entry := range entries {
		if r.isOther(entry.Name()) {
			continue
		}
		age, cut, ok := r.place(entry.Name())
		if age.log || !ok {
			age.unclear, age.foreign = true, !age.log
			age.log, age.stamp, age.number = false, "", 0
		}
		f, ok, err := s.look(filepath.Join(folder, entry.Name()), age)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		f.cut = cut
		found = append(found, f)
	}
	return found, nil
}

// look sees what is at path, of which the name tells an age. ok is false if that is no regular file, or may be left
// out though that can't be told.
func (s search) look(path string, a age) (f sibling, ok bool, err error) {
	f, err = look(path)
	f.age = a
	switch {
	case err == nil:
		s.heads.waits.done(sibling{path: path})
	case isNone(err):
		return f, false, nil
	default:
		f.path = path
		return f, false, s.heads.waits.excuse(f, err)
	}
	if f.unclear {
		f.stamp = digitsOf(f.changed)
	}
	return f, true, nil
}

// look sees what is at path. It fails with fs.ErrInvalid if that is no regular file.
func look(path string) (sibling, error) {
	info, err := os.Stat(path)
	if err != nil {
		return sibling{}, err
	}
	if !info.Mode().IsRegular() {
		return sibling{}, fs.ErrInvalid
	}
	return sibling{
		path: path, identity: identify(info), size: info.Size(), changed: info.ModTime(), status: statusChanged(info),
	}, nil
}

// with adds the file of the log's folders that holds at to those found, whatever its name, if none of them does.
func (s search) with(found []sibling, at Position) ([]sibling, error) {
	if at == (Position{}) {
		return found, nil
	}
	if i, err := s.heads.find(found, at); i >= 0 || err != nil {
		return found, err
	}
	var failed error
	row := newRow(filepath.Base(s.path))
	for _, folder := range append([]string{filepath.Dir(s.path)}, s.folders...) {
		entries, err := os.ReadDir(folder)
		if err != nil && !isNone(err) {
			failed = cmp.Or(failed, s.heads.waits.excuse(sibling{path: folder}, err))
		}
		for _, entry := range entries {
			if row.isOther(entry.Name()) {
				continue
			}
			f, ok, err := s.holder(filepath.Join(folder, entry.Name()), at)
			if ok {
				found = append(slices.Clone(found), f)
				if err := s.heads.sort(found); err != nil {
					return nil, err
				}
				return onceEach(found, s.heads.compare)
			}
			failed = cmp.Or(failed, err)
		}
	}
	return found, failed
}

// holder is the file at path, of whatever name, if it holds at. One that we may not read is another program's, unless
// it is the very file.
func (s search) holder(path string, at Position) (f sibling, ok bool, err error) {
	stranger := func(err error) bool { return f.identity != at.identity() && errors.Is(err, fs.ErrPermission) }
	if f, err = look(path); err != nil {
		if isNone(err) || stranger(err) {
			return f, false, nil
		}
		return f, false, s.heads.waits.excuse(sibling{path: path}, err)
	}
	f.cut = compression.FindString(filepath.Base(path))
	head, err := s.heads.read(f)
	if err != nil && !errors.Is(err, errMoved) {
		if stranger(err) {
			return f, false, nil
		}
		err = s.heads.waits.excuse(f, err)
	}
	if err != nil || !at.isIn(f.identity, head) {
		return f, false, err
	}
	f.age = age{unclear: true, stamp: digitsOf(f.changed)}
	return f, true, nil
}

// onceEach leaves out what is there under another name, too: of several names of one file it leaves the youngest, for
// the others are links, or where it was a moment ago. Of names that differ in their compression the files are compared.
// It fails if they can't be.
func onceEach(found []sibling, compare comparison) ([]sibling, error) {
	found, err := oncePacked(found, compare)
	if err != nil {
		return nil, err
	}
	seen := make(map[identity]bool)
	slices.Reverse(found)
	found = slices.DeleteFunc(found, func(s sibling) bool {
		again := seen[s.identity]
		seen[s.identity] = true
		return again
	})
	slices.Reverse(found)
	return found, nil
}

// A comparison tells whether one of two files is the beginning of the other, and whether that is the first.
type comparison func(first, second sibling) (same, longer bool, err error)

// byName takes names for the truth.
func byName(sibling, sibling) (same, longer bool, err error) { return true, false, nil }

// oncePacked leaves out what is there plain too, which goes before it, or under another compressed name: it may be half
// written. A plain file that ends before its compressed one is itself left out: it may be half uncompressed.
func oncePacked(found []sibling, compare comparison) ([]sibling, error) {
	byCut := slices.Clone(found)
	slices.SortStableFunc(byCut, func(a, b sibling) int { return cmp.Compare(a.cut, b.cut) })
	kept := make(map[string][]sibling) // by a path without compression
	for _, f := range byCut {
		name := strings.TrimSuffix(f.path, f.cut)
		again := false
		for i, k := range kept[name] {
			same, longer, err := compare(k, f)
			if err != nil {
				return nil, err
			}
			if longer {
				kept[name][i] = f
			}
			if again = same; again {
				break
			}
		}
		if !again {
			kept[name] = append(kept[name], f)
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(f sibling) bool {
		return !slices.Contains(kept[strings.TrimSuffix(f.path, f.cut)], f)
	}), nil
}

// isLog tells whether this file is written to, rather than cycled.
func (s sibling) isLog(path string) bool {
	return s.path == path || isStamped(path) && s.cut == ""
}

// compare is negative if a is older than b, going by their names.
func (a sibling) compare(b sibling) int {
	return cmp.Or(a.age.compare(b.age), cmp.Compare(a.path, b.path))
}

// start is the position of the file's first byte.
func (s sibling) start() Position { return Position{Device: s.device, Inode: s.inode} }

// unchanged tells whether the two are the same file with nothing written to it in between.
func (s sibling) unchanged(before sibling) bool {
	return s.identity == before.identity && s.size == before.size && s.changed.Equal(before.changed)
}
