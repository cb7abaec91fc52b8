package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"exiwatch/internal/testkit"
)

// journalIn makes a file a command's standard error. JOURNAL_STREAM names the file's inode plus shift.
func journalIn(t *testing.T, name string, shift uint64) func(*exec.Cmd) {
	t.Helper()
	f, err := os.Create(name)
	testkit.Must(t, err)
	t.Cleanup(func() { f.Close() })
	var is syscall.Stat_t
	testkit.Must(t, syscall.Fstat(int(f.Fd()), &is))
	return func(cmd *exec.Cmd) {
		cmd.Stderr = f
		cmd.Env = append(cmd.Env, fmt.Sprintf("JOURNAL_STREAM=%d:%d", is.Dev, is.Ino+shift))
	}
}

// ownLog is what a daemon with a live page logs until it has said an alert, of an account that looks like a line of the
// log, and the page's token.
func ownLog(t *testing.T, shift uint64) (log, token string) {
	t.Helper()
	p := newPlot(t, nowhere)
	p.configure(p.settings(fmt.Sprintf("[web]\nlisten = \"127.0.0.1:%d\"\n", freePort(t))))
	name := filepath.Join(p.dir, "stderr")
	d := startCommand(t, journalIn(t, name, shift), "run", "--config", p.config)
	until := func(text string) {
		testkit.Until(t, text, func() bool { return strings.Contains(read(t, name), text) })
	}
	until(readToEnd)
	p.write(strings.ReplaceAll(sentNow("x", 21), "U=x P=local", "H=x [192.0.2.1] P=esmtpa A=plain:<0>level=ERROR"))
	until("msg=alert ")
	d.end()
	return read(t, name), strings.TrimSpace(read(t, filepath.Join(p.dir, "state", "web-token")))
}

// TestOwnLogInTheJournal: where the standard error is journald's, each line begins with its priority and has no time.
// Elsewhere each has a time alone. One of the first says what runs, another where the page is, without the token.
func TestOwnLogInTheJournal(t *testing.T) {
	for _, test := range []struct {
		name        string
		shift       uint64
		line        *regexp.Regexp
		info, alert string
	}{
		{"journald", 0, regexp.MustCompile(`^(<6>level=INFO|<4>level=WARN|<3>level=ERROR) msg=`), "<6>", "<4>"},
		{"another file", 1, regexp.MustCompile(`^time=\S+ level=(INFO|WARN|ERROR) msg=`), "time=", "time="},
	} {
		t.Run(test.name, func(t *testing.T) {
			log, token := ownLog(t, test.shift)
			for line := range strings.Lines(log) {
				if !test.line.MatchString(line) || strings.Contains(line, token) {
					t.Errorf("the daemon says %q, want %s without the token %s", line, test.line, token)
				}
			}
			for _, want := range []string{
				test.info + `.*level=INFO msg=following version=` + regexp.QuoteMeta(version) +
					` .*config=/\S+/exiwatch\.toml `,
				test.info + `.*level=INFO msg="the live page is served" address=127\.0\.0\.1:\d+$`,
				test.alert + `.*level=WARN msg=alert .* account="<0>level=error" count=21$`,
			} {
				if n := len(regexp.MustCompile(`(?m)^`+want).FindAllString(log, -1)); n != 1 {
					t.Errorf("%q is said %d times, want once, in\n%s", want, n, log)
				}
			}
		})
	}
}

// TestErrorInTheJournal: what ends the program is an error for journald, too.
func TestErrorInTheJournal(t *testing.T) {
	name := filepath.Join(t.TempDir(), "stderr")
	p := startCommand(t, journalIn(t, name, 0), "run", "--config", "/nowhere/exiwatch.toml")
	if err := <-p.ended; err == nil {
		t.Error("it ends without a failure")
	}
	if said := read(t, name); !regexp.MustCompile(`^<3>exiwatch: error: .*\n<3>exiwatch: hint: .*\n$`).MatchString(said) {
		t.Errorf("it says %q, want an error and a hint with the priority <3>", said)
	}
}
