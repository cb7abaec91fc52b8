package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// asProgram makes the test binary the program itself.
const asProgram = "EXIWATCH_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// A process is the program as another process.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	ended chan error

	mu   sync.Mutex
	said bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// startProcess runs the program; it is killed at the end of the test, if it hasn't ended.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	return startCommand(t, func(*exec.Cmd) {}, args...)
}

// startCommand runs it by a command that was edited.
func startCommand(t *testing.T, edit func(*exec.Cmd), args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...), ended: make(chan error, 1)}
	// else the race detector takes a second
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	p.cmd.Stdout, p.cmd.Stderr = p, p
	edit(p.cmd)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("the program said:\n%s", p.text())
		}
	})
	return p
}

// until waits until the program has said a text as many times as given.
func (p *process) until(text string, times int) {
	p.t.Helper()
	// It sleeps until another process has done it.
	for late := time.Now().Add(eximPatience); strings.Count(p.text(), text) < times; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			p.t.Fatalf("after %v the program hasn't said %q %d times", eximPatience, text, times)
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// untilStopped waits until all threads of a process have stopped that was sent SIGSTOP: until then they may go on.
func (p *process) untilStopped() {
	p.t.Helper()
	runs := func(stat string) bool {
		text, err := os.ReadFile(stat)
		_, state, _ := strings.Cut(string(text), ") ")
		return err == nil && !strings.HasPrefix(state, "T")
	}
	// It sleeps until another process has done it.
	for late := time.Now().Add(eximPatience); ; time.Sleep(time.Millisecond) {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
		if len(threads) > 0 && !slices.ContainsFunc(threads, runs) {
			return
		}
		if time.Now().After(late) {
			p.t.Fatalf("after %v the program hasn't stopped", eximPatience)
		}
	}
}

// end sends SIGTERM, and wants status 0 within two seconds.
func (p *process) end() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Errorf("after SIGTERM: %v, want status 0", err)
		}
	case <-time.After(2 * time.Second):
		p.t.Error("2 seconds after SIGTERM it still runs")
	}
}

// A plot is a daemon's configuration, log and state.
type plot struct {
	t                *testing.T
	dir, config, log string
}

func newPlot(t *testing.T, via string) *plot {
	dir := t.TempDir()
	p := &plot{t: t, dir: dir, config: filepath.Join(dir, "exiwatch.toml"), log: filepath.Join(dir, "mainlog")}
	p.configure(fmt.Sprintf("log = %q\nstate = %q\n[mail]\nto = ['root@lab.test']\nvia = %q\n", p.log,
		filepath.Join(dir, "state"), via))
	p.write("")
	return p
}

func (p *plot) configure(text string) {
	p.t.Helper()
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *plot) write(text string) {
	p.t.Helper()
	if err := appendLine(p.log, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// burst is messages of one local user.
func burst(user string, from, to int) string {
	var b strings.Builder
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "%s 1xV%03d-%06d-01 <= %s@lab.test U=%s P=local S=5\n",
			at.Add(time.Duration(i)*time.Second).Format(time.DateTime), len(user), i, user, user)
	}
	return b.String()
}

const nowhere = "smtp://127.0.0.1:1" // nobody listens there

const readToEnd = "the logs are read to their ends"

// TestStoppedWhileTheMailServerHangs: SIGTERM ends the daemon at once, whatever it does.
func TestStoppedWhileTheMailServerHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	held := make(chan struct{})
	go func() {
		if c, err := l.Accept(); err == nil { // and says nothing
			close(held)
			defer c.Close()
			<-t.Context().Done()
		}
	}()
	p := newPlot(t, "smtp://"+l.Addr().String())
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	p.write(burst("alice", 0, 21))
	<-held
	d.end()
	if waiting, _ := filepath.Glob(filepath.Join(p.dir, "state/spool/waiting/*")); len(waiting) != 1 {
		t.Errorf("%d mails wait, want 1", len(waiting))
	}
}

// TestStoppedWhileCatchingUp: the same in the middle of a long log.
func TestStoppedWhileCatchingUp(t *testing.T) {
	p := newPlot(t, nowhere)
	line := "2026-11-23 10:00:00 1xV001-000001-01 => somebody@example.org R=dnslookup T=remote_smtp H=mx.example.org [192.0.2.1]\n"
	p.write(strings.Repeat(line, 1_000_000))
	d := startProcess(t, "run", "--config", p.config)
	d.until("following", 1)
	d.end()
}

// TestSignalsInTheFirstMoments: SIGHUP doesn't end a daemon that is just beginning, at whatever moment it comes, and
// SIGTERM ends it as ever. Only what comes before the program's first package is there is the runtime's.
func TestSignalsInTheFirstMoments(t *testing.T) {
	p := newPlot(t, nowhere)
	for wait := range 6 {
		traced := func(c *exec.Cmd) { c.Env = append(c.Env, "GODEBUG=inittrace=1") } // says which package is there
		d := startCommand(t, traced, "run", "--config", p.config)
		d.until("init exiwatch/internal/signals ", 1)
		<-time.After(time.Duration(wait*wait) * 4 * time.Millisecond) // real moments of a start
		d.signal(syscall.SIGHUP)
		if wait%2 == 0 {
			d.until(readToEnd, 1)
		}
		d.end()
	}
}

var manyAlerts = flag.Int("alerts", 300, "how many `alerts` are open when a daemon is stopped")

// TestStoppedWithManyAlerts: SIGTERM ends a daemon within two seconds that has thousands of open alerts, tells of each,
// and counts on. The next one tells the rest: each alert has its one mail.
func TestStoppedWithManyAlerts(t *testing.T) {
	accounts := *manyAlerts
	post := startPost(t)
	p := newPlot(t, post.via)
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	p.configure(string(text) + "max_per_hour = 0\n[[rule]]\nlimit = 2\nwindow = '1h'\n")
	var log strings.Builder
	for i := range 4 * accounts {
		const line = "2026-11-23 10:00:%02d 1xV%03d-%06d-01 <= user%d@lab.test U=mail P=local A=plain:user%[4]d S=5\n"
		fmt.Fprintf(&log, line, i*60/(4*accounts), i/1_000_000, i%1_000_000, i%accounts)
	}
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	p.write(log.String())
	d.until("msg=alert ", accounts)
	p.write(strings.Repeat(burst("root", 60, 61), 4*accounts)) // what is being counted
	d.end()

	d = startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	all := func() bool { return post.opened() > accounts && post.grown() >= accounts } // it has opened for root, too
	testkit.Until(t, "a mail of each event", all, func() any { return post.len() })
	d.end()
	if n := post.opened(); n != accounts+1 {
		t.Errorf("%d alerts are mailed, want %d", n, accounts+1)
	}
	const under = 4 // way at a time: no log shows that they have come
	if twice := post.twice(); len(twice) > under {
		t.Errorf("%d mails came twice, such as %q", len(twice), twice[0])
	}
}

// TestHangUp: SIGHUP reads the configuration anew; a broken one is refused, and one that can't be used gives way to
// the last.
func TestHangUp(t *testing.T) {
	p := newPlot(t, nowhere)
	good, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	p.write(burst("alice", 0, 5))

	p.configure("limitt = 3\n")
	d.signal(syscall.SIGHUP)
	d.until("exiwatch.toml:1:1: unknown key", 1)
	p.configure(string(good) + "cc = ['no address']\n")
	d.signal(syscall.SIGHUP)
	d.until("the new configuration is refused", 2)
	file := strings.Replace(string(good), "/state\"", "/exiwatch.toml\"", 1)
	p.configure(file)
	d.signal(syscall.SIGHUP)
	d.until("going on with the last one", 1)
	d.until(readToEnd, 2)

	p.configure(string(good) + "[[rule]]\nlimit = 6\nwindow = '1m'\n")
	d.signal(syscall.SIGHUP)
	d.until(readToEnd, 3)
	p.write(burst("alice", 5, 7)) // five of them before the new rule was there
	d.until("msg=alert ", 1)
	d.end()
}

// TestSecondDaemonIsRefused: it names the first's pid, and what to do.
func TestSecondDaemonIsRefused(t *testing.T) {
	p := newPlot(t, nowhere)
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	second := startProcess(t, "run", "--config", p.config)
	var exit *exec.ExitError
	if err := <-second.ended; !errors.As(err, &exit) || exit.ExitCode() != exitFailure {
		t.Errorf("the second daemon ended with %v, want status %d", err, exitFailure)
	}
	want := fmt.Sprintf("in use by another exiwatch with pid %d\nexiwatch: hint: ", d.cmd.Process.Pid)
	if !strings.Contains(second.text(), want) {
		t.Errorf("the second daemon said %q, want %q in it", second.text(), want)
	}
	d.end()
}
