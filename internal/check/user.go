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
)

// An identity is a user as the kernel sees it.
type identity struct {
	uid  int
	gids []int
}

// lookup gives the identity of a user's name, with a group that its processes have besides; "" is none.
func lookup(name, group string) (identity, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return identity{}, err
	}
	ids, err := u.GroupIds()
	if err != nil {
		ids = []string{u.Gid}
	}
	if g, err := user.LookupGroup(group); err == nil {
		ids = append(ids, g.Gid)
	}
	i := identity{uid: number(u.Uid)}
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

// Permissions, as in each of a mode's three groups.
const (
	execute = 1
	write   = 2
)

// may tells whether the mode of a file gives a permission to a user: of owner, group and others the first that fits decides.
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

// me names the user that we are.
func me() string { return userName(os.Geteuid()) }

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(uid)
}

func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return "gid " + strconv.Itoa(gid)
}

// whoMay says which user or group can read a file that we can't.
func whoMay(path string) string {
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || isListed(path)) {
		return readers(path, info)
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) { // the first folder that we can see is the one that is closed
		if info, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrPermission) {
			if err != nil {
				return "Run as root."
			}
			return readers(dir, info)
		}
	}
}

// isListed tells whether we may read the folder of a file.
func isListed(path string) bool {
	f, err := os.Open(filepath.Dir(path))
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	return err == nil
}

// readers says who can read a file or folder.
func readers(path string, info fs.FileInfo) string {
	const groupRead = 0o040
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "Run as root."
	}
	owner, group := userName(int(s.Uid)), groupName(int(s.Gid))
	if info.Mode().Perm()&groupRead == 0 || s.Gid == 0 {
		return fmt.Sprintf("%s is %s %s:%s: run as root.", path, info.Mode(), owner, group)
	}
	return fmt.Sprintf("%s is %s %s:%s: run as root, or as a member of the group %s:\n    adduser %s %s", path, info.Mode(), owner, group, group, me(), group)
}
