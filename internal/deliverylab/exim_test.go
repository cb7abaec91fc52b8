package deliverylab

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"exiwatch/internal/testkit"

	"golang.org/x/sys/unix"
)

const (
	eximUser = "Debian-exim"
	smtpPort = "25" // of everybody: the network is the test's own
)

// A mailHost is a real Exim with a configuration and folders of its own.
type mailHost struct {
	t    *testing.T
	dir  string
	exim *exec.Cmd
}

// commonConfiguration is the beginning of each configuration.
const commonConfiguration = `
primary_hostname = mx.lab.test
qualify_domain = lab.test
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
pid_file_path = DIR/exim.pid
log_selector = SELECTORS
timezone = UTC
keep_environment =
never_users =
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
`

// startExim starts Exim with a configuration, in which SELECTORS are the log selectors. It ends with the test.
func startExim(t *testing.T, selectors, configuration string) *mailHost {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "exiwatch-deliverylab-exim-") // t.TempDir is closed to Exim's user
	testkit.Must(t, err)
	h := &mailHost{t: t, dir: dir}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s is kept", dir)
		} else {
			os.RemoveAll(dir)
		}
	})
	h.folders()
	text := strings.NewReplacer("DIR", dir, "SELECTORS", selectors).Replace(commonConfiguration + configuration)
	testkit.Must(t, os.WriteFile(h.path("exim.conf"), []byte(text), 0o644))
	h.exim = exec.Command("exim4", "-C", h.path("exim.conf"), "-bdf")
	var output bytes.Buffer
	h.exim.Stdout, h.exim.Stderr = &output, &output
	testkit.Must(t, h.exim.Start())
	t.Cleanup(func() {
		h.exim.Process.Kill()
		h.exim.Wait()
		if t.Failed() {
			t.Logf("Exim said: %s", panics(output.String()))
		}
	})
	testkit.Until(t, "Exim listens", func() bool {
		c, err := net.Dial("tcp", eximAddress)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return h
}

// folders makes those that belong to Exim's user. The spool is in memory, for Exim waits until the disk has each
// message.
func (h *mailHost) folders() {
	owner, err := user.Lookup(eximUser)
	testkit.Must(h.t, err)
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	testkit.Must(h.t, os.Chmod(h.dir, 0o755))
	for _, name := range []string{"spool", "log", "mail"} {
		testkit.Must(h.t, os.Mkdir(h.path(name), 0o750))
		if name == "spool" {
			testkit.Must(h.t, unix.Mount("none", h.path(name), "tmpfs", 0, "mode=750"))
			h.t.Cleanup(func() { unix.Unmount(h.path(name), unix.MNT_DETACH) })
		}
		testkit.Must(h.t, os.Chown(h.path(name), uid, gid))
	}
}

func (h *mailHost) path(name string) string { return filepath.Join(h.dir, name) }
func (h *mailHost) mainlog() string         { return h.path("log/mainlog") }

// panics are the lines of Exim's output but those that stand there for each message: with a configuration of one's own
// Exim delivers as its user.
func panics(output string) (said string) {
	for line := range strings.Lines(output) {
		if !strings.Contains(line, "exim user lost privilege for using -C option") {
			said += line
		}
	}
	return said
}

// settle waits until Exim has tried to deliver all that it has received.
func (h *mailHost) settle() {
	h.t.Helper()
	seen := 0 // how often in a row only the daemon was there
	testkit.Until(h.t, "Exim has nothing in hand", func() bool {
		if seen++; len(h.processes()) > 1 {
			seen = 0
		}
		return seen == 2
	}, func() any { return h.processes() }, func() any { return h.logSize() })
}

// processes are those of Exim that run. The test sees only its own.
func (h *mailHost) processes() (pids []int) {
	names, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, name := range names {
		comm, _ := os.ReadFile(name)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if strings.HasPrefix(string(comm), "exim") && testkit.Runs(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (h *mailHost) logSize() int64 {
	info, err := os.Stat(h.mainlog())
	if err != nil {
		return 0
	}
	return info.Size()
}

// runQueue tries all messages in the queue once more, whether it is time or not.
func (h *mailHost) runQueue() {
	h.t.Helper()
	out, err := exec.Command("exim4", "-C", h.path("exim.conf"), "-qff").CombinedOutput()
	if err != nil {
		h.t.Fatalf("exim4 -qff: %v\n%s", err, out)
	}
	h.settle()
}

// queued counts the messages in the queue.
func (h *mailHost) queued() int {
	h.t.Helper()
	names, err := filepath.Glob(h.path("spool/input/*-H"))
	testkit.Must(h.t, err)
	return len(names)
}
