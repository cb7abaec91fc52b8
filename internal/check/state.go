package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
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
		return c.futureState(dir, hint)
	case err != nil:
		return fail(name, hint, "%v", err)
	case !info.IsDir():
		return fail(name, "Set another path in the configuration.", "%s is not a folder", dir)
	}
	user := os.Geteuid()
	if owner, _, ok := c.owner(); ok {
		user = owner.uid
	}
	var unsafe *private.Error
	if err = daemon.CheckState(dir, user); err == nil && errors.As(daemon.CheckCheckpoint(dir), &unsafe) {
		err = unsafe
	}
	if err != nil {
		hint := "Run as root or as the daemon's user."
		if errors.As(err, &unsafe) {
			hint = strings.ToUpper(unsafe.Hint[:1]) + unsafe.Hint[1:]
		}
		return fail(name, hint, "%v", err)
	}
	c.daemon = daemon.Holder(dir)
	if err := writable(dir); err != nil {
		return fail(name, hint, "%s isn't writable for user %s: %v", dir, me(), err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return warn(name, "It holds mails and a secret. Use a folder of its own, with mode 0700.",
			"%s is open to others, %s", dir, info.Mode().Perm())
	}
	if full := room(dir); full != nil {
		return full
	}
	if lost, ok := daemon.Lost(dir); ok {
		return warn(name, lost.Hint(), "the checkpoint of %s was broken; it is now %s",
			lost.Written.Format(time.DateTime), lost.Path)
	}
	if c.daemon != "" {
		return pass(name, "%s, in use by the daemon, pid %s", dir, c.daemon)
	}
	return pass(name, "%s, writable by user %s; no daemon runs", dir, me())
}

// futureState is the row for a folder that the daemon will make. It needs a parent in which the daemon may do so.
func (c *checks) futureState(dir, hint string) []Result {
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
		if full := room(parent); full != nil {
			return full
		}
		return pass("state", "%s doesn't exist yet; the daemon will make it", dir)
	}
}

// writable makes a file in the folder and removes it. The error is without the file's name, which is random.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".check-*")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// room checks that the disk has free space. Space reserved for root doesn't count.
func room(dir string) []Result {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return nil
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
	return nil
}

// gaps names the files that the daemon skipped. Without such files there is no row.
func (c *checks) gaps(context.Context) []Result {
	const name = "gaps"
	gaps, err := daemon.Gaps(c.Config.State, c.Now)
	if err != nil {
		return warn(name, "Run as root or as the daemon's user.",
			"can't find out which files the daemon skipped: %v", err)
	}
	if len(gaps) == 0 {
		return nil
	}
	var details, commands []string
	for _, g := range gaps {
		details = append(details, fmt.Sprintf("%s was not counted: it could not be read from %s to %s (%s)",
			g.Place(), g.Since.Format(time.DateTime), g.Until.Format(time.DateTime), g.Error))
		command := "\n    exiwatch replay " + escape.Shell(g.Path)
		if !slices.Contains(commands, command) {
			commands = append(commands, command)
		}
	}
	hint := "Alerts may be missing. Once the files are readable, report on them with:" + strings.Join(commands, "")
	return warn(name, hint, "%s", strings.Join(details, "\n"))
}
