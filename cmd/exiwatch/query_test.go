package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/check"
	"exiwatch/internal/testkit"
)

// askable is a plot whose daemon can be asked.
func askable(t *testing.T) (p *plot, socket string) {
	t.Helper()
	p = newPlot(t, nowhere)
	socket = filepath.Join(p.dir, "s")
	p.configure(p.settings("[socket]\npath = " + fmt.Sprintf("%q\ngroup = '%d'\n", socket, os.Getgid())))
	return p, socket
}

// settings are those of newPlot with more.
func (p *plot) settings(more string) string {
	return fmt.Sprintf("log = %q\nstate = %q\n[mail]\nvia = %q\n%s", p.log, filepath.Join(p.dir, "state"), nowhere,
		more)
}

// sentNow is messages of one local user, of now.
func sentNow(user string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s 1xV%03d-%06d-01 <= %s@lab.test U=%s P=local S=5\n", time.Now().Format(time.DateTime),
			len(user), i, user, user)
	}
	return b.String()
}

// TestCheckAsksTheSocket: check tells of the configured socket whether the daemon answers there. What Exim's user may
// is internal/check's.
func TestCheckAsksTheSocket(t *testing.T) {
	p, socket := askable(t)
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	if results, _ := checked(t, "--config", p.config); results["socket"].Detail == "" ||
		strings.Contains(results["socket"].Detail, "no daemon") {
		t.Errorf("the daemon runs: %+v", results["socket"])
	}
	d.end()
	if results, _ := checked(t, "--config", p.config); results["socket"].Status != check.Warn ||
		!strings.HasPrefix(results["socket"].Detail, socket+": no daemon answers") {
		t.Errorf("no daemon runs: %+v", results["socket"])
	}
}

// TestHealthCheckOfTheImage: the image's HEALTHCHECK succeeds while the daemon answers, and only then.
func TestHealthCheckOfTheImage(t *testing.T) {
	found := regexp.MustCompile(`(?m)^HEALTHCHECK .* CMD (\[.*\])$`).FindStringSubmatch(
		read(t, "../../packaging/Containerfile"))
	if found == nil {
		t.Fatal("packaging/Containerfile has no HEALTHCHECK")
	}
	var command []string
	testkit.Must(t, json.Unmarshal([]byte(found[1]), &command))
	p, _ := askable(t)
	ask := append(command[1:], "--config", p.config)
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	if out, said, status := exiwatch(t, "", ask...); status != exitDone {
		t.Errorf("the daemon runs: %q says %q, %q, status %d", ask, out, said, status)
	}
	d.end()
	if out, _, status := exiwatch(t, "", ask...); status != exitUnasked {
		t.Errorf("no daemon runs: %q says %q, status %d, want %d", ask, out, status, exitUnasked)
	}
}

func TestQuery(t *testing.T) {
	p, socket := askable(t)
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	p.write(sentNow("alice", 21) + sentNow("a b", 3))
	d.until("msg=alert ", 1)
	for _, test := range []struct {
		args   string
		out    string
		status int
	}{
		{"alice", "yes", exitYes}, {"bob", "no", exitNo}, {"account=alice", "yes", exitYes},
		{"bob|account=alice", "yes", exitYes},
		{"sender=alice@lab.test", "no", exitNo}, {"count|account=alice", "21", exitYes},
		{"count|alice", "21", exitYes}, {"count|bob", "0", exitYes},
		{"count|a b", "0", exitYes}, {"", "no", exitNo}, {`"`, "no", exitNo}, {"alice\nalice", "no", exitNo}, {"a-b=c|alice", "yes", exitYes},
		{"prvs=0123=bob@lab.test", "no", exitNo}, {"sender=a=b@lab.test", "no", exitNo},
	} {
		for _, where := range [][]string{{"--config", p.config}, {"--socket", socket}} {
			out, stderr, status := exiwatch(t, "", append(append([]string{"query"}, where...), strings.Split(test.args, "|")...)...)
			if out != test.out+"\n" || status != test.status || stderr != "" {
				t.Errorf("query %q: %q, status %d, %s; want %s, %d", test.args, out, status, stderr, test.out, test.status)
			}
		}
	}
	d.end()
	if _, stderr, status := exiwatch(t, "", "query", "--config", p.config, "alice"); status != exitUnasked || !strings.Contains(stderr, socket) || !strings.Contains(stderr, "hint: is the daemon running") {
		t.Errorf("nobody to ask: status %d: %s", status, stderr)
	}
	for _, args := range [][]string{{"foo=bar"}, {"sendr=alice@lab.test"}, {"count", "foo=bar"}, {"alice", "foo=bar"}} {
		out, stderr, status := exiwatch(t, "", append([]string{"query", "--socket", socket}, args...)...)
		if status != exitUsage || out != "" || !strings.Contains(stderr, "exiwatch: error: unknown key \"") ||
			!strings.Contains(stderr, "hint: a value that contains = needs its key") {
			t.Errorf("%q: status %d: %s%s", args, status, out, stderr)
		}
	}
	for _, args := range [][]string{{"query"}, {"query", "count"}, {"query", strings.Repeat("x", 5000)}, {"query", "--config", "/nonexistent", "x"}} {
		if out, stderr, status := exiwatch(t, "", args...); status != exitUsage || out != "" || !strings.HasPrefix(stderr, "exiwatch: error: ") {
			t.Errorf("%.40q: status %d: %s%s", args, status, out, stderr)
		}
	}
}

// TestSocketOfAnotherDaemon isn't stolen, and the error says what to do.
func TestSocketOfAnotherDaemon(t *testing.T) {
	p, socket := askable(t)
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	q := newPlot(t, nowhere)
	q.configure(q.settings(fmt.Sprintf("[socket]\npath = %q\n", socket)))
	_, stderr, status := exiwatch(t, "", "run", "--config", q.config)
	if status != exitFailure || !strings.Contains(stderr, "another program listens on the socket") || !strings.Contains(stderr, "hint: another daemon listens there") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if out, _, _ := exiwatch(t, "", "query", "--socket", socket, "x"); out != "no\n" {
		t.Errorf("the first one answers %q", out)
	}
	d.signal(syscall.SIGKILL)
	<-d.ended
	d = startProcess(t, "run", "--config", q.config) // in place of what a killed one leaves
	d.until(readToEnd, 1)
	if out, _, _ := exiwatch(t, "", "query", "--socket", socket, "x"); out != "no\n" {
		t.Errorf("the second one answers %q", out)
	}
	d.end()
}

// TestReloadMovesTheSocket: SIGHUP takes another path, and with a configuration that can't work the old socket stays,
// or comes back.
func TestReloadMovesTheSocket(t *testing.T) {
	p, socket := askable(t)
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	p.write(sentNow("alice", 21))
	answers := func(socket, want string) {
		t.Helper()
		until(t, "an answer at "+socket, func() bool {
			out, _, _ := exiwatch(t, "", "query", "--socket", socket, "alice")
			return out == want+"\n"
		})
	}
	answers(socket, "yes")
	p.configure(p.settings("[socket]\nkey = 'nonsense'\n"))
	d.signal(syscall.SIGHUP)
	d.until("the new configuration is refused", 1)
	answers(socket, "yes")
	file := filepath.Join(p.dir, "precious")
	writeFile(t, file, "")
	p.configure(p.settings(fmt.Sprintf("[socket]\npath = %q\n", file)))
	d.signal(syscall.SIGHUP)
	d.until("is not a socket", 1)
	answers(socket, "yes")
	other := filepath.Join(p.dir, "other")
	tcp := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p.configure(p.settings(fmt.Sprintf("[socket]\npath = %q\ngroup = '%d'\nlisten = %q\n", other, os.Getgid(), tcp)))
	d.signal(syscall.SIGHUP)
	answers(other, "yes")
	answers(tcp, "yes")
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("the old socket is still there: %v", err)
	}
	p.configure(p.settings(""))
	d.signal(syscall.SIGHUP)
	until(t, "no socket is left", func() bool {
		_, err := os.Lstat(other)
		return os.IsNotExist(err)
	})
	d.end()
}

// TestSocketActivation: the service manager's socket is answered at, also after SIGHUP, and its file is the manager's
// to remove.
func TestSocketActivation(t *testing.T) {
	need(t, "sh")
	p := newPlot(t, nowhere)
	p.configure(p.settings(""))
	socket := filepath.Join(p.dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := startCommand(t, func(cmd *exec.Cmd) {
		const script = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", script}, cmd.Args...)
		cmd.ExtraFiles = []*os.File{f}
	}, "run", "--config", p.config)
	d.until(readToEnd, 1)
	p.write(sentNow("alice", 21))
	d.until("msg=alert ", 1)
	for i := range 3 {
		if out, stderr, _ := exiwatch(t, "", "query", "--socket", socket, "alice"); out != "yes\n" {
			t.Errorf("it answers %q%s", out, stderr)
		}
		d.signal(syscall.SIGHUP)
		d.until(readToEnd, i+2)
	}
	d.end()
	if _, err := os.Lstat(socket); err != nil {
		t.Error(err)
	}
}
