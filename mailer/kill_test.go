package mailer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/renameio/v2"
)

// victim is in the environment of a process that is to be killed: the folder that it works in, and the mail server's
// address.
const victim = "EXIWATCH_MAILER_TEST_VICTIM"

// strace counts the calls of each thread: the victim's are all of the first.
func init() {
	if os.Getenv(victim) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	if job := os.Getenv(victim); job != "" {
		dir, address, _ := strings.Cut(job, " ")
		if err := watchOnce(dir, address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// ids are of the alerts that the log tells of. The mail of the first was sent in an earlier life, and is in the log.
var ids = []string{"a", "b", "c", "d"}

// watchOnce is a daemon's life: it takes up the spool in dir where its checkpoint says, reads the log again, makes a
// checkpoint, and delivers what waits to the mail server.
func watchOnce(dir, address string) error {
	s, err := OpenSpool(dir)
	if err != nil {
		return err
	}
	seq, err := readCheckpoint(dir)
	if err != nil {
		return err
	}
	if _, err := s.DropUncommitted(seq); err != nil {
		return err
	}
	if err := readLog(s, dir); err != nil {
		return err
	}
	if err := writeCheckpoint(dir, s.Last()); err != nil {
		return err
	}
	s.Commit(s.Last())
	s.ResolveUncertain(time.Now())
	return deliverAll(s, address)
}

// readLog puts the mail of each alert, and then tells the spool of the arrivals.
func readLog(s *Spool, dir string) error {
	for _, id := range ids {
		if _, err := s.Put(keyed(id)); err != nil {
			return err
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "mainlog"))
	for line := range bytes.Lines(log) {
		id, event, mac, ok := ParseMessageID(bytes.TrimSpace(line))
		if !ok || !Genuine(id, event, mac, key) {
			return fmt.Errorf("arrival of %q", line)
		}
		err = errors.Join(err, s.ConfirmDelivered(id, event))
	}
	return err
}

func readCheckpoint(dir string) (seq int64, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(text), 10, 64)
}

func writeCheckpoint(dir string, seq int64) error {
	return renameio.WriteFile(filepath.Join(dir, "checkpoint"), strconv.AppendInt(nil, seq, 10), 0o600,
		renameio.WithTempDir(dir))
}

// keyed is a mail to one recipient, with its Message-ID.
func keyed(id string) Message {
	m := mailOf(id)
	m.To = m.To[:1]
	m.Data = append([]byte("Message-Id: "+logged(id)+"\r\n"), m.Data...)
	return m
}

// logged is the Message-ID of the mail of an alert.
func logged(id string) string { return "<" + MessageID(id, "opened", "mx.lab.test", key) + ">" }

// deliverAll runs the spool until nothing waits.
func deliverAll(s *Spool, address string) (err error) {
	if s.Len() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s.Run(ctx, SMTP{Address: address}, func(ev Result) {
		if err = errors.Join(err, ev.Err); err != nil || s.Len() == 0 {
			cancel()
		}
	})
	if n := s.Len(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d mails wait", n))
	}
	return err
}

// TestKilledAtAnySystemCall kills a daemon before its first, second, … call of a kind, starts it again, and counts
// the mails.
func TestKilledAtAnySystemCall(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts a hundred processes")
	}
	strace, err := exec.LookPath("strace")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	for _, calls := range []string{"fsync", "rename,renameat,renameat2", "unlink,unlinkat", "truncate,ftruncate",
		"openat", "write"} {
		t.Run(calls, func(t *testing.T) {
			t.Parallel()
			n := 1
			for killed(t, strace, calls, n) {
				n++
			}
			if n == 1 {
				t.Error("the daemon makes no such call")
			}
			t.Logf("killed at %d calls", n-1)
		})
	}
}

// killed lets a daemon work until its nth call, and checks that another one ends the work.
func killed(t *testing.T, strace, calls string, n int) bool {
	t.Helper()
	dir := t.TempDir()
	server := &exim{dir: dir}
	address := serve(t, server, nil, false)
	leftover(t, server)
	cmd := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+calls, "-e",
		fmt.Sprintf("inject=%s:signal=KILL:when=%d", calls, n), os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+dir+" "+address)
	out, died := cmd.CombinedOutput()
	var exit *exec.ExitError
	if died != nil && (!errors.As(died, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		t.Fatalf("call %d: %v\n%s", n, died, out)
	}
	server.wait(t)
	if died != nil {
		if err := watchOnce(dir, address); err != nil {
			t.Errorf("killed at call %d: %v", n, err)
		}
		server.wait(t)
	}
	log, err := os.ReadFile(filepath.Join(dir, "mainlog"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, id := range ids {
		want = append(want, logged(id))
	}
	if got := strings.Fields(string(log)); !slices.Equal(slices.Sorted(slices.Values(got)),
		slices.Sorted(slices.Values(want))) {
		t.Errorf("killed at call %d: the server has %q", n, got)
	}
	if got := files(t, dir, waitingDir); got != nil {
		t.Errorf("killed at call %d: waiting/ has %q", n, got)
	}
	if got := files(t, dir, sentDir); len(got) != len(ids) {
		t.Errorf("killed at call %d: sent/ has %q", n, got)
	}
	return died != nil
}

// leftover leaves a spool as an earlier daemon does: with a mail that the server took just before the end, and one
// that no checkpoint covers.
func leftover(t *testing.T, server *exim) {
	t.Helper()
	s := crashed(t, server.dir)
	provide(t, s, keyed(ids[0]))
	if err := errors.Join(writeCheckpoint(server.dir, s.Last()), server.arrival(logged(ids[0]))); err != nil {
		t.Fatal(err)
	}
	provide(t, s, keyed("other"))
}
