package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// refusal gives what run says that doesn't start with a configuration.
func refusal(t *testing.T, log, state string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "exiwatch.toml")
	settings := fmt.Sprintf("log = %q\nstate = %q\n[mail]\nvia = 'sendmail:/bin/true'\n", log, state)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := exiwatch(t, "", "run", "--config", file)
	if status != exitFailure || stdout != "" {
		t.Errorf("run with %s: status %d, want %d; it says %q", settings, status, exitFailure, stdout)
	}
	return stderr
}

// TestLogThatCannotBeFollowed: run says so at once, whether it knows the log from before or not.
func TestLogThatCannotBeFollowed(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	log := filepath.Join(dir, "mainlog")
	if err := os.WriteFile(log+".1", []byte(shopLog), 0o600); err != nil {
		t.Fatal(err)
	}
	checkpoint := fmt.Sprintf(`{"version":1,"logs":{%q:{"written":"2026-11-23T10:00:00Z"}}}`, log)
	if err := os.WriteFile(filepath.Join(state, "checkpoint.json"), []byte(checkpoint), 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, lay := range map[string]func() error{
		"a FIFO":   func() error { return syscall.Mkfifo(log, 0o600) },
		"a folder": func() error { return os.Mkdir(log, 0o700) },
		"a device": func() error { return os.Symlink("/dev/null", log) },
		"a socket": func() error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: log, Net: "unix"})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		},
	} {
		if err := lay(); err != nil {
			t.Fatal(err)
		}
		for _, state := range []string{state, t.TempDir()} {
			said := refusal(t, log, state)
			if !strings.Contains(said, "exiwatch: error: "+log+" is "+kind+", not a file") ||
				!strings.Contains(said, "\nexiwatch: hint: name Exim's main log") {
				t.Errorf("run of a log that is %s says %q", kind, said)
			}
		}
		if err := os.Remove(log); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReplayOfAFIFO: a stream is read, as through a pipe.
func TestReplayOfAFIFO(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(fifo, []byte(shopLog), 0) }()
	out, stderr, status := exiwatch(t, "", "arrivals", fifo)
	if n := strings.Count(out, "\n"); n != 6 || status != exitDone {
		t.Errorf("status %d, %d arrivals, want 6: %s", status, n, stderr)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

// TestUnsafeStateIsRefused with what mends it.
func TestUnsafeStateIsRefused(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	if err := os.Chmod(state, 0o777); err != nil {
		t.Fatal(err)
	}
	said := refusal(t, log, state)
	if !strings.Contains(said, "exiwatch: error: the state folder "+state+" is writable for others, -rwxrwxrwx\n") ||
		!strings.Contains(said, "exiwatch: hint: make sure that its contents are yours, then: chmod go-w "+state) {
		t.Errorf("run with a state folder that anybody can write says %q", said)
	}
	if err := os.Chmod(state, 0o700); err != nil {
		t.Fatal(err)
	}
	precious := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(precious, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(precious, filepath.Join(state, "lock")); err != nil {
		t.Fatal(err)
	}
	said = refusal(t, log, state)
	if !strings.Contains(said, "/lock is a symbolic link") ||
		!strings.Contains(said, "exiwatch: hint: find out who made it, then: rm "+state+"/lock") {
		t.Errorf("run with a lock that is a link says %q", said)
	}
	if text, err := os.ReadFile(precious); err != nil || string(text) != "data" {
		t.Errorf("behind the link is %q now, %v", text, err)
	}
}

// TestStateOfANewerVersionIsRefused, and left as it is: to take it for a first start would lose alerts.
func TestStateOfANewerVersionIsRefused(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	if err := os.WriteFile(log, []byte(shopLog), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ text, hint string }{
		"checkpoint.json": {
			`{"version":2,"logs":[{"path":"/x"}],"alerts":7}` + "\n", "then the daemon starts as for the first time",
		},
		"spool/waiting/1519806d2a3bb583023c.opened.eml": {
			`{"version":2,"id":7,"to":"root"}` + "\nSubject: x\n\ny\n", "then that mail isn't sent",
		},
	} {
		state := t.TempDir()
		path := filepath.Join(state, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		said := refusal(t, log, state)
		if !strings.Contains(said,
			path+" was written by a newer exiwatch: it has version 2, and this program reads 1\n") ||
			!strings.Contains(said,
				"exiwatch: hint: install the newer exiwatch again, or do without the file: mv "+path) ||
			!strings.Contains(said, test.hint) {
			t.Errorf("run with a newer %s says %q", name, said)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != test.text {
			t.Errorf("%s is %q now, %v", name, text, err)
		}
	}
}
