package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFewDescriptors: with hardly any descriptors the daemon runs, alerts, and says what is wrong.
func TestFewDescriptors(t *testing.T) {
	for _, few := range []int{12, 14, 16, 20, 24, 32} {
		t.Run(fmt.Sprint(few), func(t *testing.T) {
			t.Parallel()
			p := newPlot(t, "sendmail:/bin/true")
			d := startCommand(t, func(cmd *exec.Cmd) {
				script := fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, few)
				cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", script}, cmd.Args...)
			}, "run", "--config", p.config)
			d.until(readToEnd, 1)
			p.write(burst("alice", 0, 21))
			d.until("account=alice", 1)
			if few < 16 { // it can't open what has come
				d.until("too many open files", 1)
				d.endQuietly()
				return
			}
			p.cycleAndAlert(d, func() {})
			if few >= 24 { // sendmail needs some itself
				d.until(`msg="mail sent"`, 3)
			}
			d.endQuietly()
		})
	}
}

// TestDescriptorsRunOut: when there are some again the daemon goes on, and nothing is missing.
func TestDescriptorsRunOut(t *testing.T) {
	t.Parallel()
	p := newPlot(t, "sendmail:/bin/true")
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	d.allow(1) // fewer than it has: it may open no more
	p.write(burst("alice", 0, 21))
	d.until("account=alice", 1)
	p.cycleAndAlert(d, func() {
		d.until("too many open files", 1)
		d.allow(1024)
	})
	d.until(`msg="mail sent"`, 3)
	d.endQuietly()
}

// cycleAndAlert cycles the log, and wants the alerts of what is written to the next one.
func (p *plot) cycleAndAlert(d *process, meanwhile func()) {
	p.t.Helper()
	if err := os.Rename(p.log, p.log+".1"); err != nil {
		p.t.Fatal(err)
	}
	p.write(burst("bob", 30, 51))
	p.write(burst("carol", 60, 81))
	meanwhile()
	for _, user := range []string{"bob", "carol"} {
		d.until("account="+user, 1)
	}
	if n := strings.Count(d.text(), "msg=alert "); n != 3 {
		p.t.Errorf("%d alerts, want 3", n)
	}
}

// endQuietly ends it, and wants that it has said nothing of its log again and again, and nothing fatal.
func (p *process) endQuietly() {
	p.t.Helper()
	p.end()
	said := p.text()
	for problem, times := range repeated(said) {
		if times > 3 { // it may come and go
			p.t.Errorf("said %d times: %s", times, problem)
		}
	}
	if strings.Contains(said, "FATAL") {
		p.t.Error("something was fatal")
	}
}

// repeated counts what was said of following the log, but for when.
func repeated(said string) map[string]int {
	times := make(map[string]int)
	for line := range strings.Lines(said) {
		if _, problem, ok := strings.Cut(line, `msg="following the log" `); ok {
			times[problem]++
		}
	}
	return times
}

// allow lets the process have descriptors with numbers below n.
func (p *process) allow(n uint64) {
	p.t.Helper()
	pid := p.cmd.Process.Pid
	var limit unix.Rlimit
	err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit)
	if limit.Cur = n; err == nil {
		err = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
