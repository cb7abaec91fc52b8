// Package private opens files that only one user may write, such as those in the daemon's state folder. It never
// follows a symbolic link. Somebody who planted one could make the daemon read or overwrite any file, even as root.
package private

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/google/renameio/v2"
)

// An Error says why a file or folder isn't safe to use, and how to fix it.
type Error struct{ Path, Problem, Hint string }

func (e *Error) Error() string { return e.Path + " " + e.Problem }

// CheckFolder fails with an *Error unless path is a folder that only the user uid and root can write. If path is a
// symbolic link, it checks the target.
func CheckFolder(path string, uid int) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &Error{path, "is not a folder", "set another path"}
	}
	return guarded(path, info, uid)
}

// Check fails with an *Error unless path is a file or folder that only the user uid and root can write. A link fails.
func Check(path string, uid int) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return odd(path, info.Mode())
	}
	return guarded(path, info, uid)
}

// guarded fails if other users can write the file.
func guarded(path string, info fs.FileInfo, uid int) error {
	const others = 0o022
	if s := sys(info); int(s.Uid) != uid && s.Uid != 0 {
		owner, ours := userName(int(s.Uid)), userName(uid)
		return &Error{
			path, fmt.Sprintf("belongs to the user %s, and exiwatch runs as %s", owner, ours),
			fmt.Sprintf("run exiwatch as %s, or: chown -R %s %s", owner, ours, path),
		}
	}
	if mode := info.Mode().Perm(); mode&others != 0 {
		return &Error{path, fmt.Sprintf("is writable for others, %s", mode),
			"make sure that its contents are yours, then: chmod go-w " + path}
	}
	return nil
}

// odd is the error for anything that is neither a file nor a folder.
func odd(path string, mode fs.FileMode) error {
	if mode&fs.ModeSymlink != 0 {
		return &Error{path, "is a symbolic link, which exiwatch doesn't follow here",
			"find out who made it, then: rm " + path}
	}
	return &Error{path, "is no regular file", "find out who made it, and remove it"}
}

// Open opens a regular file with the flags of os.OpenFile. It refuses a symbolic link. Only this user can read and
// write a file that it creates. It refuses to write a file with a second hard link: that could be any file.
func Open(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return nil, odd(path, fs.ModeSymlink)
	}
	if err != nil {
		return nil, err
	}
	if err := plain(f, flag&(os.O_WRONLY|os.O_RDWR) != 0); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// plain fails if the file isn't regular, or if it is open for writing and has a second name.
func plain(f *os.File, written bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return odd(f.Name(), info.Mode())
	}
	if written && sys(info).Nlink > 1 {
		return &Error{f.Name(), "has another name, a hard link", "find out who made it, then: rm " + f.Name()}
	}
	return nil
}

// Read reads a regular file. It refuses a symbolic link. From a file of more than most bytes it returns most+1 bytes.
func Read(path string, most int64) ([]byte, error) {
	f, err := Open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// Readers says who can read a file besides root, its owner and the groups gids; "" if nobody can.
func Readers(path string, gids ...int) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	gid := int(sys(info).Gid)
	switch mode := info.Mode().Perm(); {
	case mode&0o004 != 0:
		return "every user of this machine", nil
	case mode&0o040 != 0 && gid != 0 && !slices.Contains(gids, gid):
		return "the group " + groupName(gid), nil
	}
	return "", nil
}

// sys is what package os knows of a file, on every Unix.
func sys(info fs.FileInfo) *syscall.Stat_t { return info.Sys().(*syscall.Stat_t) }

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return strconv.Itoa(gid)
}

// Write replaces a file atomically and durably. Only its owner may read it.
func Write(path string, data []byte) error {
	dir := filepath.Dir(path)
	err := renameio.WriteFile(path, data, 0o600, renameio.WithTempDir(dir), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
