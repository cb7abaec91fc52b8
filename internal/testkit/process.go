package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Script writes an executable shell script, which ends with the test, and returns its path.
func Script(t testing.TB, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	Must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700))
	return path
}

// PidIn waits until a script has written a process id into a file.
func PidIn(t testing.TB, path string) (pid int) {
	t.Helper()
	Until(t, path+" has a process id", func() bool {
		text, _ := os.ReadFile(path)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 1
	})
	return pid
}

// Runs tells whether a process exists and is no zombie.
func Runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// UntilEnded waits until a process has ended.
func UntilEnded(t testing.TB, what string, pid int) {
	t.Helper()
	Until(t, what+" has ended", func() bool { return !Runs(pid) })
}
