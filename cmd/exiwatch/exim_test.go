package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// eximPatience is how long a machine that does other things may take for anything here.
const eximPatience = 60 * time.Second

// An eximHost is a real Exim with a configuration and folders of its own, listening on loopback.
type eximHost struct {
	t    *testing.T
	dir  string
	port int
}

// need skips a test where a program is missing, which on the gate's machine is a failure.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			unable(t, err)
		}
	}
	if os.Getuid() != 0 {
		unable(t, "only root may start Exim with a configuration of its own")
	}
}

func unable(t *testing.T, why ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why...)
	}
	t.Skip(why...)
}

// startExim starts Exim, which ends with the test.
func startExim(t *testing.T) *eximHost { return startEximWith(t) }

// startEximWith starts one whose configuration has replacements.
func startEximWith(t *testing.T, replacements ...string) *eximHost {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "exiwatch-exim-") // t.TempDir is closed to Exim's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	e := &eximHost{t: t, dir: dir, port: freePort(t)}
	e.folders()
	conf := strings.NewReplacer(replacements...).Replace(eximConfiguration)
	conf = strings.NewReplacer("DIR", dir, "PORT", strconv.Itoa(e.port)).Replace(conf)
	e.write("exim.conf", conf)
	cmd := exec.Command("exim4", "-C", filepath.Join(dir, "exim.conf"), "-bdf")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			panics, _ := os.ReadFile(filepath.Join(dir, "log/paniclog"))
			t.Logf("Exim said: %s%s", output.Bytes(), panics)
		}
	})
	e.until("Exim listens", func() bool {
		c, err := net.Dial("tcp", e.address())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return e
}

const eximConfiguration = `
primary_hostname = mx.lab.test
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
pid_file_path = DIR/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = PORT
log_selector = +subject
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
archive:
  driver = accept
  local_parts = archive
  transport = mbox
others:
  driver = redirect
  data = :blackhole:
begin transports
box:
  driver = appendfile
  directory = DIR/mail
  user = Debian-exim
mbox:
  driver = appendfile
  file = DIR/mail/archive
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

// folders makes those that belong to Exim's user.
func (e *eximHost) folders() {
	owner, err := user.Lookup("Debian-exim")
	if err != nil {
		unable(e.t, err)
	}
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	os.Chmod(e.dir, 0o755)
	for _, name := range []string{"spool", "log", "mail"} {
		path := filepath.Join(e.dir, name)
		if err := os.Mkdir(path, 0o750); err != nil {
			e.t.Fatal(err)
		}
		if err := os.Chown(path, uid, gid); err != nil {
			e.t.Fatal(err)
		}
	}
}

func (e *eximHost) write(name, text string) string {
	path := filepath.Join(e.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		e.t.Fatal(err)
	}
	return path
}

func (e *eximHost) address() string { return fmt.Sprintf("127.0.0.1:%d", e.port) }
func (e *eximHost) mainlog() string { return filepath.Join(e.dir, "log/mainlog") }

// send has swaks send a message as an authenticated user.
func (e *eximHost) send(login, subject string) {
	e.t.Helper()
	out, err := exec.Command("swaks", "--server", e.address(), "--auth", "PLAIN", "--auth-user", login,
		"--auth-password", "secret",
		"--helo", "pc.lab.test", "--from", login, "--to", "somebody@example.org", "--header",
		"Subject: "+subject).CombinedOutput()
	if err != nil {
		e.t.Fatalf("swaks: %v\n%s", err, out)
	}
}

// cycle has logrotate cycle the main log, with what Debian's exim4-base says to it.
func (e *eximHost) cycle() {
	e.t.Helper()
	conf := e.write("logrotate.conf",
		e.mainlog()+" {\n daily\n missingok\n rotate 10\n compress\n delaycompress\n notifempty\n nocreate\n}\n")
	out, err := exec.Command("logrotate", "--force", "--state", filepath.Join(e.dir, "logrotate.state"),
		conf).CombinedOutput()
	if err != nil {
		e.t.Fatalf("logrotate: %v\n%s", err, out)
	}
}

// mails gives what came for postmaster.
func (e *eximHost) mails() []string {
	names, _ := filepath.Glob(filepath.Join(e.dir, "mail", "q*"))
	var mails []string
	for _, name := range names {
		b, _ := os.ReadFile(name)
		mails = append(mails, string(b))
	}
	return mails
}

// until waits as long as Exim logs something.
func (e *eximHost) until(what string, done func() bool) {
	e.t.Helper()
	testkit.Until(e.t, what, done, func() any { return len(e.log()) })
}

// until waits for something that must happen.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	testkit.Until(t, what, done)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// A daemon is `exiwatch run` with its log.
type daemonProcess struct {
	stderr syncBuffer
	stop   context.CancelFunc
	ended  chan int
}

func startDaemon(t *testing.T, config string, flags ...string) *daemonProcess {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	d := &daemonProcess{stop: stop, ended: make(chan int, 1)}
	gone := make(chan bool)
	go func() {
		defer close(gone)
		d.ended <- run(ctx, append([]string{"run", "--config", config}, flags...), strings.NewReader(""),
			&bytes.Buffer{}, &d.stderr)
	}()
	t.Cleanup(func() {
		stop()
		<-gone // it writes into folders that are removed next
		if t.Failed() {
			t.Logf("exiwatch said:\n%s", d.stderr.String())
		}
	})
	return d
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestRealExim is the main job: a real Exim, an account that sends in bulk while the log is cycled, and one mail that
// tells of it, sent through the same Exim and counted for nobody.
func TestRealExim(t *testing.T) {
	need(t, "exim4", "swaks", "logrotate")
	e := startExim(t)
	// Everything comes from 127.0.0.1. The second rule is there to show that the alert's own mail isn't counted: 30
	// messages are sent, so that it would be the 31st.
	config := e.write("exiwatch.toml", fmt.Sprintf(`
log = %q
state = %q
timezone = "UTC"
[count]
only = ["all"]
[[rule]]
name = "bulk sender"
[[rule]]
name = "this host"
key = "host"
limit = 30
window = "1h"
[mail]
to = ["postmaster@lab.test"]
from = "exiwatch@mx.lab.test"
via = "smtp://%s"
`, e.mainlog(), filepath.Join(e.dir, "state"), e.address()))
	d := startDaemon(t, config)
	until(t, "the daemon follows", func() bool { return strings.Contains(d.stderr.String(), "msg=following") })

	subjects := []string{"Your parcel", "Invoice 17", `A "closed" account`, "Grüße"}
	for i := range 25 {
		if i%5 == 0 {
			e.send("bob@lab.test", "Lunch")
		}
		if i == 8 || i == 16 {
			e.cycle()
		}
		e.send("alice@lab.test", subjects[i%len(subjects)])
	}
	e.until("the alert's mail comes", func() bool { return len(e.mails()) > 0 })
	e.until("Exim has logged it", func() bool { return strings.Count(e.log(), "id=exiwatch.") > 0 })

	checkAlertMail(t, e.mails())
	if got := e.alerts(config); len(got) != 1 || got[0].Value != "alice@lab.test" || got[0].Messages != 25 {
		t.Errorf("replay lists %+v, want one alert of 25 messages by alice", got)
	}
	if n := strings.Count(d.stderr.String(), "msg=alert "); n != 1 {
		t.Errorf("the daemon opened %d alerts, want 1", n)
	}

	e.send("bob@lab.test", "the 31st")
	e.until("the second rule opens", func() bool { return strings.Count(d.stderr.String(), "msg=alert ") == 2 })
	e.until("its mail comes", func() bool { return len(e.mails()) == 2 })
	d.stop()
	if status := <-d.ended; status != exitDone {
		t.Errorf("run ended with %d", status)
	}
	var ids []string
	for _, a := range e.alerts(config) {
		ids = append(ids, a.ID)
		if !strings.Contains(d.stderr.String(), "id="+a.ID) {
			t.Errorf("replay lists %s, which the daemon didn't open", a.ID)
		}
	}
	if len(ids) != 2 {
		t.Errorf("replay lists %d alerts, want 2", len(ids))
	}
}

// checkAlertMail looks at the one mail that came.
func checkAlertMail(t *testing.T, mails []string) {
	t.Helper()
	if len(mails) != 1 {
		t.Fatalf("%d mails came, want 1", len(mails))
	}
	text, err := readable(strings.NewReader(mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Subject: Mail Abuse Alert: alice@lab.test sent 21 messages in 5m (limit 20)\n",
		"      6  29%  Your parcel\n", "      5  24%  A \"closed\" account\n", "      5  24%  Grüße\n",
		"      5  24%  Invoice 17\n",
		"All from 127.0.0.1 (127.0.0.0/24), which said HELO pc.lab.test.\n", "All authenticated as alice@lab.test.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, text)
		}
	}
}

// log gives what all files of the main log hold.
func (e *eximHost) log() string {
	names, _ := filepath.Glob(e.mainlog() + "*")
	var all strings.Builder
	for _, name := range names {
		b, _ := os.ReadFile(name)
		all.Write(b)
	}
	return all.String()
}

type replayedAlert struct {
	ID, Value string
	Messages  int
}

// alerts gives what replay lists, from the cycled files too.
func (e *eximHost) alerts(config string) []replayedAlert {
	e.t.Helper()
	out, stderr, status := exiwatch(e.t, "", "replay", "--json", "--config", config)
	if status != exitDone {
		e.t.Fatalf("replay: %s", stderr)
	}
	var document struct{ Alerts []replayedAlert }
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		e.t.Fatal(err)
	}
	return document.Alerts
}
