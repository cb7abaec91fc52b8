package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A tmux is a terminal that a test looks at and types into.
type tmux struct {
	t      *testing.T
	socket string
}

// startTmux starts a shell in a terminal of its own, which ends with the test.
func startTmux(t *testing.T, width, height int) *tmux {
	t.Helper()
	needPrograms(t, "tmux")
	x := &tmux{t, filepath.Join(t.TempDir(), "tmux")}
	x.run("-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height),
		"env PS1='$ ' sh")
	t.Cleanup(func() { x.run("kill-server") })
	return x
}

func (x *tmux) run(args ...string) string {
	x.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

func (x *tmux) press(keys ...string) { x.t.Helper(); x.run(append([]string{"send-keys"}, keys...)...) }

// enter types a line for the shell.
func (x *tmux) enter(line string) {
	x.t.Helper()
	x.run("send-keys", "-l", line)
	x.press("Enter")
}

// screen is what can be seen.
func (x *tmux) screen() string { x.t.Helper(); return x.run("capture-pane", "-p") }

const tmuxPatience = 30 * time.Second

// sees waits until all the texts are on the screen; one that begins with ! must not be.
func (x *tmux) sees(texts ...string) string {
	x.t.Helper()
	// It sleeps until another process has done it.
	for late := time.Now().Add(tmuxPatience); ; time.Sleep(20 * time.Millisecond) {
		screen, missing := x.screen(), ""
		for _, text := range texts {
			unwanted, not := strings.CutPrefix(text, "!")
			if strings.Contains(screen, unwanted) == not {
				missing = text
			}
		}
		if missing == "" {
			return screen
		}
		if time.Now().After(late) {
			x.t.Fatalf("after %v the screen hasn't come to %q:\n%s", tmuxPatience, missing, screen)
		}
	}
}

// settings writes what stty says of the terminal into a file.
func (x *tmux) settings(name string) {
	x.t.Helper()
	x.enter(fmt.Sprintf("clear; stty -a > %[1]s.part; mv %[1]s.part %[1]s", name))
	// It sleeps until another process has done it.
	for late := time.Now().Add(tmuxPatience); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(name); err == nil {
			return
		}
		if time.Now().After(late) {
			x.t.Fatalf("the shell doesn't answer:\n%s", x.screen())
		}
	}
}
