package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"exiwatch/internal/daemon"
	"exiwatch/internal/private"

	"golang.org/x/sys/unix"
)

// What the state folder needs: some MiB for the checkpoint and the spool, and a file for each waiting mail.
const (
	roomWarn   = 100 << 20 // bytes
	roomFail   = 1 << 20   // bytes
	inodesWarn = 10_000    // so many mails can wait
	inodesFail = 10
)

// state checks that the daemon can keep its state, and shows whether a daemon runs.
func (c *checks) state(context.Context) []Result {
	const name = "state"
	dir := c.Config.State
	hint := "Run as root or as the daemon's user, or set a folder of this user in the configuration:\n" +
		"    state = \"/path\""
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Result{c.futureState(dir, hint)}
	case err != nil:
		return []Result{fail(name, hint, "%v", err)}
	case !info.IsDir():
		return []Result{fail(name, "Set another path in the configuration.", "%s is not a folder", dir)}
	}
	err = daemon.CheckState(dir, c.daemonUser())
	if unsafe := (*private.Error)(nil); err == nil && errors.As(daemon.CheckCheckpoint(dir), &unsafe) {
		err = unsafe
	}
	if err != nil {
		return []Result{refused(err)}
	}
	c.daemon = daemon.Holder(dir)
	if err := writable(dir); err != nil {
		return []Result{fail(name, hint, "%s isn't writable for user %s: %v", dir, me(), cause(err))}
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return []Result{warn(name, "It holds mails and a secret. Use a folder of its own, with mode 0700.",
			"%s is open to others, %s", dir, info.Mode().Perm())}
	}
	if r := room(dir); r.Status != Pass {
		return []Result{r}
	}
	if lost, ok := daemon.Lost(dir); ok {
		return []Result{warn(name, lost.Hint(), "the checkpoint of %s was broken; it is now %s",
			lost.Written.Format(time.DateTime), lost.Path)}
	}
	if c.daemon != "" {
		return []Result{pass(name, "%s, in use by the daemon, pid %s", dir, c.daemon)}
	}
	return []Result{pass(name, "%s, writable by user %s; no daemon runs", dir, me())}
}

// daemonUser is the daemon's user, as far as we know: our own, or the owner of the state folder if we are root.
func (c *checks) daemonUser() int {
	if i, _, ok := c.owner(); ok {
		return i.uid
	}
	return os.Geteuid()
}

// refused is the row for a state folder with which the daemon doesn't start.
func refused(err error) Result {
	hint := "Run as root or as the daemon's user."
	var unsafe *private.Error
	if errors.As(err, &unsafe) {
		hint = strings.ToUpper(unsafe.Hint[:1]) + unsafe.Hint[1:]
	}
	return fail("state", hint, "%v", err)
}

// futureState is the row for a folder that the daemon will make. It needs a parent in which the daemon may do so.
func (c *checks) futureState(dir, hint string) Result {
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if errors.Is(err, fs.ErrNotExist) && parent != filepath.Dir(parent) {
			continue
		}
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is not a folder", parent)
		} else if err == nil {
			err = unix.Access(parent, unix.W_OK|unix.X_OK)
		}
		if err != nil {
			return fail("state", hint, "%s doesn't exist, and user %s can't make it in %s: %v", dir, me(), parent, err)
		}
		if r := room(parent); r.Status != Pass {
			return r
		}
		return pass("state", "%s doesn't exist yet; the daemon will make it", dir)
	}
}

// writable makes a file in the folder and removes it.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// cause is an error without the file's name, which is random.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// room checks that the disk has free space. Space reserved for root doesn't count.
func room(dir string) Result {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return pass("state", "")
	}
	const hint = "When the disk is full, counting continues and mails wait."
	free, limited := int64(s.Bavail)*s.Bsize, s.Files > 0
	switch {
	case free < roomFail:
		return fail("state", hint, "%s: %d KiB are free", dir, free>>10)
	case limited && s.Ffree < inodesFail:
		return fail("state", hint, "%s: %d inodes are free", dir, s.Ffree)
	case free < roomWarn:
		return warn("state", hint, "%s: %d MiB are free", dir, free>>20)
	case limited && s.Ffree < inodesWarn:
		return warn("state", hint, "%s: %d inodes are free", dir, s.Ffree)
	}
	return pass("state", "")
}
