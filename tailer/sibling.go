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
}

// A search looks for the files of a main log.
type search struct {
	path    string   // as in Follower.Path
	folders []string // as in Follower.CycledTo
	heads   heads
	named   bool // only files that their names tell
	// problem is told of a folder, not the log's own, that can't be read, and of one that can; nil: that fails.
	problem func(folder string, err error)
}

// siblings are the regular files of the log's row, oldest first, each once. Folders beside the log's own may be
// missing.
func (s search) siblings() ([]sibling, error) {
	folder, pattern := filepath.Split(s.path)
	row := newRow(pattern)
	found, err := row.in(folder)
	if err != nil {
		return nil, err
	}
	for _, other := range s.folders {
		more, err := row.away(other)
		if err != nil && s.problem == nil {
			return nil, err
		}
		if s.problem != nil {
			s.problem(other, err)
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
	if s.named {
		slices.SortFunc(known, sibling.compare)
		return onceEach(known, byName), nil
	}
	known = append(known, s.heads.belonging(doubtful, known)...)
	s.heads.sort(known)
	return onceEach(known, s.heads.compare), nil
}

// in are the files of a folder that belong to the row, or are foreign and may.
func (r row) in(folder string) (found []sibling, err error) {
	entries, err := os.ReadDir(filepath.Clean(folder))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		age, cut, ok := r.place(entry.Name())
		if !ok {
			continue
		}
		f, err := look(filepath.Join(folder, entry.Name()))
		if errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		if err != nil {
			continue // cycled on since the folder was read, or none of ours
		}
		f.age, f.cut = age, cut
		if f.unclear {
			f.stamp = digitsOf(f.changed)
		}
		found = append(found, f)
	}
	return found, nil
}

// away are the files of a folder in which the log itself isn't: there all names may be those of cycled files.
func (r row) away(folder string) (found []sibling, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the first log that is cycled makes it
	}
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		f, err := look(filepath.Join(folder, entry.Name()))
		if err != nil || r.isOther(entry.Name()) {
			continue
		}
		var ok bool
		if f.age, f.cut, ok = r.place(entry.Name()); f.log || !ok {
			f.age = age{unclear: true, foreign: !f.log}
		}
		if f.unclear {
			f.stamp = digitsOf(f.changed)
		}
		found = append(found, f)
	}
	return found, nil
}

// look sees what is at path. It fails if that is no regular file.
func look(path string) (sibling, error) {
	info, err := os.Stat(path)
	if err != nil {
		return sibling{}, err
	}
	if !info.Mode().IsRegular() {
		return sibling{}, fs.ErrInvalid
	}
	return sibling{path: path, identity: identify(info), size: info.Size(), changed: info.ModTime()}, nil
}

// with adds the file of the log's folders that holds at to those found, whatever its name, if none of them does.
func (s search) with(found []sibling, at Position) []sibling {
	if at == (Position{}) || s.heads.find(found, at) >= 0 {
		return found
	}
	row := newRow(filepath.Base(s.path))
	for _, folder := range append([]string{filepath.Dir(s.path)}, s.folders...) {
		entries, _ := os.ReadDir(folder)
		for _, entry := range entries {
			f, err := look(filepath.Join(folder, entry.Name()))
			if err != nil || row.isOther(entry.Name()) {
				continue
			}
			f.cut = compression.FindString(entry.Name())
			if at.isIn(f.identity, s.heads.of(f)) {
				f.age = age{unclear: true, stamp: digitsOf(f.changed)}
				found = append(slices.Clone(found), f)
				s.heads.sort(found)
				return onceEach(found, s.heads.compare)
			}
		}
	}
	return found
}

// onceEach leaves out what is there under another name, too: of several names of one file it leaves the youngest, for
// the others are links, or where it was a moment ago. Of names that differ in their compression the files are compared.
func onceEach(found []sibling, compare comparison) []sibling {
	found = oncePacked(found, compare)
	seen := make(map[identity]bool)
	slices.Reverse(found)
	found = slices.DeleteFunc(found, func(s sibling) bool {
		again := seen[s.identity]
		seen[s.identity] = true
		return again
	})
	slices.Reverse(found)
	return found
}

// A comparison tells whether one of two files is the beginning of the other, and whether that is the first.
type comparison func(first, second sibling) (same, longer bool)

// byName takes names for the truth.
func byName(sibling, sibling) (same, longer bool) { return true, false }

// oncePacked leaves out what is there plain too, which goes before it, or under another compressed name: it may be half
// written. A plain file that ends before its compressed one is itself left out: it may be half uncompressed.
func oncePacked(found []sibling, compare comparison) []sibling {
	byCut := slices.Clone(found)
	slices.SortStableFunc(byCut, func(a, b sibling) int { return cmp.Compare(a.cut, b.cut) })
	kept := make(map[string][]sibling) // by a path without compression
	for _, f := range byCut {
		name := strings.TrimSuffix(f.path, f.cut)
		again := false
		for i, k := range kept[name] {
			var longer bool
			if again, longer = compare(k, f); longer {
				kept[name][i] = f
			}
			if again {
				break
			}
		}
		if !again {
			kept[name] = append(kept[name], f)
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(f sibling) bool {
		return !slices.Contains(kept[strings.TrimSuffix(f.path, f.cut)], f)
	})
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
