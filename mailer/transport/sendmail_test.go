package transport

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

func TestSendmailArgumentsAndInput(t *testing.T) {
	dir := t.TempDir()
	s := Sendmail{Path: testkit.Script(t, fmt.Sprintf(`printf '%%s\n' "$@" >%[1]s/argv; cat >%[1]s/stdin`, dir))}
	m := letterToTwo
	m.To = []string{"director@lab.test", "-oMrx@lab.test", "root", "$(reboot)@lab.test"}
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	argv, _ := os.ReadFile(filepath.Join(dir, "argv"))
	if want := "-oi\n-f\n<>\n--\n" + strings.Join(m.To, "\n") + "\n"; string(argv) != want {
		t.Errorf("argv %q, want %q", argv, want)
	}
	stdin, _ := os.ReadFile(filepath.Join(dir, "stdin"))
	if want := strings.ReplaceAll(string(m.Data), "\r\n", "\n"); string(stdin) != want {
		t.Errorf("stdin %q, want %q", stdin, want)
	}
}

func TestSendmailExitCodes(t *testing.T) {
	for code, want := range map[int]string{1: "", 64: "server", 65: "permanent", 67: "server", 68: "server", 69: "",
		75: "", 78: ""} {
		s := Sendmail{Path: testkit.Script(t,
			fmt.Sprintf(`cat >/dev/null; printf 'what\033[2J\nwent wrong' >&2; yes | head -c 100000 >&2; exit %d`,
				code))}
		err := s.Send(t.Context(), letterToTwo)
		if err == nil || kind(err) != want {
			t.Errorf("exit %d: %v", code, err)
			continue
		}
		text := err.Error()
		if !strings.Contains(text, `what\x1b[2J went wrong`) || strings.ContainsFunc(text, unprintable) ||
			len(text) > maxStderr+500 {
			t.Errorf("exit %d: %d bytes, %.200q", code, len(text), text)
		}
	}
}

// kind says what a Transport's error is.
func kind(err error) string {
	var permanent *PermanentError
	var server *ServerError
	switch {
	case errors.As(err, &permanent):
		return "permanent"
	case errors.As(err, &server):
		return "server"
	}
	return ""
}

func TestSendmailThatDoesNotRead(t *testing.T) {
	m := letterToTwo
	m.Data = []byte(strings.Repeat("x\r\n", 1<<20))
	if err := (Sendmail{Path: testkit.Script(t, "exit 75")}).Send(t.Context(), m); err == nil || !IsTemporary(err) {
		t.Errorf("%v", err)
	}
}

func TestSendmailThatHangs(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := Sendmail{Path: testkit.Script(t, "exec sleep 60")}.Send(ctx, letterToTwo)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	err = Sendmail{Path: testkit.Script(t, "exec sleep 60"), Timeout: 100 * time.Millisecond}.Send(t.Context(), letterToTwo)
	if !IsUncertain(err) || !strings.Contains(err.Error(), "it took longer than 100ms") {
		t.Errorf("%v", err)
	}
}

// TestSendmailThatLeavesAProgram: what it started and waits for is killed with it, for it might bring the mail to the
// server later.
func TestSendmailThatLeavesAProgram(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pid")
	s := Sendmail{Path: testkit.Script(t, "sleep 600 & echo $! >"+pids+".new; mv "+pids+".new "+pids+"; wait")}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Send(ctx, letterToTwo) }()
	var text []byte
	var err error
	testkit.Until(t, "it has started a program", func() bool {
		text, err = os.ReadFile(pids)
		return !errors.Is(err, os.ErrNotExist) || len(ended) > 0
	})
	cancel()
	if err := <-ended; !IsUncertain(err) {
		t.Errorf("%v", err)
	}
	pid, aerr := strconv.Atoi(strings.TrimSpace(string(text)))
	if err = errors.Join(err, aerr); err != nil {
		t.Fatal(err)
	}
	testkit.Until(t, "the program has ended, too", func() bool { return zombie(pid) })
}

// zombie tells whether a process has ended, and nobody has asked how.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestSendmailThatIsMissing(t *testing.T) {
	err := Sendmail{Path: filepath.Join(t.TempDir(), "sendmail")}.Send(t.Context(), letterToTwo)
	if err == nil || !IsTemporary(err) {
		t.Errorf("%v", err)
	}
}
