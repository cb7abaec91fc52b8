package tailer

import (
	"fmt"
	"io/fs"
	"os"
)

// A Member is one file of a main log's row: the log itself or what it was cycled to.
type Member struct {
	Path string
	// Start is the file's first byte, known by device and inode alone: a Follower that is given it as From begins with
	// this file, as long as it isn't replaced by its compressed self.
	Start      Position
	Size       int64 // bytes as stored
	Compressed bool  // by its name
}

// At is the position of a byte of a plain file, at which a line begins or the file ends.
func (m Member) At(offset int64) (Position, error) {
	file, err := os.Open(m.Path)
	if err != nil {
		return Position{}, err
	}
	defer file.Close()
	head, err := readHead(file)
	at := m.Start
	at.Fingerprint, at.Offset = fingerprint(head, offset), offset
	return at, err
}

// Row finds the files that the main log at path has been cycled to, oldest first, the log itself last if it is
// there: mainlog.2.gz mainlog.1 mainlog, as logrotate names them by number or by date (dateext) and exicyclog with two
// or three digits. Where both were in use the numbered ones go first. If path's last element holds %D (yyyymmdd) or %M
// (yyyymm), every name with a date there belongs to it, by date and then by number. A file that is there both plain
// and compressed is named once, plain; one with several names, by the youngest. Nothing found is fs.ErrNotExist,
// and a log that is no regular file a *KindError.
func Row(path string) ([]Member, error) {
	if err := Followable(path); err != nil {
		return nil, err
	}
	found, err := siblings(path)
	if err != nil {
		return nil, err
	}
	var members []Member
	for _, s := range found {
		members = append(members, Member{Path: s.path, Start: s.start(), Size: s.size, Compressed: s.cut != ""})
	}
	if members == nil {
		return nil, fmt.Errorf("looking for %s and what it was cycled to: %w", path, fs.ErrNotExist)
	}
	return members, nil
}

// Cycled are the paths of Row.
func Cycled(path string) ([]string, error) {
	members, err := Row(path)
	var names []string
	for _, m := range members {
		names = append(names, m.Path)
	}
	return names, err
}
