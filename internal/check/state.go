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

// What the state folder needs: the checkpoint and the spool take some MiB, and a file for each mail.
const (
	roomWarn   = 100 << 20 // bytes
	roomFail   = 1 << 20   // bytes
	inodesWarn = 10_000    // as many mails may wait
	inodesFail = 10
)

// state tells whether the daemon can keep its state, and whether one does.
func (c *checks) state(context.Context) []Result {
	const name = "state"
	dir := c.Config.State
	hint := "Run as root or as the daemon's user, or name a folder of this user in the configuration:\n    state = \"/path\""
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Result{c.futureState(dir, hint)}
	case err != nil:
		return []Result{fail(name, hint, "%v", err)}
	case !info.IsDir():
		return []Result{fail(name, "Name another path in the configuration.", "%s is no folder", dir)}
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
		return []Result{warn(name, "It holds mails and a secret: it should be a folder of its own, of mode 0700.",
			"%s is open to others, %s", dir, info.Mode().Perm())}
	}
	if r := room(dir); r.Status != Pass {
		return []Result{r}
	}
	if lost, ok := daemon.Lost(dir); ok {
		return []Result{warn(name, lost.Hint(), "the checkpoint of %s was broken: it is %s now",
			lost.Written.Format(time.DateTime), lost.Path)}
	}
	if c.daemon != "" {
		return []Result{pass(name, "%s, in use by the daemon, pid %s", dir, c.daemon)}
	}
	return []Result{pass(name, "%s, writable by user %s; no daemon runs", dir, me())}
}

// daemonUser is the user as which the daemon runs, as far as we know: we, or whose the state folder is if we are root.
func (c *checks) daemonUser() int {
	if i, _, ok := c.owner(); ok {
		return i.uid
	}
	return os.Geteuid()
}

// refused is about a state folder with which the daemon doesn't start.
func refused(err error) Result {
	hint := "Run as root or as the daemon's user."
	var unsafe *private.Error
	if errors.As(err, &unsafe) {
		hint = strings.ToUpper(unsafe.Hint[:1]) + unsafe.Hint[1:]
	}
	return fail("state", hint, "%v", err)
}

// futureState is about a folder that the daemon will make: it needs a parent where it can.
func (c *checks) futureState(dir, hint string) Result {
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if errors.Is(err, fs.ErrNotExist) && parent != filepath.Dir(parent) {
			continue
		}
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is no folder", parent)
		} else if err == nil {
			err = unix.Access(parent, unix.W_OK|unix.X_OK)
		}
		if err != nil {
			return fail("state", hint, "%s isn't there, and user %s can't make it in %s: %v", dir, me(), parent, err)
		}
		if r := room(parent); r.Status != Pass {
			return r
		}
		return pass("state", "%s isn't there yet: the daemon will make it", dir)
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

// cause is an error without the name of the file, which changes.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// room tells whether the disk has room. What root alone may use doesn't count.
func room(dir string) Result {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return pass("state", "")
	}
	const hint = "When the disk is full counting goes on, and mails wait."
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
