package fleetchaos

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A host has a log and a daemon that follows it.
type host struct {
	t      testing.TB
	name   string
	folder string
	log    *mainLog
	config string
	within []string // what the daemon's command line begins with, such as ip netns exec
	note   func(string, ...any)

	mu     sync.Mutex
	daemon *exec.Cmd // nil: there is none
	ended  chan struct{}
	doomed bool // it was told to end
	kills  []time.Time
}

// setting is what the hosts of a fleet have in common.
type setting struct {
	unit     time.Duration
	engine   []string // URLs
	patience time.Duration
	units    int // rules with longer windows are left out; 0: none is
}

// newHost makes a host whose daemon doesn't run yet. Its webhook and its mail server are on sockets that open makes.
func newHost(t testing.TB, folder, name string, s setting, to *sink, open func() (net.Listener, error),
	note func(string, ...any)) *host {
	h := &host{t: t, name: name, folder: filepath.Join(folder, name), note: note}
	h.log = newMainLog(t, filepath.Join(h.folder, "log"))
	webhook, post := to.listen(name, open)
	h.config = filepath.Join(h.folder, "exiwatch.toml")
	testkit.Must(t, os.WriteFile(h.config, []byte(h.configuration(s, webhook, post)), 0o600))
	t.Cleanup(func() { h.kill() })
	return h
}

func (h *host) configuration(s setting, webhook, post int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "log = %q\nstate = %q\ntimezone = \"UTC\"\n", h.log.path, filepath.Join(h.folder, "state"))
	for _, r := range rules {
		if s.units > 0 && r.units > s.units {
			continue
		}
		fmt.Fprintf(&b, "[[rule]]\nkey = %q\ncount = %q\nlimit = %d\nwindow = \"%ds\"\n", r.key, r.count, r.limit,
			r.units*int(s.unit/time.Second))
	}
	fmt.Fprintf(&b, `[mail]
to = ["director@lab.test"]
from = "exiwatch@mx.lab.test"
max_per_hour = 0
via = "smtp://127.0.0.1:%d"
[webhook]
url = "http://127.0.0.1:%d/"
`, post, webhook)
	if len(s.engine) > 0 {
		fmt.Fprintf(&b, "[fleet]\nengine = [%s]\nname = \"lab\"\nhost = %q\npatience = %q\n", quoted(s.engine), h.name,
			s.patience)
	}
	return b.String()
}

func quoted(texts []string) string {
	var all []string
	for _, text := range texts {
		all = append(all, fmt.Sprintf("%q", text))
	}
	return strings.Join(all, ", ")
}

// stderr is the file that all daemons of the host write to.
func (h *host) stderr() string { return filepath.Join(h.folder, "stderr") }

// start starts a daemon, unless one runs. One that ended by itself is a fault.
func (h *host) start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.daemon != nil {
		select {
		case <-h.ended:
			if !h.doomed {
				h.t.Errorf("the daemon of %s ended by itself: %v; see %s", h.name, h.daemon.ProcessState, h.stderr())
			}
		default:
			return
		}
	}
	stderr, err := os.OpenFile(h.stderr(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	testkit.Must(h.t, err)
	defer stderr.Close()
	args := append(append([]string(nil), h.within...), program, "run", "--from-start", "--config", h.config)
	h.daemon, h.ended, h.doomed = exec.Command(args[0], args[1:]...), make(chan struct{}), false
	h.daemon.Stderr = stderr
	h.daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	testkit.Must(h.t, startLocked(h.daemon, h.ended))
	h.note("%s: daemon %d", h.name, h.daemon.Process.Pid)
}

// startLocked starts a process that ends with this one, and closes ended with it. The thread that starts it waits for
// it: the kernel takes that thread's end for its parent's.
func startLocked(cmd *exec.Cmd, ended chan<- struct{}) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(ended)
		}
	}()
	return <-started
}

// kill kills the daemon, if one runs, and waits for its end.
func (h *host) kill() { h.end(syscall.SIGKILL) }

// stop ends the daemon as an administrator does.
func (h *host) stop() { h.end(syscall.SIGTERM) }

func (h *host) end(signal syscall.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.daemon == nil || isClosed(h.ended) {
		return
	}
	h.note("%s: %v to %d", h.name, signal, h.daemon.Process.Pid)
	h.doomed = true
	h.kills = append(h.kills, time.Now())
	_ = h.daemon.Process.Signal(signal)
	if signal != syscall.SIGKILL { // a daemon that is stopped takes no other signal
		select {
		case <-h.ended:
			return
		case <-time.After(termTime):
			h.t.Errorf("%s goes on for %v after %v", h.name, termTime, signal)
			_ = h.daemon.Process.Kill()
		}
	}
	<-h.ended
}

// termTime is how long a daemon may take to end when it is asked to, on a machine that does other things.
const termTime = 20 * time.Second

// freeze stops the daemon's process until the function that it returns is called.
func (h *host) freeze() (thaw func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note("%s: frozen", h.name)
	process := h.daemon.Process
	_ = process.Signal(syscall.SIGSTOP)
	return func() {
		h.note("%s: thawed", h.name)
		_ = process.Signal(syscall.SIGCONT)
	}
}

// pid is the daemon's process; 0: there is none.
func (h *host) pid() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.daemon == nil || isClosed(h.ended) {
		return 0
	}
	return h.daemon.Process.Pid
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// checkStderr looks for what the daemons must never say.
func (h *host) checkStderr() {
	said, err := os.ReadFile(h.stderr())
	testkit.Must(h.t, err)
	for _, bad := range []string{"panic", "DATA RACE", "fatal error"} {
		if i := bytes.Index(said, []byte(bad)); i >= 0 {
			h.t.Errorf("a daemon of %s said %q:\n%.3000s", h.name, bad, said[i:])
		}
	}
	if refused, _ := filepath.Glob(filepath.Join(h.folder, "state/spool/refused/*")); len(refused) > 0 {
		h.t.Errorf("%s gave mails up: %q", h.name, refused)
	}
}
