package tailer

import (
	"errors"
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
	return m.Start.moved(offset, head), err
}

// Members finds the files that the main log at path has been cycled to, oldest first, the log itself last if it is there:
// mainlog.2.gz mainlog.1 mainlog. They are regular files in the log's folder and in those of cycledTo, of which a
// missing one holds none.
//
// A file belongs to the log if its name begins or ends like the log's, and the rest is a number, of which a higher
// one is older; a date in any usual form, the day before the month where both are possible; seconds since 1970; or a
// word such as .old, .bak and ~, unless its entries share more than a minute with those of other files. With a rest of
// another kind, and with any name in cycledTo, it belongs to it if it
// begins with an entry of Exim's, ends before the log begins, and shares no time with another file of the log's.
// Never does a file whose name holds reject, panic or debuglog, unless the log's own name does. If path's last
// element holds %D (yyyymmdd) or %M (yyyymm), every name with a date there belongs to it.
//
// The order is that of the numbers and dates. Where names of two kinds were in use, or a name tells neither, it is
// that of the first stamps; in logs without stamps of their own, numbers go first and unclear names by their times of
// change.
//
// A file that is there both plain and compressed is named once, plain, for the other may be half written; if they hold
// the same as far as both go, up to their first 16 KiB. Else they are two files, in the order of their first stamps.
// One with several names is named by the youngest. Nothing found is fs.ErrNotExist, and a log that is no regular file a
// *KindError.
func Members(path string, cycledTo ...string) ([]Member, error) {
	return search{path: path, folders: cycledTo, heads: newHeads(nil)}.row()
}

// MembersByName is Row without files that their names don't tell: it reads none.
func MembersByName(path string, cycledTo ...string) ([]Member, error) {
	return search{path: path, folders: cycledTo, heads: newHeads(nil), named: true}.row()
}

func (s search) row() ([]Member, error) {
	if err := Followable(s.path); err != nil {
		return nil, err
	}
	found, err := s.siblings()
	for n := 1; n < attempts && errors.Is(err, errMoved); n++ {
		found, err = s.siblings()
	}
	if err != nil {
		return nil, err
	}
	var members []Member
	for _, s := range found {
		members = append(members, Member{Path: s.path, Start: s.start(), Size: s.size, Compressed: s.cut != ""})
	}
	if members == nil {
		return nil, fmt.Errorf("looking for %s and what it was cycled to: %w", s.path, fs.ErrNotExist)
	}
	return members, nil
}

// MemberPaths are the paths of Row.
func MemberPaths(path string, cycledTo ...string) ([]string, error) {
	members, err := Members(path, cycledTo...)
	var names []string
	for _, m := range members {
		names = append(names, m.Path)
	}
	return names, err
}
