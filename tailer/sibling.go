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

// siblings are the regular files of path's row, oldest first, each once.
func siblings(path string) ([]sibling, error) {
	folder, pattern := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	row := newRow(pattern)
	var found []sibling
	for _, entry := range entries {
		age, cut, ok := row.place(entry.Name())
		if !ok {
			continue
		}
		info, err := os.Stat(folder + entry.Name())
		if errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		if err != nil || !info.Mode().IsRegular() {
			continue // cycled on since the folder was read, or none of ours
		}
		found = append(found, sibling{folder + entry.Name(), cut, age, identify(info), info.Size(), info.ModTime()})
	}
	slices.SortFunc(found, func(a, b sibling) int {
		return cmp.Or(a.age.compare(b.age), cmp.Compare(a.path, b.path))
	})
	return onceEach(found), nil
}

// onceEach leaves out what is there plain too, which goes before it, or under another compressed name: it may be half
// written. Of several names of one file it leaves the youngest: the others are links, or where it was a moment ago.
func onceEach(found []sibling) []sibling {
	found = slices.CompactFunc(found, func(a, b sibling) bool {
		return strings.TrimSuffix(a.path, a.cut) == strings.TrimSuffix(b.path, b.cut)
	})
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

// isLog tells whether this file is written to, rather than cycled.
func (s sibling) isLog(path string) bool {
	return s.path == path || isStamped(path) && s.cut == ""
}

// start is the position of the file's first byte.
func (s sibling) start() Position { return Position{Device: s.device, Inode: s.inode} }

// unchanged tells whether the two are the same file with nothing written to it in between.
func (s sibling) unchanged(before sibling) bool {
	return s.identity == before.identity && s.size == before.size && s.changed.Equal(before.changed)
}
