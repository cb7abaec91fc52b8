package chaos

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

// An eximHost is a real Exim with a configuration and folders of its own, listening on loopback.
type eximHost struct {
	t    *testing.T
	dir  string
	port int
}

// need skips a test where a program is missing, which on the gate's machine is a failure.
func need(t *testing.T, programs ...string) {
	t.Helper()
	unable := t.Skip
	if os.Getenv("CI") == "true" {
		unable = t.Fatal
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			unable(err)
		}
	}
	if os.Getuid() != 0 {
		unable("only root may start Exim with a configuration of its own")
	}
	if _, err := user.Lookup(eximUser); err != nil {
		unable(err)
	}
}

const eximUser = "Debian-exim"

const eximConfiguration = `
primary_hostname = mx.lab.test
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
pid_file_path = DIR/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = PORT
smtp_accept_max = 100
log_selector = +subject +received_recipients
timezone = UTC
keep_environment =
never_users =
tls_advertise_hosts =
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin routers
mailbox:
  driver = accept
  local_parts = postmaster
  transport = box
others:
  driver = redirect
  data = :blackhole:
begin transports
box:
  driver = appendfile
  directory = DIR/mail
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{secret}}
  server_set_id = $auth2
  server_advertise_condition = true
`

// startExim starts Exim, which ends with the test. Its folder stays if the test fails.
func startExim(t *testing.T) *eximHost {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "exiwatch-chaos-exim-") // t.TempDir is closed to Exim's user
	testkit.Must(t, err)
	t.Cleanup(func() {
		if t.Failed() || *keep {
			t.Logf("%s is kept", dir)
		} else {
			os.RemoveAll(dir)
		}
	})
	e := &eximHost{t: t, dir: dir, port: freePort(t)}
	e.folders()
	e.write("exim.conf", strings.NewReplacer("DIR", dir, "PORT", strconv.Itoa(e.port)).Replace(eximConfiguration))
	cmd := exec.Command("exim4", "-C", filepath.Join(dir, "exim.conf"), "-bdf")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	testkit.Must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		select {
		case err := <-ended:
			t.Errorf("Exim has ended by itself: %v", err)
		default:
			cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("Exim said: %s%s", output.Bytes(), e.panics())
		}
	})
	until(t, "Exim listens", func() bool {
		c, err := net.Dial("tcp", e.address())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return e
}

// folders makes those that belong to Exim's user.
func (e *eximHost) folders() {
	owner, err := user.Lookup(eximUser)
	testkit.Must(e.t, err)
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	testkit.Must(e.t, os.Chmod(e.dir, 0o755))
	for _, name := range []string{"spool", "log", "mail"} {
		path := filepath.Join(e.dir, name)
		testkit.Must(e.t, os.Mkdir(path, 0o750))
		testkit.Must(e.t, os.Chown(path, uid, gid))
	}
}

// panics are the lines of the panic logs but those that stand there for each message: with a configuration of one's
// own Exim delivers as its user.
func (e *eximHost) panics() (said string) {
	names, _ := filepath.Glob(filepath.Join(e.dir, "log/paniclog*"))
	for _, name := range names {
		text, _ := os.ReadFile(name)
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, "exim user lost privilege for using -C option") {
				said += line
			}
		}
	}
	return said
}

func (e *eximHost) write(name, text string) string {
	path := filepath.Join(e.dir, name)
	testkit.Must(e.t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func (e *eximHost) address() string { return fmt.Sprintf("127.0.0.1:%d", e.port) }
func (e *eximHost) mainlog() string { return filepath.Join(e.dir, "log/mainlog") }

// logs are all files of the main log, oldest first, for stamps of one second don't always tell.
func (e *eximHost) logs() []string {
	var names []string
	for n := 300; n > 0; n-- {
		for _, name := range []string{fmt.Sprintf("%s.%d", e.mainlog(), n), fmt.Sprintf("%s.%02d", e.mainlog(), n)} {
			found, _ := filepath.Glob(name + "*")
			for _, f := range found {
				if ext := strings.TrimPrefix(f, name); (ext == "" || ext == ".gz") && !slices.Contains(names, f) {
					names = append(names, f)
				}
			}
		}
	}
	if _, err := os.Stat(e.mainlog()); err == nil {
		names = append(names, e.mainlog())
	}
	return names
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// until waits for something that must happen.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	testkit.Until(t, what, done)
}
