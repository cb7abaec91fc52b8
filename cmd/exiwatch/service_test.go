package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A manager is what systemd is to the program: a socket for its notifications.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", fmt.Sprint(time.Second.Microseconds()))
	t.Setenv("WATCHDOG_PID", "") // whoever asks
	return &manager{t, conn}
}

// hears waits for a notification, past others.
func (m *manager) hears(want string) {
	m.t.Helper()
	m.conn.SetReadDeadline(time.Now().Add(eximPatience))
	for text := make([]byte, 1<<10); ; {
		n, err := m.conn.Read(text)
		if err != nil {
			m.t.Fatalf("waiting for %s: %v", want, err)
		}
		if string(text[:n]) == want {
			return
		}
	}
}

// hearsNothing wants silence for a while, after what is on its way.
func (m *manager) hearsNothing(d time.Duration) {
	m.t.Helper()
	text := make([]byte, 1<<10)
	m.conn.SetReadDeadline(time.Now())
	for {
		if _, err := m.conn.Read(text); err != nil {
			break
		}
	}
	m.conn.SetReadDeadline(time.Now().Add(d))
	if n, err := m.conn.Read(text); err == nil {
		m.t.Errorf("heard %q, want nothing for %v", text[:n], d)
	}
}

// TestServiceManagerIsTold: ready once the log is about to be read, alive while it is, and not when the process is
// stopped.
func TestServiceManagerIsTold(t *testing.T) {
	m := newManager(t)
	p := newPlot(t, nowhere)
	pidfile := filepath.Join(p.dir, "exiwatch.pid")
	d := startProcess(t, "run", "--config", p.config, "--pidfile", pidfile)
	m.hears("READY=1")
	if got, want := read(t, pidfile), fmt.Sprintf("%d\n", d.cmd.Process.Pid); got != want {
		t.Errorf("when the daemon is ready its pidfile holds %q, want %q", got, want)
	}
	m.hears("WATCHDOG=1")
	m.hears("WATCHDOG=1")

	d.signal(syscall.SIGSTOP)
	m.hearsNothing(2 * time.Second)
	d.signal(syscall.SIGCONT)
	m.hears("WATCHDOG=1")

	d.signal(syscall.SIGHUP)
	m.hears("RELOADING=1")
	m.hears("READY=1")
	m.hears("WATCHDOG=1")
	d.signal(syscall.SIGTERM)
	m.hears("STOPPING=1")
	if err := <-d.ended; err != nil {
		t.Errorf("after SIGTERM: %v, want status 0", err)
	}
	if _, err := os.Stat(pidfile); !os.IsNotExist(err) {
		t.Errorf("the pidfile is left: %v", err)
	}
}

// TestPidfileOfAnother: a daemon that is refused leaves the running one's pidfile alone; one that ends leaves a file
// that has come to be another's; one whose pidfile can't be written says so.
func TestPidfileOfAnother(t *testing.T) {
	p := newPlot(t, nowhere)
	pidfile := filepath.Join(p.dir, "exiwatch.pid")
	writeFile(t, pidfile, "99999999\n") // of one that was killed
	d := startProcess(t, "run", "--config", p.config, "--pidfile", pidfile)
	d.until(readToEnd, 1)
	want := fmt.Sprintf("%d\n", d.cmd.Process.Pid)
	second := startProcess(t, "run", "--config", p.config, "--pidfile", pidfile)
	if err := <-second.ended; err == nil {
		t.Error("a second daemon ended with status 0")
	}
	if got := read(t, pidfile); got != want {
		t.Errorf("after a second daemon was refused the pidfile holds %q, want %q", got, want)
	}
	writeFile(t, pidfile, "1\n")
	d.end()
	if got := read(t, pidfile); got != "1\n" {
		t.Errorf("the pidfile of process 1 holds %q at the end", got)
	}
	third := startProcess(t, "run", "--config", p.config, "--pidfile", filepath.Join(p.dir, "missing", "pid"))
	if err := <-third.ended; err == nil || !strings.Contains(third.text(), "exiwatch: error: writing the pidfile: ") {
		t.Errorf("without a folder for its pidfile it ended with %v", err)
	}
}
