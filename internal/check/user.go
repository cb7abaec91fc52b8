package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// An identity is a user as the kernel sees it.
type identity struct {
	uid  int
	gids []int // the primary one first
}

// lookup finds a user's identity by name. group is an additional group of the user's processes; "" for none.
func lookup(name, group string) (identity, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return identity{}, err
	}
	ids, _ := u.GroupIds()
	if g, err := user.LookupGroup(group); err == nil {
		ids = append(ids, g.Gid)
	}
	i := identity{uid: number(u.Uid), gids: []int{number(u.Gid)}}
	for _, id := range ids {
		i.gids = append(i.gids, number(id))
	}
	return i, nil
}

func number(id string) int {
	n, err := strconv.Atoi(id)
	if err != nil {
		return -1
	}
	return n
}

// Permission bits, as in each of a mode's three digits.
const (
	execute = 1
	write   = 2
	read    = 4
)

// may reports whether a file's mode gives a permission to a user. The first of owner, group and others that fits
// decides.
func (i identity) may(info fs.FileInfo, permission fs.FileMode) bool {
	if i.uid == 0 {
		return true
	}
	mode := info.Mode().Perm()
	s, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case ok && int(s.Uid) == i.uid:
		mode >>= 6
	case ok && slices.Contains(i.gids, int(s.Gid)):
		mode >>= 3
	}
	return mode&permission == permission
}

// barred is what keeps a user from a file, "" if nothing does. The user needs x on every folder, and the permission
// on the file.
func (i identity) barred(path string, permission fs.FileMode) string {
	if dir := filepath.Dir(path); dir != path {
		if obstacle := i.barred(dir, execute); obstacle != "" {
			return obstacle
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	if i.may(info, permission) {
		return ""
	}
	return described(path, info)
}

// described is a file with its mode, owner and group.
func described(path string, info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Sprintf("%s is %s", path, info.Mode().Perm())
	}
	return fmt.Sprintf("%s is %s %s:%s", path, info.Mode().Perm(), userName(int(s.Uid)), groupName(int(s.Gid)))
}

// owner is the owner of the state folder, if we are root and it isn't: the daemon runs as that user.
func (c *checks) owner() (i identity, name string, ok bool) {
	info, err := os.Stat(c.Config.State)
	if err != nil || os.Geteuid() != 0 {
		return identity{}, "", false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || s.Uid == 0 {
		return identity{}, "", false
	}
	name = userName(int(s.Uid))
	i, err = lookup(name, "")
	return i, name, err == nil
}

// me is the name of our user, or its number if it has no name.
func me() string { return userName(os.Geteuid()) }

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

// whoMay is a hint: which user or group can read a file that this user can't.
func whoMay(path, user string) string {
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || unix.Access(filepath.Dir(path), unix.R_OK) == nil) {
		return readers(path, info, user)
	}
	// the first visible folder is the closed one
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrPermission) {
			if err != nil {
				return "Run as root."
			}
			return readers(dir, info, user)
		}
	}
}

// readers is a hint: who can read a file or folder.
func readers(path string, info fs.FileInfo, user string) string {
	const groupRead = 0o040
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode().Perm()&groupRead == 0 || s.Gid == 0 {
		return described(path, info) + ": run as root."
	}
	group := groupName(int(s.Gid))
	return fmt.Sprintf("%s: run as root, or as a member of the group %s:\n    adduser %s %s", described(path, info),
		group, user, group)
}
