package tailer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Cycled finds the files that the main log at path has been cycled to, oldest first, the log itself last if it is
// there: mainlog.2.gz mainlog.1 mainlog, as logrotate names them by number or by date (dateext) and exicyclog with two
// or three digits. Where both were in use the numbered ones go first. If path's last element holds %D (yyyymmdd) or %M
// (yyyymm), every name with a date there belongs to it, by date and then by number. A file that is there both plain
// and compressed is named once, plain. Nothing found is fs.ErrNotExist.
func Cycled(path string) ([]string, error) {
	found, err := siblings(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range onceEach(found) {
		names = append(names, s.path)
	}
	if names == nil {
		return nil, fmt.Errorf("looking for %s and what it was cycled to: %w", path, fs.ErrNotExist)
	}
	return names, nil
}

// A sibling is one file of a main log's row.
type sibling struct {
	path string
	cut  string // what its path ends in for being compressed; empty if it is plain
	age
	identity
}

// siblings are the regular files of path's row, oldest first, a plain one before its compressed self.
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
		found = append(found, sibling{folder + entry.Name(), cut, age, identify(info)})
	}
	slices.SortFunc(found, func(a, b sibling) int {
		return cmp.Or(a.age.compare(b.age), cmp.Compare(a.path, b.path))
	})
	return found, nil
}

// onceEach leaves out what is there plain too, or under another compressed name.
func onceEach(found []sibling) []sibling {
	return slices.CompactFunc(found, func(a, b sibling) bool {
		return strings.TrimSuffix(a.path, a.cut) == strings.TrimSuffix(b.path, b.cut)
	})
}
