package readsocket

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

var mine = Access{Mode: 0o640, UID: -1, GID: -1}

func listen(t *testing.T, path string, access Access) net.Listener {
	t.Helper()
	l, err := Listen(path, access)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestNoMomentOfWiderAccess: whoever sees the socket at its path sees it as it is to be.
func TestNoMomentOfWiderAccess(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	group := os.Getgid()
	if os.Getuid() == 0 {
		group = 1 // daemon
	}
	var stop atomic.Bool
	var seen int
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for !stop.Load() {
			info, err := os.Lstat(path)
			if err != nil {
				continue
			}
			seen++
			if info.Mode() != fs.ModeSocket|0o620 || int(info.Sys().(*syscall.Stat_t).Gid) != group {
				t.Errorf("it was seen as %v of group %d", info.Mode(), info.Sys().(*syscall.Stat_t).Gid)
				return
			}
		}
	}()
	for i := 0; i < 300; i++ {
		l, err := Listen(path, Access{Mode: 0o620, UID: -1, GID: group})
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	stop.Store(true)
	<-watched
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%d files are left", len(left))
	}
	t.Logf("seen %d times", seen)
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	listen(t, path, mine)
	if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|0o640 {
		t.Errorf("%v, %v", info, err)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
}

// TestLiveSocketIsNotStolen: of two daemons that start at a time, one has it.
func TestLiveSocketIsNotStolen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub/s")
	results := make(chan error)
	const daemons = 8
	for range daemons {
		go func() {
			l, err := Listen(path, mine)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			results <- err
		}()
	}
	got := 0
	for range daemons {
		if err := <-results; err == nil {
			got++
		} else if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) {
			t.Errorf("Listen = %v, want ErrInUse", err)
		}
	}
	if got != 1 {
		t.Errorf("%d daemons listen, want 1", got)
	}
}

func TestWhatIsNoSocketStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path, mine); err == nil || !strings.Contains(err.Error(), "is not a socket") {
		t.Errorf("Listen = %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "precious" {
		t.Errorf("it is %q now", b)
	}
	if _, err := Listen(path+"/s", mine); err == nil {
		t.Error("a socket was made in a file")
	}
	if _, err := Listen(filepath.Join(dir, strings.Repeat("x", 100)), mine); err == nil ||
		!strings.Contains(err.Error(), "expected at most") {
		t.Errorf("a path that is too long: %v", err)
	}
}

// TestOthersSocketIsNotRemoved: at the end only our own is.
func TestOthersSocketIsNotRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first := listen(t, path, mine)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	listen(t, path, mine)
	first.Close()
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("the second one's is gone: %v", err)
	} else {
		c.Close()
	}
}

// TestLongestPath can be listened on and asked.
func TestLongestPath(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, strings.Repeat("x", maxPath-len(dir)-1))
	listen(t, path, mine)
	if c, err := net.Dial("unix", path); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
}
