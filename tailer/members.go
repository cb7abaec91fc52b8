package tailer

import (
	"fmt"
	"io/fs"
	"os"
)

// A Member is one file of a main log: the log itself, or one of its rotated files.
type Member struct {
	Path string
	// Start is the file's first byte, known by device and inode alone. A Follower whose From it is begins with this
	// file, until a compressed one replaces it.
	Start      Position
	Size       int64 // bytes as stored
	Compressed bool  // by its name
}

// At is the position of a byte in a plain file. A line must begin there, or the file must end.
func (m Member) At(offset int64) (Position, error) {
	file, err := os.Open(m.Path)
	if err != nil {
		return Position{}, err
	}
	defer file.Close()
	head, err := readHead(file)
	return m.Start.withOffset(offset, head), err
}

// Members finds the rotated files of the main log at path, oldest first, and the log itself, last, if it exists:
// mainlog.2.gz mainlog.1 mainlog. They are regular files in the log's folder and in the folders of cycledTo. A folder
// of cycledTo may be missing.
//
// A file belongs to the log if its name begins or ends like the log's and the rest is one of these:
//
//   - a number; a higher one is older
//   - a date in any usual form; if day and month can be confused, the day comes first
//   - seconds since 1970
//   - a word such as .old, .bak and ~, unless its entries overlap those of other files by more than a minute
//
// With any other rest, and with any name in cycledTo, a file belongs to the log if it begins with an entry of Exim's,
// ends before the log begins, and shares no time with another file of the log. A name that holds reject, panic or
// debuglog never belongs, unless the log's own name holds that word too. If the last element of path holds %D
// (yyyymmdd) or %M (yyyymm), every name with a date there belongs to the log.
//
// Numbers and dates give the order. If both kinds of names occur, or a name tells neither, the first stamps in the
// files give it. In logs without stamps of their own, numbers come first and unclear names follow by their times of
// change.
//
// If a file is there both plain and compressed, and both hold the same in their first 16 KiB, only the plain one
// counts: the other may be half written. Otherwise they are two files, in the order of their first stamps. A file with
// several names is listed under the youngest. The error is fs.ErrNotExist if there is no file, and a *KindError if the
// log is not a regular file.
func Members(path string, cycledTo ...string) ([]Member, error) {
	return search{path: path, folders: cycledTo, heads: newHeadCache(nil)}.members()
}

// MembersByName is Members for those files alone whose names say enough. It reads no file.
func MembersByName(path string, cycledTo ...string) ([]Member, error) {
	return search{path: path, folders: cycledTo, heads: newHeadCache(nil), namedOnly: true}.members()
}

func (s search) members() ([]Member, error) {
	if err := Followable(s.path); err != nil {
		return nil, err
	}
	found, err := s.stable()
	if err != nil {
		return nil, err
	}
	var members []Member
	for _, f := range found {
		members = append(members, Member{f.path, f.start(), f.size, f.compressionExt != ""})
	}
	if members == nil {
		return nil, fmt.Errorf("looking for %s and its rotated files: %w", s.path, fs.ErrNotExist)
	}
	return members, nil
}

// MemberPaths gives the paths of Members.
func MemberPaths(path string, cycledTo ...string) ([]string, error) {
	members, err := Members(path, cycledTo...)
	var names []string
	for _, m := range members {
		names = append(names, m.Path)
	}
	return names, err
}

// A KindError says that a main log can't be followed because it isn't a regular file.
type KindError struct {
	Path string
	Kind string // with its article
}

func (e *KindError) Error() string {
	return e.Path + " is " + e.Kind + ", not a file to which Exim appends"
}

// Followable fails with a *KindError if path is anything but a regular file. A log that doesn't exist, or can't be
// looked at, may become one.
func Followable(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() {
		return nil
	}
	return &KindError{path, kind(info.Mode())}
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
