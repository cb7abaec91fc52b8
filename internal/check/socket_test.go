package check

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exiwatch/internal/config"
)

// ask asks over a UNIX socket as Exim does: a line, and what comes back up to the end.
func ask(ctx context.Context, address, request string) (string, error) {
	c, err := new(net.Dialer).DialContext(ctx, "unix", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if deadline, ok := ctx.Deadline(); ok {
		c.SetDeadline(deadline)
	}
	io.WriteString(c, request+"\n")
	b, err := io.ReadAll(c)
	return string(b), err
}

// answering listens on a socket and answers each line with the same.
func answering(t *testing.T, path, answer string, mode os.FileMode) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	os.Chmod(path, mode)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			bufio.NewReader(c).ReadString('\n')
			io.WriteString(c, answer)
			c.Close()
		}
	}()
}

// TestSocket: the daemon answers or doesn't, and Exim's user (daemon, in this lab) gets there or doesn't.
func TestSocket(t *testing.T) {
	for _, test := range []struct {
		name         string
		answer       string // "": nobody listens
		folder, mode os.FileMode
		daemon       bool
		user         string
		status       Status
		says         string
	}{
		{"answers", "no", 0o755, 0o666, true, "daemon", Pass, "answers, and daemon may ask"},
		{"another program", "220 hello", 0o755, 0o666, true, "daemon", Fail, `answers "220 hello"`},
		{"no daemon", "", 0o755, 0o666, false, "daemon", Warn, "no daemon answers"},
		{"daemon without socket", "", 0o755, 0o666, true, "daemon", Fail, "pid 4711"},
		{"socket is closed to Exim", "no", 0o755, 0o660, true, "daemon", Fail, "sender.sock is -rw-rw----"},
		{"folder is closed to Exim", "no", 0o700, 0o666, true, "daemon", Fail, "run is -rwx------"},
		{"Exim has root's rights", "no", 0o700, 0o600, true, "root", Pass, "root may ask"},
		{"Exim isn't known", "no", 0o755, 0o666, true, "", Warn, "isn't known"},
		{"Exim's user isn't there", "no", 0o755, 0o666, true, "no-such-user", Warn, "no-such-user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, "")
			if test.daemon {
				lock(l)
			}
			os.Mkdir(l.path("run"), test.folder)
			path := l.path("run/sender.sock")
			if test.answer != "" {
				answering(t, path, test.answer, test.mode)
			}
			l.Config.Socket, l.Ask = &config.Socket{Path: path}, ask
			l.Setup.Exim = func(ctx context.Context, args ...string) (string, error) {
				said, err := fakeExim(ctx, args...)
				return strings.Replace(said, "exim_user = daemon", "exim_user = "+test.user, 1), err
			}
			want(t, l.run(), "socket", test.status, test.says)
		})
	}
}

// TestMay: of owner, group and others the first that fits decides, as in the kernel.
func TestMay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 { // to whom everything is allowed
		uid, gid = 1000, 1000
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		mode       os.FileMode
		user       identity
		write, run bool
	}{
		{0o070, identity{uid, []int{gid}}, false, false},
		{0o300, identity{uid, nil}, true, true},
		{0o020, identity{uid + 1, []int{7, gid}}, true, false},
		{0o707, identity{uid + 1, []int{gid}}, false, false},
		{0o001, identity{uid + 1, []int{gid + 1}}, false, true},
		{0o000, identity{0, nil}, true, true},
	} {
		os.Chmod(path, test.mode)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := test.user.may(info, write); got != test.write {
			t.Errorf("%v may write %v: %v", test.user, test.mode, got)
		}
		if got := test.user.may(info, execute); got != test.run {
			t.Errorf("%v may execute %v: %v", test.user, test.mode, got)
		}
	}
}

// TestHungSocket: an Ask that fails by its deadline is told as it is.
func TestHungSocket(t *testing.T) {
	l := newLab(t, "")
	lock(l)
	l.Config.Socket = &config.Socket{Path: "127.0.0.1:9"}
	l.Ask = func(ctx context.Context, _, _ string) (string, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("Ask has no deadline")
		}
		return "", errors.New("no answer")
	}
	want(t, l.run(), "socket", Fail, "127.0.0.1:9: no answer")
}
