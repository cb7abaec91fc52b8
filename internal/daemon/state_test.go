package daemon

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/private"
	"exiwatch/internal/testkit"
)

// refused runs a daemon on a state folder, and fails the test unless it refuses that with an error that says so and a
// hint.
func refused(t *testing.T, state, says, hint string) {
	t.Helper()
	c := configtest.Parse(t, fiveAnHour)
	c.State, c.Log = state, []string{testkit.Write(t, "mainlog", "")}
	err := (&Daemon{Config: c, Host: "mx.lab.test", Log: slog.New(slog.DiscardHandler)}).Run(t.Context())
	var unsafe *private.Error
	if !errors.As(err, &unsafe) || !strings.Contains(err.Error(), says) || !strings.Contains(unsafe.Hint, hint) {
		t.Errorf("Run = %v (%+v), want an error that says %q and a hint with %q", err, unsafe, says, hint)
	}
}

// TestStateIsNotReachedThroughLinks: what a link in the state folder points to stays as it is.
func TestStateIsNotReachedThroughLinks(t *testing.T) {
	for _, name := range []string{
		lockFile, keyFile, tokenFile, checkpointFile, spoolDir, hookChannel, webhookChannel, "spool/waiting",
	} {
		t.Run(strings.ReplaceAll(name, "/", "-"), func(t *testing.T) {
			state, precious := t.TempDir(), testkit.Write(t, "precious", "4711\n")
			target := precious
			if name == "spool/waiting" {
				testkit.Must(t, os.Mkdir(filepath.Join(state, spoolDir), 0o700))
				target = t.TempDir()
			}
			testkit.Must(t, os.Symlink(target, filepath.Join(state, name)))
			refused(t, state, filepath.Join(state, name)+" is a symbolic link", "rm "+filepath.Join(state, name))
			if text, err := os.ReadFile(precious); err != nil || string(text) != "4711\n" {
				t.Errorf("behind the link is %q, %v now", text, err)
			}
			if pid, key := Holder(state), Key(state); pid != "" || key != nil {
				t.Errorf("Holder = %q, Key = %q: want nothing from behind a link", pid, key)
			}
			if _, err := WebToken(state); err == nil {
				t.Error("WebToken reads what is behind a link")
			}
		})
	}
}

// TestStateIsOurs: a folder or a secret that others can write, or that is somebody else's, is refused.
func TestStateIsOurs(t *testing.T) {
	for _, name := range []string{"", lockFile, keyFile, tokenFile, checkpointFile, spoolDir, "spool/waiting"} {
		for _, mode := range []os.FileMode{0o720, 0o702} {
			state := t.TempDir()
			path := filepath.Join(state, name)
			lay(t, path, name)
			testkit.Must(t, os.Chmod(path, mode))
			refused(t, state, path+" is writable for others", "chmod go-w "+path)
		}
		if os.Geteuid() != 0 {
			continue // only root can give files away
		}
		const nobody = 65534 // Debian's
		state := t.TempDir()
		path := filepath.Join(state, name)
		lay(t, path, name)
		testkit.Must(t, os.Chown(path, nobody, nobody))
		refused(t, state, path+" belongs to the user nobody", "chown -R root "+path)
	}
}

// lay makes what has a name in a state folder.
func lay(t *testing.T, path, name string) {
	t.Helper()
	switch name {
	case "":
	case spoolDir, "spool/waiting":
		testkit.Must(t, os.MkdirAll(path, 0o700))
	default:
		testkit.Must(t, os.WriteFile(path, nil, 0o600))
	}
}

// TestStateBehindALink: administrators move state folders to other disks. What they link to is looked at.
func TestStateBehindALink(t *testing.T) {
	state, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	testkit.Must(t, os.Symlink(state, link))
	s, err := openState(link)
	testkit.Must(t, err)
	s.close()
	testkit.Must(t, os.Chmod(state, 0o777))
	refused(t, link, link+" is writable for others", "chmod go-w "+link)
}

// TestOddLock: a pipe doesn't stop the daemon for ever, and another name of a file isn't written to.
func TestOddLock(t *testing.T) {
	state := t.TempDir()
	lock := filepath.Join(state, lockFile)
	testkit.Must(t, syscall.Mkfifo(lock, 0o600))
	refused(t, state, "is no regular file", "remove it")
	precious := filepath.Join(state, "precious")
	testkit.Must(t, os.WriteFile(precious, []byte("data"), 0o600))
	testkit.Must(t, errors.Join(os.Remove(lock), os.Link(precious, lock)))
	refused(t, state, "has another name", "rm "+lock)
	if text, err := os.ReadFile(precious); err != nil || string(text) != "data" {
		t.Errorf("the other name's file holds %q, %v now", text, err)
	}
}

// TestLockOfADaemonThatWasKilled: a child that it was starting holds its lock for a moment. The next daemon waits.
func TestLockOfADaemonThatWasKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := openState(dir)
	testkit.Must(t, err)
	dead := exec.Command("true")
	testkit.Must(t, dead.Run())
	testkit.Must(t, s.lock.Truncate(0))
	_, err = s.lock.WriteAt([]byte(strconv.Itoa(dead.Process.Pid)+"\n"), 0)
	testkit.Must(t, err)
	time.AfterFunc(100*time.Millisecond, s.close)
	next, err := openState(dir)
	testkit.Must(t, err)
	next.close()
}
